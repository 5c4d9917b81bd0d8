// What waits for a value that never comes, because all ways to it `fail`.
#include "compiler/sema/context.h"
#include "compiler/sema/lint.h"
#include "compiler/sema/walk.h"

namespace hwf::sema {

void LintNever(const Program& program, diagnostics::Emitter& emitter) {
  auto expr = [&](const Expr& each) {
    const auto* name = llvm::dyn_cast<NameExpr>(&each);
    if (name == nullptr || name->binding == nullptr || name->binding->kind != Binding::Kind::kLet) return;
    if (name->binding->type == nullptr || name->binding->type->kind != TypeKind::kNever) return;
    emitter.Report(name->range, diagnostics::kNeverRuns, name->name.text)
        .Note(name->binding->name.range, "all that this can do is to `fail`")
        .Help("leave out what waits for it, or let it have a value where not all is lost");
  };
  Visit visit;
  visit.expr = expr;
  WalkAll(program, visit);
}

}  // namespace hwf::sema
