// `loop`: what its rounds are given, how they end, and what the loop gives have one shape.
#include "ir/verifier.h"
#include "ir/verify.h"

namespace hwf::ir::internal {

// Whether a variant's fields are the values that a loop carries.
bool Verifier::Carries(const VariantDef& variant, const std::vector<Param>& carried) {
  if (variant.fields.size() != carried.size()) return false;
  for (size_t i = 0; i < carried.size(); ++i) {
    if (variant.fields[i].name != carried[i].name || !Fits(variant.fields[i].type, carried[i].type)) return false;
  }
  return true;
}

// The enum of how a round ends: `stop(value)`, `next(…)`, one of them or both.
void Verifier::CheckRound(const EnumDef& round, const LoopNode& body, const EnumDef& result) {
  const VariantDef* stopped = result.Find("stopped");
  for (const VariantDef& variant : round.variants) {
    if (variant.name == "next") {
      Expect(Carries(variant, body.body->params), "`next` has other fields than the loop carries");
    } else if (variant.name == "stop") {
      const bool one = variant.fields.size() == 1 && stopped != nullptr && stopped->fields.size() == 1;
      Expect(one && Fits(variant.fields[0].type, stopped->fields[0].type), "it does not give what it stops with");
    } else {
      Fault("a round cannot end in `{}`", variant.name);
    }
  }
}

void Verifier::CheckBody(const Node& node, const LoopNode& body) {
  size_t before = faults_.size();
  std::vector<TypeRef> carried;
  for (const Expr& init : body.init) {
    CheckExpr(init);
    carried.push_back(init.type);
  }
  CheckExprIs(body.max, Simple(TypeKind::kInt), "its `max`");
  if (faults_.size() != before) return;
  CheckInner(body.body, std::move(carried), nullptr);
  if (faults_.size() != before) return;
  const EnumDef* result = node.type->enumeration;
  const VariantDef* exhausted = result != nullptr ? result->Find("exhausted") : nullptr;
  if (exhausted == nullptr) return Fault("a `loop` of type {}", ToString(node.type));
  Expect(Carries(*exhausted, body.body->params), "`exhausted` has other fields than the loop carries");
  for (const VariantDef& variant : result->variants) {
    Expect(&variant == exhausted || variant.name == "stopped", "a `loop` ends as `stopped` or `exhausted`");
  }
  if (!body.body->result.has_value()) return Fault("its body has no result");
  const TypeRef round = body.body->result->type;
  if (round->kind == TypeKind::kNever) return;
  if (round->enumeration == nullptr) return Fault("its body gives {}", ToString(round));
  CheckRound(*round->enumeration, body, *result);
}

}  // namespace hwf::ir::internal
