// `if`, `for`, blocks and their values. A block whose value nobody takes may end in anything that a statement may be.
#include "compiler/sema/checker.h"

namespace hwf::sema {

TypeRef Checker::CheckIf(IfExpr& node, bool used) {
  const bool gives = used && node.else_body != nullptr;
  llvm::SaveAndRestore<bool> lacks(lacks_else_, lacks_else_ || (used && !gives));
  llvm::SaveAndRestore<bool> missed(missed_else_, false);
  FactScope negative(*this);  // in each branch, the conditions before it were false
  TypeRef type = gives ? Simple(TypeKind::kNever) : Simple(TypeKind::kUnit);
  bool never = node.else_body != nullptr;
  auto branch = [&](const Block& body) {
    const TypeRef found = CheckBlock(body, gives);
    never = never && found->kind == TypeKind::kNever;
    if (!gives || IsPoison(type)) return;
    const TypeRef joined = Join(type, found);
    if (joined == nullptr) {
      Report(body.result != nullptr ? body.result->range : body.range, diagnostics::kNoCommonType,
             "the branches of an `if`", TypeName(type), TypeName(found));
    }
    type = joined != nullptr ? joined : Poison();
  };
  for (const IfExpr::Branch& each : node.branches) {
    CheckAs(each.condition, Simple(TypeKind::kBool), "for the condition");
    {
      FactScope positive(*this);
      positive.Assume(each.condition, true);
      branch(*each.body);
    }
    negative.Assume(each.condition, false);
  }
  if (node.else_body != nullptr) branch(*node.else_body);
  if (!gives && never) type = Simple(TypeKind::kNever);
  // That it has no value was said where its branch ends in one.
  if (used && missed_else_) type = Poison();
  return node.type = type;
}

// `for i in 1..3` is of the language, but has no place in the IR yet.
bool Checker::RefuseRange(Expr* list) {
  auto* range = llvm::dyn_cast<BinaryExpr>(list);
  if (range == nullptr || range->op != BinaryOp::kRange) return false;
  Check(range->left);
  Check(range->right);
  range->type = Poison();
  Report(range->range, diagnostics::kNotCarried, "`for … in lo..hi`").Help("`range(n)` is the list [0, …, n - 1]");
  return true;
}

TypeRef Checker::CheckFor(ForExpr& node, bool used) {
  const TypeRef list = RefuseRange(node.list) ? Poison() : Check(node.list);
  node.binding->type = Poison();
  if (Plain(list)->kind == TypeKind::kList) {
    node.binding->type = Like(list, Plain(list)->element);
    Carry(node.binding, node.list);
  } else if (!IsPoison(list)) {
    auto report = Report(node.list->range, diagnostics::kNotIterable, TypeName(list));
    if (Plain(list)->kind == TypeKind::kOptional) report.Help("it may be `none`: give a default with `?? []`");
    if (Plain(list)->kind == TypeKind::kInt) report.Help("`range(n)` is the list [0, …, n - 1]");
    PassOn(node.list);
  }
  FactScope facts(*this);
  if (node.where != nullptr) {
    llvm::SaveAndRestore<std::string_view> pure(pure_, pure_.empty() ? "a `where`" : pure_);
    CheckAs(node.where, Simple(TypeKind::kBool), "for `where`");
    facts.Assume(node.where, true);
  }
  TypeRef element = CheckBlock(*node.body, used);
  if (!used || element->kind == TypeKind::kNever) element = Simple(TypeKind::kUnit);
  node.type = IsPoison(element) ? element : BoundDepth(context_.types().List(element), node.range);
  return node.type;
}

TypeRef Checker::CheckBlock(const Block& block, bool used) {
  auto reordered = context_.block_order.find(&block);
  const ArrayRef<Stmt*> stmts =
      reordered == context_.block_order.end() ? block.stmts : ArrayRef<Stmt*>(reordered->second);
  TypeRef type = Simple(TypeKind::kUnit);
  for (Stmt* stmt : stmts) {
    auto* expression = llvm::dyn_cast<ExprStmt>(stmt);
    const bool last = expression != nullptr && expression->value == block.result;
    if (last) {
      type = CheckBlockResult(block.result, used);
    } else {
      CheckStatement(*stmt);
    }
    const bool never = expression != nullptr && expression->value->type->kind == TypeKind::kNever;
    if (never && !last) type = Simple(TypeKind::kNever);
  }
  return type;
}

// What is done, whatever it is done after.
const Expr& Checker::WithoutAfter(const Expr& expr) {
  const Expr* inner = &expr;
  while (const auto* after = llvm::dyn_cast<AfterExpr>(inner)) inner = after->value;
  return *inner;
}

bool Checker::IsValue(TypeRef type) {
  return type->kind != TypeKind::kUnit && type->kind != TypeKind::kNever && !IsPoison(type);
}

// Whether the value of an expression statement is one, and goes nowhere by mistake.
bool Checker::IsLost(const Expr& expr, TypeRef type) {
  const Expr& inner = WithoutAfter(expr);
  return IsValue(type) && !llvm::isa<CallExpr>(inner) && !llvm::isa<ReviewExpr>(inner) && !llvm::isa<ForExpr>(inner);
}

TypeRef Checker::CheckBlockResult(Expr* result, bool used) {
  if (used) return Check(result);
  const TypeRef type = CheckUnused(result);
  if (IsLost(*result, type)) {
    missed_else_ = lacks_else_;
    Report(result->range, diagnostics::kUnusedExpression)
        .Help(lacks_else_ ? "an `if` without `else` has no value: add `else { … }`"
                          : "name it with `let`, or remove it");
  }
  return type->kind == TypeKind::kNever ? type : Simple(TypeKind::kUnit);
}

TypeRef Checker::CheckUnused(Expr* expr) {
  switch (expr->kind) {
    case Expr::Kind::kIf:
      return CheckIf(*llvm::cast<IfExpr>(expr), false);
    case Expr::Kind::kMatch:
      return CheckMatch(*llvm::cast<MatchExpr>(expr), false);
    case Expr::Kind::kFor:
      return CheckFor(*llvm::cast<ForExpr>(expr), false);
    default:
      break;
  }
  const size_t before = nodes_;
  const TypeRef type = Check(expr);
  if (llvm::isa<CallExpr>(WithoutAfter(*expr)) && IsValue(type) && nodes_ == before) {
    Report(expr->range, diagnostics::kUnusedCall, TypeName(type));
  }
  return type;
}

}  // namespace hwf::sema
