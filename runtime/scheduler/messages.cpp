// `send` and `cancel`: what a job is told. Messages are numbered by job over all its attempts. Until the job starts
// they go along with its start; while it runs they are placed one by one; an attempt that follows another gets all of
// them.
#include "runtime/scheduler/impl.h"
#include "runtime/state/values.h"

namespace hwf::scheduler {

void Scheduler::Impl::RunSend(Frame& frame, uint32_t node, const ir::SendNode& send) {
  const NodePlan& plan = frame.plan->nodes[node];
  Frame& above = At(frame, plan.job.up);
  const ir::Message* declared = nullptr;
  if (plan.has_job) {
    const NodePlan& job = above.plan->nodes[plan.job.slot - above.plan->params];
    for (const ir::Message& message : job.task->accepts) {
      if (message.name == send.message) declared = &message;
    }
  }
  if (declared == nullptr) {
    return Die(frame, node, Fail(frame, node, "the job takes no message `" + send.message + "`", plan.node->span));
  }
  Json fields = Json::Object();
  for (size_t i = 0; i < declared->fields.size(); ++i) {
    Json value;
    if (i < send.args.size()) {
      state::Evaluation result = Evaluate(frame, send.args[i]);
      if (!result.ok()) return Die(frame, node, Fail(frame, node, *result.failure));
      value = state::Widen(std::move(result.value), declared->fields[i].type);
    }
    fields.AsObject().push_back({declared->fields[i].name, std::move(value)});
  }
  uint32_t task = EnsureTask(above, plan.job.slot - above.plan->params);
  MessageRecord record;
  record.message = send.message;
  record.fields = std::move(fields);
  Send(frame, node, task, std::move(record));
  Done(frame, node, Json());
}

// The review whose answer led here, or the place of the `send`.
std::string Scheduler::Impl::SenderOf(Frame& frame, uint32_t node) const {
  Frame* at = &frame;
  uint32_t index = node;
  while (at != nullptr) {
    for (const Dependency& wait : at->plan->nodes[index].waits) {
      Frame& from = At(*at, wait.from.up);
      if (wait.wait != Wait::kData || wait.from.slot < from.plan->params) continue;
      uint32_t other = wait.from.slot - from.plan->params;
      if (!std::holds_alternative<ir::ReviewNode>(from.plan->nodes[other].node->body)) continue;
      if (from.nodes[other].instance != kNothing) return reviews[from.nodes[other].instance].id;
    }
    if (at->outer == nullptr) break;
    index = at->owner_node;
    at = at->outer;
  }
  return PlaceOf(frame, node);
}

void Scheduler::Impl::Send(Frame& frame, uint32_t node, uint32_t task, MessageRecord record) {
  PinFiles(record.fields);
  TaskView& view = tasks[task];
  TaskState& state = task_states_[task];
  record.place = PlaceOf(frame, node);
  if (memory_ && !Has(frame.nodes[node].taint, kRedone) && SentBefore(task, record)) return;
  record.number = static_cast<int64_t>(view.messages.size()) + 1;
  if (memory_) Extra(task).sent_again.insert(record.number);
  record.sent = time_;
  record.sender = SenderOf(frame, node);
  if (frame.watch != kNothing && watches_[frame.watch].task == task) record.seen_emission = frame.emission;
  record.undelivered_job_ended = state.phase == TaskPhase::kEnded;
  view.messages.push_back(std::move(record));
  Extra(task).placed.emplace_back();
  if (state.phase == TaskPhase::kRunning) PlaceWaiting(task);
}

PlaceMessage Scheduler::Impl::MakePlace(uint32_t task, size_t message) const {
  const MessageRecord& record = tasks[task].messages[message];
  return {tasks[task].place, tasks[task].attempt, record.number, record.message, record.fields};
}

// Those that the attempt was not started with and that are not on their way.
void Scheduler::Impl::PlaceWaiting(uint32_t task) {
  size_t count = tasks[task].messages.size();
  for (size_t i = task_states_[task].messages_at_start; i < count; ++i) {
    Placing& placing = Extra(task).placed[i];
    if (tasks[task].messages[i].taken_back) continue;
    if (placing.sequence == 0 && !placing.done) placing.sequence = Emit(MakePlace(task, i));
  }
}

void Scheduler::Impl::OnDelivered(const state::MessageDelivered& event) {
  uint32_t task = FindTaskIndex(event.place);
  if (task == kNothing || tasks[task].attempt != event.attempt) return;
  if (task_states_[task].phase == TaskPhase::kEnded || task_states_[task].phase == TaskPhase::kIdle) return;
  if (event.number < 1 || event.number > static_cast<int64_t>(tasks[task].messages.size())) return;
  auto index = static_cast<size_t>(event.number - 1);
  tasks[task].messages[index].delivered = true;
  Extra(task).placed[index].done = true;
}

void Scheduler::Impl::JobEnded(uint32_t task) {
  for (MessageRecord& message : tasks[task].messages) {
    if (!message.delivered && !message.taken_back) message.undelivered_job_ended = true;
  }
  if (!task_states_[task].extra) return;
  std::vector<uint32_t> watching = std::move(Extra(task).watches);
  std::vector<uint32_t> asking = std::move(Extra(task).reviews);
  Extra(task).watches.clear();
  Extra(task).reviews.clear();
  for (uint32_t watch : watching) watches_[watch].job_ended = true;
  for (uint32_t review : asking) Withdraw(review, "job ended");
  for (uint32_t watch : watching) WatchJobEnded(watch);
}

}  // namespace hwf::scheduler
