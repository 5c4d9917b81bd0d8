// What sites tell. After a restart a site tells its whole log again: what the journal has already is passed over, by
// attempt (ended ones are not expected any more) and by an emission's file name.
#include <utility>

#include "runtime/engine/engine_impl.h"
#include "runtime/state/values.h"

namespace hwf::engine {
namespace {

const ir::Stream* FindStream(const ir::Task& task, const std::string& name) {
  for (const ir::Stream& stream : task.streams) {
    if (stream.name == name) return &stream;
  }
  return nullptr;
}

std::string Members(const ir::Task& task) {
  std::string names;
  for (const ir::Stream& stream : task.streams) names += (names.empty() ? "" : ", ") + stream.name;
  return names.empty() ? "none" : names;
}

}  // namespace

void EngineImpl::OnReport(const std::string&, runner::Report report, uint64_t) {
  if (outcome_) return;
  settled_ = false;
  last_report_ms_ = clock_.MonotonicMs();
  struct Take {
    EngineImpl& engine;
    void operator()(const runner::Claimed& body) { engine.On(body); }
    void operator()(const runner::Started& body) { engine.On(body); }
    void operator()(const runner::Emitted& body) { engine.On(body); }
    void operator()(const runner::EmissionBad& body) { engine.On(body); }
    void operator()(const runner::MessagePlaced& body) { engine.On(body); }
    void operator()(runner::Ended& body) { engine.On(std::move(body)); }
    void operator()(const runner::Unstarted& body) { engine.On(body); }
    // The site deals with these itself.
    void operator()(const runner::Superseded&) {}
    void operator()(const runner::CaughtUp&) {}
    void operator()(const runner::Held&) {}
    void operator()(const runner::Waiting&) {}
    void operator()(const runner::ImageReady&) {}
  };
  std::visit(Take{*this}, report);
}

void EngineImpl::OnCaughtUp(const std::string&) {
  if (caught_up_) return;
  caught_up_ = true;
  settled_ = false;
  for (const scheduler::CancelAttempt& cancel : std::exchange(cancels_, {})) Do(cancel);
  Resubmit();
}

void EngineImpl::OnTrouble(const std::string& site, const std::string& why) {
  if (why.empty()) {
    if (trouble_.erase(site) > 0) follower_.OnTrouble(fmt::format("site {}: works again", site));
    return;
  }
  if (trouble_.empty()) trouble_since_ms_ = clock_.MonotonicMs();
  if (trouble_[site] != why) follower_.OnTrouble(fmt::format("site {}: {}", site, why));
  trouble_[site] = why;
}

void EngineImpl::OnFailed(const std::string& site, const std::string& why) {
  End(Ending::kWorldFailed, fmt::format("site {}: {}", site, why));
}

void EngineImpl::OnSuperseded(const std::string& site, int64_t epoch) {
  End(Ending::kSuperseded, fmt::format("another engine (epoch {}) has taken the run's site `{}`", epoch, site));
}

// The live attempt that a report is about. One that the journal lost with its machine, and that the site knows, is
// recorded as submitted first.
LiveAttempt* EngineImpl::Expect(const state::Place& place, int attempt) {
  const AttemptKey key = KeyOf(place, attempt);
  if (const auto found = live_.find(key); found != live_.end()) {
    found->second.told = true;
    return &found->second;
  }
  const std::optional<scheduler::StartTask> start = record_->scheduler().FindStart(place);
  if (!start || start->attempt != attempt) return nullptr;
  dispatch_.Forget(place, attempt);
  LiveAttempt live;
  live.place = place;
  live.attempt = attempt;
  live.told = true;
  live_.emplace(key, std::move(live));
  if (!Record(state::AttemptSubmitted{place, attempt, sites_.front()->name(), ""}, Durability::kSoon)) return nullptr;
  return &live_[key];
}

void EngineImpl::On(const runner::Claimed& report) {
  LiveAttempt* live = Expect(report.place, report.attempt);
  if (live == nullptr || live->begun) return;
  live->begun = true;
  if (live->sent && waiting_at_site_ > 0) --waiting_at_site_;
}

void EngineImpl::On(const runner::Started& report) {
  LiveAttempt* live = Expect(report.place, report.attempt);
  if (live == nullptr || live->started) return;
  live->started = true;
  Record(state::AttemptStarted{report.place, report.attempt, host_, report.pid});
}

void EngineImpl::On(const runner::Emitted& report) {
  LiveAttempt* live = Expect(report.place, report.attempt);
  if (live == nullptr || !live->emissions.insert(report.file).second) return;
  const scheduler::TaskView* view = record_->scheduler().FindTask(report.place);
  if (view == nullptr || view->task == nullptr) return;
  const std::string name = report.content.StringOr("checkpoint", "");
  const ir::Stream* stream = FindStream(*view->task, name);
  if (stream == nullptr) {
    Record(state::EmissionRefused{report.place, report.attempt, report.file,
                                  fmt::format("`checkpoint {}` is not declared by task {}; declared: {}", name,
                                              view->task->name, Members(*view->task))});
    return;
  }
  ErrorOr<Json> values = state::CheckEmission(*stream, report.content["values"]);
  if (!values.ok()) {
    Record(state::EmissionRefused{report.place, report.attempt, report.file, values.error().message()});
    return;
  }
  if (report.dropped > 0) Record(state::EmissionsCoalesced{report.place, name, report.dropped});
  state::Emission emission;
  emission.place = report.place;
  emission.attempt = report.attempt;
  emission.stream = name;
  emission.file = report.file;
  emission.values = std::move(values).value();
  emission.after_message = std::max<int64_t>(0, report.content.IntOr("taken", 0));
  Record(std::move(emission));
}

void EngineImpl::On(const runner::EmissionBad& report) {
  LiveAttempt* live = Expect(report.place, report.attempt);
  if (live == nullptr || !live->emissions.insert(report.file).second) return;
  Record(state::EmissionRefused{report.place, report.attempt, report.file, report.why});
}

void EngineImpl::On(const runner::MessagePlaced& report) {
  if (Expect(report.place, report.attempt) == nullptr) return;
  const scheduler::TaskView* view = record_->scheduler().FindTask(report.place);
  if (view == nullptr) return;
  for (const scheduler::MessageRecord& message : view->messages) {
    if (message.number != report.number || message.delivered) continue;
    Record(state::MessageDelivered{report.place, report.attempt, report.number});
    return;
  }
}

void EngineImpl::On(runner::Ended report) {
  LiveAttempt* live = Expect(report.place, report.attempt);
  if (live == nullptr) return;
  if (live->sent && !live->begun && waiting_at_site_ > 0) --waiting_at_site_;
  const scheduler::TaskView* view = record_->scheduler().FindTask(report.place);
  state::AttemptEnded ended;
  ended.place = report.place;
  ended.attempt = report.attempt;
  ended.failure = report.failure;
  ended.exit_code = report.exit_code;
  ended.signal = report.signal;
  ended.message = std::move(report.message);
  ended.usage = report.usage;
  if (!ended.failure && view != nullptr && view->task != nullptr) {
    ErrorOr<Json> outputs = state::CheckOutputs(*view->task, report.outputs);
    if (outputs.ok()) {
      ended.outputs = std::move(outputs).value();
    } else {
      ended.failure = ir::Reason::kOutput;
      ended.message = outputs.error().message();
    }
  }
  const LiveAttempt done = std::move(*live);
  live_.erase(KeyOf(report.place, report.attempt));
  if (!ended.failure) StoreResult(done, ended.outputs);
  const bool failed = ended.failure.has_value();
  Record(std::move(ended));
  // On a full disk every further attempt would fail as this one did.
  const scheduler::TaskView* after = failed ? record_->scheduler().FindTask(report.place) : nullptr;
  if (after != nullptr && after->status == scheduler::TaskStatus::kRetrying) ask_for_room_ = true;
}

// An entry in the cache is a convenience, its loss costs a repetition. Files are looked at off the loop.
void EngineImpl::StoreResult(const LiveAttempt& live, const Json& outputs) {
  if (live.key.empty()) return;
  const scheduler::TaskView* view = record_->scheduler().FindTask(live.place);
  if (view == nullptr || !view->messages.empty()) return;
  ReuseEntry entry{record_->facts().id, live.place, outputs};
  if (!Reuse::HasFiles(outputs)) {
    (void)reuse_->Store(live.key, entry);
    return;
  }
  worker_.Add([this, key = live.key, entry = std::move(entry)]() -> Worker::Completion {
    (void)reuse_->Store(key, entry);
    return [] {};
  });
}

void EngineImpl::On(const runner::Unstarted& report) {
  const auto found = live_.find(KeyOf(report.place, report.attempt));
  if (found == live_.end() || found->second.begun) return;
  if (found->second.sent && waiting_at_site_ > 0) --waiting_at_site_;
  found->second.sent = false;
  found->second.given_back = true;
}

}  // namespace hwf::engine
