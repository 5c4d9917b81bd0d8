// Where a person's answer goes: which values carry it on, and what takes it. A name, a list, a branch, a checkpoint or
// a record only carries it; it is used by a `match`, by what is called or told with it, by the workflow's result, and
// by people to whom it is shown. That it comes to a `match` in the end is seen in the whole program: lint_answers.cpp.
#include "compiler/sema/checker.h"

namespace hwf::sema {

void Checker::CollectAnswers(const Expr* expr, Answers& answers) const {
  if (expr == nullptr) return;
  auto block = [&](const Block& body) { CollectAnswers(body.result, answers); };
  auto args = [&](ArrayRef<Arg> given) {
    for (const Arg& arg : given) CollectAnswers(arg.value, answers);
  };
  switch (expr->kind) {
    case Expr::Kind::kReview:
      answers.insert(llvm::cast<ReviewExpr>(expr));
      return;
    case Expr::Kind::kName:
      if (auto found = carried_.find(llvm::cast<NameExpr>(expr)->binding); found != carried_.end()) {
        answers.insert(found->second.begin(), found->second.end());
      }
      return;
    case Expr::Kind::kString:
      for (const StringExpr::Part& part : llvm::cast<StringExpr>(expr)->parts) CollectAnswers(part.value, answers);
      return;
    case Expr::Kind::kField:
    case Expr::Kind::kIndex:
    case Expr::Kind::kAfter:
    case Expr::Kind::kBinary:
      return CollectAlong(expr, answers);
    case Expr::Kind::kCall: {
      const auto* call = llvm::cast<CallExpr>(expr);
      if (OnlyHolds(*call)) args(ValuesOf(*call));
      return;
    }
    case Expr::Kind::kList:
      for (const Expr* item : llvm::cast<ListExpr>(expr)->items) CollectAnswers(item, answers);
      return;
    case Expr::Kind::kMap:
      for (const MapExpr::Entry& entry : llvm::cast<MapExpr>(expr)->entries) {
        CollectAnswers(entry.key, answers);
        CollectAnswers(entry.value, answers);
      }
      return;
    case Expr::Kind::kTuple:
      return args(llvm::cast<TupleExpr>(expr)->entries);
    case Expr::Kind::kIf: {
      const auto* node = llvm::cast<IfExpr>(expr);
      for (const IfExpr::Branch& branch : node->branches) block(*branch.body);
      if (node->else_body != nullptr) block(*node->else_body);
      return;
    }
    case Expr::Kind::kMatch:
      for (const MatchExpr::Arm& arm : llvm::cast<MatchExpr>(expr)->arms) block(*arm.body);
      return;
    case Expr::Kind::kFor:
      return block(*llvm::cast<ForExpr>(expr)->body);
    case Expr::Kind::kLoop:
      if (auto found = stopped_.find(llvm::cast<LoopExpr>(expr)); found != stopped_.end()) {
        answers.insert(found->second.begin(), found->second.end());
      }
      return;
    case Expr::Kind::kStop:
    case Expr::Kind::kNext:
    case Expr::Kind::kBool:
    case Expr::Kind::kInt:
    case Expr::Kind::kFloat:
    case Expr::Kind::kDuration:
    case Expr::Kind::kBytes:
    case Expr::Kind::kNone:
    case Expr::Kind::kUnary:
    case Expr::Kind::kFail:
    case Expr::Kind::kUncarried:
    case Expr::Kind::kError:
      return;
  }
}

// Down a chain such as `c.v`, `vs[0]` or `v ?? w`, which has no limit, by a loop. Other operators use what they are
// given.
void Checker::CollectAlong(const Expr* expr, Answers& answers) const {
  for (;;) {
    if (const auto* field = llvm::dyn_cast<FieldExpr>(expr)) {
      expr = field->base;
    } else if (const auto* index = llvm::dyn_cast<IndexExpr>(expr)) {
      expr = index->base;
    } else if (const auto* after = llvm::dyn_cast<AfterExpr>(expr)) {
      expr = after->value;
    } else if (const auto* binary = llvm::dyn_cast<BinaryExpr>(expr)) {
      if (binary->op != BinaryOp::kCoalesce) return;
      CollectAnswers(binary->right, answers);
      expr = binary->left;
    } else {
      return CollectAnswers(expr, answers);
    }
  }
}

// Records and variants hold what they are made of; a call of anything else takes it.
bool Checker::OnlyHolds(const CallExpr& call) {
  const Binding* callee = CalleeOf(call);
  if (callee == nullptr) return false;
  return callee->kind == Binding::Kind::kVariant ||
         (callee->kind == Binding::Kind::kDecl && llvm::isa<RecordDecl>(callee->decl));
}

// The name `binding` stands for `value`, or for a part of it. Done when names are bound, so that no walk goes from name
// to name.
void Checker::Carry(const Binding* binding, const Expr* value) {
  Answers answers;
  CollectAnswers(value, answers);
  if (!answers.empty()) carried_[binding].insert(answers.begin(), answers.end());
}

void Checker::Mention(const Expr* value) {
  Answers answers;
  CollectAnswers(value, answers);
  for (const ReviewExpr* review : answers) asked_[review].mentioned = true;
}

void Checker::PassOn(const Expr* value) {
  Answers answers;
  CollectAnswers(value, answers);
  for (const ReviewExpr* review : answers) asked_[review].passed_on = true;
}

// The reviews of which `subject`, an enum, may be the answer.
Checker::Answers Checker::AnswersMatched(const Expr& subject, const ir::EnumDef& definition) const {
  Answers answers;
  // A review's own enum is its answer wherever it comes from.
  const ReviewExpr* asked = context_.asked.lookup(&definition);
  if (asked != nullptr && !asked->choose_enum) {
    answers.insert(asked);
    return answers;
  }
  Answers carried;
  CollectAnswers(&subject, carried);
  for (const ReviewExpr* review : carried) {
    if (review->type != nullptr && review->type->enumeration == &definition) answers.insert(review);
  }
  return answers;
}

}  // namespace hwf::sema
