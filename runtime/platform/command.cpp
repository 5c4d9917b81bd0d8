#include "runtime/platform/command.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "runtime/platform/clock.h"

namespace hwf::platform {
namespace {

// A file without a name: a child that does not read it blocks nobody.
ErrorOr<FileDescriptor> InputFile(const std::string& bytes) {
  FileDescriptor file(memfd_create("input", MFD_CLOEXEC));
  if (!file.valid()) return ErrnoError(errno, "making a file in memory");
  for (size_t at = 0; at < bytes.size();) {
    const ssize_t wrote = write(file.get(), bytes.data() + at, bytes.size() - at);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return ErrnoError(errno, "filling a file in memory");
    at += static_cast<size_t>(wrote);
  }
  (void)lseek(file.get(), 0, SEEK_SET);
  return file;
}

// Reads what is there; closes at the end of the stream.
void Drain(FileDescriptor& from, size_t limit, std::string& to) {
  char buffer[16 * 1024];
  while (from.valid()) {
    const ssize_t got = read(from.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return;
    if (got == 0) return from.Reset();
    to.append(buffer, std::min(limit - std::min(limit, to.size()), static_cast<size_t>(got)));
  }
}

}  // namespace

ErrorOr<std::unique_ptr<Command>> Command::Start(SpawnOptions options, const std::string& input,
                                                 const RunLimits& limits) {
  std::unique_ptr<Command> command(new Command);
  command->output_bytes_ = limits.output_bytes;
  command->deadline_ms_ = RealClock().MonotonicMs() + limits.timeout_ms;
  HWF_TRY(command->Launch(std::move(options), input));
  return command;
}

ErrorOr<Success> Command::Launch(SpawnOptions options, const std::string& input) {
  epoll_ = FileDescriptor(epoll_create1(EPOLL_CLOEXEC));
  if (!epoll_.valid()) return ErrnoError(errno, "watching a program");
  HWF_ASSIGN(const FileDescriptor in, InputFile(input));
  FileDescriptor theirs[2];
  for (int i = 0; i < 2; ++i) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return ErrnoError(errno, "making a pipe");
    (i == 0 ? out_ : err_) = FileDescriptor(ends[0]);
    theirs[i] = FileDescriptor(ends[1]);
    (void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
  }
  options.files = {{in.get(), 0}, {theirs[0].get(), 1}, {theirs[1].get(), 2}};
  options.new_group = true;
  HWF_ASSIGN(pid_, Spawn(options));
  process_ = FileDescriptor(static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)));
  if (!process_.valid()) return ErrnoError(errno, "watching a program");
  for (const int fd : {process_.get(), out_.get(), err_.get()}) {
    epoll_event event{};
    event.events = EPOLLIN;
    if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) return ErrnoError(errno, "watching a program");
  }
  return Success{};
}

Command::~Command() {
  if (pid_ <= 0) return;
  (void)kill(-pid_, SIGKILL);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

std::optional<CommandResult> Command::Poll() {
  Drain(out_, output_bytes_, result_.out);
  Drain(err_, output_bytes_, result_.err);
  if (pid_ <= 0) return std::nullopt;
  int status = 0;
  pid_t done = waitpid(pid_, &status, WNOHANG);
  if (done == 0) {
    if (RealClock().MonotonicMs() < deadline_ms_) return std::nullopt;
    result_.timed_out = true;
    (void)kill(-pid_, SIGKILL);
    while ((done = waitpid(pid_, &status, 0)) < 0 && errno == EINTR) {
    }
  } else {
    (void)kill(-pid_, SIGKILL);  // what it left running would hold our pipes and live on unseen
  }
  pid_ = -1;
  Drain(out_, output_bytes_, result_.out);
  Drain(err_, output_bytes_, result_.err);
  if (WIFEXITED(status)) result_.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) result_.signal = WTERMSIG(status);
  return std::move(result_);
}

}  // namespace hwf::platform
