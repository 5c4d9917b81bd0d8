// hwf-runner: see --help. Started by an engine; goes on when the engine ends.
#include <fcntl.h>
#include <fmt/format.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <string_view>

#include "runtime/platform/unix_socket.h"
#include "runtime/runner/runner.h"

namespace {

using namespace hwf::runner;  // NOLINT: the program is this library's

constexpr char kHelp[] = R"(hwf-runner: runs the tasks of one run on this machine, for `hwf`, which starts it.

usage: hwf-runner --run DIR [options]

  --run DIR             the run's directory (.hwf/runs/ID)
  --cpus N              CPUs to give to tasks (default: what affinity, cgroup and Slurm allow)
  --gpus N              GPUs to give to tasks (default: those that are visible)
  --memory BYTES        memory to give to tasks (default: the machine's or the cgroup's)
  --kill-grace-ms MS    from SIGTERM to SIGKILL (default 5000)
  --idle-exit-ms MS     ends when it has had no engine and no work for so long (default 60000)
  --ledger DIR          where runners of this user share out the machine (default: /tmp/hwf-UID)
  --state DIR           of its log, socket and streams (default: `runner` in the run's directory)
  --foreground          does not go into the background
  --help, --version

It answers on `sock` in its state directory and ends by itself. A second runner of the same run ends at once, with 0.

example: hwf-runner --run .hwf/runs/01J9ZQ0000000000000000000A --cpus 4
)";

struct Arguments {
  RunnerOptions options;
  bool foreground = false;
};

int Usage(std::string_view why) {
  fmt::print(stderr, "hwf-runner: {}\nTry: hwf-runner --help\n", why);
  return 2;
}

template <typename T>
bool ReadNumber(const char* text, T& out) {
  const char* end = text + std::strlen(text);
  auto [at, error] = std::from_chars(text, end, out);
  return error == std::errc() && at == end && out >= T{0};
}

// True if the option was known and its value good.
bool ReadOption(std::string_view name, const char* value, Arguments& arguments) {
  RunnerOptions& options = arguments.options;
  if (name == "--run") {
    char* real = realpath(value, nullptr);
    if (real == nullptr) return false;
    options.run_directory = real;
    free(real);
    return true;
  }
  if (name == "--cpus") return ReadNumber(value, options.limits.cpus);
  if (name == "--gpus") return ReadNumber(value, options.limits.gpus);
  if (name == "--memory") return ReadNumber(value, options.limits.memory);
  if (name == "--kill-grace-ms") return ReadNumber(value, options.kill_grace_ms);
  if (name == "--idle-exit-ms") return ReadNumber(value, options.idle_exit_ms);
  if (name == "--stray-grace-ms") return ReadNumber(value, options.stray_grace_ms);
  if (name == "--state") {
    options.state_directory = value;
    return !options.state_directory.empty() && options.state_directory.front() == '/';
  }
  if (name == "--ledger") {
    options.ledger_directory = value;
    return true;
  }
  return false;
}

// The lock, or -1: another runner of this run lives. One that is just ending is waited for.
int Lock(const std::string& directory) {
  const int fd = open((directory + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return -1;
  for (int i = 0; i < 200; ++i) {
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) return fd;
    if (hwf::platform::ConnectUnix(directory + "/sock").ok()) break;
    const timespec pause{0, 10'000'000};
    nanosleep(&pause, nullptr);
  }
  close(fd);
  return -1;
}

// Tasks inherit what we ignore; they are to have the defaults.
void DefaultSignals() {
  for (int number = 1; number <= 64; ++number) signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

int OpenNull() { return open("/dev/null", O_RDWR | O_CLOEXEC); }

// Goes into the background; the first process waits for a byte on the pipe: the runner listens, or has said why not.
int Detach() {
  int ready[2];
  if (pipe2(ready, O_CLOEXEC) != 0) return -1;
  const pid_t pid = fork();
  if (pid < 0) return -1;
  if (pid > 0) {
    close(ready[1]);
    char code = 3;
    const ssize_t count = read(ready[0], &code, 1);
    _exit(count == 1 ? code : 3);
  }
  close(ready[0]);
  setsid();
  return ready[1];
}

int RunRunner(const Arguments& arguments) {
  const std::string& directory = arguments.options.state_directory;
  if (mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) {
    fmt::print(stderr, "hwf-runner: cannot make {}: {}\n", directory, strerror(errno));
    return 3;
  }
  const int ready = arguments.foreground ? -1 : Detach();
  auto tell = [&](char code) {
    if (ready >= 0) {
      (void)!write(ready, &code, 1);
      close(ready);
    }
    return static_cast<int>(code);
  };
  const int lock = Lock(directory);
  if (lock < 0) {
    if (hwf::platform::ConnectUnix(directory + "/sock").ok()) return tell(0);  // it lives
    fmt::print(stderr, "hwf-runner: cannot lock {}/lock: {}\n", directory, strerror(errno));
    return tell(3);
  }
  if (chdir(arguments.options.run_directory.c_str()) != 0) return tell(3);
  auto runner = Runner::Open(arguments.options, lock);
  if (!runner.ok()) {
    fmt::print(stderr, "hwf-runner: {}\n", runner.error().message());
    return tell(3);
  }
  tell(0);
  if (!arguments.foreground) {
    const int null = OpenNull();
    for (int fd : {0, 1, 2}) dup2(null, fd);
    close(null);
  }
  return (*runner)->Run();
}

}  // namespace

int main(int argc, char** argv) {
  mallopt(M_ARENA_MAX, 1);  // its second and third thread allocate little: one arena keeps it small
  // A closed standard stream must not become one of our files.
  for (int fd = OpenNull(); fd >= 0 && fd <= 2; fd = OpenNull()) fcntl(fd, F_SETFD, 0);
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (name == "--help" || name == "-h") {
      fmt::print("{}", kHelp);
      return 0;
    }
    if (name == "--version") {
      fmt::print("hwf-runner {}\n", HWF_VERSION);
      return 0;
    }
    if (name == "--foreground") {
      arguments.foreground = true;
      continue;
    }
    if (i + 1 >= argc) return Usage(fmt::format("{} needs a value, or is not known", name));
    if (!ReadOption(name, argv[++i], arguments)) return Usage(fmt::format("{} cannot be `{}`", name, argv[i]));
  }
  if (arguments.options.run_directory.empty()) return Usage("--run DIR is missing");
  if (arguments.options.state_directory.empty()) {
    arguments.options.state_directory = arguments.options.run_directory + "/runner";
  }
  DefaultSignals();
  return RunRunner(arguments);
}
