// `assume`: what is behind a review goes on as if it had the assumed answer. What could not be taken back waits: other
// reviews, messages, effects, `fail` and `cancel`; so do tasks beyond `up to`. The answer that was assumed lets them
// go; any other goes through the program again (rewind.cpp).
#include <algorithm>
#include <limits>

#include "runtime/scheduler/impl.h"
#include "runtime/state/command.h"
#include "runtime/state/values.h"

namespace hwf::scheduler {
namespace {

constexpr int64_t kUnknown = std::numeric_limits<int64_t>::max();

// What a task asks for, in milliseconds of a processor or GPU; kUnknown where it names no time.
int64_t CostOf(const state::Needs& needs, const std::string& of, int64_t time) {
  const double each = of == "gpu_time" ? static_cast<double>(needs.gpus) : needs.cpus;
  const double units = each * static_cast<double>(std::max<int64_t>(needs.nodes, 1));
  if (units <= 0) return 0;
  const double cost = units * static_cast<double>(time);
  return time <= 0 || cost > 1e18 ? kUnknown : static_cast<int64_t>(cost);
}

bool IsSame(const Json& assumed, const Json& given, const std::vector<std::string>& unread) {
  if (assumed.StringOr("variant", "") != given.StringOr("variant", "")) return false;
  for (const JsonMember& field : assumed["fields"].AsObject()) {
    const bool read = std::find(unread.begin(), unread.end(), field.key) == unread.end();
    if (read && !state::Equal(field.value, given["fields"][field.key])) return false;
  }
  return true;
}

}  // namespace

void Scheduler::Impl::Assume(Frame& frame, uint32_t node, uint32_t review) {
  const ReviewView& view = reviews[review];
  if (view.assumed.is_null()) return;
  assumed_.insert(AssumedMark(review));
  Json value = view.assumed;
  for (const ir::Choice& choice : view.node->choices) {
    if (choice.name != value.StringOr("variant", "") || !choice.granted) continue;
    value.AsObject()[1].value.Set(choice.grants, Evaluate(frame, *choice.granted).value);
  }
  Settle(frame, node, std::move(value), MarkedTaint(AssumedMark(review)));
}

// The review has its answer.
void Scheduler::Impl::Conclude(uint32_t review, Json value) {
  ReviewState& state = review_states_[review];
  state.value = value;
  Frame* frame = Alive(state.frame);
  if (frame == nullptr) return;
  if (!IsAssumed(review)) return Done(*frame, state.node, std::move(value));
  const ReviewView& view = reviews[review];
  if (!IsSame(view.assumed, value, view.node->assume->unread)) return EndAssumption(review, true);
  // What went on has the granted value as it was before it was frozen, and goes on with it: its digest is the same.
  Json& slot = frame->slots[frame->plan->params + state.node].value;
  for (const ChoiceView& choice : view.choices) {
    if (view.status != ReviewStatus::kAnswered || choice.name != view.answer || choice.grants.empty()) continue;
    Json was = slot["fields"][choice.grants];
    Approve(was);
    value.AsObject()[1].value.Set(choice.grants, std::move(was));
  }
  state.value = value;
  slot = std::move(value);
  EndAssumption(review, false);
  Finish(*frame, state.node);
}

void Scheduler::Impl::EndAssumption(uint32_t review, bool redo) {
  assumed_.erase(AssumedMark(review));
  if (!redo) return ReleaseHeld();
  redo_ = Redo{"", false, Json(), false, ": the answer of " + reviews[review].id + " was not the assumed one"};
}

bool Scheduler::Impl::IsUncertain(Taint taint) const {
  if (taint == 0 || assumed_.empty()) return false;
  return std::any_of(taints_[taint].begin(), taints_[taint].end(),
                     [this](uint32_t mark) { return assumed_.count(mark) != 0; });
}

bool Scheduler::Impl::IsHeld(const Frame& frame, uint32_t node) const {
  if (!IsUncertain(frame.nodes[node].taint)) return false;
  const auto& body = frame.plan->nodes[node].node->body;
  const ir::Task* task = frame.plan->nodes[node].task;
  if (task != nullptr) return task->effect || !IsWithinLimits(frame, node);
  return std::holds_alternative<ir::ReviewNode>(body) || std::holds_alternative<ir::SendNode>(body) ||
         std::holds_alternative<ir::FailNode>(body) || std::holds_alternative<ir::CancelNode>(body);
}

// Whether all that runs, or ran, on the strength of an assumption stays below its `up to`, this task included. What a
// task asks for counts while it runs, and what it took once it has ended.
bool Scheduler::Impl::IsWithinLimits(const Frame& frame, uint32_t node) const {
  if (memory_ && WasThere(frame, node)) return true;
  for (const uint32_t mark : taints_[frame.nodes[node].taint]) {
    if (assumed_.count(mark) == 0) continue;
    for (const auto& [of, most] : review_states_[mark - AssumedMark(0)].up_to) {
      const ir::Task& task = *frame.plan->nodes[node].task;
      state::TaskValues values;
      for (const ir::Expr& arg : std::get<ir::TaskNode>(frame.plan->nodes[node].node->body).args) {
        values.arguments.push_back(Evaluate(frame, arg).value);
      }
      int64_t left = most - Used(mark, of);
      const ErrorOr<state::Needs> needs = state::EvaluateNeeds(module_, task, values);
      if (!needs.ok() || CostOf(*needs, of, needs->time_ms) > left) return false;
    }
  }
  return true;
}

int64_t Scheduler::Impl::Used(uint32_t mark, const std::string& of) const {
  int64_t used = 0;
  for (const uint32_t task : assumed_tasks_) {
    if (!Has(task_states_[task].taint, mark)) continue;
    state::TaskValues values;
    values.arguments = tasks[task].arguments;
    const ErrorOr<state::Needs> needs = state::EvaluateNeeds(module_, *tasks[task].task, values);
    if (!needs.ok()) continue;
    const bool ended = task_states_[task].phase == TaskPhase::kEnded;
    const int64_t time = ended ? std::max<int64_t>(1, tasks[task].usage.wall_ms) : needs->time_ms;
    const int64_t cost = CostOf(*needs, of, time > 0 ? time + task_states_[task].earlier_ms : time);
    used = cost > kUnknown - used ? kUnknown : used + cost;
  }
  return used;
}

void Scheduler::Impl::NoteAssumed(uint32_t task) {
  tasks[task].assumed = IsUncertain(task_states_[task].taint);
  if (tasks[task].assumed) assumed_tasks_.push_back(task);
}

// An assumption holds, or a task that counted has ended.
void Scheduler::Impl::ReleaseHeld() {
  for (const auto& [id, node] : std::exchange(held_, {})) {
    Frame* frame = Alive(id);
    if (frame == nullptr) continue;
    // It may have been cancelled while it was held; its end is known, or awaited.
    const NodeState& state = frame->nodes[node];
    const bool task = frame->plan->nodes[node].task != nullptr && state.instance != kNothing;
    if (state.finished || (task && task_states_[state.instance].phase != TaskPhase::kIdle)) continue;
    frame->nodes[node].begun = false;
    queue_.emplace_back(id, node);
  }
  std::erase_if(assumed_tasks_, [this](uint32_t task) {
    tasks[task].assumed = IsUncertain(task_states_[task].taint);
    return !tasks[task].assumed;
  });
  std::erase_if(doubtful_failures_, [this](auto& failure) {
    if (IsUncertain(failure.taint)) return false;
    TakeFailure(failure);
    return true;
  });
}

}  // namespace hwf::scheduler
