#include "runtime/runner/background.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>

#include "runtime/platform/file_descriptor.h"
#include "runtime/platform/process.h"
#include "runtime/platform/unix_socket.h"

namespace hwf::runner {
namespace {

constexpr off_t kHostAt = 64;  // of the lock; before it is the epoch of its engine (engine_link.h)

// Into the lock, for those who share this directory from other machines: they cannot reach our socket.
void SayWhere(int lock) {
  const std::string host = platform::HostName();
  if (ftruncate(lock, kHostAt) == 0) (void)!pwrite(lock, host.data(), host.size(), kHostAt);
}

// "; …" about who holds the lock, if that is known to be another machine.
std::string Elsewhere(const std::string& directory) {
  const platform::FileDescriptor lock(open((directory + "/lock").c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  char text[256];
  const ssize_t count = lock.valid() ? pread(lock.get(), text, sizeof text, kHostAt) : 0;
  const std::string host(text, count > 0 ? static_cast<size_t>(count) : 0);
  if (host.empty() || host == platform::HostName()) return "";
  return fmt::format(
      "; the run's runner lives on {}, and this is {}: the site must name one machine, not one of several", host,
      platform::HostName());
}

// The lock, or -1: another runner of this run lives. One that is just ending is waited for.
int Lock(const std::string& directory) {
  const int fd = open((directory + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return -1;
  for (int i = 0; i < 200; ++i) {
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) return fd;
    if (platform::ConnectUnix(directory + "/sock").ok()) break;
    const timespec pause{0, 10'000'000};
    nanosleep(&pause, nullptr);
  }
  close(fd);
  return -1;
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

}  // namespace

void HoldStandardStreams() {
  for (int fd = OpenNull(); fd >= 0 && fd <= 2; fd = OpenNull()) fcntl(fd, F_SETFD, 0);
}

int RunAlone(const std::string& name, const std::string& state_directory, const std::string& work_directory,
             bool foreground, const std::function<ErrorOr<std::function<int()>>(int lock_fd)>& open_agent) {
  if (mkdir(state_directory.c_str(), 0700) != 0 && errno != EEXIST) {
    fmt::print(stderr, "{}: cannot make {}: {}\n", name, state_directory, strerror(errno));
    return 3;
  }
  const int ready = foreground ? -1 : Detach();
  const auto tell = [&](char code) {
    if (ready >= 0) {
      (void)!write(ready, &code, 1);
      close(ready);
    }
    return static_cast<int>(code);
  };
  const int lock = Lock(state_directory);
  if (lock < 0) {
    if (platform::ConnectUnix(state_directory + "/sock").ok()) return tell(0);  // it lives
    fmt::print(stderr, "{}: cannot lock {}/lock{}\n", name, state_directory, Elsewhere(state_directory));
    return tell(3);
  }
  SayWhere(lock);
  if (chdir(work_directory.c_str()) != 0) {
    fmt::print(stderr, "{}: cannot go to {}: {}\n", name, work_directory, strerror(errno));
    return tell(3);
  }
  auto run = open_agent(lock);
  if (!run.ok()) {
    fmt::print(stderr, "{}: {}\n", name, run.error().message());
    return tell(3);
  }
  tell(0);
  if (!foreground) {
    const int null = OpenNull();
    for (const int fd : {0, 1, 2}) dup2(null, fd);
    close(null);
  }
  return (*run)();
}

}  // namespace hwf::runner
