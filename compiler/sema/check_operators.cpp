// `a + b`, `not a`, `a ?? b`, …
#include "compiler/sema/checker.h"
#include "ir/type_rules.h"

namespace hwf::sema {
namespace {

bool IsNumber(TypeRef type) { return type->kind == TypeKind::kInt || type->kind == TypeKind::kFloat; }
bool IsMeasure(TypeRef type) { return type->kind == TypeKind::kDuration || type->kind == TypeKind::kBytes; }

}  // namespace

TypeRef Checker::CheckUnary(UnaryExpr& node) {
  const TypeRef type = Plain(Check(node.operand));
  if (IsPoison(type)) return type;
  if (node.op == UnaryOp::kNot) {
    if (type->kind == TypeKind::kBool) return type;
    Report(node.operand->range, diagnostics::kBadOperand, "not", Quoted(TypeName(type))).Help("it takes a Bool");
    return Poison();
  }
  if (IsNumber(type) || type->kind == TypeKind::kDuration) return type;
  Report(node.operand->range, diagnostics::kBadOperand, "-", Quoted(TypeName(type)))
      .Help("it takes an Int, a Float or a Duration");
  return Poison();
}

TypeRef Checker::BadOperands(const BinaryExpr& node, std::string_view help) {
  auto report = Report(node.op_range, diagnostics::kBadOperand, SymbolOf(node.op),
                       Quoted(TypeName(node.left->type)) + " and " + Quoted(TypeName(node.right->type)));
  const bool optional =
      Plain(node.left->type)->kind == TypeKind::kOptional || Plain(node.right->type)->kind == TypeKind::kOptional;
  report.Help(optional ? "one side may be `none`: give a default with `??`" : std::string(help));
  return Poison();
}

TypeRef Checker::CheckBinary(BinaryExpr& node) {
  switch (node.op) {
    case BinaryOp::kAnd:
    case BinaryOp::kOr:
      return CheckLogic(node);
    case BinaryOp::kCoalesce:
      return CheckCoalesce(node);
    case BinaryOp::kEq:
    case BinaryOp::kNe:
      return CheckEquality(node);
    case BinaryOp::kLt:
    case BinaryOp::kLe:
    case BinaryOp::kGt:
    case BinaryOp::kGe:
      return CheckComparison(node);
    case BinaryOp::kMul:
    case BinaryOp::kDiv:
    case BinaryOp::kMod:
    case BinaryOp::kAdd:
    case BinaryOp::kSub:
      return CheckArithmetic(node);
    case BinaryOp::kRange:
      Check(node.right);
      Report(node.op_range, diagnostics::kBadOperand, "..", "a value's place").Help("a range stands only after `in`");
      return Poison();
  }
  HWF_UNREACHABLE();
}

TypeRef Checker::CheckLogic(BinaryExpr& node) {
  llvm::SaveAndRestore<std::string_view> pure(pure_, !pure_.empty()              ? pure_
                                                     : node.op == BinaryOp::kAnd ? "the right of `and`"
                                                                                 : "the right of `or`");
  Check(node.right);
  const std::string what = "on both sides of `" + std::string(SymbolOf(node.op)) + "`";
  const TypeRef want = Simple(TypeKind::kBool);
  const bool left = Coerce(node.left, want, what);
  return Coerce(node.right, want, what) && left ? want : Poison();
}

TypeRef Checker::CheckCoalesce(BinaryExpr& node) {
  llvm::SaveAndRestore<std::string_view> pure(pure_, !pure_.empty() ? pure_ : "the right of `??`");
  const TypeRef right = Check(node.right);
  const TypeRef left = node.left->type;
  if (IsPoison(left) || IsPoison(right)) return Poison();
  const TypeRef plain = Plain(left);
  if (plain->kind == TypeKind::kNone) return right;
  if (plain->kind != TypeKind::kOptional) {
    Report(node.left->range, diagnostics::kNeverNone, TypeName(left)).Help("`??` and what follows can go");
    return Poison();
  }
  const TypeRef joined = Join(Like(left, plain->element), right);
  if (joined != nullptr) return joined;
  Report(node.right->range, diagnostics::kTypeMismatch, TypeName(plain->element), "for the default", TypeName(right));
  return Poison();
}

TypeRef Checker::CheckEquality(BinaryExpr& node) {
  Check(node.right);
  const TypeRef left = node.left->type;
  const TypeRef right = node.right->type;
  if (IsPoison(left) || IsPoison(right)) return Simple(TypeKind::kBool);
  const bool left_none = left->kind == TypeKind::kNone;
  const bool right_none = right->kind == TypeKind::kNone;
  if (left_none != right_none) {
    const Expr* other = left_none ? node.right : node.left;
    if (Plain(other->type)->kind != TypeKind::kOptional) {
      Report(other->range, diagnostics::kNeverNone, TypeName(other->type)).Help("this comparison can go");
    }
    return Simple(TypeKind::kBool);
  }
  const bool comparable = Join(Plain(left), Plain(right)) != nullptr;
  if (!comparable) BadOperands(node, "both sides must have one type");
  return Simple(TypeKind::kBool);
}

TypeRef Checker::CheckComparison(BinaryExpr& node) {
  const TypeRef right = Plain(Check(node.right));
  const TypeRef left = Plain(node.left->type);
  if (IsPoison(left) || IsPoison(right)) return Simple(TypeKind::kBool);
  // `a < b < c` without parentheses was refused by the parser.
  const auto* inner = llvm::dyn_cast<BinaryExpr>(node.left);
  const bool chain = inner != nullptr && inner->range.begin == node.range.begin && left->kind == TypeKind::kBool;
  if (chain) return Simple(TypeKind::kBool);
  const bool fits = (IsNumber(left) && IsNumber(right)) || (ir::HasOrder(left) && left == right);
  if (!fits) BadOperands(node, "numbers, Durations, Bytes and Strings have an order");
  return Simple(TypeKind::kBool);
}

TypeRef Checker::CheckArithmetic(BinaryExpr& node) {
  const TypeRef right = Plain(Check(node.right));
  const TypeRef left = Plain(node.left->type);
  if (IsPoison(left) || IsPoison(right)) return Poison();
  const bool divides = node.op == BinaryOp::kDiv || node.op == BinaryOp::kMod;
  if (divides && (IsNumber(right) || IsMeasure(right))) {
    const auto divisor = Fold(node.right);
    if (divisor && divisor->number == 0) {
      Report(node.right->range, diagnostics::kDivisionByZero);
      return Poison();
    }
  }
  const TypeRef number =
      left->kind == TypeKind::kInt && right->kind == TypeKind::kInt ? left : Simple(TypeKind::kFloat);
  const bool numbers = IsNumber(left) && IsNumber(right);
  switch (node.op) {
    case BinaryOp::kAdd:
      if (left->kind == TypeKind::kString && right->kind == TypeKind::kString) {
        return BadOperands(node, "put texts together by `\"~{a}~{b}\"`");
      }
      [[fallthrough]];
    case BinaryOp::kSub:
      if (numbers) return number;
      if (IsMeasure(left) && left == right) return left;
      return BadOperands(node, "numbers go with numbers, Durations with Durations, Bytes with Bytes");
    case BinaryOp::kMul:
      if (numbers) return number;
      if (IsMeasure(left) && IsNumber(right)) return left;
      if (IsNumber(left) && IsMeasure(right)) return right;
      return BadOperands(node, "a Duration or Bytes is scaled by a number");
    case BinaryOp::kDiv:
      if (numbers || (IsMeasure(left) && left == right)) return Simple(TypeKind::kFloat);
      if (IsMeasure(left) && IsNumber(right)) return left;
      return BadOperands(node, "a Duration or Bytes is divided by a number or by its like");
    case BinaryOp::kMod:
      if (left->kind == TypeKind::kInt && right->kind == TypeKind::kInt) return left;
      return BadOperands(node, "it takes two Ints");
    default:
      HWF_UNREACHABLE();
  }
}

}  // namespace hwf::sema
