#include "runtime/slurm/agent.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>

#include "runtime/platform/file_system.h"
#include "runtime/platform/file_system_kind.h"
#include "runtime/runner/engine_link.h"
#include "runtime/runner/process_tree.h"
#include "runtime/slurm/batches.h"
#include "runtime/slurm/signs.h"

namespace hwf::slurm {
namespace {

constexpr int kMaxEvents = 32;
constexpr int64_t kLogRetryMs = 500;
// From the end of a job to the word that its records are missing.
constexpr int64_t kRecordsMs = 3000;
constexpr int64_t kLateRecordsMs = 35'000;  // NFS keeps what it knows of a directory for up to 30 s or so

// Whether a name came into the spool. That we open the directory ourselves, to read it, is none.
bool HasNews(int inotify) {
  alignas(inotify_event) char buffer[4096];
  bool news = false;
  for (ssize_t length = 0; (length = read(inotify, buffer, sizeof buffer)) > 0;) {
    for (ssize_t at = 0; at < length;) {
      const auto* event = reinterpret_cast<const inotify_event*>(buffer + at);
      news = news || (event->mask & IN_ISDIR) == 0;
      at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
    }
  }
  return news;
}

}  // namespace

Agent::Agent(AgentOptions options, int lock_fd) : options_(std::move(options)), lock_fd_(lock_fd) {}

Agent::~Agent() = default;

ErrorOr<std::unique_ptr<Agent>> Agent::Open(AgentOptions options, int lock_fd) {
  std::unique_ptr<Agent> agent(new Agent(std::move(options), lock_fd));
  HWF_TRY(agent->Prepare());
  return agent;
}

ErrorOr<Success> Agent::Prepare() {
  platform::FileSystem& files = platform::RealFileSystem();
  for (const char* part : {"/spool", "/jobs"}) {
    HWF_TRY(platform::MakeDirectories(files, options_.state_directory + part, 0700));
  }
  user_ = std::to_string(geteuid());
  if (options_.record_grace_ms == 0) {
    options_.record_grace_ms = platform::MayBeLate(options_.run_directory) ? kLateRecordsMs : kRecordsMs;
  }
  now_ms_ = runner::BootMs();
  sigset_t mask;
  sigemptyset(&mask);
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGCHLD}) sigaddset(&mask, number);
  if (sigprocmask(SIG_BLOCK, &mask, nullptr) != 0) return ErrnoError(errno, "blocking signals");
  signals_ = platform::FileDescriptor(signalfd(-1, &mask, SFD_NONBLOCK | SFD_CLOEXEC));
  epoll_ = platform::FileDescriptor(epoll_create1(EPOLL_CLOEXEC));
  if (!signals_.valid() || !epoll_.valid()) return ErrnoError(errno, "opening the loop's descriptors");
  inotify_ = platform::FileDescriptor(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  Watch(signals_.get(), EPOLLIN);
  if (inotify_.valid()) {
    (void)inotify_add_watch(inotify_.get(), (options_.state_directory + "/spool").c_str(), IN_CREATE | IN_OPEN);
    Watch(inotify_.get(), EPOLLIN);
  }
  HWF_ASSIGN(log_, runner::RecordLog::Open(options_.state_directory + "/log", 0600));
  HWF_ASSIGN(records_, Records::Open(options_.state_directory + "/submissions"));
  HWF_TRY(Recover());
  if (const auto engine = container::EngineNamed(options_.containers)) {
    images_ = std::make_unique<runner::Images>(
        *engine, "", [this](const auto& image, const auto& ready) { front_->Say(runner::Answer(image, ready)); });
    Watch(images_->fd(), EPOLLIN);
  }
  runner::FrontCallbacks callbacks;
  callbacks.watch = [this](int fd, uint32_t events) { Watch(fd, events); };
  callbacks.request = [this](runner::Request request) { OnRequest(std::move(request)); };
  HWF_ASSIGN(front_, runner::EngineLink::Open(options_.state_directory, lock_fd_, *log_, std::move(callbacks)));
  log_->SetOnAppended([front = front_.get()](uint64_t begin, uint64_t end, std::string_view payload) {
    front->OnAppended(begin, end, payload);
  });
  return Success{};
}

void Agent::Watch(int fd, uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) (void)epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event);
}

