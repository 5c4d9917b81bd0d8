#include "runtime/slurm/node_link.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "runtime/runner/record_log.h"
#include "runtime/slurm/claim.h"

namespace hwf::slurm {
namespace {

constexpr int64_t kFirstTakeMs = 50;      // from finding nothing to looking again …
constexpr int64_t kLongestTakeMs = 1000;  // … which becomes rarer
constexpr int64_t kLookMs = 1000;
constexpr int64_t kUnaskedMs = 30'000;  // it looks all the same: there may have been no room to ask

}  // namespace

NodeLink::NodeLink(Options options, runner::FrontCallbacks callbacks)
    : options_(std::move(options)),
      callbacks_(std::move(callbacks)),
      signs_(options_.spool, fmt::format("{}.{}", options_.tag, options_.node),
             fmt::format("{}/{}", options_.directory, options_.node)),
      batches_(options_.directory, options_.node),
      now_ms_(options_.now_ms),
      idle_since_ms_(options_.now_ms) {}

void NodeLink::OnAppended(uint64_t, uint64_t, std::string_view payload) {
  signs_.OnAppended();
  due_ms_ = 0;
  if (payload.find("\"ended\"") == std::string_view::npos) return;
  const auto json = Json::Parse(payload, {.depth = 128, .bytes = size_t{1} << 30, .allow_nan = true});
  const auto report = json.ok() ? runner::ReportFromJson(*json) : ErrorOr<runner::Report>(json.error());
  const auto* ended = report.ok() ? std::get_if<runner::Ended>(&*report) : nullptr;
  if (ended == nullptr) return;
  const std::string key = runner::KeyOf(ended->place, ended->attempt);
  waiting_.erase(key);
  const auto found = running_.find(key);
  if (found == running_.end()) return;
  longest_ms_ = std::max(longest_ms_, ended->usage.wall_ms);
  busy_ -= found->second.cpus;
  running_.erase(found);
  if (running_.empty()) busy_ = 0;  // parts of CPUs do not add up to nothing
  take_every_ms_ = take_at_ms_ = 0;
}

// What says no limit is taken to need as long as the longest so far.
bool NodeLink::Fits(const runner::Start& start) const {
  const int64_t needs = start.time_limit_ms > 0 ? start.time_limit_ms : longest_ms_;
  return now_ms_ + needs + options_.margin_ms <= options_.ends_ms;
}

ErrorOr<bool> NodeLink::Claim(const runner::Start& start) {
  const std::string key = runner::KeyOf(start.place, start.attempt);
  waiting_.erase(key);
  if (signs_.IsGivenUp() || !Fits(start)) {  // it stays unclaimed, for another allocation
    left_ = true;
    return false;
  }
  HWF_ASSIGN(const bool ours, TakeClaim(start.directory, options_.who, start.effect));
  if (!ours) return false;
  running_[key] = {{start.place, start.attempt}, start.directory, start.cpus, now_ms_};
  busy_ += start.cpus;
  return true;
}

void NodeLink::Look() {
  std::vector<runner::Cancel> unwanted;
  const bool all = signs_.IsGivenUp();
  for (const auto& [key, running] : running_) {
    if (all || IsCancelAsked(running.directory)) unwanted.push_back(running.id);
  }
  for (const runner::Cancel& cancel : unwanted) callbacks_.request(cancel);
}

void NodeLink::Take() {
  auto taken = batches_.Take();
  if (!taken.ok()) fmt::print(stderr, "hwf-runner node: {}\n", taken.error().message());
  if (taken.ok() && taken->starts) {
    take_every_ms_ = 0;
    take_at_ms_ = now_ms_;
    for (runner::Start& start : *taken->starts) {
      handing_ = runner::KeyOf(start.place, start.attempt);
      waiting_.insert(handing_);
      callbacks_.request(std::move(start));
    }
    return;
  }
  take_every_ms_ = std::clamp(take_every_ms_ * 3 / 2, kFirstTakeMs, kLongestTakeMs);
  take_at_ms_ = now_ms_ + take_every_ms_;
  const bool more = !taken.ok() || !taken->over;
  if (!running_.empty()) return;
  over_ = !more || left_ || now_ms_ - idle_since_ms_ >= options_.idle_ms;
  if (over_) signs_.Leave();
}

void NodeLink::Flush(int64_t now_ms) {
  now_ms_ = now_ms;
  const bool told = signs_.Tell();
  if (!running_.empty() || !waiting_.empty()) idle_since_ms_ = now_ms;
  if (!over_ && HasRoom() && now_ms >= take_at_ms_) Take();
  if (now_ms >= look_at_ms_) {
    const bool asked = batches_.IsAskedToLook() || (signs_.IsGivenUp() && !std::exchange(given_up_, true));
    if (asked || now_ms >= look_unasked_at_ms_) {
      Look();
      look_unasked_at_ms_ = now_ms + kUnaskedMs;
    }
    signs_.Beat();
    look_at_ms_ = now_ms + kLookMs;
  }
  due_ms_ = told ? look_at_ms_ : now_ms + kFirstTakeMs;
  if (!over_ && HasRoom()) due_ms_ = std::min(due_ms_, take_at_ms_);
}

}  // namespace hwf::slurm
