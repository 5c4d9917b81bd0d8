// The engine's inside, shared by its files: engine.cpp (opening, the loop, how it ends), engine_commands.cpp (what the
// scheduler wants done), engine_files.cpp (what `keep` lets go), engine_reports.cpp (what sites tell),
// engine_images.cpp, engine_requests.cpp (what people ask). One thread.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "runtime/engine/carried_answers.h"
#include "runtime/engine/clocks.h"
#include "runtime/engine/engine.h"
#include "runtime/engine/evidence.h"
#include "runtime/engine/journal_keeper.h"
#include "runtime/engine/key_log.h"
#include "runtime/engine/launcher.h"
#include "runtime/engine/notify.h"
#include "runtime/engine/people.h"
#include "runtime/engine/reuse.h"
#include "runtime/engine/run_directory.h"
#include "runtime/engine/server.h"
#include "runtime/engine/signals.h"
#include "runtime/engine/site_table.h"
#include "runtime/engine/tried_log.h"
#include "runtime/engine/trusted_results.h"
#include "runtime/engine/uses_bundle.h"
#include "runtime/engine/worker.h"
#include "runtime/journal/lease.h"
#include "runtime/platform/clock.h"
#include "runtime/platform/inotify_watch.h"
#include "runtime/review/mailbox.h"
#include "runtime/site/site.h"
#include "runtime/staging/stager.h"

namespace hwf::engine {

// An attempt that was submitted and has not ended.
struct LiveAttempt {
  state::Place place;
  int attempt = 1;
  std::string site;                           // that has it
  std::string key;                            // content key, or empty
  bool begun = false;                         // claimed or started at its site
  bool told = false;                          // its site has told this engine of it
  bool started = false;                       // AttemptStarted is recorded
  bool sent = false;                          // handed to the site by this engine
  bool given_back = false;                    // by a site that drained
  bool ended = false;                         // its end is recorded as soon as its log is kept
  std::unordered_set<std::string> emissions;  // file names recorded
};

class EngineImpl : public Engine, public site::Listener {
 public:
  EngineImpl(platform::FileSystem& files, EngineOptions options, Follower& follower);
  ~EngineImpl() override;

  ErrorOr<Success> Start(const std::string& directory);
  Outcome Run() override;
  const RunRecord& record() const override { return *record_; }

  void OnReport(const std::string& site, runner::Report report, uint64_t offset) override;
  void OnCaughtUp(const std::string& site) override;
  void OnTrouble(const std::string& site, const std::string& why) override;
  void OnFailed(const std::string& site, const std::string& why) override;
  void OnSuperseded(const std::string& site, int64_t epoch) override;

 private:
  // ---- opening (engine.cpp)
  ErrorOr<Success> TakeOver(const std::string& directory);
  bool RewindWaits() const;
  ErrorOr<Success> OpenSites();
  void OpenWatch();
  void NoteReplayed(const state::Event& event);

  // ---- the loop (engine.cpp)
  void Turn();
  void FinishSites();
  void TellTroubles();
  int WaitTime();
  void Wait(int timeout_ms);
  void PollSites();
  void HandleSignals();
  void Interrupt();
  void FireClocks();
  void KeepLease();
  bool HoldsLease();
  bool Over();
  bool NothingToDoNow() const;
  bool AnythingRuns() const;
  bool AnythingMayBegin() const;
  bool OutOfReach();
  bool Reachable() const;
  bool NothingToHandOut() const;
  bool AnyTrouble() const;
  const RunSite* Hopeless() const;
  void End(Ending ending, const std::string& why);

  // ---- recording (engine.cpp)
  // Appends, applies, queues the commands. False if the journal failed: the engine ends.
  bool Record(state::EventBody body, Durability durability);
  bool Record(state::EventBody body);
  void Drive();

