// `if` with its `else if` chain. A few conditions nest, as they read. Many are decided by halves, so that nothing nests
// deep: "does one of the first half hold?", then within that half. Conditions are pure, so asking twice changes
// nothing; those that need nodes of their own cannot be asked together and nest.
#include "compiler/lower/lowerer.h"

namespace hwf::lower {

ir::Expr Lowerer::PlaceIf(const IfExpr& node, Spot spot) {
  ir::IfNode made = MakeIf({&node, 0, node.branches.size(), false, 0});
  return AddNode(std::move(spot), node.type, node.range, std::move(made));
}

ir::Expr Lowerer::AnyOf(const IfExpr& node, size_t begin, size_t end) {
  if (end - begin == 1) return LowerAs(*node.branches[begin].condition, Simple(TypeKind::kBool));
  const size_t middle = begin + (end - begin) / 2;
  ir::Expr any = Make(ir::Op::kOr, Simple(TypeKind::kBool), node.branches[begin].condition->range);
  any.args.push_back(AnyOf(node, begin, middle));
  any.args.push_back(AnyOf(node, middle, end));
  return any;
}

ir::IfNode Lowerer::MakeIf(Branches branches) {
  const IfExpr& node = *branches.node;
  const size_t count = branches.end - branches.begin;
  bool pure = count > kFewBranches;
  for (size_t i = branches.begin; pure && i < branches.end; ++i) pure = !Hoists(*node.branches[i].condition);
  ir::IfNode made;
  Branches first = branches, rest = branches;
  first.end = rest.begin = branches.begin + (pure ? count / 2 : 1);
  first.certain = true;
  ++first.depth;
  ++rest.depth;
  made.condition = AnyOf(node, first.begin, first.end);
  made.then_body = BranchRegion(first);
  const bool more = rest.begin < rest.end || node.else_body != nullptr;
  if (more) made.else_body = BranchRegion(rest);
  return made;
}

std::unique_ptr<ir::Region> Lowerer::BranchRegion(Branches branches) {
  const IfExpr& node = *branches.node;
  if (branches.begin == branches.end) return LowerBlock(*node.else_body, node.type);
  if (branches.certain && branches.end - branches.begin == 1) {
    return LowerBlock(*node.branches[branches.begin].body, node.type);
  }
  Builder builder;
  RegionScope scope(*this, &builder);
  if (branches.depth > kMaxNestedElse) {
    NotCarried(node.branches[branches.begin].condition->range, "a chain of `else if` this long, with calls in it,");
    return std::make_unique<ir::Region>();
  }
  const Range range = node.branches[branches.begin].condition->range;
  ir::IfNode made = MakeIf(branches);
  ir::Expr value = AddNode({"if", ValueId::kNone, {}}, node.type, range, std::move(made));
  if (node.type->kind != TypeKind::kUnit) builder.region.result = std::move(value);
  return std::make_unique<ir::Region>(std::move(builder.region));
}

}  // namespace hwf::lower
