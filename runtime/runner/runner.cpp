#include "runtime/runner/runner.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "runtime/platform/process.h"
#include "runtime/runner/process_tree.h"

namespace hwf::runner {
namespace {

constexpr int kMaxEvents = 64;
// While others may hold what we want: behind the ledger's inotify (a runner that died tells nobody), or instead of it.
constexpr int64_t kLinePollMs = 1000;
constexpr int64_t kLinePollAloneMs = 50;
constexpr int64_t kLeavePollMs = 100;  // when there was no engine for long enough, but something keeps us

}  // namespace

Runner::Runner(const RunnerOptions& options, mode_t directory_mode)
    : options_(options),
      directory_mode_(directory_mode),
      self_(platform::ThisProgram()),
      boot_(platform::BootIdentity()),
      slots_(options.state_directory, FileMode()) {}

Runner::~Runner() {
  for (int fd : {epoll_, signals_, inotify_, children_}) {
    if (fd >= 0) close(fd);
  }
}

ErrorOr<std::unique_ptr<Runner>> Runner::Open(const RunnerOptions& options, const MakeFront& make_front) {
  struct stat info {};
  if (stat(options.run_directory.c_str(), &info) != 0) return ErrnoError(errno, "looking at " + options.run_directory);
  // A shared run's set-group bit is kept: setting a mode without it would take it away.
  const bool shared = (info.st_mode & 050) == 050;
  std::unique_ptr<Runner> runner(new Runner(options, shared ? 0750 | (info.st_mode & S_ISGID) : 0700));
  runner->machine_ = DetectMachine(options.limits);
  // Where Slurm does not bind the job to its CPUs, who else is bound to which is not known.
  if (options.in_job && static_cast<double>(runner->machine_.cpu_ids.size()) > runner->machine_.cpus) {
    runner->machine_.cpu_ids.clear();
  }
  HWF_ASSIGN(runner->ledger_, Ledger::Open(runner->machine_, options.ledger_directory));
  HWF_TRY(runner->OpenDescriptors());
  if (options.containers) {
    runner->images_ = std::make_unique<Images>(
        *options.containers, options.images,
        [self = runner.get()](const auto& image, const auto& ready) { self->OnImage(image, ready); });
    runner->boxes_ = std::make_unique<Boxes>(*runner->images_, options.state_directory);
    runner->Watch(runner->images_->fd(), EPOLLIN);
  }
  HWF_ASSIGN(runner->log_, RecordLog::Open(options.state_directory + "/log", runner->FileMode()));
  if (!options.in_job) HWF_TRY(runner->Recover());
  FrontCallbacks callbacks;
  callbacks.watch = [self = runner.get()](int fd, uint32_t events) { self->Watch(fd, events); };
  callbacks.request = [self = runner.get()](Request request) { self->OnRequest(std::move(request)); };
  HWF_ASSIGN(runner->front_, make_front(*runner->log_, std::move(callbacks)));
  if (!runner->held_.empty()) runner->front_->Hold(runner->held_);
  runner->log_->SetOnAppended([front = runner->front_.get()](uint64_t begin, uint64_t end, std::string_view payload) {
    front->OnAppended(begin, end, payload);
  });
  return runner;
}

ErrorOr<Success> Runner::OpenDescriptors() {
  if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) return ErrnoError(errno, "becoming a subreaper");
  sigset_t mask;
  sigemptyset(&mask);
  for (int number : {SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGUSR1}) sigaddset(&mask, number);
  if (sigprocmask(SIG_BLOCK, &mask, nullptr) != 0) return ErrnoError(errno, "blocking signals");
  signals_ = signalfd(-1, &mask, SFD_NONBLOCK | SFD_CLOEXEC);
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  inotify_ = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);  // -1: polled
  children_ = open(fmt::format("/proc/self/task/{}/children", gettid()).c_str(), O_RDONLY | O_CLOEXEC);
  if (signals_ < 0 || epoll_ < 0) return ErrnoError(errno, "opening the loop's descriptors");
  Watch(signals_, EPOLLIN);
  Watch(emission_worker_.fd(), EPOLLIN);
  Watch(output_worker_.fd(), EPOLLIN);
  Watch(sync_worker_.fd(), EPOLLIN);
  Watch(box_worker_.fd(), EPOLLIN);
  if (inotify_ >= 0) Watch(inotify_, EPOLLIN);
  if (ledger_->fd() >= 0) Watch(ledger_->fd(), EPOLLIN);
  return Success{};
}

void Runner::Watch(int fd, uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) (void)epoll_ctl(epoll_, EPOLL_CTL_MOD, fd, &event);
}

Attempt* Runner::FindRunning(const std::string& key) {
  auto it = running_.find(key);
  return it == running_.end() ? nullptr : it->second.get();
}

