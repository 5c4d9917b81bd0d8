#include "compiler/doc/collect.h"

#include <fmt/format.h>
#include <llvm/ADT/StringExtras.h>

#include <filesystem>

#include "compiler/doc/reader.h"

namespace hwf::doc {
namespace {

namespace fs = std::filesystem;
using llvm::StringRef;

// The comment that stands at a module's top, `# …` lines below or above its edition, without the marks.
std::string TopComment(const source::SourceManager& sources, const syntax::Module& module) {
  std::string out;
  uint32_t last_line = 0;
  const uint32_t first_declaration = module.decls.empty() ? UINT32_MAX : module.decls.front()->range.begin;
  for (const syntax::Comment& comment : module.comments) {
    const uint32_t line = sources.PositionOf(module.file, comment.range.begin).line;
    StringRef text = sources.Text(comment.range);
    const bool part = !comment.doc && !text.startswith("#!") && !text.startswith("# hwf:");
    if (!part || comment.range.begin > first_declaration || (!out.empty() && line != last_line + 1)) {
      if (!out.empty()) break;
      continue;
    }
    out += (out.empty() ? "" : "\n") + text.drop_front().trim().str();
    last_line = line;
  }
  return out;
}

// Letters, digits, `.`, `-` and `_` as they are: what stands in an address without escapes, and is a file name.
std::string PageName(StringRef name) {
  std::string out;
  for (const char c : name) out += llvm::isAlnum(c) || c == '.' || c == '-' || c == '_' ? c : '_';
  if (out.empty() || out[0] == '.') out = "module" + out;
  return out.substr(0, 100);
}

}  // namespace

const char* WordFor(Item::Kind kind) {
  switch (kind) {
    case Item::Kind::kWorkflow:
      return "workflow";
    case Item::Kind::kTask:
      return "task";
    case Item::Kind::kFn:
      return "fn";
    case Item::Kind::kRecord:
      return "record";
    case Item::Kind::kEnum:
      return "enum";
    case Item::Kind::kGroup:
      return "group";
    case Item::Kind::kSite:
      return "site";
    case Item::Kind::kCalendar:
      return "calendar";
  }
  return "";
}

std::string Collector::NameOf(const syntax::ModuleScope& scope) const {
  const fs::path path = sources_.file(scope.module->file).path;
  if (path.parent_path() == fs::path(library_)) return "std." + path.stem().string();
  return path.string();
}

const std::string& Collector::PageOf(const syntax::ModuleScope& scope) {
  const auto [place, is_new] = pages_.try_emplace(scope.path);
  if (!is_new) return place->second;
  const std::string name = NameOf(scope);
  const fs::path path = name;
  const std::string stem = PageName(path.extension() == ".hwf" ? path.stem().string() : path.filename().string());
  std::string page = stem + ".html";
  for (int number = 2; !taken_.insert(page).second; ++number) page = fmt::format("{}-{}.html", stem, number);
  return place->second = page;
}

void Collector::Add(const sema::Program& program, const ir::Module& module) {
  llvm::DenseMap<const syntax::Decl*, std::string> links;
  for (auto scope = program.scopes.rbegin(); scope != program.scopes.rend(); ++scope) {
    for (const syntax::Decl* decl : scope->module->decls) {
      const std::string anchor = Reader::AnchorOf(*decl);
      if (!anchor.empty()) links[decl] = PageOf(*scope) + "#" + anchor;
    }
  }
  for (auto scope = program.scopes.rbegin(); scope != program.scopes.rend(); ++scope) {
    if (!added_.insert(scope->path).second) continue;
    Module& made = modules_.emplace_back();
    made.name = NameOf(*scope);
    made.page = PageOf(*scope);
    made.doc = TopComment(sources_, *scope->module);
    const Reader reader(sources_, program, module, *scope, links);
    for (const syntax::Decl* decl : scope->module->decls) {
      if (const auto* import = llvm::dyn_cast<syntax::ImportDecl>(decl)) {
        const auto brought = program.imports.find(import);
        if (brought != program.imports.end())
          made.imports.push_back({std::string(sources_.Text(import->range)), PageOf(*brought->second)});
        continue;
      }
      Item item;
      item.line = sources_.PositionOf(scope->module->file, decl->range.begin).line;
      if (reader.Read(*decl, item)) made.items.push_back(std::move(item));
    }
  }
}

}  // namespace hwf::doc
