// `if`, `match`, and calls of workflows: one inner region, whose value is the node's.
#include "runtime/scheduler/impl.h"
#include "runtime/state/values.h"

namespace hwf::scheduler {

void Scheduler::Impl::RunIf(Frame& frame, uint32_t node, const ir::IfNode& branch) {
  state::Evaluation condition = Evaluate(frame, branch.condition);
  if (!condition.ok()) return Die(frame, node, Fail(frame, node, *condition.failure));
  const NodePlan& plan = frame.plan->nodes[node];
  bool taken = condition.value.is_bool() && condition.value.AsBool();
  const RegionPlan* body = plan.bodies[taken ? 0 : 1];
  if (body == nullptr) return Done(frame, node, Json());
  Register(Open(*body, &frame, frame.id, node, taken ? 0 : 1, frame.prefix + body->name_prefix, {}));
}

void Scheduler::Impl::RunMatch(Frame& frame, uint32_t node, const ir::MatchNode& match) {
  state::Evaluation subject = Evaluate(frame, match.subject);
  if (!subject.ok()) return Die(frame, node, Fail(frame, node, *subject.failure));
  std::string variant = subject.value.StringOr("variant", "");
  for (size_t i = 0; i < match.arms.size(); ++i) {
    const ir::MatchArm& arm = match.arms[i];
    if (!arm.variant.empty() && arm.variant != variant) continue;
    const RegionPlan* body = frame.plan->nodes[node].bodies[i];
    std::vector<Slot> params;
    for (const std::string& bind : arm.binds)
      params.push_back(ValueSlot(subject.value["fields"][bind], frame.nodes[node].taint));
    Register(Open(*body, &frame, frame.id, node, static_cast<uint32_t>(i), frame.prefix + body->name_prefix,
                  std::move(params)));
    return;
  }
  Die(frame, node, Fail(frame, node, "no arm takes the variant `" + variant + "`", frame.plan->nodes[node].node->span));
}

void Scheduler::Impl::RunWorkflow(Frame& frame, uint32_t node, const ir::WorkflowNode& call) {
  const NodePlan& plan = frame.plan->nodes[node];
  if (plan.workflow == nullptr) {
    return Die(frame, node, Fail(frame, node, "there is no workflow `" + call.workflow + "`", plan.node->span));
  }
  const std::vector<ir::Param>& params = plan.workflow->workflow->region.params;
  std::vector<Slot> values;
  for (size_t i = 0; i < call.args.size() && i < params.size(); ++i) {
    state::Evaluation value = Evaluate(frame, call.args[i]);
    if (!value.ok()) return Die(frame, node, Fail(frame, node, *value.failure));
    values.push_back(ValueSlot(state::Widen(std::move(value.value), params[i].type), frame.nodes[node].taint));
  }
  Frame& body = Open(*plan.workflow->root, nullptr, frame.id, node, 0, PlaceOf(frame, node) + ".", std::move(values));
  if (call.tried) OpenCall(body, frame.id, node);
  Register(body);
}

}  // namespace hwf::scheduler
