// `match` and `for`.
#include "compiler/lower/lowerer.h"

namespace hwf::lower {

ir::Expr Lowerer::PlaceMatch(const MatchExpr& node, Spot spot) {
  ir::MatchNode made;
  made.subject = LowerExpr(*node.subject);
  for (const MatchExpr::Arm& arm : node.arms) {
    ir::MatchArm& out = made.arms.emplace_back();
    std::vector<RegionParam> params;
    if (!arm.pattern.wildcard) {
      out.variant = arm.pattern.variant.text.str();
      for (const Pattern::Bind& bind : arm.pattern.binds) {
        out.binds.push_back(bind.field.text.str());
        params.push_back({bind.binding, bind.name.text.str(), bind.binding->type});
      }
    }
    out.body = LowerBlock(*arm.body, node.type, params);
  }
  return AddNode(std::move(spot), node.type, node.range, std::move(made));
}

// `lo..hi` is gone over by how far an element lies above `lo`: range(hi - lo + 1).
ir::Expr Lowerer::CountOf(const BinaryExpr& range, const ir::Expr& low) {
  const TypeRef integer = Simple(TypeKind::kInt);
  ir::Expr width = Make(ir::Op::kSub, integer, range.range);
  width.args = {LowerExpr(*range.right), low};
  ir::Expr count = Make(ir::Op::kAdd, integer, range.range);
  count.args.push_back(std::move(width));
  count.args.push_back(Literal(TypeKind::kInt, int64_t{1}, range.range));
  ir::Expr list = Make(ir::Op::kBuiltin, range.type, range.range);
  list.name = "range";
  list.args.push_back(std::move(count));
  return list;
}

ir::Expr Lowerer::PlaceFor(const ForExpr& node, Spot spot) {
  ir::ForNode made;
  RegionParam item{node.binding, node.name.text.str(), node.binding->type};
  const auto* range = llvm::dyn_cast<BinaryExpr>(node.list);
  ir::Expr low;
  if (range != nullptr && range->op == BinaryOp::kRange) {
    low = LowerExpr(*range->left);
    if (low.op != ir::Op::kLiteral) {
      ir::LetNode from{std::move(low)};
      low = AddNode({"from", ValueId::kNone, {}}, Simple(TypeKind::kInt), range->left->range, std::move(from));
    }
    made.list = CountOf(*range, low);
    item.above = &low;
  } else {
    made.list = LowerExpr(*node.list);
  }
  if (node.where != nullptr) {
    made.where = RegionOf([&] { return LowerExpr(*node.where); }, Simple(TypeKind::kBool), item);
  }
  made.body = LowerBlock(*node.body, node.type->element, item);
  return AddNode(std::move(spot), node.type, node.range, std::move(made));
}

}  // namespace hwf::lower
