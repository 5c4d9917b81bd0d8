// What sites tell. After a restart a site tells its whole log again: what the journal has already is passed over, by
// attempt (ended ones are not expected any more) and by an emission's file name.
#include <utility>

#include "runtime/engine/engine_impl.h"
#include "runtime/platform/rename.h"
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

void EngineImpl::OnReport(const std::string& name, runner::Report report, uint64_t offset) {
  RunSite* entry = sites_.Find(name);
  if (outcome_ || entry == nullptr) return;
  settled_ = false;
  last_report_ms_ = clock_.MonotonicMs();
  if (entry->copy && offset > 0) (void)entry->copy->Append(runner::ToJson(report).Dump());  // a convenience
  struct Take {
    EngineImpl& engine;
    RunSite& site;
    void operator()(const runner::Claimed& body) { engine.On(site, body); }
    void operator()(const runner::Started& body) { engine.On(site, body); }
    void operator()(const runner::Emitted& body) { engine.On(site, body); }
    void operator()(const runner::EmissionBad& body) { engine.On(site, body); }
    void operator()(const runner::MessagePlaced& body) { engine.On(site, body); }
    void operator()(runner::Ended& body) { engine.On(site, std::move(body)); }
    void operator()(const runner::Unstarted& body) { engine.On(site, body); }
    // The site deals with the first three itself.
    void operator()(const runner::Superseded&) {}
    void operator()(const runner::CaughtUp&) {}
    void operator()(const runner::Held&) {}
    void operator()(const runner::Waiting& body) { engine.On(site, body); }
    void operator()(const runner::ImageReady& body) { engine.On(site, body); }
  };
  std::visit(Take{*this, *entry}, report);
}

void EngineImpl::OnCaughtUp(const std::string& name) {
  RunSite* entry = sites_.Find(name);
  if (entry == nullptr) return;
  // An earlier engine may have left it in trouble.
  if (entry->trouble.empty() && record_->facts().troubled.contains(name)) Record(state::SiteTroubled{name, ""});
  if (std::exchange(entry->caught_up, true)) return;
  const std::string copy = record_->paths().root + "/agents/" + name + "/log";
  if (entry->copy) (void)platform::RenameAndLook(copy + ".new", copy);
  settled_ = false;
  for (const scheduler::CancelAttempt& cancel : std::exchange(entry->cancels, {})) Do(cancel);
  for (const scheduler::Command& command : std::exchange(entry->later, {})) Carry(command);
  Resubmit(*entry);
}

void EngineImpl::OnTrouble(const std::string& name, const std::string& why) {
  RunSite* entry = sites_.Find(name);
  if (entry == nullptr || entry->trouble == why) return;
  if (entry->trouble.empty()) entry->trouble_since_ms = clock_.MonotonicMs();
  entry->trouble = why;
  follower_.OnTrouble(fmt::format("site {}: {}", name, why.empty() ? "works again" : why));
  // What is waited out may last: whoever looks at the run is told.
  if (entry->site->patient()) Record(state::SiteTroubled{name, why});
}

void EngineImpl::OnFailed(const std::string& site, const std::string& why) {
  End(Ending::kWorldFailed, fmt::format("site {}: {}", site, why));
}

void EngineImpl::OnSuperseded(const std::string& site, int64_t epoch) {
  End(Ending::kSuperseded, fmt::format("another engine (epoch {}) has taken the run's site `{}`", epoch, site));
}

// The live attempt that a report is about. One that the journal lost with its machine, and that the site knows, is
// recorded as submitted first.
LiveAttempt* EngineImpl::Expect(const RunSite& site, const state::Place& place, int attempt) {
  const AttemptKey key = KeyOf(place, attempt);
  if (const auto found = live_.find(key); found != live_.end()) {
    if (found->second.site != site.name()) return nullptr;
    found->second.told = true;
    return &found->second;
  }
  const std::optional<scheduler::StartTask> start = record_->scheduler().FindStart(place);
  if (!start || start->attempt != attempt) return nullptr;
  sites_.Forget(place, attempt);
  LiveAttempt live;
  live.place = place;
  live.attempt = attempt;
  live.site = site.name();
  live.told = true;
  live_.emplace(key, std::move(live));
  if (!Record(state::AttemptSubmitted{place, attempt, site.name(), ""}, Durability::kSoon)) return nullptr;
  return &live_[key];
}