  // ---- commands (engine_commands.cpp)
  void Carry(const scheduler::Command& command);
  void Do(const scheduler::StartTask& command);
  void Do(const scheduler::ResolveSource& command);
  void Do(const scheduler::OpenReview& command);
  void Do(const scheduler::CloseReview& command);
  void Do(const scheduler::ArmClock& command);
  void Do(const scheduler::Notify& command);
  void Do(const scheduler::PlaceMessage& command);
  void Do(const scheduler::RemoveFiles& command);
  void Do(const scheduler::CancelAttempt& command);
  void Do(const scheduler::AskDoubt& command);
  void Do(const scheduler::FinishRun& command);
  bool DispatchReady();
  void DispatchTo(RunSite& site);
  bool RoomForMore();
  void AddReady(Ready ready);
  RunSite* SiteOf(const state::Place& place, int attempt);
  bool TryReuse(RunSite& entry, Ready& ready, KeyNote& note);
  bool AskTrusted(RunSite& entry, Ready& ready, KeyNote& note);  // engine_trust.cpp
  void Submit(RunSite& site, const Ready& ready, const std::string& key, std::vector<runner::Start>& batch);
  void CheckApproved(scheduler::StartTask start);
  void FailAttempt(const state::Place& place, int attempt, ir::Reason reason, const std::string& message);
  void Freeze(const std::string& review, ShownValues show);
  void Finish(const scheduler::FinishRun& command);
  void FinishOpening(const std::string& review, ErrorOr<Json> evidence);
  void WriteReviewRecord(const scheduler::ReviewView& review);
  void Resubmit(RunSite& site);

  // ---- files elsewhere (engine_staging.cpp)
  // Values whose files are brought somewhere, for whom.
  struct Bringing {
    std::string to;  // site; empty: this machine
    std::vector<Json*> values;
    std::vector<staging::Item> items;
    size_t left = 0;
    bool compare = false;  // nothing moves: the items are read where they are
    // What becomes of what stays at a site: it must be seen at `to`; it may not be here; it is passed on as it is.
    enum class Staying { kSeen, kRefused, kPassed } staying = Staying::kSeen;
    std::string why;     // the first that does not come
    state::Place place;  // of the attempt that waits; empty: none does
    int attempt = 1;
    int64_t since_ms = 0, told_ms = 0;
  };
  bool SeenAt(const std::string& site, const std::string& other) const;
  void RemoveThere(const scheduler::RemoveFiles& command);
  void TellNotRemoved(const std::string& why);
  void LookAtSource(RunSite& entry, const scheduler::ResolveSource& command);
  void RecordSource(const state::Place& place, const ErrorOr<Json>& value);
  std::string WhyNotBrought(const Bringing& bringing, const Json& file) const;
  void MarkSite(Json& value, const std::string& site) const;
  void CompareElsewhere(RunSite& entry, Ready ready, const std::vector<const Json*>& files, state::TaskReused reused);
  void OpenStager();
  std::string OwnRunner() const;
  void BringFiles(const std::shared_ptr<Bringing>& bringing, const std::function<void(const std::string& why)>& done);
  bool NeedsFiles(const RunSite& entry, const scheduler::StartTask& start) const;
  void BringToSite(RunSite& entry, Ready ready);
  void BringArguments(const std::string& site, Ready ready);
  void OnBrought(const std::string& site, Ready ready, const std::string& why);
  // A message on its way to a running attempt; those of an attempt arrive in their order.
  struct Letter {
    runner::Message message;
    bool brought = false;  // its files are at the site
  };
  void BringMessage(const std::string& site, runner::Message message);
  void SendBrought(const std::string& site, const std::string& key);
  Json ApprovedHere(const Json& file) const;
  void TellBringing();

  // ---- answers of an earlier run (engine_carry.cpp)
  void LoadCarried();
  void CarryAnswer(const std::string& review);
  void CarryInterrupted();

  // ---- reports (engine_reports.cpp)
  LiveAttempt* Expect(const RunSite& site, const state::Place& place, int attempt);
  void On(RunSite& site, const runner::Claimed& report);
  std::string HostOf(const RunSite& site, const runner::Started& report) const;
  void On(RunSite& site, const runner::Started& report);
  void On(RunSite& site, const runner::Emitted& report);
  void On(RunSite& site, const runner::EmissionBad& report);
  void On(RunSite& site, const runner::MessagePlaced& report);
  void On(RunSite& site, runner::Ended report);
  void On(RunSite& site, const runner::Unstarted& report);
  void On(RunSite& site, const runner::Waiting& report);

  // ---- images (engine_images.cpp)
  ErrorOr<std::string> ImageOf(const scheduler::StartTask& start) const;
  bool WaitsForImage(RunSite& site, Ready& ready);
  std::string ImageDigest(const RunSite& site, const scheduler::StartTask& start) const;
  void On(RunSite& site, const runner::ImageReady& report);

