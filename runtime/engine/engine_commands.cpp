// Carrying out what the scheduler wants. Each command may come again after a restart: doing it twice changes nothing.
#include <algorithm>
#include <cerrno>
#include <utility>

#include "ir/sites.h"
#include "runtime/engine/engine_impl.h"
#include "runtime/engine/evidence.h"
#include "runtime/engine/room.h"
#include "runtime/engine/uses_bundle.h"
#include "runtime/engine/workday_dues.h"
#include "runtime/state/values.h"

namespace hwf::engine {
namespace {

constexpr const char* kLost = "it had begun, and the machine went down with its runner's log";

std::string Absolute(const std::string& path, const std::string& base) {
  return !path.empty() && path[0] == '/' ? path : base + "/" + path;
}

}  // namespace

void EngineImpl::Carry(const scheduler::Command& command) {
  std::visit([this](const auto& body) { Do(body); }, command);
}

void EngineImpl::Do(const scheduler::StartTask& command) { AddReady({command}); }

void EngineImpl::Do(const scheduler::ResolveSource& command) {
  const ir::SourceNode& source = *command.source;
  if (!source.on.empty() && !SeenAt(source.on, "")) {
    RunSite* entry = sites_.Find(source.on);
    if (entry == nullptr) return RecordSource(command.place, MakeError("`{}` is no site of the run", source.on));
    if (entry->caught_up) return LookAtSource(*entry, command);
    entry->later.emplace_back(command);
    return;
  }
  const std::string path = Absolute(command.path, source.base_dir);
  worker_.Add([this, place = command.place, path, directory = source.directory,
               stays = !source.on.empty()]() -> Worker::Completion {
    const ErrorOr<Json> value = SourceValue(path, directory, stays);
    return [this, place, value] { RecordSource(place, value); };
  });
}

void EngineImpl::LookAtSource(RunSite& entry, const scheduler::ResolveSource& command) {
  if (command.path.empty() || command.path[0] != '/') {
    return RecordSource(
        command.place,
        MakeError("`{}` is relative, and what lies at a site is named by its absolute path", command.path));
  }
  stager_->LookAt(entry.name(), command.path, command.source->directory,
                  [this, place = command.place, site = entry.name(),
                   path = command.path](const ErrorOr<platform::FileDigest>& found) {
                    if (!found.ok()) return RecordSource(place, found.error());
                    RecordSource(place, StayingValue(site, path, *found));
                  });
}

void EngineImpl::RecordSource(const state::Place& place, const ErrorOr<Json>& value) {
  if (outcome_) return;
  Record(state::SourceResolved{place, value.ok() ? *value : Json(), value.ok() ? "" : value.error().message()});
}

// ---------------------------------------------------------------- tasks

void EngineImpl::AddReady(Ready ready) {
  // Its end is known; it is only not recorded yet.
  if (ending_.contains(KeyOf(ready.start.place, ready.start.attempt))) return;
  RunSite* entry = SiteOf(ready.start.place, ready.start.attempt);
  if (entry != nullptr) return entry->ready.Add(std::move(ready));
  FailAttempt(ready.start.place, ready.start.attempt, ir::Reason::kSite,
              "it runs on `" + ready.start.site + "`, which is no site of the run");
}

// Where the attempt is, or would go.
RunSite* EngineImpl::SiteOf(const state::Place& place, int attempt) {
  const auto live = live_.find(KeyOf(place, attempt));
  if (live != live_.end()) return sites_.Find(live->second.site);
  const scheduler::TaskView* view = record_->scheduler().FindTask(place);
  return view != nullptr ? sites_.Find(view->site) : nullptr;
}

// Whether anything was taken out of what is ready.
bool EngineImpl::DispatchReady() {
  if (draining_ || outcome_) return false;
  bool asked = false, any = false;
  for (const auto& entry : sites_.all()) {
    const size_t refill = options_.once ? SIZE_MAX : std::max<size_t>(1, entry->site->most_waiting() / 2);
    if (!entry->caught_up || entry->ready.empty() || entry->waiting >= refill) continue;
    if (!std::exchange(asked, true) && !RoomForMore()) return any;
    DispatchTo(*entry);
    any = true;
  }
  return any;
}

bool EngineImpl::RoomForMore() {
  if (!HoldsLease()) return false;
  ErrorOr<Success> space = journal_->HoldSpace();
  if (space.ok() && ask_for_room_) space = TryRoom(record_->paths().root);
  ask_for_room_ = !space.ok();
  if (!space.ok() && !no_space_) follower_.OnTrouble("nothing new is started: " + space.error().message());
  no_space_ = !space.ok();
  return space.ok();
}

void EngineImpl::DispatchTo(RunSite& entry) {
  const size_t most = options_.once ? SIZE_MAX : entry.site->most_waiting();
  std::vector<runner::Start> batch;
  while (entry.waiting + entry.bringing < most && !outcome_) {
    std::optional<Ready> ready = entry.ready.Next();
    if (!ready) break;
    scheduler::StartTask& start = ready->start;
    if (!ready->checked && !ApprovedArguments(start).empty()) {
      CheckApproved(std::move(start));
      continue;
    }
    if (WaitsForImage(entry, *ready)) continue;
    Json members;
    if (start.may_reuse && Reuse::Allowed(*start.task)) {
      members = reuse_->KeyMembers(record_->module(), start, ImageDigest(entry, start));
    }
    const std::string key = Reuse::KeyOf(members);
    KeyNote note{start.place, start.task->name, key, "no earlier result was looked for (--no-reuse)", Json()};
    if (!key.empty()) note.parts = KeyParts(*start.task, members);
    const bool looked = !key.empty() && options_.reuse && start.attempt == 1;
    if (looked && (TryReuse(entry, *ready, note) || AskTrusted(entry, *ready, note))) continue;
    if (!ready->brought && NeedsFiles(entry, start)) {
      BringToSite(entry, *std::move(ready));
      continue;
    }
    if (!key.empty()) keys_->Add(note);
    Submit(entry, *ready, key, batch);
  }
  if (batch.empty()) return;
  last_report_ms_ = clock_.MonotonicMs();  // from now on a report is waited for
  entry.site->Submit(std::move(batch));
}

// True: it is reused, or comes again once the site that has the files was asked.
bool EngineImpl::TryReuse(RunSite& entry, Ready& ready, KeyNote& note) {
  const scheduler::StartTask& start = ready.start;
  note.why = "the files of an equal task's result are not as they were at their site";
  std::optional<ReuseEntry> found = ready.unequal ? std::nullopt : reuse_->Find(note.key, &note.why);
  if (!found) return false;
  note.why = "the result of an equal task is of another version of it";
  if (!state::CheckOutputs(*start.task, found->outputs).ok()) return false;
  note.why = "the files of an equal task's result are at a site that is declared otherwise now";
  const auto files = Reuse::FilesElsewhere(record_->module(), found->outputs);
  if (!files) return false;
  note.why.clear();
  keys_->Add(note);
  state::TaskReused reused{start.place, note.key, found->run, found->place, found->outputs};
  if (files->empty()) {
    Record(std::move(reused));
  } else {
    CompareElsewhere(entry, std::move(ready), *files, std::move(reused));
  }
  return true;
}

void EngineImpl::Submit(RunSite& entry, const Ready& ready, const std::string& key, std::vector<runner::Start>& batch) {
  const scheduler::StartTask& start = ready.start;
  LaunchContext context;
  context.module = &record_->module();
  context.root = entry.site->root();
  context.secrets = &entry.secrets;
  context.setting = &entry.site->setting();
  const ir::Site* declared = ir::FindSite(record_->module(), entry.name());
  context.on_nodes = declared != nullptr && declared->kind == "slurm";
  context.run_id = record_->facts().id;
  context.task_directory = options_.program_directory;
  context.python_directory = options_.python_directory;
  ErrorOr<runner::Start> built = BuildStart(context, start);
  const bool known = live_.count(KeyOf(start.place, start.attempt)) > 0;
  if (!known) {
    const Durability durability = start.task->effect ? Durability::kNow : Durability::kSoon;
    LiveAttempt live;
    live.place = start.place;
    live.attempt = start.attempt;
    live.site = entry.name();
    live.key = key;
    live_.emplace(KeyOf(start.place, start.attempt), std::move(live));
    if (!Record(state::AttemptSubmitted{start.place, start.attempt, entry.name(), key}, durability)) return;
  }
  if (!built.ok()) {
    FailAttempt(start.place, start.attempt, ir::Reason::kOutput, built.error().message());
    return;
  }
  if (ready.uses.is_object()) {
    for (std::string& link : built->links) link = InBundle(ready.uses.StringOr("path", ""), link);
  }
  const ErrorOr<Success> admitted = entry.site->Admit(*built);
  if (!admitted.ok()) {
    FailAttempt(start.place, start.attempt, ir::Reason::kSite, admitted.error().message());
    return;
  }
  LiveAttempt& live = live_[KeyOf(start.place, start.attempt)];
  live.sent = true;
  live.given_back = false;
  ++entry.waiting;
  batch.push_back(std::move(built).value());
}

// What was approved is given to a task as read-only copies, whose digests are taken now. Then it waits its turn again:
// whether anything may start is asked when it is handed out.
void EngineImpl::CheckApproved(scheduler::StartTask start) {
  for (const ApprovedArgument& approved : ApprovedArguments(start)) {
    std::vector<Json*> files;
    CollectParts(*approved.value, files);
    for (Json* file : files) *file = ApprovedHere(*file);
  }
  worker_.Add([this, start = std::move(start), evidence = record_->paths().Evidence()]() mutable -> Worker::Completion {
    ErrorOr<Success> checked = Success{};
    for (const ApprovedArgument& approved : ApprovedArguments(start)) {
      ErrorOr<Json> copy = CheckedCopy(files_, *approved.value, evidence, shared_);
      if (!copy.ok()) {
        checked = copy.error().WithContext("what was approved for `" + approved.param->name + "`");
        break;
      }
      *approved.value = std::move(copy).value();
    }
    return [this, start = std::move(start), checked = std::move(checked)]() mutable {
      const std::optional<scheduler::StartTask> current = record_->scheduler().FindStart(start.place);
      if (!current || current->attempt != start.attempt) return;  // cancelled while it was copied
      if (checked.ok()) {
        AddReady({std::move(start), /*checked=*/true});
      } else {
        FailAttempt(start.place, start.attempt, ir::Reason::kOutput, checked.error().message());
      }
    };
  });
}

void EngineImpl::FailAttempt(const state::Place& place, int attempt, ir::Reason reason, const std::string& message) {
  state::AttemptEnded ended;
  ended.place = place;
  ended.attempt = attempt;
  ended.failure = reason;
  ended.message = message;
  RecordEnd(std::move(ended), {});
}

void EngineImpl::Do(const scheduler::CancelAttempt& command) {
  RunSite* entry = SiteOf(command.place, command.attempt);
  // Until the site has told all it knows, nobody can say whether it has the attempt.
  if (entry != nullptr && !entry->caught_up) {
    entry->cancels.push_back(command);
    return;
  }
  const std::optional<scheduler::StartTask> current = record_->scheduler().FindStart(command.place);
  if (!current || current->attempt != command.attempt) return;  // it has ended by itself
  sites_.Forget(command.place, command.attempt);
  const auto live = live_.find(KeyOf(command.place, command.attempt));
  if (live != live_.end() && live->second.ended) return;
  // Never submitted, still being copied, or given back by a site that drained: no site has it.
  if (live == live_.end() || live->second.given_back || entry == nullptr) {
    FailAttempt(command.place, command.attempt, ir::Reason::kCancelled, "cancelled before it began");
    return;
  }
  if (live->second.begun && !live->second.told && current->task->effect) {
    FailAttempt(command.place, command.attempt, ir::Reason::kNodeFail, kLost);
    return;
  }
  // Also if it may never have come there: the site ends what it does not know, too.
  entry->site->Cancel(command.place, command.attempt);
}

void EngineImpl::Do(const scheduler::PlaceMessage& command) {
  runner::Message message;
  message.place = command.place;
  message.attempt = command.attempt;
  message.number = command.number;
  message.body.Set("number", command.number).Set("message", command.message).Set("fields", command.fields);
  if (RunSite* entry = SiteOf(command.place, command.attempt)) BringMessage(entry->name(), std::move(message));
}

void EngineImpl::Do(const scheduler::AskDoubt& command) {
  follower_.OnTrouble(
      fmt::format("{} began and its end is unknown; say whether its effect happened:\n"
                  "    hwf doubt {} {}\n      # happened, did-not",
                  command.place, record_->facts().id, command.place));
}

// Once a site has told all it knows: what was submitted and never reached it is submitted again, and so is what
// began at a machine that went down before its log was on disk. Such an effect is in doubt instead.
void EngineImpl::Resubmit(RunSite& entry) {
  std::vector<scheduler::StartTask> again, lost;
  for (auto& [key, live] : live_) {
    if (live.site != entry.name() || live.told || live.sent || live.ended) continue;
    std::optional<scheduler::StartTask> start = record_->scheduler().FindStart(live.place);
    if (!start || start->attempt != live.attempt) continue;
    const bool doubtful = live.begun && start->task->effect;
    live.begun = false;
    (doubtful ? lost : again).push_back(std::move(*start));
  }
  for (const scheduler::StartTask& start : lost) {
    FailAttempt(start.place, start.attempt, ir::Reason::kNodeFail, kLost);
  }
  for (scheduler::StartTask& start : again) {
    start.may_reuse = false;
    AddReady({std::move(start)});
  }
}

// ---------------------------------------------------------------- reviews

void EngineImpl::Do(const scheduler::OpenReview& command) {
  const scheduler::ReviewView* review = record_->scheduler().FindReview(command.review);
  if (review == nullptr || review->status != scheduler::ReviewStatus::kOpening) return;
  if (!opening_.insert(command.review).second) return;
  const ErrorOr<Success> reachable =
      CanAnswer(review->rule, record_->module(), *people_, record_->paths().root, record_->facts().starter);
  if (!reachable.ok()) {
    FinishOpening(command.review, reachable.error());
    return;
  }
  // What lies elsewhere comes here first.
  auto show = std::make_shared<ShownValues>(review->show);
  auto bringing = std::make_shared<Bringing>();
  for (auto& [label, value] : *show) bringing->values.push_back(&value);
  bringing->staying = Bringing::Staying::kRefused;
  BringFiles(bringing, [this, id = command.review, show](const std::string& why) {
    if (why.empty()) return Freeze(id, std::move(*show));
    FinishOpening(id, Error("what it shows cannot be fetched: " + why));
  });
}

void EngineImpl::Freeze(const std::string& id, ShownValues show) {
  std::vector<const Json*> shown_files;
  for (const auto& [label, value] : show) CollectFiles(value, shown_files);
  if (shown_files.empty()) {
    FinishOpening(id, FreezeEvidence(files_, show, record_->paths().Evidence(), shared_));
    return;
  }
  worker_.Add([this, id, show = std::move(show), evidence = record_->paths().Evidence()]() -> Worker::Completion {
    ErrorOr<Json> frozen = FreezeEvidence(files_, show, evidence, shared_);
    return [this, id, frozen = std::move(frozen)] { FinishOpening(id, frozen); };
  });
}

void EngineImpl::FinishOpening(const std::string& id, ErrorOr<Json> evidence) {
  opening_.erase(id);
  const scheduler::ReviewView* review = record_->scheduler().FindReview(id);
  if (outcome_ || review == nullptr || review->status != scheduler::ReviewStatus::kOpening) return;
  // Says nothing about the evidence: it is frozen when there is room.
  if (!evidence.ok() && (evidence.error().code() == ENOSPC || evidence.error().code() == EDQUOT)) {
    return End(Ending::kWorldFailed, "the review " + id + " cannot be opened: " + evidence.error().message());
  }
  if (!evidence.ok()) {
    Record(state::ReviewVoided{id, evidence.error().message()});
    return;
  }
  const state::TimeMs now = std::max(clock_.NowMs(), record_->facts().last_event);
  ErrorOr<Json> due = WorkdayDues(record_->module(), *review->node, now);
  // Says nothing about the review: with the zone there it opens.
  if (!due.ok()) return End(Ending::kWorldFailed, "the review " + id + " cannot be opened: " + due.error().message());
  WriteReviewRecord(*review);
  Record(state::ReviewOpened{id, std::move(evidence).value(), std::move(due).value()});
  CarryAnswer(id);
  if (const scheduler::ReviewView* opened = record_->scheduler().FindReview(id)) WriteReviewRecord(*opened);
}

void EngineImpl::Do(const scheduler::CloseReview& command) {
  clocks_.Disarm(command.review);
  if (const scheduler::ReviewView* review = record_->scheduler().FindReview(command.review)) WriteReviewRecord(*review);
}

void EngineImpl::Do(const scheduler::ArmClock& command) { clocks_.Arm(command); }

void EngineImpl::Do(const scheduler::Notify& command) {
  const scheduler::ReviewView* review = record_->scheduler().FindReview(command.review);
  if (review == nullptr || review->status != scheduler::ReviewStatus::kOpen) return;  // its answer was carried over
  const ErrorOr<Success> told =
      notifier_.Notify({record_->facts().id, review->id, review->question, command.what}, clock_.MonotonicMs());
  if (!told.ok()) follower_.OnTrouble(told.error().message());
}

// What the run gives back is here when it ends.
void EngineImpl::Do(const scheduler::FinishRun& command) {
  const int now = record_->scheduler().generation();
  if (command.generation != now || std::exchange(fetching_outputs_, now) == now) return;
  auto finish = std::make_shared<scheduler::FinishRun>(command);
  auto bringing = std::make_shared<Bringing>();
  bringing->values.push_back(&finish->outputs);
  bringing->staying = Bringing::Staying::kPassed;
  BringFiles(bringing, [this, finish](const std::string& why) {
    if (finish->generation != record_->scheduler().generation()) return;  // rewound meanwhile
    fetching_outputs_ = 0;
    if (finish->ok && !why.empty()) {
      finish->ok = false;
      finish->outputs = Json();
      finish->why = "an output cannot be fetched: " + why;
    }
    Finish(*finish);
  });
}

void EngineImpl::Finish(const scheduler::FinishRun& command) {
  if (!Record(state::RunFinished{command.ok, command.outputs, command.why})) return;
  // As it was recorded: outputs that are too large make a failure of it.
  End(Ending::kFinished, record_->facts().why);
  outcome_->ok = record_->facts().ok;
}

}  // namespace hwf::engine
