// `loop`: round after round, each begun when the one before it has said what it carries on. What else runs in a round
// does not hold up the next.
#include "runtime/scheduler/impl.h"
#include "runtime/state/values.h"

namespace hwf::scheduler {
namespace {

Json End(const char* variant, Json fields) {
  return Json::Object().Set("variant", Json(variant)).Set("fields", std::move(fields));
}

}  // namespace

void Scheduler::Impl::RunLoop(Frame& frame, uint32_t node, const ir::LoopNode& loop) {
  const RegionPlan& body = *frame.plan->nodes[node].bodies[0];
  const state::Evaluation max = Evaluate(frame, loop.max);
  if (!max.ok()) return Die(frame, node, Fail(frame, node, *max.failure));
  const int64_t rounds = max.value.is_int() ? max.value.AsInt() : 0;
  if (rounds < 1 || rounds > ir::kMaxRounds) {
    const std::string message = fmt::format("`max` is {}, not between 1 and {}", rounds, ir::kMaxRounds);
    return Die(frame, node, Fail(frame, node, message, loop.max.span));
  }
  std::vector<Slot> carried;
  for (size_t i = 0; i < loop.init.size() && i < body.params; ++i) {
    state::Evaluation value = Evaluate(frame, loop.init[i]);
    if (!value.ok()) return Die(frame, node, Fail(frame, node, *value.failure));
    carried.push_back(
        ValueSlot(state::Widen(std::move(value.value), body.region->params[i].type), frame.nodes[node].taint));
  }
  const auto index = static_cast<uint32_t>(loops_.size());
  LoopState& state = loops_.emplace_back();
  state.frame = frame.id;
  state.node = node;
  state.max = rounds;
  frame.nodes[node].instance = index;
  OpenRound(index, std::move(carried));
}

void Scheduler::Impl::OpenRound(uint32_t index, std::vector<Slot> carried) {
  LoopState& loop = loops_[index];
  Frame& frame = *Alive(loop.frame);
  const auto round = static_cast<uint32_t>(loop.rounds++);
  ++loop.open;
  Register(Open(*frame.plan->nodes[loop.node].bodies[0], &frame, frame.id, loop.node, round,
                fmt::format("{}.{}.", PlaceOf(frame, loop.node), round), std::move(carried)));
}

void Scheduler::Impl::RoundSettled(uint32_t index, const Slot& result) {
  const LoopState& loop = loops_[index];
  Frame* frame = Alive(loop.frame);
  if (frame == nullptr) return;
  Taint& taint = frame->nodes[loop.node].taint;  // that there is a next round depends on this one
  taint = Join(taint, result.taint);
  if (result.state == SlotState::kDead) return Kill(*frame, loop.node, result.cause);
  const Json& fields = result.value["fields"];
  if (result.value.StringOr("variant", "") == "stop") return Settle(*frame, loop.node, End("stopped", fields));
  if (loop.rounds == loop.max) return Settle(*frame, loop.node, End("exhausted", fields));
  std::vector<Slot> carried;
  for (const ir::Param& param : frame->plan->nodes[loop.node].bodies[0]->region->params) {
    carried.push_back(ValueSlot(state::Widen(fields[param.name], param.type), taint));
  }
  OpenRound(index, std::move(carried));
}

}  // namespace hwf::scheduler
