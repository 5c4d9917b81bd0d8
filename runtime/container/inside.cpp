// The life of the process inside: read what to start, start it, wait for it and for what it leaves, say how it ended.
#include "runtime/container/inside.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/json.h"
#include "runtime/container/inside_environment.h"
#include "runtime/container/inside_processes.h"
#include "runtime/platform/read_to_end.h"

namespace hwf::container {
namespace {

constexpr int kBadSpec = 125;
constexpr size_t kMostSpecBytes = size_t{64} << 20;
constexpr size_t kMostNamed = 5;

int64_t NowMs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

int64_t Milliseconds(const timeval& time) { return int64_t{time.tv_sec} * 1000 + time.tv_usec / 1000; }

class Inside {
 public:
  explicit Inside(InsideSpec spec)
      : spec_(std::move(spec)), isolated_(OwnPidNamespace() != spec_.outside && !OwnPidNamespace().empty()) {}

  ErrorOr<Success> Open() {
    (void)prctl(PR_SET_CHILD_SUBREAPER, 1);  // where it is not its namespace's first process
    sigset_t mask;
    sigemptyset(&mask);
    for (const int number : {SIGCHLD, SIGTERM, SIGINT, SIGHUP}) sigaddset(&mask, number);
    (void)sigprocmask(SIG_BLOCK, &mask, nullptr);
    signals_ = signalfd(-1, &mask, SFD_NONBLOCK | SFD_CLOEXEC);
    out_ = open(kInsideOut, O_WRONLY | O_APPEND | O_CLOEXEC);
    err_ = open(kInsideErr, O_WRONLY | O_APPEND | O_CLOEXEC);
    null_ = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (signals_ < 0 || out_ < 0 || err_ < 0 || null_ < 0) return ErrnoError(errno, "opening the task's streams");
    const std::string box = kInsideBox;
    control_ = open((box + "/control").c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (control_ < 0) return ErrnoError(errno, "opening " + box + "/control");
    const int began = open((box + "/began").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (began < 0) return ErrnoError(errno, "making " + box + "/began");
    close(began);
    return Success{};
  }

  int Run() {
    oom_before_ = spec_.counts_oom ? OomKillsHere() : 0;
    // What it was told before it got here counts too.
    OnControl();
    if (told_ != 0) {
      outcome_.signal = told_ == kKill ? SIGKILL : SIGTERM;
      return Finish();
    }
    Start();
    while (!Over()) Turn();
    return Finish();
  }

 private:
  [[noreturn]] void Child(int failure) {
    (void)setsid();
    if (!spec_.cpu_ids.empty()) BindTo(spec_.cpu_ids);
    sigset_t none;
    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, nullptr);
    (void)dup2(null_, 0);
    (void)dup2(out_, 1);
    (void)dup2(err_, 2);
    int error = chdir(spec_.directory.c_str()) == 0 ? 0 : errno;
    if (error == 0) error = Execute(spec_.argv, environment_);
    (void)!write(failure, &error, sizeof error);
    _exit(error == ENOENT || error == ENOTDIR ? 127 : 126);
  }

  static void BindTo(const std::vector<int>& ids) {
    const int highest = *std::max_element(ids.begin(), ids.end());
    cpu_set_t* set = CPU_ALLOC(highest + 1);
    const size_t size = CPU_ALLOC_SIZE(highest + 1);
    CPU_ZERO_S(size, set);
    for (const int id : ids) CPU_SET_S(id, size, set);
    (void)sched_setaffinity(0, size, set);  // an engine's own binding may forbid it
    CPU_FREE(set);
  }

  void Start() {
    environment_ = EnvironmentInside(spec_);
    int failure[2] = {-1, -1};
    if (pipe2(failure, O_CLOEXEC) != 0) return Fail(errno);
    main_ = fork();
    if (main_ == 0) Child(failure[1]);
    close(failure[1]);
    int error = main_ < 0 ? errno : 0;
    if (main_ > 0 && read(failure[0], &error, sizeof error) != sizeof error) error = 0;
    close(failure[0]);
    if (error != 0) Fail(error);
  }

  // As a shell would say it.
  void Fail(int error) {
    outcome_.exec_error = error;
    const std::string text = error == ENOENT ? fmt::format("{}: command not found\n", spec_.argv.front())
                                             : fmt::format("{}: {}\n", spec_.argv.front(), strerror(error));
    (void)!write(err_, text.data(), text.size());
    if (main_ > 0) return;
    outcome_.exit_code = 126;
    main_dead_ = true;
  }

  // It has no children any more.
  bool Over() const { return main_dead_ && nothing_left_; }

  void Turn() {
    pollfd watched[2] = {{signals_, POLLIN, 0}, {control_, POLLIN, 0}};
    const int64_t left = kill_at_ms_ < 0 ? -1 : std::max<int64_t>(0, kill_at_ms_ - NowMs());
    (void)poll(watched, 2, static_cast<int>(std::min<int64_t>(left, 60'000)));
    OnSignals();
    OnControl();
    Reap();
    if (kill_at_ms_ < 0 || NowMs() < kill_at_ms_) return;
    NameStrays();
    SignalAll(SIGKILL);
    kill_at_ms_ = NowMs() + 50;  // until all are dead
  }

  void OnSignals() {
    signalfd_siginfo infos[8];
    const ssize_t count = read(signals_, infos, sizeof infos);
    for (ssize_t i = 0; i * static_cast<ssize_t>(sizeof infos[0]) < count; ++i) {
      if (infos[i].ssi_signo == SIGCHLD) continue;
      asked_ = true;
      if (!spec_.signals_reach_all) SignalAll(static_cast<int>(infos[i].ssi_signo));
    }
  }

  void OnControl() {
    char words[16];
    const ssize_t count = read(control_, words, sizeof words);
    for (ssize_t i = 0; i < count; ++i) {
      if (words[i] != kAskToEnd && words[i] != kKill) continue;
      told_ = words[i];
      if (words[i] == kAskToEnd) asked_ = true;
      if (words[i] == kAskToEnd) SignalAll(SIGTERM);
      if (words[i] == kKill) SignalAll(SIGKILL);
    }
  }

  void SignalAll(int signal) const {
    if (main_ > 0) SignalAllInside(isolated_, main_dead_ ? 0 : main_, signal);
  }

  void Reap() {
    while (true) {
      int status = 0;
      const pid_t pid = waitpid(-1, &status, WNOHANG);
      if (pid == 0) return;
      if (pid < 0) {
        nothing_left_ = errno == ECHILD;
        return;
      }
      if (pid != main_ || main_dead_) continue;
      main_dead_ = true;
      if (WIFEXITED(status)) outcome_.exit_code = WEXITSTATUS(status);
      if (WIFSIGNALED(status)) outcome_.signal = WTERMSIG(status);
      kill_at_ms_ = NowMs() + (asked_ ? spec_.kill_grace_ms : spec_.stray_grace_ms);
    }
  }

  void NameStrays() {
    if (asked_) return;
    for (const std::string& name : LeftInside()) {
      const auto& named = outcome_.strays;
      if (named.size() < kMostNamed && std::find(named.begin(), named.end(), name) == named.end()) {
        outcome_.strays.push_back(name);
      }
    }
  }

  int Finish() {
    rusage usage{};
    (void)getrusage(RUSAGE_CHILDREN, &usage);
    Json status;
    if (outcome_.exit_code) status.Set("exit", *outcome_.exit_code);
    if (outcome_.signal != 0) status.Set("signal", outcome_.signal);
    if (outcome_.exec_error != 0) status.Set("exec_error", outcome_.exec_error);
    status.Set("cpu_ms", Milliseconds(usage.ru_utime) + Milliseconds(usage.ru_stime));
    status.Set("max_rss", int64_t{usage.ru_maxrss} * 1024);
    status.Set("oom_kills", spec_.counts_oom ? std::max<int64_t>(0, OomKillsHere() - oom_before_) : 0);
    Json strays = Json::Array();
    for (const std::string& name : outcome_.strays) strays.Add(name);
    status.Set("strays", std::move(strays));
    const std::string text = status.Dump(), path = std::string(kInsideBox) + "/status";
    const int fd = open((path + ".new").c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    const bool written = fd >= 0 && write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    if (!written || rename((path + ".new").c_str(), path.c_str()) != 0) perror("hwf: writing how the task ended");
    return outcome_.exit_code.value_or(128 + outcome_.signal);
  }

  InsideSpec spec_;
  bool isolated_;
  std::vector<std::string> environment_;
  Outcome outcome_;
  int signals_ = -1, control_ = -1, out_ = -1, err_ = -1, null_ = -1;
  pid_t main_ = -1;
  bool main_dead_ = false;
  bool nothing_left_ = false;
  bool asked_ = false;
  char told_ = 0;
  int64_t kill_at_ms_ = -1;  // what then lives; -1: never
  int64_t oom_before_ = 0;
};

}  // namespace

int RunInside() {
  const auto text = platform::ReadToEnd(0, kMostSpecBytes, "what is to be started");
  auto spec = text.ok() ? Decode(*text) : ErrorOr<InsideSpec>(text.error());
  if (!spec.ok()) {
    fmt::print(stderr, "hwf: {}\n", spec.error().message());
    return kBadSpec;
  }
  Inside inside(*std::move(spec));
  const auto open = inside.Open();
  if (!open.ok()) {
    fmt::print(stderr, "hwf: in the container: {}\n", open.error().message());
    return kBadSpec;
  }
  return inside.Run();
}

}  // namespace hwf::container
