// What a running job shows: emissions are numbered by stream, over all attempts, and given to those who watch.
#include "runtime/scheduler/impl.h"
#include "runtime/state/values.h"

namespace hwf::scheduler {

std::vector<EmissionRecord>* Scheduler::Impl::StreamOf(uint32_t task, std::string_view name) {
  for (auto& [stream, emissions] : tasks[task].streams) {
    if (stream == name) return &emissions;
  }
  return nullptr;
}

// What a call gives, with the streams of its job that somebody reads as lists.
Json Scheduler::Impl::WithStreams(uint32_t task, Json value) const {
  const NodePlan& plan = *task_states_[task].plan;
  if (!plan.streams_read) return value;
  for (const ir::Stream& stream : plan.task->streams) value.Set(stream.name, Json::Array());
  for (const auto& [name, emissions] : tasks[task].streams) {
    JsonArray list;
    for (const EmissionRecord& emission : emissions) list.push_back(emission.values);
    value.Set(name, Json(std::move(list)));
  }
  return value;
}

Json Scheduler::Impl::Previous(uint32_t task) const {
  Json out = Json::Object();
  for (const auto& [stream, emissions] : tasks[task].streams) {
    out.AsObject().push_back({stream, emissions.empty() ? Json() : emissions.back().values});
  }
  return out;
}

void Scheduler::Impl::OnEmission(const state::Emission& event) {
  uint32_t task = FindTaskIndex(event.place);
  if (task == kNothing || tasks[task].attempt != event.attempt) return;
  TaskPhase phase = task_states_[task].phase;
  if (phase == TaskPhase::kIdle || phase == TaskPhase::kDoubt || phase == TaskPhase::kEnded) return;
  std::vector<EmissionRecord>* records = StreamOf(task, event.stream);
  if (records == nullptr) return;
  const ir::Stream* stream = nullptr;
  for (const ir::Stream& declared : tasks[task].task->streams) {
    if (declared.name == event.stream) stream = &declared;
  }
  ErrorOr<Json> values = state::CheckEmission(*stream, event.values);
  if (!values.ok() || !Extra(task).files.insert(event.file).second) return;

  EmissionRecord record;
  record.number = static_cast<int64_t>(records->size()) + 1;
  record.attempt = event.attempt;
  record.time = time_;
  record.after_message = event.after_message;
  record.values = std::move(*values);
  records->push_back(record);
  NoteFiles(task, static_cast<uint32_t>(stream - tasks[task].task->streams.data()), record);
  TaskExtra& extra = Extra(task);
  std::vector<MessageRecord>& messages = tasks[task].messages;
  while (extra.carried < event.after_message && extra.carried < static_cast<int64_t>(messages.size())) {
    auto index = static_cast<size_t>(extra.carried++);
    MessageRecord& message = messages[index];
    extra.placed[index].done = true;
    message.first_carried = record.number;
    message.delivered = true;
  }
  std::vector<uint32_t> watching = extra.watches;
  for (uint32_t watch : watching) {
    Frame* frame = Alive(watches_[watch].frame);
    if (frame == nullptr || watches_[watch].closed) continue;
    const auto& node = std::get<ir::WatchNode>(frame->plan->nodes[watches_[watch].node].node->body);
    if (node.stream == event.stream) WatchEmission(watch, record);
  }
}

}  // namespace hwf::scheduler
