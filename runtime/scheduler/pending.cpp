// What is still to be done after a replay. Every state that awaits an event remembers the sequence of the command that
// asked for it, so the commands come back in the order in which they arose.
#include <algorithm>

#include "runtime/scheduler/impl.h"

namespace hwf::scheduler {
namespace {

using Ordered = std::vector<std::pair<uint64_t, Command>>;

}  // namespace

std::vector<Command> Scheduler::Impl::Pending() const {
  Ordered found;
  if (finished) return {};
  for (const auto& [place, source] : sources_) {
    const Frame* frame = Alive(source.frame);
    if (frame == nullptr) continue;
    const auto& node = std::get<ir::SourceNode>(frame->plan->nodes[source.node].node->body);
    found.emplace_back(source.sequence, ResolveSource{place, &node, source.path});
  }
  for (uint32_t i = 0; i < tasks.size(); ++i) {
    const TaskState& task = task_states_[i];
    if (task.extra) {
      for (const Removal& removal : task.extra->removals) {
        found.emplace_back(removal.sequence, RemoveFiles{tasks[i].place, removal.site, removal.files});
      }
    }
    if (task.phase == TaskPhase::kIdle || task.phase == TaskPhase::kEnded) continue;
    if (task.phase == TaskPhase::kDoubt) {
      found.emplace_back(task.start_sequence, AskDoubt{tasks[i].place, tasks[i].attempt});
      continue;
    }
    // What is cancelled before it was submitted is not started at all.
    if (task.phase == TaskPhase::kStarting && !task.cancel_asked) found.emplace_back(task.start_sequence, MakeStart(i));
    if (task.cancel_asked) found.emplace_back(task.cancel_sequence, CancelAttempt{tasks[i].place, tasks[i].attempt});
    if (!task.extra || task.phase != TaskPhase::kRunning) continue;
    for (size_t k = 0; k < task.extra->placed.size(); ++k) {
      const Placing& placing = task.extra->placed[k];
      if (placing.sequence != 0 && !placing.done) found.emplace_back(placing.sequence, MakePlace(i, k));
    }
  }
  for (uint32_t i = 0; i < reviews.size(); ++i) {
    const ReviewState& state = review_states_[i];
    if (reviews[i].status == ReviewStatus::kOpening) {
      found.emplace_back(state.open_sequence, OpenReview{reviews[i].id, reviews[i].place});
    } else if (reviews[i].status != ReviewStatus::kOpen) {
      found.emplace_back(state.close_sequence, CloseReview{reviews[i].id});
    }
    for (const ArmedClock& clock : state.clocks) {
      found.emplace_back(clock.sequence, ArmClock{reviews[i].id, clock.clock, clock.index, clock.due});
    }
  }
  if (finish_sequence_ != 0) found.emplace_back(finish_sequence_, FinishCommand());
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<Command> out;
  out.reserve(found.size());
  for (auto& [sequence, command] : found) out.push_back(std::move(command));
  return out;
}

std::optional<StartTask> Scheduler::Impl::FindStart(std::string_view place) const {
  uint32_t task = FindTaskIndex(place);
  if (task == kNothing) return std::nullopt;
  TaskPhase phase = task_states_[task].phase;
  if (phase == TaskPhase::kIdle || phase == TaskPhase::kDoubt || phase == TaskPhase::kEnded) return std::nullopt;
  return MakeStart(task);
}

}  // namespace hwf::scheduler
