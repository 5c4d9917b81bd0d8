// `match` and `for`.
#include "compiler/lower/lowerer.h"

namespace hwf::lower {

ir::Expr Lowerer::PlaceMatch(const MatchExpr& node, Spot spot) {
  if (!HasRegion()) {
    NotCarried(node.range, "`match` in a task's clause or a default");
    return Literal(TypeKind::kNever, nullptr, node.range);
  }
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

ir::Expr Lowerer::PlaceFor(const ForExpr& node, Spot spot) {
  if (!HasRegion()) {
    NotCarried(node.range, "`for` in a task's clause or a default");
    return Literal(TypeKind::kNever, nullptr, node.range);
  }
  ir::ForNode made;
  made.list = LowerExpr(*node.list);
  const RegionParam item{node.binding, node.name.text.str(), node.binding->type};
  if (node.where != nullptr) {
    made.where = RegionOf([&] { return LowerExpr(*node.where); }, Simple(TypeKind::kBool), item);
  }
  made.body = LowerBlock(*node.body, node.type->element, item);
  return AddNode(std::move(spot), node.type, node.range, std::move(made));
}

}  // namespace hwf::lower
