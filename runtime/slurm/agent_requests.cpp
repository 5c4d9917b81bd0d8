// What the engine asks for.
#include <algorithm>

#include "runtime/runner/attempt_files.h"
#include "runtime/slurm/agent.h"
#include "runtime/slurm/batches.h"
#include "runtime/slurm/claim.h"

namespace hwf::slurm {
namespace {

// Starts that come together go into one submission.
constexpr int64_t kGatherMs = 30;
constexpr int64_t kLongestGatherMs = 1000;
constexpr int64_t kPlaceMs = 1000;  // before what nobody could be told is tried again
constexpr const char* kUnwanted = "not wanted any more";

}  // namespace

void Agent::OnRequest(runner::Request request) {
  if (std::holds_alternative<runner::Hello>(request)) {
    finishing_ = false;
  } else if (auto* start = std::get_if<runner::Start>(&request)) {
    OnStart(std::move(*start));
  } else if (const auto* message = std::get_if<runner::Message>(&request)) {
    OnMessage(*message);
  } else if (const auto* cancel = std::get_if<runner::Cancel>(&request)) {
    OnCancel(*cancel);
  } else if (std::holds_alternative<runner::Drain>(request)) {
    OnDrain();
  } else if (std::holds_alternative<runner::Finish>(request)) {
    finishing_ = true;
  } else if (const auto* want = std::get_if<runner::WantImage>(&request)) {
    if (images_) return images_->Want(want->image);
    front_->Say(runner::ImageReady{want->image, "", "this site has no container engine: give it `containers: ENGINE`"});
  }
}

void Agent::OnStart(runner::Start start) {
  const std::string key = runner::KeyOf(start.place, start.attempt);
  if (Attempt* attempt = FindAttempt(key)) {
    // It comes again behind a new connection, with the secrets that are kept nowhere.
    if (!attempt->claimed) attempt->start = std::move(start);
    return;
  }
  if (const runner::History* known = log_->Find(key)) {
    if (known->ended) front_->Repeat(known->record);
    return;
  }
  attempts_[key].start = std::move(start);
  queue_.push_back(key);
  if (gathering_since_ms_ == 0) gathering_since_ms_ = now_ms_;
  form_at_ms_ = std::max(form_at_ms_, std::min(now_ms_ + kGatherMs, gathering_since_ms_ + kLongestGatherMs));
}

void Agent::OnMessage(const runner::Message& message) {
  Attempt* attempt = FindAttempt(runner::KeyOf(message.place, message.attempt));
  if (attempt == nullptr) return;  // the engine hears of its end
  if (attempt->tag.empty()) {
    attempt->start.messages.push_back(message.body);
    return;
  }
  const auto placed = runner::PlaceMessage(attempt->start.directory, message.body);
  if (!placed.ok()) return Hold(runner::NoRoomText(placed.error(), "a message cannot be placed"));
  Log(runner::MessagePlaced{message.place, message.attempt, message.number});
}

void Agent::EndAttempt(const std::string& key, std::optional<ir::Reason> failure, const std::string& why) {
  const auto found = attempts_.find(key);
  if (found == attempts_.end()) return;
  runner::Ended ended;
  ended.place = found->second.start.place;
  ended.attempt = found->second.start.attempt;
  ended.failure = failure;
  ended.message = why;
  ended.outputs = Json::Object();
  std::erase(queue_, key);
  attempts_.erase(found);
  Log(ended);
}

void Agent::OnCancel(const runner::Cancel& cancel) {
  const std::string key = runner::KeyOf(cancel.place, cancel.attempt);
  Attempt* attempt = FindAttempt(key);
  if (attempt == nullptr) {
    if (const runner::History* known = log_->Find(key)) {
      if (known->ended) front_->Repeat(known->record);
      return;
    }
    // Submitted, and lost on its way: with its end in the log it never begins.
    Attempt& never = attempts_[key];
    never.start.place = cancel.place;
    never.start.attempt = cancel.attempt;
    return EndAttempt(key, ir::Reason::kCancelled, "cancelled before it began");
  }
  if (std::exchange(attempt->cancelled, true)) return;
  to_cancel_.push_back(key);
  PlaceCancels();
}

// What cannot be placed now is tried again.
void Agent::PlaceCancels() {
  place_at_ms_ = now_ms_ + kPlaceMs;
  std::erase_if(to_cancel_, [&](const std::string& key) {
    Attempt* attempt = FindAttempt(key);
    if (attempt == nullptr) return true;  // it has ended
    const auto placed = PlaceCancel(key, *attempt);
    if (!placed.ok()) Hold(runner::NoRoomText(placed.error(), "a cancel cannot be placed"));
    return placed.ok();
  });
}

// Whoever has the claim decides: we, and it never begins, or its job, which is told.
ErrorOr<Success> Agent::PlaceCancel(const std::string& key, Attempt& attempt) {
  const std::string tag = attempt.tag;
  const int index = attempt.index;
  Submission* submission = FindSubmission(tag);
  bool never = tag.empty();
  if (!never) {
    const auto ours = TakeClaim(attempt.start.directory, kUnwanted, true);
    never = ours.ok() && *ours;
  }
  if (!never) HWF_TRY(AskToCancel(attempt.start.directory));
  if (submission != nullptr && submission->nodes > 0) HWF_TRY(AskToLook(SubmissionDirectory(tag)));
  if (never) EndAttempt(key, ir::Reason::kCancelled, "cancelled before it began");
  if (submission == nullptr || submission->nodes > 0) return Success{};
  const ElementIds& ids = submission->elements[static_cast<size_t>(index)].attempts;
  const bool all = std::all_of(ids.begin(), ids.end(), [&](const AttemptId& id) {
    const Attempt* other = FindAttempt(runner::KeyOf(id.place, id.attempt));
    return other == nullptr || other->cancelled || other->tag != tag;
  });
  if (all && !submission->job.empty()) cancels_[tag].insert(index);
  query_at_ms_ = std::min(query_at_ms_, now_ms_ + options_.least_poll_ms);
  return Success{};
}

// What Slurm has keeps its place in Slurm's queue.
void Agent::OnDrain() {
  for (const std::string& key : queue_) {
    const runner::Start& start = attempts_[key].start;
    Log(runner::Unstarted{start.place, start.attempt});
    attempts_.erase(key);
  }
  queue_.clear();
}

}  // namespace hwf::slurm
