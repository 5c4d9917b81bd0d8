#include "compiler/sema/lint.h"

#include <llvm/ADT/DenseSet.h>

#include "compiler/sema/walk.h"

namespace hwf::sema {

namespace {

// A file without a workflow is there for others, and so is one with a workflow that is documented and that nobody
// calls, beside the last, which runs.
bool IsLibrary(const Program& program) {
  llvm::DenseSet<const syntax::Decl*> called;
  auto expr = [&](const syntax::Expr& each) {
    const auto* call = llvm::dyn_cast<syntax::CallExpr>(&each);
    if (call != nullptr) called.insert(CalledDecl(*call));
  };
  Visit visit;
  visit.expr = expr;
  WalkAll(program, visit);
  return program.entry == nullptr || llvm::any_of(program.modules.back()->decls, [&](const syntax::Decl* decl) {
           return llvm::isa<syntax::WorkflowDecl>(decl) && decl != program.entry && !decl->doc.empty() &&
                  !called.contains(decl);
         });
}

}  // namespace

void Lint(const Program& program, diagnostics::Emitter& emitter) {
  if (!IsLibrary(program)) {
    LintDeclarations(program, emitter);
    LintMessages(program, emitter);
    LintVariants(program, emitter);
  }
  LintParameters(program, emitter);
  LintOutputs(program, emitter);
  LintCalls(program, emitter);
  LintConstant(program, emitter);
  LintNever(program, emitter);
  LintEmptyMatch(program, emitter);
  LintKeptJobs(program, emitter);
  LintQuorum(program, emitter);
  LintAnswers(program, emitter);
}

}  // namespace hwf::sema
