// A task's life: idle → starting → submitted → running → ended, with a way back to starting (another attempt) and one
// through doubt (an effect whose attempt was claimed and has no result).
#include <algorithm>

#include "base/check.h"
#include "runtime/scheduler/impl.h"
#include "runtime/state/approved.h"
#include "runtime/state/values.h"

namespace hwf::scheduler {
namespace {

constexpr int kMostLostInARow = 3;

// What a failure of these kinds tells people when the runner had nothing to say.
std::string DefaultMessage(const state::AttemptEnded& end) {
  if (!end.failure) return "";
  switch (*end.failure) {
    case ir::Reason::kOom:
      return "out of memory";
    case ir::Reason::kTimeLimit:
      return "its time limit ended it";
    case ir::Reason::kNodeFail:
      return "the machine or its runner failed";
    case ir::Reason::kPreempted:
      return "preempted";
    case ir::Reason::kCancelled:
      return "cancelled";
    case ir::Reason::kExit:
      return fmt::format("exit code {}", end.exit_code.value_or(1));
    case ir::Reason::kSignal:
      return fmt::format("ended by signal {}", end.signal);
    case ir::Reason::kOutput:
      return "an output is missing or wrong";
    case ir::Reason::kSite:
      return "its site could not run it";
  }
  HWF_UNREACHABLE();
}

// As placed by the compiler; else the first that the task names.
std::string SiteOf(const ir::Node& node, const ir::Task& task) {
  const auto* call = std::get_if<ir::TaskNode>(&node.body);
  if (call != nullptr && !call->site.empty()) return call->site;
  return task.on.empty() ? "here" : task.on.front();
}

}  // namespace

uint32_t Scheduler::Impl::EnsureTask(Frame& frame, uint32_t node) {
  if (frame.nodes[node].instance != kNothing) return frame.nodes[node].instance;
  const uint32_t before = memory_ ? ClaimTask(frame, node) : kNothing;
  if (before == kNothing) return NewTask(frame, node);
  frame.nodes[node].instance = before;
  task_states_[before].frame = frame.id;
  task_states_[before].node = node;
  return before;
}

uint32_t Scheduler::Impl::NewTask(Frame& frame, uint32_t node) {
  auto index = static_cast<uint32_t>(tasks.size());
  frame.nodes[node].instance = index;
  const NodePlan& plan = frame.plan->nodes[node];
  TaskView& view = tasks.emplace_back();
  view.place = UniquePlace(PlaceOf(frame, node));
  view.task = plan.task;
  view.generation = generation;
  view.site = SiteOf(*plan.node, *plan.task);
  for (const ir::Stream& stream : plan.task->streams)
    view.streams.emplace_back(stream.name, std::vector<EmissionRecord>());
  task_index_[view.place] = index;
  TaskState& task = task_states_.emplace_back();
  task.frame = frame.id;
  task.node = node;
  task.plan = &plan;
  return index;
}

TaskExtra& Scheduler::Impl::Extra(uint32_t task) {
  if (!task_states_[task].extra) task_states_[task].extra = std::make_unique<TaskExtra>();
  return *task_states_[task].extra;
}

uint32_t Scheduler::Impl::FindTaskIndex(std::string_view place) const {
  auto it = task_index_.find(std::string(place));
  return it != task_index_.end() ? it->second : kNothing;
}

void Scheduler::Impl::RunTask(Frame& frame, uint32_t node, const ir::TaskNode& call) {
  const NodePlan& plan = frame.plan->nodes[node];
  if (plan.task == nullptr) {
    return Die(frame, node, Fail(frame, node, "there is no task `" + call.task + "`", plan.node->span));
  }
  uint32_t index = EnsureTask(frame, node);
  std::vector<Json> arguments;
  for (size_t i = 0; i < call.args.size() && i < plan.task->params.size(); ++i) {
    state::Evaluation value = Evaluate(frame, call.args[i]);
    if (!value.ok()) {
      if (memory_ && tasks[index].attempt > 0) index = Replace(frame, node, index);
      tasks[index].why = value.failure->message;
      EndTask(index, TaskStatus::kFailed);
      return Die(frame, node, Fail(frame, node, *value.failure));
    }
    arguments.push_back(state::Widen(std::move(value.value), plan.task->params[i].type));
  }
  if (memory_ && task_states_[index].phase != TaskPhase::kIdle) {
    if (GoesOn(frame, node, index, arguments)) return;
    index = Replace(frame, node, index);
  }
  task_states_[index].taint = frame.nodes[node].taint;
  NoteAssumed(index);
  tasks[index].arguments = std::move(arguments);
  if (std::optional<std::string> why = CheckApproved(index)) {
    tasks[index].why = *why;
    EndTask(index, TaskStatus::kFailed);
    return Die(frame, node, Fail(frame, node, *why, plan.node->span));
  }
  tasks[index].attempt = 1;
  task_states_[index].fresh = fresh_;
  ++active_;
  IssueStart(index);
}

// The type says that a review approved the value; here its digest says so too.
std::optional<std::string> Scheduler::Impl::CheckApproved(uint32_t task) const {
  const TaskView& view = tasks[task];
  for (size_t i = 0; i < view.arguments.size(); ++i) {
    const ir::Param& param = view.task->params[i];
    for (const Json* value : state::ApprovedParts(view.arguments[i], param.type)) {
      if (approved_.count(state::DigestOf(*value)) != 0) continue;
      return fmt::format("the value of `{}` is not the one that a review approved: {}", param.name,
                         state::Brief(*value));
    }
  }
  return std::nullopt;
}

void Scheduler::Impl::IssueStart(uint32_t task) {
  TaskState& state = task_states_[task];
  state.phase = TaskPhase::kStarting;
  state.messages_at_start = static_cast<uint32_t>(tasks[task].messages.size());
  if (state.extra) {
    state.extra->files.clear();
    state.extra->previous.clear();
    for (const auto& [name, emissions] : tasks[task].streams) {
      state.extra->previous.push_back(static_cast<int64_t>(emissions.size()));
    }
    state.extra->placed.assign(tasks[task].messages.size(), Placing());
  }
  state.start_sequence = Emit(MakeStart(task));
}

StartTask Scheduler::Impl::MakeStart(uint32_t task) const {
  const TaskView& view = tasks[task];
  const TaskState& state = task_states_[task];
  StartTask start;
  start.place = view.place;
  start.attempt = view.attempt;
  start.task = view.task;
  start.site = view.site;
  start.arguments = view.arguments;
  start.previous = Previous(task);
  for (uint32_t i = 0; i < state.messages_at_start; ++i) {
    const MessageRecord& message = view.messages[i];
    if (!message.taken_back) start.messages.push_back({message.number, message.message, message.fields});
  }
  bool replays = state.plan->watched || state.plan->streams_read || state.plan->told;
  if (const auto* call = std::get_if<ir::TaskNode>(&state.plan->node->body)) start.priority = call->priority;
  start.tried = IsTried(task);
  start.may_reuse = view.attempt == 1 && !state.fresh && view.task->cache && !view.task->effect && !replays &&
                    !state.reuse_refused && start.messages.empty();
  return start;
}

void Scheduler::Impl::OnSubmitted(const state::AttemptSubmitted& event) {
  uint32_t task = FindTaskIndex(event.place);
  if (task == kNothing || tasks[task].attempt != event.attempt) return;
  if (task_states_[task].phase != TaskPhase::kStarting) return;
  task_states_[task].phase = TaskPhase::kSubmitted;
  tasks[task].submitted = time_;
  tasks[task].waiting.clear();
}

void Scheduler::Impl::OnWaiting(const state::AttemptWaiting& event) {
  uint32_t task = FindTaskIndex(event.place);
  if (task == kNothing || tasks[task].attempt != event.attempt) return;
  const TaskPhase phase = task_states_[task].phase;
  if (phase == TaskPhase::kStarting || phase == TaskPhase::kSubmitted) tasks[task].waiting = event.why;
}

void Scheduler::Impl::OnStarted(const state::AttemptStarted& event) {
  uint32_t task = FindTaskIndex(event.place);
  if (task == kNothing || tasks[task].attempt != event.attempt) return;
  TaskState& state = task_states_[task];
  if (state.phase != TaskPhase::kStarting && state.phase != TaskPhase::kSubmitted) return;
  if (state.phase == TaskPhase::kStarting) tasks[task].submitted = time_;
  state.phase = TaskPhase::kRunning;
  tasks[task].status = TaskStatus::kRunning;
  tasks[task].started = time_;
  tasks[task].waiting.clear();
  PlaceWaiting(task);
}

void Scheduler::Impl::OnReused(const state::TaskReused& event) {
  uint32_t task = FindTaskIndex(event.place);
  if (task == kNothing || task_states_[task].phase != TaskPhase::kStarting || tasks[task].attempt != 1) return;
  ErrorOr<Json> outputs = state::CheckOutputs(*tasks[task].task, event.outputs);
  if (!outputs.ok()) {  // of another version of the task, perhaps: it runs
    task_states_[task].reuse_refused = true;
    return IssueStart(task);
  }
  Succeed(task, std::move(*outputs), TaskStatus::kReused);
}

void Scheduler::Impl::OnEnded(const state::AttemptEnded& event) {
  uint32_t task = FindTaskIndex(event.place);
  if (task == kNothing || tasks[task].attempt != event.attempt) return;
  TaskState& state = task_states_[task];
  if (state.phase == TaskPhase::kIdle || state.phase == TaskPhase::kDoubt || state.phase == TaskPhase::kEnded) return;
  TaskView& view = tasks[task];
  view.usage = event.usage;
  if (!event.failure) {
    ErrorOr<Json> outputs = state::CheckOutputs(*view.task, event.outputs);
    if (outputs.ok()) return Succeed(task, std::move(*outputs), TaskStatus::kDone);
    state::AttemptEnded wrong = event;
    wrong.failure = ir::Reason::kOutput;
    wrong.message = outputs.error().message();
    if (TryAgain(task, ir::Reason::kOutput)) return;
    return FailTask(task, wrong, wrong.message);
  }
  // Only a runner that claimed an attempt can lose it, whether or not it came to say that the command started.
  bool claimed = state.phase != TaskPhase::kStarting;
  if (*event.failure == ir::Reason::kNodeFail && view.task->effect && claimed) {
    Extra(task).in_doubt = event;
    state.phase = TaskPhase::kDoubt;
    view.status = TaskStatus::kInDoubt;
    if (!cancelled_by_.empty()) return FailTask(task, event, "in doubt: its attempt began and left no result");
    state.start_sequence = Emit(AskDoubt{view.place, view.attempt});
    return;
  }
  if (TryAgain(task, *event.failure)) return;
  FailTask(task, event, event.message.empty() ? DefaultMessage(event) : event.message);
}

// `happened`: the effect is done. `did_not`: the owner wants it, and it is not done, so it is tried again.
void Scheduler::Impl::OnDoubtResolved(const state::DoubtResolved& event) {
  uint32_t task = FindTaskIndex(event.place);
  if (task == kNothing || tasks[task].attempt != event.attempt) return;
  if (task_states_[task].phase != TaskPhase::kDoubt) return;
  if (!event.happened && (task_states_[task].cancel_asked || tasks[task].superseded)) {
    const state::AttemptEnded end = *Extra(task).in_doubt;
    return FailTask(task, end, "cancelled; it did not happen");
  }
  if (!event.happened) return NextAttempt(task);
  ErrorOr<Json> outputs = state::CheckOutputs(*tasks[task].task, Extra(task).in_doubt->outputs);
  if (outputs.ok()) return Succeed(task, std::move(*outputs), TaskStatus::kDone);
  state::AttemptEnded end = *Extra(task).in_doubt;
  end.failure = ir::Reason::kOutput;
  FailTask(task, end,
           event.person.name + " says that it happened, but its outputs are lost: " + outputs.error().message());
}

// By its `retry`; and a pure task that was lost with its machine is done again, unless its `retry` names that reason
// and so has a count for it. False: no more.
bool Scheduler::Impl::TryAgain(uint32_t task, ir::Reason reason) {
  const TaskView& view = tasks[task];
  TaskState& state = task_states_[task];
  if (view.task->effect || state.cancel_asked || reason == ir::Reason::kCancelled) return false;
  const std::vector<ir::Reason>& on = view.task->retry_on;
  const bool named = std::find(on.begin(), on.end(), reason) != on.end();
  const bool lost = reason == ir::Reason::kNodeFail && !named;
  if (!lost) state.lost_in_a_row = 0;
  if (lost && state.lost_in_a_row < kMostLostInARow) {
    ++state.lost_in_a_row;
    ++state.lost;
  } else if (view.attempt - state.lost > view.task->retries || !(on.empty() || named)) {
    return false;
  }
  NextAttempt(task);
  return true;
}

void Scheduler::Impl::NextAttempt(uint32_t task) {
  task_states_[task].earlier_ms += tasks[task].usage.wall_ms;
  ++tasks[task].attempt;
  tasks[task].status = TaskStatus::kRetrying;
  tasks[task].waiting.clear();
  IssueStart(task);
  MayRelease(task);
}

// What the call gives: the record of its outputs, of a tried one `ok` with it; with the lists of its emissions where
// they are read.
Json Scheduler::Impl::ValueOf(uint32_t task) const {
  const Json& outputs = tasks[task].outputs;
  return WithStreams(task, IsTried(task) ? OkValue(outputs, !tasks[task].task->outputs.empty()) : outputs);
}

void Scheduler::Impl::Succeed(uint32_t task, Json outputs, TaskStatus status) {
  task_states_[task].ended_with_run = task_states_[task].ended_with_call = false;
  tasks[task].outputs = std::move(outputs);
  EndTask(task, status);
  const TaskState& state = task_states_[task];
  if (Frame* frame = Alive(state.frame)) Done(*frame, state.node, ValueOf(task));
}

void Scheduler::Impl::FailTask(uint32_t task, const state::AttemptEnded& end, const std::string& message) {
  TaskState& state = task_states_[task];
  TaskView& view = tasks[task];
  bool cancelled = state.cancel_asked;
  std::string by = state.extra ? state.extra->cancelled_by : "";
  view.why = cancelled ? "cancelled" + by : message;
  state.reason = cancelled ? ir::Reason::kCancelled : end.failure.value_or(ir::Reason::kOutput);
  state.ended_with_run = state.ended_with_run || !cancelled_by_.empty();
  bool doubtful = state.phase == TaskPhase::kDoubt && state.ended_with_run;
  TaskStatus status = cancelled || end.failure == ir::Reason::kCancelled ? TaskStatus::kCancelled : TaskStatus::kFailed;
  if (doubtful) status = TaskStatus::kInDoubt;
  if (IsTried(task)) Extra(task).caught = Caught(end, cancelled);
  EndTask(task, status);
  if (Frame* frame = Alive(state.frame)) DieEnded(*frame, state.node, task);
}

// What the end of a task that did not succeed is to its node.
void Scheduler::Impl::DieEnded(Frame& frame, uint32_t node, uint32_t task) {
  if (IsTried(task)) return Catch(frame, node, task);
  const TaskView& view = tasks[task];
  if (task_states_[task].cancelled_by_program) {
    return Die(frame, node, MakeCause("`" + view.place + "` was cancelled", false));
  }
  const std::string attempts = view.attempt > 1 ? fmt::format(" (attempt {})", view.attempt) : "";
  Die(frame, node,
      Fail(frame, node, view.why + attempts, frame.plan->nodes[node].node->span, task_states_[task].reason));
}

// The job is over, whatever its end: what hangs on its going on is let go.
void Scheduler::Impl::EndTask(uint32_t task, TaskStatus status) {
  TaskState& state = task_states_[task];
  if (state.phase == TaskPhase::kEnded) return;
  if (state.phase != TaskPhase::kIdle) --active_;
  state.phase = TaskPhase::kEnded;
  tasks[task].status = status;
  tasks[task].ended = time_;
  tasks[task].waiting.clear();
  JobEnded(task);
  MayRelease(task);
  if (tasks[task].assumed) ReleaseHeld();
  if (state.extra) {
    state.extra->files.clear();
    state.extra->in_doubt.reset();
  }
}

}  // namespace hwf::scheduler