// Both logs, and what jobs wrote that is not in ours yet.
ErrorOr<Success> Agent::Recover() {
  struct Known {
    bool claimed = false, started = false, ended = false;
    std::set<std::string> emitted;
  };
  std::unordered_map<std::string, Known> known;
  HWF_TRY(log_->Replay([&](const runner::Report& report) {
    std::visit(
        [&](const auto& of) {
          using Kind = std::decay_t<decltype(of)>;
          if constexpr (requires { of.place; }) {
            Known& attempt = known[runner::KeyOf(of.place, of.attempt)];
            attempt.claimed = attempt.claimed || std::is_same_v<Kind, runner::Claimed>;
            attempt.started = attempt.started || std::is_same_v<Kind, runner::Started>;
            attempt.ended = attempt.ended || std::is_same_v<Kind, runner::Ended>;
            if constexpr (requires { of.file; }) attempt.emitted.insert(of.file);
          }
        },
        report);
  }));
  HWF_ASSIGN(const std::vector<Record> records, records_->Replay());
  for (const Record& record : records) {
    if (const auto* intent = std::get_if<Intent>(&record)) {
      Submission& submission = submissions_[intent->tag];
      submission.tag = intent->tag;
      submission.phase = Submission::Phase::kUnsure;
      submission.unsure_since_ms = now_ms_;
      for (const ElementIds& ids : intent->elements) submission.elements.emplace_back().attempts = ids;
      submission.nodes = intent->nodes;
      submission.offsets.assign(intent->nodes > 0 ? static_cast<size_t>(intent->nodes) : intent->elements.size(), 0);
    } else if (const auto* added = std::get_if<Added>(&record)) {
      const auto found = submissions_.find(added->tag);
      if (found == submissions_.end() || found->second.nodes == 0)
        return MakeError("{} is in no allocation", added->tag);
      ElementIds& ids = found->second.elements.front().attempts;
      ids.insert(ids.end(), added->attempts.begin(), added->attempts.end());
      found->second.batches = added->batch + 1;
    } else if (const auto* accepted = std::get_if<Accepted>(&record)) {
      Submission& submission = submissions_[accepted->tag];
      submission.job = accepted->job;
      submission.phase = Submission::Phase::kQueued;
    } else {
      submissions_.erase(std::get<Closed>(record).tag);
    }
  }
  for (auto& [tag, submission] : submissions_) {
    const std::vector<Element> elements = StartsOf(submission);
    for (size_t i = 0; i < submission.elements.size(); ++i) {
      const ElementIds& ids = submission.elements[i].attempts;
      for (size_t k = 0; k < ids.size(); ++k) {
        const std::string key = runner::KeyOf(ids[k].place, ids[k].attempt);
        const Known& of = known[key];
        if (of.ended) continue;
        Attempt& attempt = attempts_[key];
        attempt.tag = tag;
        attempt.index = static_cast<int>(i);
        attempt.claimed = of.claimed;
        attempt.started = of.started;
        attempt.emitted = of.emitted;
        attempt.start.place = ids[k].place;
        attempt.start.attempt = ids[k].attempt;
        if (i < elements.size() && k < elements[i].size()) attempt.start = elements[i][k];
        attempt.cancelled = IsCancelAsked(attempt.start.directory);
        if (submission.nodes == 0) submission.needs = NeedsOf(attempt.start, options_.settings);
        if (submission.nodes > 0) AddGpus(attempt.start, options_.settings, submission.needs);
      }
    }
  }
  for (auto& [tag, submission] : submissions_) {
    for (size_t i = 0; i < submission.elements.size(); ++i) ReadElement(submission, static_cast<int>(i));
  }
  return Success{};
}

// As they were submitted; what cannot be read any more is left out.
std::vector<Element> Agent::StartsOf(Submission& submission) const {
  const std::string directory = SubmissionDirectory(submission.tag);
  if (submission.nodes == 0) {
    auto elements = ReadElements(directory);
    return elements.ok() ? *std::move(elements) : std::vector<Element>();
  }
  submission.needs.allocation = true;
  submission.needs.nodes = submission.nodes;
  submission.closed = AreBatchesClosed(directory);
  submission.release_at_ms = now_ms_;
  std::unordered_map<std::string, runner::Start> starts;
  for (int number = 0; number < submission.batches; ++number) {
    PutBatchIfPrepared(directory, number);
    auto batch = ReadBatch(directory, number, submission.nodes);
    if (!batch.ok()) continue;
    for (runner::Start& start : *batch) starts[runner::KeyOf(start.place, start.attempt)] = std::move(start);
  }
  Element all;
  for (const AttemptId& id : submission.elements.front().attempts) {
    const auto found = starts.find(runner::KeyOf(id.place, id.attempt));
    runner::Start& start = all.emplace_back();
    if (found != starts.end()) start = std::move(found->second);
    start.place = id.place;
    start.attempt = id.attempt;
  }
  return {std::move(all)};
}

bool Agent::Log(const runner::Report& report) {
  const auto appended = log_->Append(report);
  if (!appended.ok()) {
    Hold(runner::NoRoomText(appended.error(), "the agent's log cannot grow"));
    log_at_ms_ = now_ms_ + kLogRetryMs;
  }
  return appended.ok();
}

void Agent::Hold(const std::string& why) {
  if (why == held_) return;
  held_ = why;
  if (front_) front_->Hold(held_);
}

std::string Agent::SubmissionDirectory(const std::string& tag) const {
  return fmt::format("{}/jobs/{}", options_.state_directory, tag);
}
std::string Agent::ElementDirectory(const std::string& tag, int index) const {
  return fmt::format("{}/{}", SubmissionDirectory(tag), index);
}
Agent::Submission* Agent::FindSubmission(const std::string& tag) {
  const auto found = submissions_.find(tag);
  return found == submissions_.end() ? nullptr : &found->second;
}
std::vector<std::string> Agent::Tags() const {
  std::vector<std::string> tags;
  tags.reserve(submissions_.size());
  for (const auto& [tag, submission] : submissions_) tags.push_back(tag);
  return tags;
}
Agent::Attempt* Agent::FindAttempt(const std::string& key) {
  const auto found = attempts_.find(key);
  return found == attempts_.end() ? nullptr : &found->second;
}
bool Agent::IsOpen(const AttemptId& id) const { return attempts_.contains(runner::KeyOf(id.place, id.attempt)); }

