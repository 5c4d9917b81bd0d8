// What the runner is asked for.
#include <fmt/format.h>

#include <algorithm>

#include "runtime/runner/runner.h"

namespace hwf::runner {

void Runner::OnRequest(Request request) {
  if (std::holds_alternative<Hello>(request)) {
    finishing_ = false;
  } else if (Start* start = std::get_if<Start>(&request)) {
    OnStart(std::move(*start));
  } else if (const Message* message = std::get_if<Message>(&request)) {
    OnMessage(*message);
  } else if (const Cancel* cancel = std::get_if<Cancel>(&request)) {
    OnCancel(*cancel);
  } else if (std::holds_alternative<Drain>(request)) {
    OnDrain();
  } else if (std::holds_alternative<Finish>(request)) {
    finishing_ = true;
  } else if (const WantImage* want = std::get_if<WantImage>(&request)) {
    WantReady(want->image);
  }
}

void Runner::OnStart(Start start) {
  std::string key = KeyOf(start.place, start.attempt);
  if (const History* known = log_->Find(key)) {
    if (known->ended) front_->Repeat(known->record);
    return;
  }
  if (!start.image.empty() && !boxes_) {
    return EndUnrun(
        start, ir::Reason::kSite,
        fmt::format("it has the image `{}`, and this site has no container engine: give it `containers: ENGINE`",
                    start.image));
  }
  if (!queued_.insert(std::move(key)).second) return;
  const auto less = [](const Start& one, const Start& other) { return one.priority > other.priority; };
  queue_.insert(std::upper_bound(queue_.begin(), queue_.end(), start, less), std::move(start));
  queue_changed_ = true;
}

void Runner::OnCancel(const Cancel& cancel) {
  const auto queued = std::find_if(queue_.begin(), queue_.end(), [&](const Start& start) {
    return start.place == cancel.place && start.attempt == cancel.attempt;
  });
  if (queued != queue_.end()) {
    const Start start = std::move(*queued);
    queue_.erase(queued);
    queue_changed_ = true;
    return EndUnrun(start, ir::Reason::kCancelled, "cancelled before it began");
  }
  const std::string key = KeyOf(cancel.place, cancel.attempt);
  if (Attempt* attempt = FindRunning(key)) return KillAttempt(*attempt, Attempt::Kill::kCancelled);
  if (const History* known = log_->Find(key)) {
    if (known->ended) front_->Repeat(known->record);
    return;
  }
  // Submitted, and lost on its way: with its end in the log it never begins.
  Start never;
  never.place = cancel.place;
  never.attempt = cancel.attempt;
  EndUnrun(never, ir::Reason::kCancelled, "cancelled before it began");
}

void Runner::OnDrain() {
  for (const Start& start : queue_) Log(Unstarted{start.place, start.attempt});
  queue_.clear();
  queued_.clear();
  in_line_ = false;
  ledger_->LeaveLine();
}

}  // namespace hwf::runner
