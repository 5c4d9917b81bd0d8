#include "runtime/slurm/job_link.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "runtime/runner/record_log.h"
#include "runtime/slurm/claim.h"

namespace hwf::slurm {
namespace {

constexpr int64_t kLookMs = 2000;  // for `cancel`, behind the signal that says to look
constexpr int64_t kRetryMs = 500;  // of a name that found no room

}  // namespace

JobLink::JobLink(Options options, Element starts, runner::FrontCallbacks callbacks)
    : options_(std::move(options)), callbacks_(std::move(callbacks)) {
  beat_ = platform::FileDescriptor(
      open((options_.directory + "/beat").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  for (runner::Start& start : starts) {
    open_[runner::KeyOf(start.place, start.attempt)] = {{start.place, start.attempt}, start.directory};
    callbacks_.request(std::move(start));
  }
}

ErrorOr<bool> JobLink::Claim(const runner::Start& start) {
  return TakeClaim(start.directory, options_.who, start.effect);
}

void JobLink::OnAppended(uint64_t, uint64_t, std::string_view) {
  news_ = true;
  due_ms_ = 0;
}

void JobLink::Look() {
  for (auto it = open_.begin(); it != open_.end();) {
    const auto [cancel, directory] = it->second;
    if (!IsCancelAsked(directory)) {
      ++it;
      continue;
    }
    it = open_.erase(it);
    callbacks_.request(cancel);
  }
}

void JobLink::Tell() {
  const std::string name = fmt::format("{}/{}.{}", options_.spool, options_.tag, options_.index);
  const int fd = open(name.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return;
  close(fd);
  news_ = false;
}

// A number that grows shows that we live, also where clocks differ and times of files come late.
void JobLink::Beat() {
  const std::string text = fmt::format("{}\n", ++beats_);
  if (beat_.valid()) (void)!pwrite(beat_.get(), text.data(), text.size(), 0);
}

void JobLink::Flush(int64_t now_ms) {
  if (news_) Tell();
  if (now_ms < due_ms_) return;
  Look();
  Beat();
  due_ms_ = now_ms + (news_ ? kRetryMs : kLookMs);
}

}  // namespace hwf::slurm