int Runner::Timeout() const {
  int64_t due = retry_at_ms_;
  if (in_line_) due = std::min(due, now_ms_ + (ledger_->fd() >= 0 ? kLinePollMs : kLinePollAloneMs));
  for (const auto& [key, attempt] : running_) {
    due = std::min({due, attempt->deadline_ms, attempt->kill_at_ms, attempt->sample_at_ms, attempt->scan_at_ms,
                    attempt->strays_until_ms});
  }
  due = std::min(due, front_->due_ms());
  if (!front_->listening() && running_.empty()) {
    const int64_t leaves_ms = std::max(front_->alone_since_ms(), idle_since_ms_) + options_.idle_exit_ms;
    due = std::min(due, std::max(leaves_ms, now_ms_ + kLeavePollMs));
  }
  if (due == kNever) return -1;
  return static_cast<int>(std::clamp<int64_t>(due - now_ms_, 0, 60'000));
}

void Runner::Dispatch(int fd, uint32_t events) {
  if (fd == signals_) return OnSignal();
  if (fd == inotify_) return OnInotify();
  if (fd == emission_worker_.fd()) return emission_worker_.RunCompletions();
  if (fd == output_worker_.fd()) return output_worker_.RunCompletions();
  if (fd == sync_worker_.fd()) return sync_worker_.RunCompletions();
  if (images_ && fd == images_->fd()) return images_->RunCompletions();
  if (fd == box_worker_.fd()) return box_worker_.RunCompletions();
  if (fd == ledger_->fd()) {
    ledger_->DrainWatch();
    queue_changed_ = true;
    return;
  }
  (void)front_->OnReadable(fd, events);
}

void Runner::OnSignal() {
  // More than there can be: a signal that waits is there once.
  signalfd_siginfo infos[8];
  const ssize_t count = read(signals_, infos, sizeof infos);
  for (ssize_t i = 0; i * static_cast<ssize_t>(sizeof infos[0]) < count; ++i) {
    if (infos[i].ssi_signo == SIGUSR1) front_->Look();
    if (infos[i].ssi_signo != SIGTERM) continue;  // INT and HUP are the terminal's; CHLD is looked at below
    front_->Look();                               // it may be the end of what is not wanted any more
    terminated_ = true;
    for (auto& [key, attempt] : running_) KillAttempt(*attempt, Attempt::Kill::kPreempted);
  }
  ReapChildren();
}

// What is due by the clock.
void Runner::Tick() {
  if (now_ms_ >= retry_at_ms_) {
    retry_at_ms_ = kNever;
    if (!log_->Flush()) retry_at_ms_ = now_ms_ + kRetryMs;
    PlaceWaiting();
    if (!held_.empty() && queue_.empty() && unplaced_.empty()) (void)ReserveRoom();  // says so if it goes on
    queue_changed_ = true;
  }
  if (in_line_) queue_changed_ = true;
  std::vector<Attempt*> all;
  all.reserve(running_.size());
  for (auto& [key, attempt] : running_) all.push_back(attempt.get());
  bool dying = !unowned_.empty();
  for (Attempt* attempt : all) {
    if (now_ms_ >= attempt->deadline_ms) KillAttempt(*attempt, Attempt::Kill::kTimeLimit);
    if (now_ms_ >= attempt->sample_at_ms) Sample(*attempt);
    if (attempt->ending) {
      if (now_ms_ >= attempt->scan_at_ms) Finalize(*attempt);
      continue;
    }
    if (now_ms_ >= attempt->scan_at_ms) ScanEmissions(*attempt, false);
    if (now_ms_ >= attempt->kill_at_ms && !attempt->main_dead) {
      attempt->kill_at_ms = now_ms_ + ForceEnd(*attempt);  // until it is dead
    }
    dying = dying || attempt->main_dead;
  }
  if (dying) CheckDying();
}

bool Runner::IsOver() {
  if (!running_.empty() || log_->waits()) return false;
  if (terminated_) return true;
  if (front_->listening()) return false;
  if (!queue_.empty() && held_.empty()) return false;
  return finishing_ || now_ms_ - std::max(front_->alone_since_ms(), idle_since_ms_) >= options_.idle_exit_ms;
}

int Runner::Run() {
  epoll_event events[kMaxEvents];
  now_ms_ = BootMs();
  while (!IsOver()) {
    const int count = epoll_wait(epoll_, events, kMaxEvents, Timeout());
    now_ms_ = BootMs();
    for (int i = 0; i < count; ++i) Dispatch(events[i].data.fd, events[i].events);
    Tick();
    if (queue_changed_) StartQueued();
    front_->Flush(now_ms_);
  }
  spares_.Remove();
  front_.reset();
  if (boxes_) boxes_->RemoveDirectories();
  (void)log_->Sync();
  // Whoever waits for an image waits in a thread, for hours perhaps: nobody wants it any more.
  if (images_ && images_->busy()) _exit(0);
  return 0;
}

}  // namespace hwf::runner
