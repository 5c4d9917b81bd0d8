// Declarations and imports that nothing names. The last workflow is what runs. Sites and groups are named over all
// files, so an import that brings any is used.
#include <llvm/ADT/DenseSet.h>
#include <llvm/ADT/StringSet.h>

#include "compiler/sema/constant.h"
#include "compiler/sema/context.h"
#include "compiler/sema/lint.h"
#include "compiler/sema/walk.h"

namespace hwf::sema {
namespace {

// What one module names.
struct Named {
  llvm::DenseSet<const Decl*> decls;
  llvm::DenseSet<const ModuleScope*> modules;  // by an alias
};

class Collector {
 public:
  Collector(const ModuleScope& scope, llvm::StringSet<>& people, llvm::StringSet<>& sites)
      : scope_(scope), people_(people), sites_(sites) {}

  Named Run() {
    auto expr = [&](const Expr& each) { Take(each); };
    auto type = [&](const TypeExpr& each) { TakeType(each.name.text); };
    for (const Decl* decl : scope_.module->decls) {
      Visit visit;
      visit.expr = expr;
      visit.type = type;
      Walk(*decl, visit);
    }
    return std::move(named_);
  }

 private:
  void Take(const Expr& expr) {
    if (const auto* name = llvm::dyn_cast<NameExpr>(&expr)) TakeBinding(name->binding);
    if (const auto* field = llvm::dyn_cast<FieldExpr>(&expr)) TakeBinding(field->binding);
    if (const auto* call = llvm::dyn_cast<CallExpr>(&expr)) {
      if (const NameExpr* site = SiteOfData(*call)) sites_.insert(site->name.text);
    }
    if (const auto* review = llvm::dyn_cast<ReviewExpr>(&expr)) {
      TakeType(review->choose_enum.text);
      TakeWho(review->by);
      for (const ReviewExpr::Escalation& escalation : review->escalations) TakeWho(escalation.to);
    }
  }

  void TakeBinding(const Binding* binding) {
    if (binding == nullptr) return;
    if (binding->decl != nullptr) named_.decls.insert(binding->decl);
    if (binding->module != nullptr) named_.modules.insert(binding->module);
  }

  // `Metrics`, `fit.epoch`, `m.Metrics`, `m.fit.epoch`
  void TakeType(StringRef written) {
    const ModuleScope* scope = &scope_;
    for (auto [first, rest] = written.split('.'); !first.empty(); std::tie(first, rest) = rest.split('.')) {
      auto found = scope->names.find(first.trim().str());
      if (found == scope->names.end() || found->second == nullptr) return;
      TakeBinding(found->second);
      if (found->second->module == nullptr) return;
      scope = found->second->module;
    }
  }

  // A group may be named by a string; of one that is put together any may be meant.
  void TakeWho(const ByRule* rule) {
    if (rule == nullptr) return;
    for (const ByRule* part : rule->parts) TakeWho(part);
    if (rule->who == nullptr || llvm::isa<NameExpr>(rule->who)) return;
    const auto text = ConstantString(rule->who);
    people_.insert(text ? *text : "");
  }

  const ModuleScope& scope_;
  llvm::StringSet<>& people_;
  llvm::StringSet<>& sites_;
  Named named_;
};

class Unused {
 public:
  Unused(const Program& program, diagnostics::Emitter& emitter) : program_(program), emitter_(emitter) {}

  void Run() {
    for (const ModuleScope& scope : program_.scopes) {
      named_ = Collector(scope, people_, sites_).Run();
      all_.insert(named_.decls.begin(), named_.decls.end());
      for (const Decl* decl : scope.module->decls) TakeSites(*decl);
    }
    // What is left in named_ is of the compiled file, the last.
    for (const Decl* decl : program_.modules.back()->decls) Check(*decl);
  }

 private:
  void TakeSites(const Decl& decl) {
    if (const auto* site = llvm::dyn_cast<SiteDecl>(&decl)) sites_.insert(site->base.text);
    const auto* task = llvm::dyn_cast<TaskDecl>(&decl);
    if (task == nullptr) return;
    for (const Ident& site : task->on) sites_.insert(site.text);
  }

  bool IsUsed(const Decl& decl) const {
    switch (decl.kind) {
      case Decl::Kind::kImport:
        return IsImportUsed(llvm::cast<ImportDecl>(decl));
      case Decl::Kind::kSite:
        return decl.name.text == "here" || sites_.contains(decl.name.text) || !IsOfProgram(decl);
      case Decl::Kind::kGroup:
        return all_.contains(&decl) || people_.contains(decl.name.text) || people_.contains("");
      case Decl::Kind::kWorkflow:
        return &decl == program_.entry || all_.contains(&decl);
      case Decl::Kind::kRecord:
      case Decl::Kind::kEnum:
      case Decl::Kind::kFn:
      case Decl::Kind::kTask:
        return all_.contains(&decl);
      case Decl::Kind::kCalendar:
      case Decl::Kind::kTest:
      case Decl::Kind::kUncarried:
      case Decl::Kind::kError:
        return true;
    }
    return true;
  }

  // With `--sites` those of the program are none.
  bool IsOfProgram(const Decl& site) const {
    return llvm::any_of(program_.sites, [&](const Program::Site& each) { return each.decl == &site; });
  }

  bool IsImportUsed(const ImportDecl& import) const {
    const ModuleScope* target = program_.imports.lookup(&import);
    if (target == nullptr || BringsPlacesOrPeople(*target)) return true;
    if (import.name) return named_.modules.contains(target);
    return llvm::any_of(target->module->decls, [&](const Decl* decl) { return named_.decls.contains(decl); });
  }

  bool BringsPlacesOrPeople(const ModuleScope& scope) const {
    return llvm::any_of(scope.module->decls, [&](const Decl* decl) {
      if (llvm::isa<SiteDecl>(decl) || llvm::isa<GroupDecl>(decl) || llvm::isa<CalendarDecl>(decl)) return true;
      const auto* import = llvm::dyn_cast<ImportDecl>(decl);
      const ModuleScope* target = import == nullptr ? nullptr : program_.imports.lookup(import);
      return target != nullptr && BringsPlacesOrPeople(*target);
    });
  }

  void Check(const Decl& decl) {
    if (IsUsed(decl)) return;
    if (const auto* import = llvm::dyn_cast<ImportDecl>(&decl)) {
      emitter_.Report(import->path_range, diagnostics::kUnusedDeclaration, "import", import->path)
          .Help("nothing of it is named here: leave it out");
      return;
    }
    auto report = emitter_.Report(decl.name.range, diagnostics::kUnusedDeclaration,
                                  KindName(decl).substr(KindName(decl).find(' ') + 1), decl.name.text);
    report.Help(
        llvm::isa<WorkflowDecl>(decl)
            ? "what runs is the last workflow of the file: call this one there, or leave it out; one that is there for "
              "others has a `##` comment"
            : "leave it out, or move it to a file that others import");
  }

  const Program& program_;
  diagnostics::Emitter& emitter_;
  Named named_;
  llvm::DenseSet<const Decl*> all_;
  llvm::StringSet<> people_;  // strings in `by`; "" where one is not known
  llvm::StringSet<> sites_;
};

}  // namespace

void LintDeclarations(const Program& program, diagnostics::Emitter& emitter) { Unused(program, emitter).Run(); }

}  // namespace hwf::sema
