// What stands around the definitions: sources, sites, groups, constants.
#include <sodium.h>

#include <filesystem>

#include "compiler/lower/lowerer.h"
#include "compiler/sema/check_calendar.h"
#include "compiler/sema/check_secrets.h"
#include "compiler/sema/constant.h"

namespace hwf::lower {
namespace {

namespace fs = std::filesystem;

std::string Absolute(const std::string& path) {
  std::error_code error;
  const fs::path whole = fs::absolute(path, error);
  return (error ? fs::path(path) : whole).lexically_normal().string();
}

std::string DigestOf(const std::string& text) {
  unsigned char hash[32];
  crypto_generichash(hash, sizeof hash, reinterpret_cast<const unsigned char*>(text.data()), text.size(), nullptr, 0);
  std::string out = "b2:";
  for (unsigned char byte : hash) {
    constexpr char kDigits[] = "0123456789abcdef";
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

}  // namespace

int64_t ConstantInt(const Expr& expr) {
  const auto constant = sema::Fold(&expr);
  return constant.has_value() ? static_cast<int64_t>(constant->number) : 0;
}

// The compiled file first, then what it imports, as the program has them.
void Lowerer::AddSources() {
  auto add = [this](const syntax::Module& unit) {
    const source::File& file = sources_.file(unit.file);
    const uint32_t id = static_cast<uint32_t>(unit.file);
    const std::string path = Absolute(file.path);
    file_index_[id] = static_cast<uint32_t>(module_.sources.size());
    directories_[id] = fs::path(path).parent_path().string();
    module_.sources.push_back({path, DigestOf(file.text)});
  };
  if (program_.modules.empty()) return;
  add(*program_.modules.back());
  for (size_t i = 0; i + 1 < program_.modules.size(); ++i) add(*program_.modules[i]);
}

std::string Lowerer::DirectoryOf(source::FileId file) const {
  auto found = directories_.find(static_cast<uint32_t>(file));
  return found == directories_.end() ? "/" : found->second;
}

void Lowerer::AddSites() {
  for (const sema::Program::Site& declared : program_.sites) {
    ir::Site& site = module_.sites.emplace_back();
    site.name = declared.decl->name.text.str();
    site.kind = declared.kind;
    site.fields = Json::Object();
    for (const auto& [name, value] : declared.fields) site.fields.Set(name, ConstantJson(*value));
  }
}

void Lowerer::AddGroup(const GroupDecl& group) {
  // The file of `--sites` comes first, and its groups take the place of the program's.
  for (const ir::Group& other : module_.groups) {
    if (group.name.text == llvm::StringRef(other.name)) return;
  }
  ir::Group& made = module_.groups.emplace_back();
  made.name = group.name.text.str();
  for (const Expr* member : group.members->items) {
    if (const auto name = sema::ConstantString(member)) made.members.push_back(*name);
  }
}

void Lowerer::AddCalendar(const CalendarDecl& calendar) {
  ir::Calendar& made = module_.calendar.emplace();
  made.name = calendar.name.text.str();
  for (const Arg& arg : calendar.args) {
    if (arg.name.text == "zone") made.zone = sema::ConstantString(arg.value).value_or("");
    const auto* list = llvm::dyn_cast<ListExpr>(arg.value);
    if (list == nullptr) continue;
    for (const Expr* item : list->items) {
      const std::string text = sema::ConstantString(item).value_or("");
      if (arg.name.text == "holidays") made.holidays.push_back(text);
      if (arg.name.text == "days") made.days.push_back(sema::WeekdayNumber(text).value_or(1));
    }
  }
}

// `[TOKEN: env("X")]`: {"TOKEN": {"env": "X"}}. A relative file stands beside the source.
Json Lowerer::SecretsJson(const MapExpr& secrets) {
  Json out = Json::Object();
  for (const MapExpr::Entry& entry : secrets.entries) {
    sema::SecretSource source = sema::SecretSourceOf(*entry.value);
    if (source.word == "file") {
      source.argument = (fs::path(DirectoryOf(secrets.range.file)) / source.argument).lexically_normal().string();
    }
    out.Set(llvm::cast<NameExpr>(entry.key)->name.text.str(), Json().Set(source.word, source.argument));
  }
  return out;
}

// Of a site's field: a literal, secrets, or a bare word (`containers: apptainer`).
Json Lowerer::ConstantJson(const Expr& expr) {
  if (const auto text = sema::ConstantString(&expr)) return *text;
  if (const auto* boolean = llvm::dyn_cast<BoolExpr>(&expr)) return boolean->value;
  if (const auto* name = llvm::dyn_cast<NameExpr>(&expr)) return name->name.text.str();
  if (const auto* secrets = llvm::dyn_cast<MapExpr>(&expr)) return SecretsJson(*secrets);
  if (const auto constant = sema::Fold(&expr)) {
    if (constant->kind == TypeKind::kFloat) return constant->number;
    return static_cast<int64_t>(constant->number);
  }
  NotCarried(expr.range, "this value of a site's field");
  return {};
}

}  // namespace hwf::lower