int Agent::Timeout() const {
  if (!to_tidy_.empty()) return 0;
  int64_t due = now_ms_ + 60'000;
  if (!submissions_.empty()) due = std::min({due, spool_at_ms_, AllocationsDue()});
  if (MayAsk()) due = std::min(due, query_at_ms_);
  if (configured_ && !queue_.empty()) due = std::min(due, std::max(form_at_ms_, submit_at_ms_));
  const bool ready = std::any_of(submissions_.begin(), submissions_.end(),
                                 [](const auto& entry) { return entry.second.phase == Submission::Phase::kReady; });
  const bool busy = !submissions_.empty() || !queue_.empty();
  if ((ready || (busy && !configured_)) && programs_.empty()) due = std::min(due, submit_at_ms_);
  if (log_->waits()) due = std::min(due, log_at_ms_);
  if (!to_cancel_.empty()) due = std::min(due, place_at_ms_);
  if (!programs_.empty()) due = std::min(due, now_ms_ + 1000);  // they have deadlines of their own
  if (!front_->listening())
    due = std::min(due, std::max(now_ms_ + 100, front_->alone_since_ms() + options_.idle_exit_ms));
  return static_cast<int>(std::max<int64_t>(0, due - now_ms_));
}

void Agent::Tick() {
  if (log_->waits() && now_ms_ >= log_at_ms_ && !log_->Flush()) log_at_ms_ = now_ms_ + kLogRetryMs;
  PollPrograms();
  if (!submissions_.empty() && now_ms_ >= spool_at_ms_) ReadSpool();
  if (terminated_) return;
  Tidy();
  if (!to_cancel_.empty() && now_ms_ >= place_at_ms_) PlaceCancels();
  const bool busy = !submissions_.empty() || !queue_.empty();
  if (!configured_ && busy && now_ms_ >= submit_at_ms_) Launch(Program::kConfig, {"scontrol", "show", "config"});
  if (configured_ && now_ms_ >= form_at_ms_) FormSubmissions();
  SettleAllocations();
  if (configured_) SubmitNext();
  SendCancels();
  if (MayAsk() && now_ms_ >= query_at_ms_) Launch(Program::kQueue, QueueArguments(user_));
}

bool Agent::MayAsk() const {
  if (!configured_ || programs_.count(Program::kQueue) > 0) return false;
  return std::any_of(submissions_.begin(), submissions_.end(), [](const auto& entry) {
    return entry.second.phase == Submission::Phase::kQueued || entry.second.phase == Submission::Phase::kUnsure;
  });
}

bool Agent::MayLeave() const {
  if (terminated_) return true;
  if (!front_->listening() && IsGone(options_.state_directory)) return true;  // the run was removed
  if (log_->waits() || front_->listening() || !to_tidy_.empty()) return false;
  if (finishing_ && attempts_.empty()) return cancels_.empty() && asked_.empty();
  const int64_t left_ms = std::max(front_->alone_since_ms(), idle_since_ms_);
  if (now_ms_ - left_ms < options_.idle_exit_ms) return false;
  // What is with Slurm goes on without us; what is on its way there is seen through, and there is no saying how long
  // the engine, or its link to us, stays away.
  return queue_.empty() && std::all_of(submissions_.begin(), submissions_.end(), [](const auto& entry) {
           return entry.second.phase == Submission::Phase::kQueued;
         });
}

int Agent::Run() {
  epoll_event events[kMaxEvents];
  idle_since_ms_ = now_ms_ = runner::BootMs();
  Tick();
  while (!MayLeave()) {
    const int count = epoll_wait(epoll_.get(), events, kMaxEvents, Timeout());
    now_ms_ = runner::BootMs();
    for (int i = 0; i < count; ++i) {
      const int fd = events[i].data.fd;
      if (fd == signals_.get()) {
        signalfd_siginfo info{};
        while (read(fd, &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
          terminated_ = terminated_ || info.ssi_signo == SIGTERM;
        }
      } else if (fd == inotify_.get()) {
        if (HasNews(fd)) spool_at_ms_ = now_ms_;
      } else if (images_ && fd == images_->fd()) {
        images_->RunCompletions();
      } else {
        (void)front_->OnReadable(fd, events[i].events);
      }
    }
    Tick();
    front_->Flush(now_ms_);
  }
  front_.reset();
  if (finishing_ && attempts_.empty()) {
    for (const std::string& tag : Tags()) Close(tag);
    while (!to_tidy_.empty()) Tidy();
  }
  (void)log_->Sync();
  if (images_ && images_->busy()) _exit(0);  // nobody wants it any more
  return 0;
}

}  // namespace hwf::slurm
