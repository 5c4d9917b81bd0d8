// Opening a run, the loop, and how it ends.
//
// A turn of the loop: sites first (what they tell may close a review), then the mailbox and the socket, then deadlines,
// so that an answer given in time counts; then whatever became ready is handed out. Each of them records events;
// Drive() carries out the commands that these gave before the next is looked at.
#include <poll.h>
#include <sys/stat.h>

#include <algorithm>
#include <set>

#include "runtime/engine/engine_impl.h"
#include "runtime/platform/process.h"

namespace hwf::engine {
namespace {

constexpr int64_t kLongestWaitMs = 60'000;     // the wall clock may have been set
constexpr int64_t kGiveUpStartingMs = 20'000;  // a site that does not come up
constexpr int64_t kOutOfReachMs = 5'000;       // a site that does not come back, when somebody wants to leave
constexpr int64_t kQuietMs = 2000;             // without a word from the sites, what was submitted waits for room
constexpr int64_t kClocksHoldMs = 1000;        // until the mailbox is tried again
constexpr int64_t kBeatAgainMs = 1000;         // after a heartbeat that failed
constexpr int kFinishTurns = 150;              // to send a site its last requests
constexpr int kFinishTurnMs = 20;

}  // namespace

ErrorOr<std::unique_ptr<Engine>> Engine::Open(platform::FileSystem& files, const std::string& directory,
                                              EngineOptions options, Follower& follower) {
  auto engine = std::make_unique<EngineImpl>(files, std::move(options), follower);
  HWF_TRY(engine->Start(directory));
  return std::unique_ptr<Engine>(std::move(engine));
}

EngineImpl::EngineImpl(platform::FileSystem& files, EngineOptions options, Follower& follower)
    : files_(files),
      clock_(platform::RealClock()),
      options_(std::move(options)),
      follower_(follower),
      notifier_(options_.notify),
      host_(platform::HostName()) {}

EngineImpl::~EngineImpl() {
  if (lease_) (void)lease_->Release(clock_.NowMs());
}

// ---------------------------------------------------------------- opening

ErrorOr<Success> EngineImpl::Start(const std::string& directory) {
  HWF_TRY(TakeOver(directory));
  if (!lease_) {
    Outcome outcome;
    outcome.ok = record_->facts().ok;
    outcome.why = record_->facts().why;
    outcome_ = outcome;
    return Success{};
  }
  struct stat info {};
  shared_ = stat(directory.c_str(), &info) == 0 && (info.st_mode & S_ISGID) != 0;
  keys_ = std::make_unique<KeyLog>(files_, directory, shared_ ? 0640 : 0600);
  const std::optional<gid_t> readers = shared_ ? std::optional(info.st_gid) : std::nullopt;
  reuse_ = std::make_unique<Reuse>(files_, CacheDirectory(directory, readers),
                                   ResultLog(record_->facts().id, lease_->epoch()),
                                   OwnCaches(directory, record_->facts().from), readers);
  trusted_ = std::make_unique<TrustedResults>(files_, directory, TrustedUsers(record_->facts().trust));
  LoadCarried();
  HWF_ASSIGN(review::People people, LoadPeople(files_, directory, record_->facts().people));
  people_ = std::make_unique<review::People>(std::move(people));
  mailbox_ = std::make_unique<review::Mailbox>(files_, directory, record_->facts().id, geteuid(), *people_);
  OpenWatch();
  HWF_ASSIGN(server_, Server::Listen(directory, record_->paths().Socket(), shared_));
  HWF_TRY(OpenSites());
  for (scheduler::Command& command : record_->scheduler().Pending()) todo_.push_back(std::move(command));
  CarryInterrupted();
  for (const auto& entry : sites_.all()) entry->site->Adopt(lease_->epoch(), 0);
  return Success{};
}

// Without inotify the inbox is looked into from time to time all the same.
void EngineImpl::OpenWatch() {
  ErrorOr<platform::DirectoryWatch> watch = platform::DirectoryWatch::Make();
  if (watch.ok() && watch->Add(record_->paths().Inbox()).ok()) watch_ = std::move(watch).value();
}

// The journal is read before the lease is taken, for its highest epoch. Then this engine's own first record fences it:
// what an engine that lost the lease still writes has a lower epoch and a place behind that record, and counts for no
// reader; what it wrote before is read once more here, with the fence.
ErrorOr<Success> EngineImpl::TakeOver(const std::string& directory) {
  const auto note = [this](const state::Event& event, const std::vector<scheduler::Command>&) { NoteReplayed(event); };
  HWF_ASSIGN(record_, RunRecord::Load(files_, directory, note));
  if (record_->facts().finished && !RewindWaits()) return Success{};
  journal::LeaseOptions options;
  options.take_over = options_.take_over;
  options.above_epoch = record_->facts().epoch;
  options.now_ms = clock_.NowMs();
  HWF_ASSIGN(lease_, journal::Lease::Acquire(files_, directory, journal::OwnEngineId(), options));
  HWF_ASSIGN(JournalKeeper keeper, JournalKeeper::Open(files_, record_->paths().Journal(), lease_->epoch()));
  journal_ = std::make_unique<JournalKeeper>(std::move(keeper));
  state::Event fence;
  fence.time = std::max(clock_.NowMs(), record_->facts().last_event);
  fence.epoch = lease_->epoch();
  fence.body = state::EngineStarted{host_, static_cast<int64_t>(getpid())};
  HWF_TRY(journal_->Append(fence, DurabilityOf(fence.body)));
  HWF_TRY(record_->Refresh(note));
  return Success{};
}

// Whether somebody wants a run that is over to go on.
bool EngineImpl::RewindWaits() const {
  const std::string inbox = record_->paths().Inbox();
  const ErrorOr<std::vector<std::string>> names = files_.List(inbox);
  if (!names.ok()) return false;
  return std::any_of(names->begin(), names->end(), [&](const std::string& name) {
    const std::optional<std::string> id = review::RequestIdOf(name);
    if (!id) return false;
    const ErrorOr<std::string> text = files_.Read(inbox + "/" + name, review::kMaxRequestBytes);
    if (!text.ok()) return false;
    const ErrorOr<review::Request> request = review::ParseRequest(*text, *id);
    return request.ok() && request->kind == review::Request::Kind::kRewind;
  });
}

// What the engine itself must remember of the events.
void EngineImpl::NoteReplayed(const state::Event& event) {
  if (const auto* submitted = std::get_if<state::AttemptSubmitted>(&event.body)) {
    LiveAttempt live;
    live.place = submitted->place;
    live.attempt = submitted->attempt;
    live.site = submitted->site;
    live.key = submitted->key;
    live_.insert_or_assign(KeyOf(live.place, live.attempt), std::move(live));
  } else if (const auto* started = std::get_if<state::AttemptStarted>(&event.body)) {
    const auto found = live_.find(KeyOf(started->place, started->attempt));
    if (found != live_.end()) found->second.started = found->second.begun = true;
  } else if (const auto* emission = std::get_if<state::Emission>(&event.body)) {
    const auto found = live_.find(KeyOf(emission->place, emission->attempt));
    if (found != live_.end()) found->second.emissions.insert(emission->file);
  } else if (const auto* refused = std::get_if<state::EmissionRefused>(&event.body)) {
    const auto found = live_.find(KeyOf(refused->place, refused->attempt));
    if (found != live_.end()) found->second.emissions.insert(refused->file);
  } else if (const auto* ended = std::get_if<state::AttemptEnded>(&event.body)) {
    live_.erase(KeyOf(ended->place, ended->attempt));
  } else if (const auto* carried = std::get_if<state::AnswerCarried>(&event.body)) {
    carried_.NoteTaken(carried->from_review);
  } else if (const auto* vote = std::get_if<state::Vote>(&event.body)) {
    requests_[vote->request] = vote->person;
  } else if (const auto* cancel = std::get_if<state::CancelRequested>(&event.body)) {
    requests_[cancel->request] = cancel->person;
  } else if (const auto* doubt = std::get_if<state::DoubtResolved>(&event.body)) {
    requests_[doubt->request] = doubt->person;
  } else if (const auto* rewind = std::get_if<state::RewindRequested>(&event.body)) {
    requests_[rewind->request] = rewind->person;
  } else if (const auto* withdrawn = std::get_if<state::ReviewWithdrawn>(&event.body)) {
    requests_[withdrawn->request] = withdrawn->person;
  }
}

ErrorOr<Success> EngineImpl::OpenSites() {
  HWF_ASSIGN(sites_, SiteTable::Open(record_->module(), record_->paths().root, record_->facts().id,
                                     {options_.program_directory, options_.python_directory}, *this));
  OpenStager();
  return Success{};
}

// ---------------------------------------------------------------- recording

bool EngineImpl::Record(state::EventBody body) {
  const Durability durability = DurabilityOf(body);
  return Record(std::move(body), durability);
}

bool EngineImpl::Record(state::EventBody body, Durability durability) {
  if (outcome_ || (durability == Durability::kNow && !HoldsLease())) return false;
  state::Event event;
  // Never before the last one: deadlines and views rely on the order.
  event.time = std::max(clock_.NowMs(), record_->facts().last_event);
  event.epoch = journal_->epoch();
  event.body = std::move(body);
  const ErrorOr<Success> written = journal_->Append(event, durability);
  if (!written.ok() && written.error().code() == EMSGSIZE) {
    std::optional<state::EventBody> instead = Instead(event.body, written.error().message());
    if (instead) return Record(*std::move(instead));
  }
  if (!written.ok()) {
    End(Ending::kWorldFailed, written.error().message());
    return false;
  }
  settled_ = false;
  std::vector<scheduler::Command> commands = record_->Apply(event);
  follower_.OnEvent(event, *record_);
  for (scheduler::Command& command : commands) todo_.push_back(std::move(command));
  if (options_.fail_fast && !cancelled_ && !record_->facts().finished && !record_->scheduler().failures().empty()) {
    cancelled_ = true;
    state::CancelRequested cancel;
    cancel.person.name = "--fail-fast";
    Record(std::move(cancel));
  }
  return true;
}

void EngineImpl::Drive() {
  while (!todo_.empty() && !outcome_) {
    const scheduler::Command command = std::move(todo_.front());
    todo_.pop_front();
    Carry(command);
  }
}

// ---------------------------------------------------------------- the loop

Outcome EngineImpl::Run() {
  while (!outcome_) Turn();
  const bool over = outcome_->ending == Ending::kFinished;
  const bool stopped = outcome_->ending == Ending::kDrained || outcome_->ending == Ending::kWorldFailed;
  if (over || ((stopped || live_.empty()) && outcome_->ending != Ending::kSuperseded && !AnythingRuns())) FinishSites();
  notifier_.Linger();
  TellTroubles();
  follower_.OnTurn(*record_);
  return *outcome_;
}

// Where nothing runs, nothing need stay: the sites are told, also one that is only just being connected to. One that is
// out of reach learns it by being left alone.
void EngineImpl::FinishSites() {
  std::set<RunSite*> untold;
  for (const auto& entry : sites_.all()) untold.insert(entry.get());
  for (int turn = 0; turn < kFinishTurns && !sites_.all().empty(); ++turn) {
    PollSites();
    const bool told_all = untold.empty();
    std::erase_if(untold, [](RunSite* entry) {
      if (entry->caught_up) entry->site->Finish();
      return entry->caught_up || entry->patiently_troubled();
    });
    if (!told_all && untold.empty()) continue;
    if (untold.empty() && site_wait_ms_ < 0) return;
    Wait(site_wait_ms_ < 0 ? kFinishTurnMs : std::min(site_wait_ms_, kFinishTurnMs));
  }
}

void EngineImpl::Turn() {
  // What is reused makes more ready at once.
  do Drive();
  while (DispatchReady());
  const int wanted = follower_.OnTurn(*record_);
  if (Over()) return;
  int timeout = WaitTime();
  if (wanted >= 0) timeout = std::min(timeout, wanted);
  if (!todo_.empty()) timeout = 0;
  settled_ = true;
  Wait(timeout);
  HandleSignals();
  worker_.Collect();
  stager_->Poll();
  TellBringing();
  PollSites();
  Drive();
  DrainInbox();
  server_.Poll([this](std::string_view message, const Peer& peer) { return OnSocket(message, peer); },
               clock_.MonotonicMs());
  Drive();
  FireClocks();
  KeepLease();
  notifier_.Poll(clock_.MonotonicMs());
  TellTroubles();
}

void EngineImpl::TellTroubles() {
  for (const std::string& trouble : notifier_.TakeTroubles()) follower_.OnTrouble(trouble);
}

int EngineImpl::WaitTime() {
  const int64_t now = clock_.MonotonicMs();
  int64_t wait = std::min(kLongestWaitMs, std::max<int64_t>(0, next_heartbeat_ms_ - now));
  wait = std::min(wait, std::max<int64_t>(0, next_inbox_ms_ - now));
  if (site_wait_ms_ >= 0) wait = std::min<int64_t>(wait, site_wait_ms_);
  if (const int stager = stager_->Wait(); stager >= 0) wait = std::min<int64_t>(wait, stager);
  if (const int server = server_.Timeout(); server >= 0) wait = std::min<int64_t>(wait, server);
  if (const int notify = notifier_.Poll(now); notify >= 0) wait = std::min<int64_t>(wait, notify);
  if (const auto due = clocks_.NextDue()) {
    wait = std::min(wait, std::max<int64_t>({0, *due - clock_.NowMs(), clocks_held_ms_ - now}));
  }
  if (options_.once && Reachable()) wait = std::min<int64_t>(wait, 20);
  if (no_space_ || AnyTrouble()) wait = std::min<int64_t>(wait, 1000);
  return static_cast<int>(wait);
}

void EngineImpl::Wait(int timeout_ms) {
  std::vector<int> wanted = {signals_.fd(), worker_.fd(), stager_->fd()};
  if (watch_) wanted.push_back(watch_->fd());
  for (const auto& entry : sites_.all()) wanted.push_back(entry->site->fd());
  server_.AddDescriptors(wanted);
  std::vector<pollfd> fds;
  fds.reserve(wanted.size());
  for (const int fd : wanted) fds.push_back({fd, POLLIN, 0});
  const int ready = poll(fds.data(), fds.size(), timeout_ms);
  if (ready <= 0) return;
  for (const pollfd& fd : fds) {
    if (watch_ && fd.fd == watch_->fd() && (fd.revents & POLLIN) != 0) next_inbox_ms_ = 0;
  }
}

void EngineImpl::PollSites() {
  site_wait_ms_ = -1;
  for (const auto& entry : sites_.all()) {
    const int wait = entry->site->Poll();
    if (wait >= 0) site_wait_ms_ = site_wait_ms_ < 0 ? wait : std::min(site_wait_ms_, wait);
  }
}

void EngineImpl::FireClocks() {
  const state::TimeMs now = clock_.NowMs();
  if (const auto due = clocks_.NextDue(); !due || *due > now || clock_.MonotonicMs() < clocks_held_ms_) return;
  // What came before a deadline counts before it: while nobody can tell what has come, none passes.
  next_inbox_ms_ = 0;
  const bool seen = DrainInbox();
  Drive();
  clocks_held_ms_ = seen ? 0 : clock_.MonotonicMs() + kClocksHoldMs;
  if (!seen) return;
  while (!outcome_) {
    const std::optional<scheduler::ArmClock> clock = clocks_.TakeDue(now);
    if (!clock) return;
    Record(state::ClockFired{clock->review, clock->clock, clock->index});
    Drive();
  }
}

void EngineImpl::KeepLease() {
  const int64_t now = clock_.MonotonicMs();
  if (now < next_heartbeat_ms_ || outcome_) return;
  next_heartbeat_ms_ = now + journal::kHeartbeatMs;
  const ErrorOr<Success> kept = lease_->Heartbeat();
  const std::string trouble = kept.ok() ? "" : "the lease: " + kept.error().message();
  if (!kept.ok() && kept.error().code() == EBUSY) return End(Ending::kSuperseded, kept.error().message());
  // A beat that could not be written is no takeover; the next one comes sooner.
  if (!kept.ok()) next_heartbeat_ms_ = now + kBeatAgainMs;
  if (!trouble.empty() && trouble != lease_trouble_) follower_.OnTrouble(trouble);
  lease_trouble_ = trouble;
}

// Before each record that others act upon. Where nobody can tell, the append decides.
bool EngineImpl::HoldsLease() {
  const ErrorOr<bool> mine = lease_->StillMine();
  if (mine.ok() && !mine.value()) End(Ending::kSuperseded, "another engine has taken the run over");
  return !outcome_;
}

// ---------------------------------------------------------------- how it ends

void EngineImpl::End(Ending ending, const std::string& why) {
  if (outcome_) return;
  Outcome outcome;
  outcome.ending = ending;
  outcome.why = why;
  outcome_ = outcome;
}

void EngineImpl::HandleSignals() {
  while (const int signal = signals_.Next()) {
    settled_ = false;
    if (signal == SIGINT) Interrupt();
    if (signal == SIGTERM || signal == SIGHUP) End(Ending::kDetached, "asked to by a signal");
  }
}

void EngineImpl::Interrupt() {
  if (!draining_) {
    draining_ = true;
    for (const auto& entry : sites_.all()) entry->site->Drain();
    follower_.OnDrain(*record_);
    return;
  }
  if (cancelled_) return;
  cancelled_ = true;
  follower_.OnCancel();
  state::CancelRequested cancel;
  cancel.person = record_->facts().starter;
  Record(std::move(cancel));
}

bool EngineImpl::NothingToDoNow() const {
  const bool quiet = settled_ && Reachable() && todo_.empty() && NothingToHandOut() && worker_.idle() &&
                     (stager_->idle() || stager_->stuck());
  const bool sent = sites_.waiting() == 0 || clock_.MonotonicMs() - last_report_ms_ > kQuietMs;
  return quiet && sent;
}

bool EngineImpl::AnythingRuns() const {
  return std::any_of(live_.begin(), live_.end(), [](const auto& entry) { return entry.second.begun; });
}

// What a site was given may begin at any time, until the site gives it back.
bool EngineImpl::AnythingMayBegin() const {
  return std::any_of(live_.begin(), live_.end(), [](const auto& entry) { return entry.second.sent; });
}

// Every site has told what it knows, or is out of reach for now.
bool EngineImpl::Reachable() const {
  return std::all_of(sites_.all().begin(), sites_.all().end(),
                     [](const auto& entry) { return entry->caught_up || entry->patiently_troubled(); });
}

bool EngineImpl::NothingToHandOut() const {
  return std::all_of(sites_.all().begin(), sites_.all().end(), [](const auto& entry) {
    return (entry->ready.empty() && entry->for_images.empty()) || entry->patiently_troubled();
  });
}

bool EngineImpl::AnyTrouble() const {
  return std::any_of(sites_.all().begin(), sites_.all().end(),
                     [](const auto& entry) { return !entry->trouble.empty(); });
}

// All that is still going on is at sites that cannot be reached: for whoever wants to leave, there is nothing to wait
// for.
bool EngineImpl::OutOfReach() {
  const int64_t long_ago = clock_.MonotonicMs() - kOutOfReachMs;
  return !live_.empty() && std::all_of(live_.begin(), live_.end(), [&](const auto& live) {
    const RunSite* entry = sites_.Find(live.second.site);
    return entry != nullptr && entry->patiently_troubled() && entry->trouble_since_ms < long_ago;
  });
}

// A site that does not come up, and is not one to be waited for.
const RunSite* EngineImpl::Hopeless() const {
  const int64_t long_ago = clock_.MonotonicMs() - kGiveUpStartingMs;
  for (const auto& entry : sites_.all()) {
    if (!entry->trouble.empty() && !entry->site->patient() && entry->trouble_since_ms < long_ago) return entry.get();
  }
  return nullptr;
}

bool EngineImpl::Over() {
  if (outcome_) return true;
  const bool running = AnythingRuns();
  if (record_->facts().finished && next_inbox_ms_ > 0) {  // and nobody rewound it after all
    End(Ending::kFinished, record_->facts().why);
    outcome_->ok = record_->facts().ok;
    return true;
  }
  if (draining_ && !cancelled_ && !running && !AnythingMayBegin() && worker_.idle()) {
    End(Ending::kDrained, "stopped by Ctrl-C; nothing runs any more");
  } else if (draining_ && worker_.idle() && OutOfReach()) {
    End(Ending::kDetached, "what is not over is at a site that cannot be reached; it is looked after by `hwf resume`");
  } else if (options_.once && NothingToDoNow()) {
    End(Ending::kWaiting, "all that can be done now is done");
  } else if (no_space_ && !running) {
    End(Ending::kWorldFailed, "the disk is full: nothing can be started");
  } else if (const RunSite* hopeless = running ? nullptr : Hopeless()) {
    End(Ending::kWorldFailed, hopeless->trouble);
  }
  return outcome_.has_value();
}

}  // namespace hwf::engine
