// `if`, `for`, blocks and their values. A block whose value nobody takes may end in anything that a statement may be.
#include "compiler/sema/checker.h"

namespace hwf::sema {

namespace {

// What may end a path through a loop's body: a `stop` or `next`, or that which leads to them.
bool EndsPath(const Expr& expr) {
  return llvm::isa<StopExpr>(expr) || llvm::isa<NextExpr>(expr) || llvm::isa<IfExpr>(expr) ||
         llvm::isa<MatchExpr>(expr);
}

}  // namespace

TypeRef Checker::CheckIf(IfExpr& node, bool used) {
  const bool gives = used && node.else_body != nullptr;
  llvm::SaveAndRestore<Round*> path(round_, nullptr);  // conditions end no path
  llvm::SaveAndRestore<bool> lacks(lacks_else_, lacks_else_ || (used && !gives));
  llvm::SaveAndRestore<bool> missed(missed_else_, false);
  FactScope negative(*this);  // in each branch, the conditions before it were false
  TypeRef type = gives ? Simple(TypeKind::kNever) : Simple(TypeKind::kUnit);
  bool never = node.else_body != nullptr;
  auto branch = [&](const Block& body) {
    llvm::SaveAndRestore<Round*> ends(round_, gives ? path.get() : nullptr);
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

// `for i in lo..hi` goes over the Ints from `lo` to `hi`, both included.
TypeRef Checker::CheckForList(Expr* list) {
  auto* range = llvm::dyn_cast<BinaryExpr>(list);
  if (range == nullptr || range->op != BinaryOp::kRange) return Check(list);
  const bool low = CheckAs(range->left, Simple(TypeKind::kInt), "for the start of the range");
  const bool high = CheckAs(range->right, Simple(TypeKind::kInt), "for the end of the range");
  PassOn(range->left);
  PassOn(range->right);
  const std::optional<Constant> from = Fold(range->left), to = Fold(range->right);
  if (low && high && from && to && *to < *from) {
    Report(range->range, diagnostics::kEmptyFor, ToText(*from), ToText(*to));
  }
  return range->type = context_.types().List(Simple(TypeKind::kInt));
}

TypeRef Checker::CheckFor(ForExpr& node, bool used) {
  const TypeRef list = CheckForList(node.list);
  node.binding->type = Poison();
  if (Plain(list)->kind == TypeKind::kList) {
    node.binding->type = Like(list, Plain(list)->element);
    Carry(node.binding, node.list);
  } else if (!IsPoison(list)) {
    auto report = Report(node.list->range, diagnostics::kNotIterable, TypeName(list));
    if (Plain(list)->kind == TypeKind::kOptional) report.Help("it may be `none`: give a default with `?? []`");
    if (Plain(list)->kind == TypeKind::kInt) report.Help("`0..n - 1` goes over the Ints from 0 to n - 1");
    PassOn(node.list);
  }
  llvm::SaveAndRestore<Round*> path(round_, nullptr);
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
    llvm::SaveAndRestore<Round*> path(round_, last && EndsPath(*expression->value) ? round_ : nullptr);
    if (last) {
      type = CheckBlockResult(block.result, used);
    } else {
      CheckStatement(*stmt);
    }
    const bool never = expression != nullptr && expression->value->type->kind == TypeKind::kNever;
    if (never && !last) type = Simple(TypeKind::kNever);
  }
  return round_ == nullptr ? type : CheckPathEnd(block, type);
}

bool Checker::IsValue(TypeRef type) {
  return type->kind != TypeKind::kUnit && type->kind != TypeKind::kNever && !IsPoison(type);
}

// Whether the value of an expression statement is one, and goes nowhere by mistake.
bool Checker::IsLost(const Expr& expr, TypeRef type) {
  const Expr& inner = WithoutAfter(expr);
  return IsValue(type) && !llvm::isa<CallExpr>(inner) && !llvm::isa<ReviewExpr>(inner) && !llvm::isa<ForExpr>(inner) &&
         !llvm::isa<LoopExpr>(inner);
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
