// `try call(…)`: what it takes, and the enum that it gives.
#include "compiler/sema/checker.h"
#include "ir/type_rules.h"

namespace hwf::sema {

// True after a report: only tasks and workflows fail by themselves.
bool Checker::RefuseTry(const CallExpr& call, const Binding& callee) {
  std::string_view what;
  if (callee.kind == Binding::Kind::kBuiltin) what = "a built-in function";
  if (callee.kind == Binding::Kind::kVariant) what = "a variant";
  const bool declared = callee.kind == Binding::Kind::kDecl;
  const bool fails = declared && (llvm::isa<TaskDecl>(callee.decl) || llvm::isa<WorkflowDecl>(callee.decl));
  if (declared && !fails) what = KindName(*callee.decl);
  if (what.empty()) return false;
  Report(call.tried.range, diagnostics::kNotTryable, what).Note(callee.name.range, "declared here");
  for (const Arg& arg : call.args) Check(arg.value);
  ++nodes_;  // what was meant may run
  return true;
}

// The outputs of the task or workflow; tried, `ok` with them or `failed`.
TypeRef Checker::ValueOf(const CallExpr& call, const Decl& callee) {
  const TypeRef outputs = context_.program.output_types[&callee];
  if (!call.tried || IsPoison(outputs)) return outputs;
  TypeRef& type = context_.failures[&callee];
  if (type == nullptr) {
    const TypeRef reason = context_.nominal[context_.builtins["Reason"]->decl];
    const ir::Tried what = llvm::isa<WorkflowDecl>(callee) ? ir::Tried::kWorkflow : ir::Tried::kTask;
    type = ir::FailureType(context_.types(), "try " + callee.name.text.str(), what, outputs, reason);
  }
  return BoundDepth(type, call.range);
}

void Checker::HelpWithTry(TypeRef found, diagnostics::Report& report) {
  if (!ir::IsFailureType(Plain(found))) return;
  const bool gives = !Plain(found)->enumeration->variants[0].fields.empty();
  report.Help("it may have failed: `match` it, with the arms `" + std::string(gives ? "ok(value)" : "ok") +
              " => …` and `failed(reason) => …`");
}

}  // namespace hwf::sema
