// `for`: a body for each element. A `for` without `where` over the list of another `for` begins when that list's length
// is known, and each body when its element is there.
#include "runtime/scheduler/impl.h"
#include "runtime/state/values.h"

namespace hwf::scheduler {

uint32_t Scheduler::Impl::MakeFor(Frame& frame, uint32_t node) {
  auto index = static_cast<uint32_t>(fors_.size());
  ForState& loop = fors_.emplace_back();
  loop.frame = frame.id;
  loop.node = node;
  frame.nodes[node].instance = index;
  return index;
}

void Scheduler::Impl::RunFor(Frame& frame, uint32_t node, const ir::ForNode& loop) {
  const NodePlan& plan = frame.plan->nodes[node];
  if (plan.follows) {
    const Address& from = plan.waits[0].from;
    Frame& above = At(frame, from.up);
    uint32_t other = above.nodes[from.slot - above.plan->params].instance;
    if (above.slots[from.slot].state != SlotState::kValue && other != kNothing) {
      uint32_t index = MakeFor(frame, node);
      fors_[other].followers.push_back(index);
      return Expand(frame, node, fors_[index], fors_[other].elements);
    }
  }
  state::Evaluation list = Evaluate(frame, loop.list);
  if (!list.ok()) return Die(frame, node, Fail(frame, node, *list.failure));
  std::vector<Slot> elements;
  if (list.value.is_array()) {
    for (Json& item : list.value.AsArray()) {
      if (loop.where) {
        state::Evaluation keep = EvaluateIn(frame, *loop.where, item);
        if (!keep.ok()) return Die(frame, node, Fail(frame, node, *keep.failure));
        if (!keep.value.is_bool() || !keep.value.AsBool()) continue;
      }
      elements.push_back(ValueSlot(std::move(item), frame.nodes[node].taint));
    }
  }
  uint32_t index = MakeFor(frame, node);
  Expand(frame, node, fors_[index], std::move(elements));
}

void Scheduler::Impl::Expand(Frame& frame, uint32_t node, ForState& loop, std::vector<Slot> elements) {
  const RegionPlan& body = *frame.plan->nodes[node].bodies[0];
  std::string prefix = PlaceOf(frame, node) + ".";
  loop.expanded = true;
  loop.elements.resize(elements.size());
  loop.unsettled = loop.open = elements.size();
  loop.bodies.reserve(elements.size());
  std::vector<Frame*> opened;
  opened.reserve(elements.size());
  for (size_t i = 0; i < elements.size(); ++i) {
    std::vector<Slot> params;
    params.push_back(std::move(elements[i]));
    Frame& made = Open(body, &frame, frame.id, node, static_cast<uint32_t>(i), fmt::format("{}{}.", prefix, i),
                       std::move(params));
    loop.bodies.push_back(made.id);
    opened.push_back(&made);
  }
  WakeLength(frame, frame.plan->params + node);
  if (opened.empty()) return Done(frame, node, Json::Array());
  for (Frame* made : opened) Register(*made);
}

void Scheduler::Impl::ElementSettled(uint32_t index, uint32_t element, Slot result) {
  ForState& loop = fors_[index];
  Frame* frame = Alive(loop.frame);
  if (frame == nullptr || element >= loop.elements.size()) return;
  if (result.state == SlotState::kDead && loop.first_death == 0) loop.first_death = result.cause;
  loop.elements[element] = std::move(result);
  for (uint32_t follower : loop.followers) {
    if (Frame* body = Alive(fors_[follower].bodies[element])) SetParam(*body, 0, loop.elements[element]);
  }
  if (--loop.unsettled > 0) return;
  Taint& taint = frame->nodes[loop.node].taint;
  taint = JoinAll(taint, loop.elements);
  if (loop.first_death != 0) return Kill(*frame, loop.node, loop.first_death);
  JsonArray list;
  list.reserve(loop.elements.size());
  for (const Slot& slot : loop.elements) list.push_back(slot.value);
  // A follower that has not begun finds the values in the slot now.
  loop.elements.clear();
  loop.elements.shrink_to_fit();
  Settle(*frame, loop.node, Json(std::move(list)));
}

}  // namespace hwf::scheduler