  // ---- logs of tried calls (engine_try.cpp)
  bool IsTried(const state::Place& place, int attempt) const;
  void RecordEnd(state::AttemptEnded ended, Written written);
  void RecordFailure(state::AttemptEnded ended);

  void StoreResult(const LiveAttempt& live, const Json& outputs);

  // ---- requests (engine_requests.cpp)
  bool DrainInbox();
  bool TakeRequests();
  std::string OnSocket(std::string_view message, const Peer& peer);
  review::MailboxActions Actions();
  ErrorOr<review::Reply> Apply(const review::Incoming& incoming);
  std::optional<review::Reply> Unfit(const review::Request& request) const;
  std::optional<review::Reply> Hopeless(const review::Request& request) const;
  ErrorOr<review::Reply> ApplyAnswer(const review::Incoming& incoming);
  ErrorOr<review::Reply> ApplyOpen(const review::Incoming& incoming);
  ErrorOr<review::Reply> ApplyCancel(const review::Incoming& incoming);
  ErrorOr<review::Reply> ApplyDoubt(const review::Incoming& incoming);
  ErrorOr<review::Reply> ApplyRewind(const review::Incoming& incoming);
  ErrorOr<review::Reply> ApplyWithdraw(const review::Incoming& incoming);
  struct Entitlement {
    std::vector<std::string> groups;    // of those that the rule names, the person's
    std::optional<std::string> barred;  // why the person may not answer
  };
  Entitlement EntitlementOf(const scheduler::ReviewView*& review, const state::Person& person);
  std::optional<ErrorOr<Success>> Intact(const scheduler::ReviewView& review);
  std::string WhatStarts(size_t from) const;
  bool IsOwner(const state::Person& person) const;

  platform::FileSystem& files_;
  platform::Clock& clock_;
  EngineOptions options_;
  Follower& follower_;
  std::unique_ptr<RunRecord> record_;
  std::unique_ptr<journal::Lease> lease_;
  std::unique_ptr<JournalKeeper> journal_;
  std::unique_ptr<Reuse> reuse_;
  std::unique_ptr<TrustedResults> trusted_;  // the worker's
  std::unique_ptr<KeyLog> keys_;
  CarriedAnswers carried_;  // of the run that this one began from
  std::unique_ptr<review::People> people_;
  std::unique_ptr<review::Mailbox> mailbox_;
  std::optional<platform::DirectoryWatch> watch_;  // of the inbox; none where there is no inotify
  EvidenceChecker evidence_;
  Server server_;
  Signals signals_;
  std::optional<UsesBundles> bundles_;  // the worker's, from the first on
  Worker worker_;
  Notifier notifier_;
  Clocks clocks_;
  SiteTable sites_;
  std::unique_ptr<staging::Stager> stager_;
  std::vector<std::shared_ptr<Bringing>> bringing_;
  std::map<std::string, std::deque<std::shared_ptr<Letter>>> letters_;  // by attempt
  std::deque<scheduler::Command> todo_;
  std::unordered_map<AttemptKey, LiveAttempt> live_;
  std::unordered_set<AttemptKey> ending_;                      // tried, and their logs are being kept
  std::unordered_set<std::string> opening_;                    // reviews whose evidence is being frozen
  std::unordered_set<std::string> checking_;                   // reviews whose evidence is being checked for an answer
  std::unordered_map<std::string, ErrorOr<Success>> checked_;  // what came of that, for the answers that wait
  std::unordered_map<std::string, state::Person> requests_;    // ids of recorded requests, with who sent them
  std::string host_;
  bool shared_ = false;
  bool draining_ = false;
  int fetching_outputs_ = 0;  // of which generation of the run; 0: of none
  bool cancelled_ = false;    // by this engine: second Ctrl-C or --fail-fast
  bool no_space_ = false;
  bool ask_for_room_ = false;    // an attempt that will be tried again failed: was the disk full?
  bool settled_ = false;         // --once: a whole turn brought nothing
  int64_t next_inbox_ms_ = 0;    // monotonic
  int64_t clocks_held_ms_ = 0;   // no clock fires before: the mailbox could not be read
  std::string mailbox_trouble_;  // told, and not over
  int64_t next_heartbeat_ms_ = 0;
  std::string lease_trouble_;  // told, and not over
  int64_t last_report_ms_ = 0;
  int site_wait_ms_ = -1;
  std::optional<Outcome> outcome_;
};

}  // namespace hwf::engine
