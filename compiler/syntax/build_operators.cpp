// Precedence. The grammar gives operands and operators as one flat list; this folds them with two stacks, so that a
// chain of any length takes no recursion. Tightest first: `* / %`, `+ -`, comparisons (which do not chain), `and`,
// `or`, `??`, `after`; all associate to the left.

#include "compiler/syntax/builder.h"

namespace hwf::syntax {

namespace {

int Strength(size_t kind) {
  switch (kind) {
    case P::STAR:
    case P::SLASH:
    case P::PERCENT:
      return 7;
    case P::PLUS:
    case P::MINUS:
      return 6;
    case P::LESS:
    case P::LESS_EQUAL:
    case P::GREATER:
    case P::GREATER_EQUAL:
    case P::EQUAL:
    case P::NOT_EQUAL:
      return 5;
    case P::AND:
      return 4;
    case P::OR:
      return 3;
    case P::COALESCE:
      return 2;
    case P::AFTER:
      return 1;
  }
  HWF_UNREACHABLE();
}

constexpr int kComparison = 5;

BinaryOp OpOf(size_t kind) {
  switch (kind) {
    case P::STAR:
      return BinaryOp::kMul;
    case P::SLASH:
      return BinaryOp::kDiv;
    case P::PERCENT:
      return BinaryOp::kMod;
    case P::PLUS:
      return BinaryOp::kAdd;
    case P::MINUS:
      return BinaryOp::kSub;
    case P::LESS:
      return BinaryOp::kLt;
    case P::LESS_EQUAL:
      return BinaryOp::kLe;
    case P::GREATER:
      return BinaryOp::kGt;
    case P::GREATER_EQUAL:
      return BinaryOp::kGe;
    case P::EQUAL:
      return BinaryOp::kEq;
    case P::NOT_EQUAL:
      return BinaryOp::kNe;
    case P::AND:
      return BinaryOp::kAnd;
    case P::OR:
      return BinaryOp::kOr;
    case P::COALESCE:
      return BinaryOp::kCoalesce;
  }
  HWF_UNREACHABLE();
}

}  // namespace

std::string_view SymbolOf(BinaryOp op) {
  switch (op) {
    case BinaryOp::kMul:
      return "*";
    case BinaryOp::kDiv:
      return "/";
    case BinaryOp::kMod:
      return "%";
    case BinaryOp::kAdd:
      return "+";
    case BinaryOp::kSub:
      return "-";
    case BinaryOp::kLt:
      return "<";
    case BinaryOp::kLe:
      return "<=";
    case BinaryOp::kGt:
      return ">";
    case BinaryOp::kGe:
      return ">=";
    case BinaryOp::kEq:
      return "==";
    case BinaryOp::kNe:
      return "!=";
    case BinaryOp::kAnd:
      return "and";
    case BinaryOp::kOr:
      return "or";
    case BinaryOp::kCoalesce:
      return "??";
    case BinaryOp::kRange:
      return "..";
  }
  HWF_UNREACHABLE();
}

Expr* Builder::Combine(const antlr4::Token* op, Expr* left, Range left_range, Expr* right, Range right_range) {
  Range range = Span(left_range, right_range);
  if (op->getType() == P::AFTER) return module_.Make<AfterExpr>(range, left, right);
  return module_.Make<BinaryExpr>(range, OpOf(op->getType()), At(op), left, right);
}

Expr* Builder::Expression(P::ExpressionContext* c) {
  if (c->operators.empty()) return Operand(c->operands[0]);
  struct Part {
    Expr* value;
    Range range;  // with parentheses, which leave no node
  };
  llvm::SmallVector<Part, 8> values;
  llvm::SmallVector<const antlr4::Token*, 8> waiting;
  auto fold = [&] {
    Part right = values.pop_back_val();
    Part left = values.pop_back_val();
    Expr* value = Combine(waiting.pop_back_val(), left.value, left.range, right.value, right.range);
    values.push_back({value, value->range});
  };
  values.push_back({Operand(c->operands[0]), At(c->operands[0])});
  int last_folded = 0;
  for (size_t i = 0; i < c->operators.size(); ++i) {
    const antlr4::Token* op = c->operators[i];
    int strength = Strength(op->getType());
    last_folded = 0;
    while (!waiting.empty() && Strength(waiting.back()->getType()) >= strength) {
      last_folded = Strength(waiting.back()->getType());
      fold();
    }
    if (strength == kComparison && last_folded == kComparison) {
      emitter_.Report(At(op), diagnostics::kChainedComparison).Help("write `a < b and b < c`");
      return module_.Make<ErrorExpr>(At(c));
    }
    waiting.push_back(op);
    values.push_back({Operand(c->operands[i + 1]), At(c->operands[i + 1])});
  }
  while (!waiting.empty()) fold();
  return values[0].value;
}

Expr* Builder::RangeOr(P::RangeOrExpressionContext* c) {
  Expr* low = Expression(c->low);
  if (!c->high) return low;
  // The two dots are the one token between the two.
  Range dots = {module_.file, At(c->low).end, At(c->high).begin};
  StringRef between = Text(dots);
  dots.begin += static_cast<uint32_t>(between.find(".."));
  dots.end = dots.begin + 2;
  return module_.Make<BinaryExpr>(At(c), BinaryOp::kRange, dots, low, Expression(c->high));
}

}  // namespace hwf::syntax
