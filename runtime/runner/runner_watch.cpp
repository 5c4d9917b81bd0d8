// What is looked at while a task runs: its emissions and its memory.
#include <fcntl.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>

#include "runtime/runner/digest.h"
#include "runtime/runner/process_tree.h"
#include "runtime/runner/runner.h"

namespace hwf::runner {
namespace {

constexpr int64_t kSampleMs = 200;  // where memory is limited; at most a fiftieth of the time is spent on it
constexpr int64_t kLookMs = 1000;   // elsewhere

}  // namespace

void Runner::OnInotify() {
  alignas(inotify_event) char buffer[16 * 1024];
  while (true) {
    const ssize_t count = read(inotify_, buffer, sizeof buffer);
    if (count <= 0) return;
    for (ssize_t at = 0; at < count;) {
      const auto* event = reinterpret_cast<const inotify_event*>(buffer + at);
      at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
      auto it = by_watch_.find(event->wd);
      if (it != by_watch_.end()) it->second->scan_at_ms = std::min(it->second->scan_at_ms, now_ms_);
      if ((event->mask & IN_Q_OVERFLOW) != 0) {
        for (auto& [watch, attempt] : by_watch_) attempt->scan_at_ms = now_ms_;
      }
    }
  }
}

void Runner::ScanEmissions(Attempt& attempt, bool last) {
  if (!attempt.emissions) return;
  std::vector<ReadyEmission> ready;
  const int again = attempt.emissions->Scan(now_ms_, last, ready);
  const int64_t regular = attempt.watch >= 0 ? kScanMs : kScanPollMs;
  attempt.scan_at_ms = now_ms_ + (again < 0 ? regular : std::min<int64_t>(again, regular));
  for (ReadyEmission& item : ready) HandleEmission(attempt, std::move(item));
}

// In their order: while one waits to be hashed, those behind it wait as well.
void Runner::HandleEmission(Attempt& attempt, ReadyEmission item) {
  if (attempt.jobs == 0 && (!item.bad.empty() || item.emission.files.empty())) {
    Json content = item.emission.content;
    return RecordEmission(attempt.key, item, std::move(content));
  }
  ++attempt.jobs;
  const std::string directory = attempt.emissions->directory();
  emission_worker_.Add([this, key = attempt.key, directory, item = std::move(item)]() -> Worker::Completion {
    auto result = std::make_shared<ErrorOr<Json>>(ResolveEmission(item.emission, directory, options_.run_directory));
    return [this, key, item, result] {
      Attempt* of = FindRunning(key);
      if (of == nullptr) return;
      --of->jobs;
      RecordEmission(key, item, std::move(*result));
      if (of->ending && of->jobs == 0) Finalize(*of);
    };
  });
}

void Runner::RecordEmission(const std::string& key, const ReadyEmission& item, ErrorOr<Json> content) {
  Attempt* attempt = FindRunning(key);
  if (attempt == nullptr) return;
  const Start& start = attempt->start;
  const std::string why = !item.bad.empty() ? item.bad : content.ok() ? "" : content.error().message();
  const bool logged = why.empty()
                          ? Log(Emitted{start.place, start.attempt, item.file, *std::move(content), item.dropped})
                          : Log(EmissionBad{start.place, start.attempt, item.file, why});
  if (logged) attempt->emissions->Done(item.file);
}

// Its processes, so that they are known when they leave it, and their memory where that is limited. Resident pages are
// cheap to ask for but count what is shared once for each; only where they exceed the limit the exact share is asked
// for.
void Runner::Sample(Attempt& attempt) {
  const int64_t begin = BootMs();
  const std::vector<pid_t> processes = attempt.box ? ProcessesInBox(attempt) : ProcessesOf(attempt);
  const int64_t limit = attempt.start.memory;
  int64_t bytes = 0;
  if (limit > 0) {
    for (pid_t pid : processes) bytes += ResidentBytes(pid);
  }
  if (limit > 0 && bytes > limit) {
    bytes = 0;
    for (pid_t pid : processes) bytes += ProportionalBytes(pid);
  }
  attempt.peak_bytes = std::max(attempt.peak_bytes, bytes);
  attempt.sample_at_ms = now_ms_ + std::max(limit > 0 ? kSampleMs : kLookMs, 50 * (BootMs() - begin));
  if (limit > 0 && bytes > limit) KillAttempt(attempt, Attempt::Kill::kOom);
}

}  // namespace hwf::runner
