// Cancelling a task or the run. What runs is asked to end and its end awaited; what has not begun never does.
#include "runtime/scheduler/impl.h"

namespace hwf::scheduler {

void Scheduler::Impl::RunCancel(Frame& frame, uint32_t node) {
  const NodePlan& plan = frame.plan->nodes[node];
  if (!plan.has_job) return Die(frame, node, Fail(frame, node, "there is no such job to cancel", plan.node->span));
  Frame& above = At(frame, plan.job.up);
  uint32_t task = EnsureTask(above, plan.job.slot - above.plan->params);
  CancelTask(task, " by the workflow", true);
  Done(frame, node, Json());
}

// `by` ends the sentence "cancelled…". A task that the program itself cancels is no failure in itself; what needs its
// value is skipped.
void Scheduler::Impl::CancelTask(uint32_t task, const std::string& by, bool by_program) {
  TaskState& state = task_states_[task];
  if (state.phase == TaskPhase::kEnded) return;
  if (state.phase == TaskPhase::kIdle && IsTried(task)) {
    // Its end is a value, with a log that the engine makes: it is asked for, though nothing began.
    Alive(state.frame)->nodes[state.node].begun = true;
    state.phase = TaskPhase::kStarting;
    tasks[task].attempt = 1;
    ++active_;
  }
  if (state.phase == TaskPhase::kIdle) {
    FrameId id = state.frame;
    uint32_t node = state.node;
    tasks[task].why = "cancelled" + by;
    state.reason = ir::Reason::kCancelled;
    state.cancelled_by_program = by_program;
    state.ended_with_run = !cancelled_by_.empty();
    EndTask(task, TaskStatus::kCancelled);
    Frame* frame = Alive(id);
    if (frame == nullptr) return;
    frame->nodes[node].begun = true;
    return DieEnded(*frame, node, task);
  }
  // A failed call waits for the answer. Whoever cancels the task after that no longer does.
  if (state.phase == TaskPhase::kDoubt && state.ended_with_call && !state.cancel_asked) {
    state.cancel_asked = state.cancelled_by_program = true;
    Extra(task).cancelled_by = by;
    return;
  }
  if (state.phase == TaskPhase::kDoubt) {
    state::AttemptEnded end = *Extra(task).in_doubt;
    return FailTask(task, end, "in doubt: its attempt began and left no result; cancelled" + by);
  }
  if (state.cancel_asked) return;
  state.cancel_asked = true;
  state.ended_with_run = !cancelled_by_.empty();
  state.cancelled_by_program = by_program;
  Extra(task).cancelled_by = by;
  state.cancel_sequence = Emit(CancelAttempt{tasks[task].place, tasks[task].attempt});
}

void Scheduler::Impl::OnCancel(const state::CancelRequested& event) {
  std::string by = " by " + (event.person.name.empty() ? "its owner" : event.person.name);
  if (!event.place.empty()) {
    uint32_t task = FindTaskIndex(event.place);
    if (task != kNothing) CancelTask(task, by, false);
    return;
  }
  if (!started_ || !cancelled_by_.empty() || root_done_) return;
  cancelled_by_ = by;
  failed_before_cancel_ = !failures.empty();
  failures.push_back("the run was cancelled" + by);
  for (uint32_t task = 0; task < tasks.size(); ++task) {
    // Also attempts whose frame was cancelled before wait for nothing more than their end.
    if (task_states_[task].phase == TaskPhase::kDoubt) CancelTask(task, by, false);
  }
  if (Frame* root = Alive(0)) CancelFrame(*root, by);
  root_done_ = true;
}

}  // namespace hwf::scheduler
