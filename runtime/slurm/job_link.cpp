#include "runtime/slurm/job_link.h"

#include <fmt/format.h>

#include "runtime/runner/record_log.h"
#include "runtime/slurm/claim.h"

namespace hwf::slurm {
namespace {

constexpr int64_t kToldLookMs = 2000;    // for `cancel`, behind the signal that says to look
constexpr int64_t kUntoldRetryMs = 500;  // of a name that found no room

}  // namespace

JobLink::JobLink(Options options, Element starts, runner::FrontCallbacks callbacks)
    : options_(std::move(options)),
      callbacks_(std::move(callbacks)),
      signs_(options_.spool, fmt::format("{}.{}", options_.tag, options_.index), options_.directory) {
  for (runner::Start& start : starts) {
    open_[runner::KeyOf(start.place, start.attempt)] = {{start.place, start.attempt}, start.directory};
    callbacks_.request(std::move(start));
  }
}

ErrorOr<bool> JobLink::Claim(const runner::Start& start) {
  if (signs_.IsGivenUp()) return false;
  return TakeClaim(start.directory, options_.who, start.effect);
}

void JobLink::OnAppended(uint64_t, uint64_t, std::string_view) {
  signs_.OnAppended();
  due_ms_ = 0;
}

void JobLink::Look() {
  const bool all = signs_.IsGivenUp();
  for (auto it = open_.begin(); it != open_.end();) {
    const auto [cancel, directory] = it->second;
    if (!all && !IsCancelAsked(directory)) {
      ++it;
      continue;
    }
    it = open_.erase(it);
    callbacks_.request(cancel);
  }
}

void JobLink::Flush(int64_t now_ms) {
  const bool told = signs_.Tell();
  if (now_ms < due_ms_) return;
  Look();
  signs_.Beat();
  due_ms_ = now_ms + (told ? kToldLookMs : kUntoldRetryMs);
}

}  // namespace hwf::slurm
