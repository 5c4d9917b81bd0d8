// The end of an attempt that failed. That of a tried call is recorded once its log is kept: the log is part of the
// value that the failure is. Should the engine die before, the site tells of the end again, or the command comes again.
#include <utility>

#include "runtime/engine/engine_impl.h"

namespace hwf::engine {

bool EngineImpl::IsTried(const state::Place& place, int attempt) const {
  const std::optional<scheduler::StartTask> start = record_->scheduler().FindStart(place);
  return start && start->attempt == attempt && start->tried;
}

void EngineImpl::RecordEnd(state::AttemptEnded ended, Written written) {
  if (!IsTried(ended.place, ended.attempt)) return RecordFailure(std::move(ended));
  const auto live = live_.find(KeyOf(ended.place, ended.attempt));
  if (live != live_.end()) live->second.ended = true;
  ending_.insert(KeyOf(ended.place, ended.attempt));
  const RunPaths& paths = record_->paths();
  std::string directory = paths.Attempt(ended.place, ended.attempt);
  worker_.Add([this, ended = std::move(ended), written = std::move(written), store = paths.Store(),
               directory = std::move(directory)]() mutable -> Worker::Completion {
    ErrorOr<std::string> text = TriedLogText(files_, written, directory, ended.message);
    ErrorOr<Json> log = text.ok() ? KeepTriedLog(files_, text.value(), store, shared_) : ErrorOr<Json>(text.error());
    return [this, ended = std::move(ended), log = std::move(log)]() mutable {
      if (outcome_) return;
      ending_.erase(KeyOf(ended.place, ended.attempt));
      if (!log.ok()) {
        return End(Ending::kWorldFailed,
                   fmt::format("the log of {} cannot be kept: {}", ended.place, log.error().message()));
      }
      // Cancelled, and its end recorded, while its log was written.
      const std::optional<scheduler::StartTask> current = record_->scheduler().FindStart(ended.place);
      if (!current || current->attempt != ended.attempt) return;
      ended.log = std::move(log).value();
      RecordFailure(std::move(ended));
    };
  });
}

void EngineImpl::RecordFailure(state::AttemptEnded ended) {
  live_.erase(KeyOf(ended.place, ended.attempt));
  const state::Place place = ended.place;
  Record(std::move(ended));
  // On a full disk every further attempt would fail as this one did.
  const scheduler::TaskView* after = record_->scheduler().FindTask(place);
  if (after != nullptr && after->status == scheduler::TaskStatus::kRetrying) ask_for_room_ = true;
}

}  // namespace hwf::engine