void EngineImpl::On(RunSite& site, const runner::Claimed& report) {
  LiveAttempt* live = Expect(site, report.place, report.attempt);
  if (live == nullptr || live->begun) return;
  live->begun = true;
  if (live->sent && site.waiting > 0) --site.waiting;
}

std::string EngineImpl::HostOf(const RunSite& site, const runner::Started& report) const {
  if (!report.host.empty()) return report.host;
  return site.site->setting().host.empty() ? host_ : site.site->setting().host;
}

void EngineImpl::On(RunSite& site, const runner::Started& report) {
  LiveAttempt* live = Expect(site, report.place, report.attempt);
  if (live == nullptr || live->started) return;
  live->started = true;
  Record(state::AttemptStarted{report.place, report.attempt, HostOf(site, report), report.pid});
}

void EngineImpl::On(RunSite& site, const runner::Emitted& report) {
  LiveAttempt* live = Expect(site, report.place, report.attempt);
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
  Json said = report.content["values"];
  MarkSite(said, site.name());
  ErrorOr<Json> values = state::CheckEmission(*stream, said);
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

void EngineImpl::On(RunSite& site, const runner::EmissionBad& report) {
  LiveAttempt* live = Expect(site, report.place, report.attempt);
  if (live == nullptr || !live->emissions.insert(report.file).second) return;
  Record(state::EmissionRefused{report.place, report.attempt, report.file, report.why});
}

void EngineImpl::On(RunSite& site, const runner::MessagePlaced& report) {
  if (Expect(site, report.place, report.attempt) == nullptr) return;
  const scheduler::TaskView* view = record_->scheduler().FindTask(report.place);
  if (view == nullptr) return;
  for (const scheduler::MessageRecord& message : view->messages) {
    if (message.number != report.number || message.delivered) continue;
    Record(state::MessageDelivered{report.place, report.attempt, report.number});
    return;
  }
}

void EngineImpl::On(RunSite& site, runner::Ended report) {
  LiveAttempt* live = Expect(site, report.place, report.attempt);
  if (live == nullptr || live->ended) return;
  if (live->sent && !live->begun && site.waiting > 0) --site.waiting;
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
    MarkSite(report.outputs, site.name());
    ErrorOr<Json> outputs = state::CheckOutputs(*view->task, report.outputs);
    if (outputs.ok()) {
      ended.outputs = std::move(outputs).value();
    } else {
      ended.failure = ir::Reason::kOutput;
      ended.message = outputs.error().message();
    }
  }
  if (ended.failure) {
    return RecordEnd(std::move(ended), {std::move(report.err), std::move(report.err_file), site.name()});
  }
  const LiveAttempt done = std::move(*live);
  live_.erase(KeyOf(report.place, report.attempt));
  StoreResult(done, ended.outputs);
  Record(std::move(ended));
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

void EngineImpl::On(RunSite& site, const runner::Waiting& report) {
  const LiveAttempt* live = Expect(site, report.place, report.attempt);
  if (live == nullptr || live->begun) return;
  const scheduler::TaskView* view = record_->scheduler().FindTask(report.place);
  if (view == nullptr || view->waiting == report.why) return;
  Record(state::AttemptWaiting{report.place, report.attempt, report.why});
}

void EngineImpl::On(RunSite& site, const runner::Unstarted& report) {
  const auto found = live_.find(KeyOf(report.place, report.attempt));
  if (found == live_.end() || found->second.begun) return;
  if (found->second.sent && site.waiting > 0) --site.waiting;
  found->second.sent = false;
  found->second.given_back = true;
}

}  // namespace hwf::engine
