// The order of the passes: imports, names, heads, the names of every body, sites, recursion, then types and rules.
#include "compiler/sema/check_calendar.h"
#include "compiler/sema/check_site.h"
#include "compiler/sema/checker.h"
#include "compiler/sema/declare.h"
#include "compiler/sema/imports.h"
#include "compiler/sema/recursion.h"
#include "compiler/sema/resolve.h"

namespace hwf::sema {
namespace {

// The compiled file's last workflow is what `hwf run` runs; its parameters come from a command line.
void ChooseEntry(Context& context, Types& types) {
  const Module& root = *context.program.modules.back();
  for (const Decl* decl : root.decls) {
    if (const auto* workflow = llvm::dyn_cast<WorkflowDecl>(decl)) context.program.entry = workflow;
  }
  if (context.program.entry == nullptr) return;
  for (const Field& param : context.program.entry->params) {
    if (param.sema_type == nullptr || !types.HoldsApproved(param.sema_type)) continue;
    context.Report(param.range, diagnostics::kApprovedEntry, param.name.text, context.program.entry->name.text)
        .Help("only an answer that `grants` it makes an approved value; a workflow after this one may call this");
  }
}

}  // namespace

void Checker::CheckModule() {
  for (const Decl* decl : scope_.module->decls) {
    if (const auto* record = llvm::dyn_cast<RecordDecl>(decl)) CheckDefaults(record->fields);
    if (const auto* enumeration = llvm::dyn_cast<EnumDecl>(decl)) {
      for (const EnumDecl::Variant& variant : enumeration->variants) CheckDefaults(variant.fields);
    }
    if (const auto* later = llvm::dyn_cast<UncarriedDecl>(decl)) {
      Report(later->keyword.range, diagnostics::kNotCarried, Quoted(later->keyword.text));
    }
    if (const auto* group = llvm::dyn_cast<GroupDecl>(decl)) CheckGroup(*group);
    if (const auto* fn = llvm::dyn_cast<FnDecl>(decl)) CheckFn(*fn);
    if (const auto* task = llvm::dyn_cast<TaskDecl>(decl)) CheckTask(*task);
    if (const auto* workflow = llvm::dyn_cast<WorkflowDecl>(decl)) CheckWorkflow(*workflow);
  }
  if (context_.IsRoot(scope_)) CheckTests();
}

Program Analyze(source::SourceManager& sources, std::unique_ptr<syntax::Module> root, diagnostics::Emitter& emitter,
                std::unique_ptr<syntax::Module> sites_file, const std::string& library) {
  Program program;
  program.types = std::make_shared<ir::TypeTable>();
  Context context(sources, emitter, program);
  program.imports = LoadImports(context, std::move(sites_file), std::move(root), library);
  Declare(context, program.imports);
  Types types(context);
  types.ResolveHeads();
  for (const ModuleScope& scope : program.scopes) Resolver(context, scope).ResolveModule();
  CheckSites(context);
  CheckCalendar(context);
  RefuseRecursion(context);
  for (const ModuleScope& scope : program.scopes) Checker(context, types, scope).CheckModule();
  ChooseEntry(context, types);
  return program;
}

}  // namespace hwf::sema
