// `try workflow(…)`. The first failure in the call ends it: what else of it runs is cancelled and its open reviews are
// withdrawn; once all of it has ended, the call gives `failed(reason, message)`. A call without a failure gives `ok`
// when nothing of it runs any more. So nothing of it can fail after it gave its value.
//
// A failure that rests on an assumption counts once the assumption holds, as everywhere. A rewind comes to all that was
// there first; what a failed call had cancelled begins anew only if the call does not fail again.
#include <algorithm>

#include "runtime/scheduler/impl.h"
#include "runtime/state/values.h"

namespace hwf::scheduler {
namespace {

// What went wrong, with its place in the call: so it is the same wherever the call stands.
std::string MessageOf(const Cause& cause, const Place& call) {
  if (!cause.message.empty()) return cause.message;
  const std::string its_result = "`" + call + "` failed: ", inside = "`" + call + ".";
  if (cause.text.starts_with(its_result)) return cause.text.substr(its_result.size());
  return cause.text.starts_with(inside) ? "`" + cause.text.substr(inside.size()) : cause.text;
}

}  // namespace

// Whether the place is of what one of the calls did.
bool Scheduler::Impl::IsWithin(const std::unordered_set<Place>& calls, const Place& place) {
  for (size_t dot = place.find('.'); dot != Place::npos; dot = place.find('.', dot + 1)) {
    if (calls.contains(place.substr(0, dot))) return true;
  }
  return false;
}

void Scheduler::Impl::OpenCall(Frame& frame, FrameId owner, uint32_t node) {
  frame.call = frame.id;
  TriedCall& call = calls_[frame.id];
  call.owner = owner;
  call.node = node;
}

// Nothing of it runs any more, and its result is known.
void Scheduler::Impl::CallFinished(Frame& frame) {
  TriedCall& call = calls_.at(frame.id);
  if (call.cause != 0) return;
  call.taint = call.result.taint;
  for (const NodeState& node : frame.nodes) call.taint = Join(call.taint, node.taint);
  call.ending = true;
  ending_.push_back(frame.id);
}

// Of the run, or of the tried call around it.
void Scheduler::Impl::TakeFailure(const Failure& failure) {
  if (failure.call == kNothing) {
    failures.push_back(failure.told);
    return;
  }
  const auto found = calls_.find(failure.call);
  if (found == calls_.end() || found->second.cause != 0) return;  // it is over, or failed before
  TriedCall& call = found->second;
  call.cause = failure.cause;
  call.taint = failure.taint;
  if (!std::exchange(call.ending, true)) ending_.push_back(failure.call);
}

// Whether it is in a call that has failed and is not stopped yet.
bool Scheduler::Impl::IsFailing(const Frame& frame) const {
  if (ending_.empty()) return false;
  for (const Frame* at = &frame; at != nullptr && at->call != kNothing;) {
    const TriedCall& call = calls_.at(at->call);
    if (call.cause != 0) return true;
    at = Alive(call.owner);
  }
  return false;
}

// Goes on with the calls that have failed or finished. True if one of them gave its value.
bool Scheduler::Impl::EndCalls() {
  for (size_t i = 0; i < ending_.size();) {
    const FrameId id = ending_[i];
    Frame* owner = Alive(calls_.at(id).owner);
    if (owner != nullptr && !IsOver(id, calls_.at(id))) {
      ++i;
      continue;
    }
    TriedCall call = std::move(calls_.at(id));
    calls_.erase(id);
    ending_.erase(ending_.begin() + static_cast<std::ptrdiff_t>(i));
    if (owner == nullptr) continue;
    GiveValue(*owner, std::move(call));
    return true;
  }
  return false;
}

bool Scheduler::Impl::IsOver(FrameId id, TriedCall& call) {
  if (call.cause == 0) {
    return std::none_of(doubtful_failures_.begin(), doubtful_failures_.end(),
                        [id](const Failure& failure) { return failure.call == id; });
  }
  if (!call.stopped) StopCall(id, call);
  while (!call.tasks.empty() && task_states_[call.tasks.back()].phase == TaskPhase::kEnded) call.tasks.pop_back();
  return call.tasks.empty();
}

// What of it runs is found by its place, so also what a call in it that failed before waits for.
void Scheduler::Impl::StopCall(FrameId id, TriedCall& call) {
  call.stopped = true;
  const Place place = PlaceOf(*Alive(call.owner), call.node);
  failed_calls_.insert(place);
  const std::string prefix = place + ".";
  for (uint32_t task = 0; task < tasks.size(); ++task) {
    if (task_states_[task].phase == TaskPhase::kEnded || !tasks[task].place.starts_with(prefix)) continue;
    task_states_[task].ended_with_call = true;
    call.tasks.push_back(task);
  }
  for (uint32_t review = 0; review < reviews.size(); ++review) {
    const ReviewStatus status = reviews[review].status;
    const bool open = status == ReviewStatus::kOpening || status == ReviewStatus::kOpen;
    if (open && reviews[review].place.starts_with(prefix)) review_states_[review].ended_with_call = true;
  }
  if (Frame* frame = Alive(id)) CancelFrame(*frame, ": `" + place + "` failed");
}

void Scheduler::Impl::GiveValue(Frame& owner, TriedCall call) {
  const ir::EnumDef& type = *owner.plan->nodes[call.node].node->type->enumeration;
  const bool ok = call.cause == 0 && call.result.state != SlotState::kDead;
  Json value;
  if (ok) {
    const bool gives = !type.variants[0].fields.empty();
    value = gives ? OkValue(state::Widen(std::move(call.result.value), type.variants[0].fields[0].type), true)
                  : OkValue(Json(), false);
  } else {
    const Cause& cause = causes_[call.cause != 0 ? call.cause : call.result.cause];
    const Place place = PlaceOf(owner, call.node);
    caught.emplace_back(place, cause.text);
    Json fields = Json().Set("reason", ReasonValue(cause.reason)).Set("message", MessageOf(cause, place));
    value = Json().Set("variant", "failed").Set("fields", std::move(fields));
  }
  Settle(owner, call.node, std::move(value), call.taint);
  Finish(owner, call.node);
}

// What such a call had cancelled, or had not come to, waits for all that it did.
bool Scheduler::Impl::WaitsForCall(const Frame& frame, uint32_t node) const {
  if (memory_->failed_calls.empty() || frame.call == kNothing) return false;
  const NodePlan& plan = frame.plan->nodes[node];
  const bool review = std::holds_alternative<ir::ReviewNode>(plan.node->body);
  const Place place = PlaceOf(frame, node);
  if ((plan.task == nullptr && !review) || !IsWithin(memory_->failed_calls, place)) return false;
  const auto& list = review ? memory_->reviews : memory_->tasks;
  const auto found = list.find(place);
  return found == list.end() || std::none_of(found->second.begin(), found->second.end(), [&](uint32_t index) {
           return review ? !review_states_[index].ended_with_call : !task_states_[index].ended_with_call;
         });
}

}  // namespace hwf::scheduler
