#include "compiler/sema/declare.h"

#include <filesystem>
#include <unordered_set>

#include "ir/builtins.h"
#include "ir/type_rules.h"

namespace hwf::sema {
namespace {

class Declarer {
 public:
  Declarer(Context& context, const llvm::DenseMap<const ImportDecl*, ModuleScope*>& imports)
      : context_(context), imports_(imports) {}

  void Run() {
    DeclareBuiltins();
    size_t count = 0;
    for (ModuleScope& scope : context_.program.scopes) {
      DeclareOwn(scope);
      if (++count == context_.sites_scopes) replaced_groups_ = context_.groups;
    }
    for (ModuleScope& scope : context_.program.scopes) DeclareImports(scope);
    NameForIr();
    for (ModuleScope& scope : context_.program.scopes) MakeTypes(scope);
  }

 private:
  void DeclareBuiltins() {
    int index = 0;
    for (const ir::Builtin& builtin : ir::Builtins()) {
      Binding* binding = context_.NewBinding(Binding::Kind::kBuiltin, {builtin.name, {}});
      binding->builtin = index++;
      context_.builtins[std::string(builtin.name)] = binding;
    }
    DeclareReason();
  }

  // The enum of the reasons of failure, which no file declares.
  void DeclareReason() {
    Module& home = *context_.program.modules.back();
    const TypeRef type = ir::ReasonType(context_.types());
    llvm::SmallVector<EnumDecl::Variant, 9> variants;
    for (const ir::VariantDef& variant : type->enumeration->variants) {
      variants.push_back({{}, {StringRef(variant.name), {}}, {}, {}});
    }
    const Ident name{"Reason", {}};
    auto* decl = home.Make<EnumDecl>(Range{}, name, home.Copy<EnumDecl::Variant>(variants));
    context_.nominal[decl] = type;
    Binding* binding = context_.NewBinding(Binding::Kind::kDecl, name);
    binding->decl = decl;
    context_.builtins["Reason"] = binding;
  }

  void DeclareOwn(ModuleScope& scope) {
    for (Decl* decl : scope.module->decls) {
      context_.home[decl] = &scope;
      // What could not be parsed may have declared anything; a name that is known to be broken is not complained about.
      if (decl->kind == Decl::Kind::kError && !decl->name) context_.incomplete.insert(&scope);
      if (decl->kind == Decl::Kind::kError || decl->kind == Decl::Kind::kUncarried) {
        if (!decl->name) continue;
        scope.names.try_emplace(decl->name.text.str(), nullptr);
        context_.broken.insert(decl->name.text.str());
        continue;
      }
      if (!decl->name || decl->kind == Decl::Kind::kImport) continue;
      // Sites and calendars have namespaces of their own (check_site.cpp, check_calendar.cpp).
      if (decl->kind == Decl::Kind::kSite || decl->kind == Decl::Kind::kCalendar) continue;
      Binding* binding = context_.NewBinding(Binding::Kind::kDecl, decl->name);
      binding->decl = decl;
      auto [known, fresh] = scope.names.try_emplace(decl->name.text.str(), binding);
      if (!fresh && known->second != nullptr) {
        context_.Report(decl->name.range, diagnostics::kAlreadyBound, decl->name.text)
            .Note(known->second->name.range, "bound here");
      } else if (llvm::isa<GroupDecl>(decl)) {
        DeclareGroup(binding);
      }
    }
  }

  // People are named while the program runs, when nobody asks in which file.
  void DeclareGroup(Binding* group) {
    auto [known, fresh] = context_.groups.try_emplace(group->name.text.str(), group);
    if (fresh || replaced_groups_.count(known->first) != 0) return;
    context_.Report(group->name.range, diagnostics::kDuplicateGroup, group->name.text)
        .Note(known->second->name.range, "declared here");
  }

  void DeclareImports(ModuleScope& scope) {
    for (Decl* decl : scope.module->decls) {
      auto* import = llvm::dyn_cast<ImportDecl>(decl);
      if (import == nullptr) continue;
      auto target = imports_.find(import);
      if (target == imports_.end()) {
        if (!import->name) context_.incomplete.insert(&scope);
        if (import->name) scope.names.try_emplace(import->name.text.str(), nullptr);
        continue;
      }
      if (import->name) {
        DeclareAlias(scope, *import, target->second);
      } else {
        BringIn(scope, *import, *target->second);
      }
    }
  }

