#include "compiler/sema/imports.h"

#include <llvm/ADT/StringExtras.h>

#include <filesystem>
#include <map>

#include "compiler/syntax/parse.h"

namespace hwf::sema {
namespace {

namespace fs = std::filesystem;

// What two imports of one file agree in: links and `..` resolved where the file exists.
std::string Canonical(const std::string& path) {
  std::error_code error;
  const fs::path resolved = fs::weakly_canonical(path, error);
  return error ? fs::path(path).lexically_normal().string() : resolved.string();
}

class Loader {
 public:
  Loader(Context& context, const std::string& library) : context_(context), library_(library) {}

  llvm::DenseMap<const ImportDecl*, ModuleScope*> Run(std::unique_ptr<Module> sites, std::unique_ptr<Module> root) {
    if (sites != nullptr) {
      LoadAll(std::move(sites));
      context_.sites_scopes = context_.program.scopes.size();
      for (const auto& unit : context_.program.modules) CheckSitesOnly(*unit);
    }
    LoadAll(std::move(root));
    for (auto& [import, unit] : imported_) scopes_[import] = units_[unit].scope;
    return std::move(scopes_);
  }

 private:
  struct Unit {
    std::unique_ptr<Module> module;
    Module* tree = nullptr;
    std::string path;                     // canonical
    size_t next = 0;                      // declaration to look at
    const ImportDecl* through = nullptr;  // the import being followed
    bool finished = false;
    ModuleScope* scope = nullptr;
  };

  // Depth first with a stack of its own: a module is finished when all of its imports are.
  void LoadAll(std::unique_ptr<Module> root) {
    const std::string path = context_.sources.file(root->file).path;
    Open(Canonical(path), std::move(root));
    while (!open_.empty()) {
      if (!Step()) Finish();
    }
  }

  void CheckSitesOnly(const Module& unit) {
    for (const Decl* decl : unit.decls) {
      const bool fits = llvm::isa<SiteDecl>(decl) || llvm::isa<GroupDecl>(decl) || llvm::isa<CalendarDecl>(decl) ||
                        llvm::isa<ImportDecl>(decl) || llvm::isa<ErrorDecl>(decl);
      const Range range = decl->name ? decl->name.range : decl->range;  // a test has a title
      if (!fits) context_.Report(range, diagnostics::kNotOfSites, KindName(*decl));
    }
  }

  void Open(std::string path, std::unique_ptr<Module> module) {
    by_path_[path] = units_.size();
    open_.push_back(units_.size());
    Unit& unit = units_.emplace_back();
    unit.tree = module.get();
    unit.module = std::move(module);
    unit.path = std::move(path);
  }

  // Follows the next import of the innermost open module; false if it has none left.
  bool Step() {
    Unit& unit = units_[open_.back()];
    while (unit.next < unit.tree->decls.size()) {
      const auto* import = llvm::dyn_cast<ImportDecl>(unit.tree->decls[unit.next++]);
      if (import == nullptr) continue;
      unit.through = import;
      if (import->std_name.empty()) {
        FollowPath(unit, *import);
      } else {
        FollowLibrary(*import);
      }
      return true;
    }
    return false;
  }

  void FollowPath(const Unit& unit, const ImportDecl& import) {
    if (import.path.empty()) {
      context_.Report(import.path_range, diagnostics::kCannotImport, "no file is named");
      return;
    }
    const fs::path importer = context_.sources.file(unit.tree->file).path;
    Follow(import, import.path_range, (importer.parent_path() / import.path.str()).lexically_normal().string());
  }

  void FollowLibrary(const ImportDecl& import) {
    const std::string name = import.std_name.str();
    const fs::path file = fs::path(library_) / (name + ".hwf");
    std::error_code error;
    if (fs::exists(file, error)) return Follow(import, import.range, file.string());
    std::vector<std::string> known;
    for (const auto& entry : fs::directory_iterator(library_, error)) {
      if (entry.path().extension() == ".hwf") known.push_back(entry.path().stem().string());
    }
    llvm::sort(known);
    auto report = context_.Report(import.range, diagnostics::kUnknownLibrary, name);
    context_.suggester.Begin(name);
    for (const std::string& each : known) context_.suggester.Offer(each);
    const StringRef near = context_.suggester.Best();
    if (known.empty()) {
      report.Help("its modules are looked for in `" + library_ + "`, and there are none: install hwf anew");
    } else if (near.empty()) {
      report.Help("it has " + llvm::join(known, ", "));
    } else {
      report.Help("did you mean " + Quoted("std." + near.str()) + "?");
    }
  }

  void Follow(const ImportDecl& import, Range range, const std::string& shown) {
    const std::string canonical = Canonical(shown);
    if (auto known = by_path_.find(canonical); known != by_path_.end()) {
      if (!units_[known->second].finished) return ReportCycle(known->second, range);
      imported_.emplace_back(&import, known->second);
      return;
    }
    if (failed_.count(canonical) != 0) return;
    auto file = context_.sources.Load(shown);
    if (!file.ok()) {
      failed_[canonical] = true;
      context_.Report(range, diagnostics::kCannotImport, file.error().message())
          .Help("an import is looked for beside the file that names it");
      return;
    }
    auto module = syntax::Parse(context_.sources, *file, context_.emitter);
    imported_.emplace_back(&import, units_.size());
    Open(canonical, std::move(module));
  }

  void ReportCycle(size_t first, Range range) {
    std::string way;
    bool inside = false;
    for (const size_t index : open_) {
      inside = inside || index == first;
      if (inside) way += fs::path(units_[index].path).filename().string() + " → ";
    }
    way += fs::path(units_[first].path).filename().string();
    auto report = context_.Report(range, diagnostics::kImportCycle, way);
    inside = false;
    for (const size_t index : open_) {
      inside = inside || index == first;
      if (inside && index != open_.back()) report.Note(units_[index].through->path_range, "imported here");
    }
    report.Help("move what both need into a file of its own");
  }

  void Finish() {
    Unit& unit = units_[open_.back()];
    open_.pop_back();
    unit.finished = true;
    unit.scope = &context_.program.scopes.emplace_back();
    unit.scope->module = unit.tree;
    unit.scope->path = unit.path;
    context_.program.modules.push_back(std::move(unit.module));
  }

  Context& context_;
  const std::string& library_;
  std::deque<Unit> units_;
  std::vector<size_t> open_;
  std::map<std::string, size_t> by_path_;
  std::map<std::string, bool> failed_;
  std::vector<std::pair<const ImportDecl*, size_t>> imported_;
  llvm::DenseMap<const ImportDecl*, ModuleScope*> scopes_;
};

}  // namespace

llvm::DenseMap<const ImportDecl*, ModuleScope*> LoadImports(Context& context, std::unique_ptr<Module> sites,
                                                            std::unique_ptr<Module> root, const std::string& library) {
  return Loader(context, library).Run(std::move(sites), std::move(root));
}

}  // namespace hwf::sema
