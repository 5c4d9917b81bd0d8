// Operators. Chains are walked along their left side, without recursion; a chain that is very long goes on in a node of
// its own, so that no expression is deep.
#include "compiler/lower/lowerer.h"
#include "ir/verify.h"

namespace hwf::lower {
namespace {

ir::Op OpOf(BinaryOp op) {
  switch (op) {
    case BinaryOp::kMul:
      return ir::Op::kMul;
    case BinaryOp::kDiv:
      return ir::Op::kDiv;
    case BinaryOp::kMod:
      return ir::Op::kMod;
    case BinaryOp::kAdd:
      return ir::Op::kAdd;
    case BinaryOp::kSub:
      return ir::Op::kSub;
    case BinaryOp::kLt:
      return ir::Op::kLt;
    case BinaryOp::kLe:
      return ir::Op::kLe;
    case BinaryOp::kGt:
      return ir::Op::kGt;
    case BinaryOp::kGe:
      return ir::Op::kGe;
    case BinaryOp::kEq:
      return ir::Op::kEq;
    case BinaryOp::kNe:
      return ir::Op::kNe;
    case BinaryOp::kAnd:
      return ir::Op::kAnd;
    case BinaryOp::kOr:
      return ir::Op::kOr;
    case BinaryOp::kCoalesce:
      return ir::Op::kCoalesce;
    case BinaryOp::kRange:
      break;
  }
  HWF_UNREACHABLE();
}

bool IsLogic(BinaryOp op) { return op == BinaryOp::kAnd || op == BinaryOp::kOr || op == BinaryOp::kCoalesce; }
bool IsEquality(BinaryOp op) { return op == BinaryOp::kEq || op == BinaryOp::kNe; }

}  // namespace

ir::Expr Lowerer::LowerUnary(const UnaryExpr& node) {
  ir::Expr made = Make(node.op == UnaryOp::kNot ? ir::Op::kNot : ir::Op::kNegate, node.type, node.range);
  made.args.push_back(LowerExpr(*node.operand));
  return made;
}

ir::Expr Lowerer::LowerBinary(const BinaryExpr& root) {
  std::vector<const BinaryExpr*> chain;
  const Expr* first = &root;
  while (const auto* node = llvm::dyn_cast<BinaryExpr>(first)) {
    chain.push_back(node);
    first = node->left;
  }
  ir::Expr value = LowerExpr(*first);
  int depth = 0;
  bool too_long = false;
  for (auto node = chain.rbegin(); node != chain.rend(); ++node) {
    value = Combine(**node, std::move(value));
    depth = value.op == ir::Op::kRef ? 0 : depth + 1;
    if (depth < kMaxChain) continue;
    depth = 0;
    if (HasRegion()) {
      const TypeRef type = value.type;
      value = AddNode({"part", ValueId::kNone, {}}, type, (*node)->range, ir::LetNode{std::move(value)});
    } else if (!too_long) {
      too_long = true;
      NotCarried((*node)->op_range, "a chain of operators this long in a task's clause");
    }
    if (too_long) value = Literal(TypeKind::kNever, nullptr, (*node)->range);
  }
  return value;
}

// `left` is what stands before the operator of `node`, lowered.
ir::Expr Lowerer::Combine(const BinaryExpr& node, ir::Expr left) {
  if (IsLogic(node.op) && HasRegion() && Hoists(*node.right)) return ShortCircuit(node, std::move(left));
  ir::Expr right = LowerExpr(*node.right);
  const TypeRef type = node.type;
  if (node.op == BinaryOp::kCoalesce) {
    if (left.type->kind == TypeKind::kNone) return Coerce(std::move(right), type);
    left = Coerce(std::move(left), program_.types->Optional(type));
    right = Coerce(std::move(right), type);
  } else {
    const TypeRef l = Plain(left.type), r = Plain(right.type);
    if (l->kind == TypeKind::kInt && r->kind == TypeKind::kFloat) {
      left = Coerce(std::move(left), r);
    } else if (l->kind == TypeKind::kFloat && r->kind == TypeKind::kInt) {
      right = Coerce(std::move(right), l);
    } else if (IsEquality(node.op) && !ir::Fits(l, r) && !ir::Fits(r, l)) {
      if (ir::Converts(l, r)) {
        left = Coerce(std::move(left), r);
      } else if (ir::Converts(r, l)) {
        right = Coerce(std::move(right), l);
      }
    }
  }
  ir::Expr made = Make(OpOf(node.op), type, node.op_range);
  made.args.push_back(std::move(left));
  made.args.push_back(std::move(right));
  return made;
}

// The right side needs nodes of its own: they belong into a branch that is only taken when it matters.
ir::Expr Lowerer::ShortCircuit(const BinaryExpr& node, ir::Expr left) {
  const TypeRef type = node.type;
  auto right = [&] { return RegionOf([&] { return LowerExpr(*node.right); }, type); };
  auto constant = [&](bool value) {
    return RegionOf([&] { return Literal(TypeKind::kBool, value, node.op_range); }, type);
  };
  ir::IfNode made;
  if (node.op == BinaryOp::kCoalesce) {
    const TypeRef optional = left.type;
    ir::Expr known = AddNode({"value", ValueId::kNone, {}}, optional, node.left->range, ir::LetNode{std::move(left)});
    made.condition = Make(ir::Op::kNe, Simple(TypeKind::kBool), node.op_range);
    made.condition.args.push_back(known);
    made.condition.args.push_back(Literal(TypeKind::kNone, nullptr, node.op_range));
    if (optional->kind == TypeKind::kOptional) known.type = optional->element;
    made.then_body = RegionOf([&] { return known; }, type);
    made.else_body = right();
  } else {
    made.condition = std::move(left);
    made.then_body = node.op == BinaryOp::kAnd ? right() : constant(true);
    made.else_body = node.op == BinaryOp::kAnd ? constant(false) : right();
  }
  return AddNode({"if", ValueId::kNone, {}}, type, node.range, std::move(made));
}

}  // namespace hwf::lower