  void DeclareAlias(ModuleScope& scope, const ImportDecl& import, ModuleScope* target) {
    Binding* binding = context_.NewBinding(Binding::Kind::kModule, import.name);
    binding->module = target;
    auto [known, fresh] = scope.names.try_emplace(import.name.text.str(), binding);
    if (fresh || known->second == nullptr) return;
    context_.Report(import.name.range, diagnostics::kAlreadyBound, import.name.text)
        .Note(known->second->name.range, "bound here");
  }

  // An import without alias brings what the file itself declares, not what that imports.
  void BringIn(ModuleScope& scope, const ImportDecl& import, const ModuleScope& target) {
    if (&scope == &target) return;
    for (const Decl* decl : target.module->decls) {
      auto found = target.names.find(decl->name.text.str());
      if (found == target.names.end()) continue;
      if (found->second == nullptr) {
        scope.names.try_emplace(found->first, nullptr);
        continue;
      }
      if (found->second->decl != decl) continue;
      auto [known, fresh] = scope.names.try_emplace(found->first, found->second);
      if (fresh || known->second == nullptr || known->second == found->second) continue;
      // Two groups of a name have been reported, whether they meet in a file or not.
      if (llvm::isa<GroupDecl>(decl) && llvm::isa_and_nonnull<GroupDecl>(known->second->decl)) continue;
      context_.Report(import.path_range, diagnostics::kNameClash, found->first)
          .Note(known->second->name.range, "one is here")
          .Note(decl->name.range, "the other is here")
          .Help("give the import a name of its own: `import \"" + import.path.str() + "\" as m`, then `m." +
                found->first + "`");
    }
  }

  // The compiled file's own names stay plain.
  void NameForIr() {
    std::unordered_set<std::string> taken;
    auto& scopes = context_.program.scopes;
    for (auto scope = scopes.rbegin(); scope != scopes.rend(); ++scope) {
      const std::string stem = std::filesystem::path(scope->path).stem().string();
      for (const Decl* decl : scope->module->decls) {
        if (!decl->name || llvm::isa<SiteDecl>(decl) || llvm::isa<GroupDecl>(decl) || llvm::isa<CalendarDecl>(decl))
          continue;
        std::string name = decl->name.text.str();
        if (!taken.insert(name).second) name = Unique(taken, stem + "." + name);
        context_.program.ir_names[decl] = name;
      }
    }
  }

  static std::string Unique(std::unordered_set<std::string>& taken, const std::string& name) {
    if (taken.insert(name).second) return name;
    for (int number = 2;; ++number) {
      std::string candidate = name + "." + std::to_string(number);
      if (taken.insert(candidate).second) return candidate;
    }
  }

  void MakeTypes(ModuleScope& scope) {
    for (Decl* decl : scope.module->decls) {
      if (!decl->name) continue;
      const std::string& name = context_.program.ir_names[decl];
      if (llvm::isa<RecordDecl>(decl)) context_.nominal[decl] = context_.types().NewRecord(name);
      if (llvm::isa<EnumDecl>(decl)) context_.nominal[decl] = context_.types().NewEnum(name);
      auto* task = llvm::dyn_cast<TaskDecl>(decl);
      if (task == nullptr) continue;
      for (const StreamClause& stream : task->streams) {
        const TypeRef type = context_.types().NewRecord(name + "." + stream.name.text.str());
        Mutable(stream).sema_type = type;
        context_.nominal[&stream] = type;
      }
    }
  }

  Context& context_;
  std::unordered_map<std::string, Binding*> replaced_groups_;  // those of the file of `--sites`
  const llvm::DenseMap<const ImportDecl*, ModuleScope*>& imports_;
};

}  // namespace

void Declare(Context& context, const llvm::DenseMap<const ImportDecl*, ModuleScope*>& imports) {
  Declarer(context, imports).Run();
}

}  // namespace hwf::sema
