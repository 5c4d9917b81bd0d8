// `loop`, and the two ways in which its rounds end: values of the enum that its body gives.
#include "compiler/lower/lowerer.h"

namespace hwf::lower {

ir::Expr Lowerer::PlaceLoop(const LoopExpr& node, Spot spot) {
  ir::LoopNode made;
  std::vector<RegionParam> params;
  for (const Carried& each : node.carried) {
    made.init.push_back(LowerAs(*each.value, each.binding->type));
    params.push_back({each.binding, each.name.text.str(), each.binding->type});
  }
  made.max = LowerAs(*node.max, Simple(TypeKind::kInt));
  made.body = LowerBlock(*node.body, node.round, params);
  return AddNode(std::move(spot), node.type, node.range, std::move(made));
}

ir::Expr Lowerer::LowerStop(const StopExpr& node) {
  ir::Expr made = Make(ir::Op::kEnum, node.type, node.range);
  made.name = "stop";
  made.labels.push_back("value");
  made.args.push_back(LowerAs(*node.value, node.type->enumeration->Find(made.name)->fields[0].type));
  return made;
}

ir::Expr Lowerer::LowerNext(const NextExpr& node) {
  ir::Expr made = Make(ir::Op::kEnum, node.type, node.range);
  made.name = "next";
  const std::vector<ir::FieldDef>& fields = node.type->enumeration->Find(made.name)->fields;
  for (size_t i = 0; i < fields.size(); ++i) {
    made.labels.push_back(fields[i].name);
    made.args.push_back(LowerAs(*node.by_carried[i], fields[i].type));
  }
  return made;
}

}  // namespace hwf::lower
