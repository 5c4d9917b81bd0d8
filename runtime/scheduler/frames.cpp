#include <algorithm>

#include "base/check.h"
#include "runtime/scheduler/impl.h"
#include "runtime/state/values.h"

namespace hwf::scheduler {
namespace {

// Finds values of a frame and of those around it.
class FrameEnvironment : public state::Environment {
 public:
  explicit FrameEnvironment(const Frame& frame) : frame_(frame) {}
  const Json* Find(ir::ValueId id) const override {
    const WorkflowPlan::Definition* definition = frame_.plan->workflow->Find(id);
    if (definition == nullptr) return nullptr;
    for (const Frame* frame = &frame_; frame != nullptr; frame = frame->outer) {
      if (frame->plan != definition->region) continue;
      const Slot& slot = frame->slots[definition->slot];
      return slot.state == SlotState::kValue ? &slot.value : nullptr;
    }
    return nullptr;
  }

 private:
  const Frame& frame_;
};

// Whether what is done further on depends on what the node itself reads.
bool Branches(const decltype(ir::Node::body)& body) {
  return std::holds_alternative<ir::IfNode>(body) || std::holds_alternative<ir::MatchNode>(body) ||
         std::holds_alternative<ir::ForNode>(body) || std::holds_alternative<ir::LoopNode>(body) ||
         std::holds_alternative<ir::WatchNode>(body) || std::holds_alternative<ir::SourceNode>(body);
}

// Whether it asks for something outside of the program.
bool Asks(const Frame& frame, uint32_t node) {
  const auto& body = frame.plan->nodes[node].node->body;
  return std::holds_alternative<ir::TaskNode>(body) || std::holds_alternative<ir::ReviewNode>(body);
}

bool Satisfies(const Slot& slot) { return slot.state != SlotState::kEmpty; }

}  // namespace

Frame& Scheduler::Impl::At(Frame& frame, uint32_t up) {
  Frame* out = &frame;
  for (uint32_t i = 0; i < up; ++i) out = out->outer;
  return *out;
}

Frame* Scheduler::Impl::Alive(FrameId id) const {
  if (id == kNothing || id >= frames_.size()) return nullptr;
  Frame* frame = frames_[id].get();
  return frame != nullptr && !frame->gone ? frame : nullptr;
}

Frame& Scheduler::Impl::Open(const RegionPlan& plan, Frame* outer, FrameId owner, uint32_t owner_node, uint32_t ordinal,
                             std::string prefix, std::vector<Slot> params) {
  auto id = static_cast<FrameId>(frames_.size());
  Frame& frame = *frames_.emplace_back(std::make_unique<Frame>());
  frame.id = id;
  frame.plan = &plan;
  frame.outer = outer;
  frame.owner = owner;
  frame.owner_node = owner_node;
  frame.ordinal = ordinal;
  frame.prefix = std::move(prefix);
  if (Frame* above = Alive(owner)) {
    above->children.push_back(id);
    frame.call = above->call;
    frame.watch = above->watch;
    frame.emission = above->emission;
    frame.taint = above->nodes[owner_node].taint;
  }
  if (memory_ && IsTarget(frame.prefix)) frame.taint = Join(frame.taint, MarkedTaint(kRedone));
  params.resize(plan.params);
  params.resize(plan.slots());
  frame.slots = std::move(params);
  frame.nodes.resize(plan.nodes.size());
  frame.unfinished = static_cast<uint32_t>(plan.nodes.size());
  return frame;
}

// Counts what each node still waits for, and queues what waits for nothing.
void Scheduler::Impl::Register(Frame& frame) {
  auto count = static_cast<uint32_t>(frame.plan->nodes.size());
  for (uint32_t i = 0; i < count; ++i) RegisterWaits(frame, i, frame.plan->nodes[i].waits);
  if (!frame.plan->unit) RegisterWaits(frame, count, frame.plan->result_waits);
  if (count == 0) TryFinishFrame(frame);
}

void Scheduler::Impl::RegisterWaits(Frame& frame, uint32_t node, const std::vector<Dependency>& waits) {
  bool is_result = node == frame.nodes.size();
  uint32_t& pending = is_result ? frame.result_pending : frame.nodes[node].pending;
  pending = 1;  // held until all are looked at
  (is_result ? frame.result_taint : frame.nodes[node].taint) = frame.taint;
  for (const Dependency& wait : waits) {
    Frame& from = At(frame, wait.from.up);
    const Slot& slot = from.slots[wait.from.slot];
    Reader reader{node, wait.wait};
    if (wait.wait == Wait::kElements) {
      uint32_t other = from.nodes[wait.from.slot - from.plan->params].instance;
      bool expanded = other != kNothing && fors_[other].expanded;
      if (expanded) {
        Taint& taint = frame.nodes[node].taint;
        taint = Join(taint, from.nodes[wait.from.slot - from.plan->params].taint);
        continue;
      }
      if (Satisfies(slot)) {
        if (slot.state == SlotState::kDead) frame.nodes[node].doom = slot.cause;
        continue;
      }
      ++pending;
      if (!from.length_waiters)
        from.length_waiters = std::make_unique<std::unordered_map<uint32_t, std::vector<Waiter>>>();
      (*from.length_waiters)[wait.from.slot].push_back({frame.id, reader});
      continue;
    }
    ++pending;
    if (Satisfies(slot)) {
      Arrive(frame, reader, slot);
    } else if (wait.from.up > 0) {
      if (!from.waiters) from.waiters = std::make_unique<std::unordered_map<uint32_t, std::vector<Waiter>>>();
      (*from.waiters)[wait.from.slot].push_back({frame.id, reader});
    }
  }
  Slot nothing;
  nothing.state = SlotState::kValue;
  Arrive(frame, {node, Wait::kOrder}, nothing);
}

void Scheduler::Impl::Arrive(Frame& frame, Reader reader, const Slot& slot) {
  bool is_result = reader.node == frame.nodes.size();
  bool dead = slot.state == SlotState::kDead && (reader.wait == Wait::kData || reader.wait == Wait::kElements ||
                                                 (reader.wait == Wait::kAfter && causes_[slot.cause].failure));
  if (is_result) {
    if (frame.plan->unit || frame.result_settled) return;
    frame.result_taint = Join(frame.result_taint, slot.taint);
    if (dead) {
      Slot result;
      result.state = SlotState::kDead;
      result.cause = slot.cause;
      result.taint = frame.result_taint;
      return SettleResult(frame, std::move(result));
    }
    if (--frame.result_pending == 0) queue_.emplace_back(frame.id, reader.node);
    return;
  }
  NodeState& state = frame.nodes[reader.node];
  if (state.queued || state.begun) return;
  if (reader.wait != Wait::kOrder) state.taint = Join(state.taint, slot.taint);
  if (dead) state.doom = slot.cause;
  if (--state.pending > 0 && state.doom == 0) return;
  state.queued = true;
  queue_.emplace_back(frame.id, reader.node);
}

void Scheduler::Impl::Wake(Frame& frame, uint32_t slot) {
  for (const Reader& reader : frame.plan->readers[slot]) Arrive(frame, reader, frame.slots[slot]);
  if (!frame.waiters) return;
  auto it = frame.waiters->find(slot);
  if (it == frame.waiters->end()) return;
  std::vector<Waiter> waiters = std::move(it->second);
  frame.waiters->erase(it);
  for (const Waiter& waiter : waiters) {
    if (Frame* other = Alive(waiter.frame)) Arrive(*other, waiter.reader, frame.slots[slot]);
  }
}

// The length of a `for`'s list is known, or the `for` is dead.
void Scheduler::Impl::WakeLength(Frame& frame, uint32_t slot) {
  if (!frame.length_waiters) return;
  auto it = frame.length_waiters->find(slot);
  if (it == frame.length_waiters->end()) return;
  std::vector<Waiter> waiters = std::move(it->second);
  frame.length_waiters->erase(it);
  for (const Waiter& waiter : waiters) {
    Frame* other = Alive(waiter.frame);
    if (other == nullptr) continue;
    Taint& taint = other->nodes[waiter.reader.node].taint;
    taint = Join(taint, frame.nodes[slot - frame.plan->params].taint);
    Arrive(*other, waiter.reader, frame.slots[slot]);
  }
}

void Scheduler::Impl::SetParam(Frame& frame, uint32_t slot, const Slot& value) {
  if (slot >= frame.plan->params || frame.slots[slot].state != SlotState::kEmpty) return;
  frame.slots[slot] = value;
  Wake(frame, slot);
}

void Scheduler::Impl::Settle(Frame& frame, uint32_t node, Json value, Taint taint) {
  uint32_t slot = frame.plan->params + node;
  if (frame.slots[slot].state != SlotState::kEmpty) return;
  frame.slots[slot].taint = Join(frame.nodes[node].taint, taint);
  frame.slots[slot].value = std::move(value);
  frame.slots[slot].state = SlotState::kValue;
  Wake(frame, slot);
}

void Scheduler::Impl::Kill(Frame& frame, uint32_t node, uint32_t cause) {
  uint32_t slot = frame.plan->params + node;
  if (frame.slots[slot].state != SlotState::kEmpty) return;
  frame.slots[slot].taint = frame.nodes[node].taint;
  frame.slots[slot].state = SlotState::kDead;
  frame.slots[slot].cause = cause;
  if (causes_[cause].failure && frame.first_failure == 0) frame.first_failure = cause;
  WakeLength(frame, slot);
  Wake(frame, slot);
}

void Scheduler::Impl::Finish(Frame& frame, uint32_t node) {
  if (frame.nodes[node].finished) return;
  frame.nodes[node].finished = true;
  --frame.unfinished;
  TryFinishFrame(frame);
}

void Scheduler::Impl::Done(Frame& frame, uint32_t node, Json value) {
  Settle(frame, node, std::move(value));
  Finish(frame, node);
}

void Scheduler::Impl::Die(Frame& frame, uint32_t node, uint32_t cause) {
  Kill(frame, node, cause);
  Finish(frame, node);
}

void Scheduler::Impl::Drain() {
  for (;;) {
    const bool first_come = !queue_.empty();
    if (!first_come && EndCalls()) continue;
    if (!first_come && (!memory_ || memory_->later.empty())) return;
    auto& from = first_come ? queue_ : memory_->later;
    auto [id, node] = from.front();
    from.pop_front();
    Frame* frame = Alive(id);
    if (frame == nullptr) continue;
    if (node == frame->nodes.size()) {
      RunResult(*frame);
    } else if (first_come && memory_ && (WaitsForJob(*frame, node) || WaitsForCall(*frame, node))) {
      memory_->later.emplace_back(id, node);
    } else if (!frame->nodes[node].begun) {
      if (!memory_ && frame->nodes[node].doom == 0 && Asks(*frame, node) && IsFailing(*frame)) continue;
      frame->nodes[node].begun = true;
      if (memory_) MarkTarget(*frame, node);
      if (frame->nodes[node].doom != 0) {
        Skip(*frame, node);
      } else {
        if (memory_ && Branches(frame->plan->nodes[node].node->body)) CheckChanged(*frame, node);
        RunNode(*frame, node);
      }
    }
  }
}

void Scheduler::Impl::Skip(Frame& frame, uint32_t node) {
  uint32_t cause = frame.nodes[node].doom;
  if (frame.plan->nodes[node].task != nullptr) {
    uint32_t task = EnsureTask(frame, node);
    tasks[task].why = causes_[cause].text;
    EndTask(task, TaskStatus::kSkipped);
  }
  Die(frame, node, cause);
}

void Scheduler::Impl::RunResult(Frame& frame) {
  if (frame.result_settled || frame.plan->unit) return;
  state::Evaluation result = Evaluate(frame, *frame.plan->region->result);
  Slot slot;
  slot.state = SlotState::kValue;
  slot.taint = frame.result_taint;
  if (result.ok()) {
    slot.value = std::move(result.value);
  } else {
    slot.state = SlotState::kDead;
    slot.cause = Fail(frame, kNothing, *result.failure);
  }
  SettleResult(frame, std::move(slot));
}

void Scheduler::Impl::SettleResult(Frame& frame, Slot result) {
  frame.result_settled = true;
  if (Frame* owner = Alive(frame.owner)) {
    ChildResult(*owner, frame.owner_node, frame, std::move(result));
  } else if (frame.owner == kNothing) {
    outputs_ = std::move(result.value);
    root_cause_ = result.cause;
  }
  TryFinishFrame(frame);
}

void Scheduler::Impl::TryFinishFrame(Frame& frame) {
  if (frame.unfinished > 0 || frame.gone) return;
  if (frame.plan->unit && !frame.result_settled) {
    Slot result;
    result.state = frame.first_failure != 0 ? SlotState::kDead : SlotState::kValue;
    result.cause = frame.first_failure;
    result.taint = frame.taint;
    for (const NodeState& node : frame.nodes) result.taint = Join(result.taint, node.taint);
    return SettleResult(frame, std::move(result));  // comes back here
  }
  if (!frame.result_settled) return;
  frame.gone = true;
  gone_.push_back(frame.id);
  if (Frame* owner = Alive(frame.owner)) {
    ChildFinished(*owner, frame.owner_node, frame);
  } else if (frame.owner == kNothing) {
    root_done_ = true;
  }
}

void Scheduler::Impl::ChildResult(Frame& owner, uint32_t node, Frame& child, Slot result) {
  const NodePlan& plan = owner.plan->nodes[node];
  if (std::holds_alternative<ir::ForNode>(plan.node->body)) {
    return ElementSettled(owner.nodes[node].instance, child.ordinal, std::move(result));
  }
  if (std::holds_alternative<ir::LoopNode>(plan.node->body)) {
    return RoundSettled(owner.nodes[node].instance, result);
  }
  if (std::holds_alternative<ir::WatchNode>(plan.node->body)) return;
  if (IsTriedCall(child)) {
    calls_.at(child.id).result = std::move(result);
    return;
  }
  owner.nodes[node].taint = Join(owner.nodes[node].taint, result.taint);
  if (result.state == SlotState::kDead) return Kill(owner, node, result.cause);
  Settle(owner, node,
         plan.node->type != nullptr ? state::Widen(std::move(result.value), plan.node->type) : std::move(result.value));
}

void Scheduler::Impl::ChildFinished(Frame& owner, uint32_t node, Frame& child) {
  const NodePlan& plan = owner.plan->nodes[node];
  uint32_t instance = owner.nodes[node].instance;
  if (std::holds_alternative<ir::ForNode>(plan.node->body)) {
    if (--fors_[instance].open == 0) Finish(owner, node);
  } else if (std::holds_alternative<ir::LoopNode>(plan.node->body)) {
    if (--loops_[instance].open == 0) Finish(owner, node);
  } else if (std::holds_alternative<ir::WatchNode>(plan.node->body)) {
    --watches_[instance].open;
    std::erase(watches_[instance].showing, child.emission);
    MayRelease(watches_[instance].task);
    if (watches_[instance].body == child.id) watches_[instance].body = kNothing;
    if (child.first_failure != 0 && owner.first_failure == 0) owner.first_failure = child.first_failure;
    BodyClosed(instance);
  } else if (IsTriedCall(child)) {
    CallFinished(child);
  } else {
    Finish(owner, node);
  }
}

// Ends all that is open in a frame and in those inside it, without settling anything.
void Scheduler::Impl::CancelFrame(Frame& frame, const std::string& why) {
  if (frame.gone) return;
  frame.gone = true;
  gone_.push_back(frame.id);
  for (FrameId id : frame.children) {
    if (Frame* child = Alive(id)) CancelFrame(*child, why);
  }
  for (uint32_t i = 0; i < frame.nodes.size(); ++i) {
    if (frame.nodes[i].finished || !(frame.nodes[i].begun || frame.nodes[i].instance != kNothing)) continue;
    uint32_t instance = frame.nodes[i].instance;
    const auto& body = frame.plan->nodes[i].node->body;
    if (instance == kNothing) continue;
    if (std::holds_alternative<ir::SourceNode>(body)) {
      sources_.erase(SourceName(PlaceOf(frame, i), instance));
    } else if (std::holds_alternative<ir::TaskNode>(body)) {
      task_states_[instance].frame = kNothing;
      CancelTask(instance, why, true);
    } else if (std::holds_alternative<ir::ReviewNode>(body)) {
      review_states_[instance].frame = kNothing;
      Withdraw(instance, why);
      assumed_.erase(AssumedMark(instance));
      // Nobody will confirm the way on which these came about.
      std::erase_if(doubtful_failures_, [&](const auto& failure) { return Has(failure.taint, AssumedMark(instance)); });
    } else if (std::holds_alternative<ir::WatchNode>(body)) {
      watches_[instance].closed = true;
    }
  }
}

void Scheduler::Impl::Sweep() {
  for (FrameId id : gone_) frames_[id].reset();
  gone_.clear();
}

uint32_t Scheduler::Impl::MakeCause(std::string text, bool failure) {
  Cause& cause = causes_.emplace_back();
  cause.text = std::move(text);
  cause.failure = failure;
  cause.reason = failure ? ir::Reason::kOutput : ir::Reason::kCancelled;
  return static_cast<uint32_t>(causes_.size() - 1);
}

uint32_t Scheduler::Impl::Fail(const Frame& frame, uint32_t node, const std::string& message, const ir::Span& span,
                               ir::Reason reason) {
  std::string place = node == kNothing ? frame.prefix : PlaceOf(frame, node);
  if (node == kNothing && !place.empty()) place.pop_back();
  std::string line = message.substr(0, message.find('\n'));
  std::string at = state::SpanText(module_, span);
  std::string told = (at.empty() ? "" : at + ": ") + (place.empty() ? "" : place + ": ") + line;
  const Taint taint = node == kNothing ? frame.result_taint : frame.nodes[node].taint;
  const uint32_t cause = MakeCause((place.empty() ? "the result" : "`" + place + "`") + " failed: " + line, true);
  causes_[cause].reason = reason;
  Failure failure{taint, cause, frame.call, std::move(told)};
  if (IsUncertain(taint)) {
    doubtful_failures_.push_back(std::move(failure));
  } else {
    TakeFailure(failure);
  }
  return cause;
}

uint32_t Scheduler::Impl::Fail(const Frame& frame, uint32_t node, const state::Failure& failure) {
  ir::Span span = failure.span;
  if (span.line == 0 && node != kNothing) span = frame.plan->nodes[node].node->span;
  return Fail(frame, node, failure.message, span);
}

std::string Scheduler::Impl::PlaceOf(const Frame& frame, uint32_t node) const {
  return frame.prefix + frame.plan->nodes[node].node->name;
}

// Names in the source make places unique; only odd ones can clash ("a.2" beside element 2 of a `for` named "a").
Place Scheduler::Impl::UniquePlace(Place place) const {
  Place out = place;
  for (int i = 2; task_index_.count(out) != 0 || review_index_.count(out) != 0; ++i)
    out = fmt::format("{}~{}", place, i);
  return out;
}

state::Evaluation Scheduler::Impl::Evaluate(const Frame& frame, const ir::Expr& expr) const {
  return state::Evaluate(module_, expr, FrameEnvironment(frame));
}

state::Evaluation Scheduler::Impl::EvaluateIn(const Frame& frame, const ir::Region& region, Json argument) const {
  std::vector<Json> arguments;
  arguments.push_back(std::move(argument));
  return state::EvaluateRegion(module_, region, std::move(arguments), FrameEnvironment(frame));
}

uint64_t Scheduler::Impl::Emit(Command command) {
  commands_.push_back(std::move(command));
  return ++sequence_;
}

}  // namespace hwf::scheduler
