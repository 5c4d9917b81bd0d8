// A `match` of which every arm is empty: whatever the value is, nothing follows from it.
#include "compiler/sema/lint.h"
#include "compiler/sema/walk.h"

namespace hwf::sema {
namespace {

using namespace syntax;  // NOLINT(google-build-using-namespace)

bool IsEmpty(const Block& body) {
  if (body.stmts.empty()) return true;
  const auto* tuple = llvm::dyn_cast_or_null<TupleExpr>(body.result);
  return body.stmts.size() == 1 && tuple != nullptr && tuple->entries.empty();
}

}  // namespace

void LintEmptyMatch(const Program& program, diagnostics::Emitter& emitter) {
  auto expr = [&](const Expr& each) {
    const auto* match = llvm::dyn_cast<MatchExpr>(&each);
    if (match == nullptr || match->arms.empty()) return;
    if (!llvm::all_of(match->arms, [](const MatchExpr::Arm& arm) { return IsEmpty(*arm.body); })) return;
    const Range keyword{match->range.file, match->range.begin, match->subject->range.end};
    emitter.Report(keyword, diagnostics::kEmptyMatch)
        .Help("do something in an arm; if nothing depends on the answer, nobody need be asked");
  };
  Visit visit;
  visit.expr = expr;
  WalkAll(program, visit);
}

}  // namespace hwf::sema
