#include "runtime/platform/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "runtime/platform/clock.h"
#include "runtime/platform/file_descriptor.h"
#include "runtime/platform/file_system.h"

extern char** environ;

namespace hwf::platform {
namespace {

constexpr std::string_view kDefaultPath = "/usr/local/bin:/usr/bin:/bin";

// Owns the pieces of a posix_spawn call.
class SpawnPlan {
 public:
  SpawnPlan() {
    posix_spawn_file_actions_init(&actions_);
    posix_spawnattr_init(&attributes_);
  }
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  ErrorOr<Success> SetFiles(const std::vector<std::pair<int, int>>& files) {
    int highest = 2;
    for (const auto& [ours, theirs] : files) highest = std::max(highest, theirs);
    for (int fd = 0; fd <= 2; ++fd) {
      auto named = [&](const std::pair<int, int>& file) { return file.second == fd; };
      if (std::none_of(files.begin(), files.end(), named)) {
        posix_spawn_file_actions_addopen(&actions_, fd, "/dev/null", fd == 0 ? O_RDONLY : O_WRONLY, 0);
      }
    }
    for (const auto& [ours, theirs] : files) {
      int source = ours;
      if (ours <= highest && ours != theirs) {  // would be overwritten before its turn
        FileDescriptor moved(fcntl(ours, F_DUPFD_CLOEXEC, highest + 1));
        if (!moved.valid()) return ErrnoError(errno, "duplicate a descriptor");
        source = moved.get();
        moved_.push_back(std::move(moved));
      }
      posix_spawn_file_actions_adddup2(&actions_, source, theirs);
    }
    posix_spawn_file_actions_addclosefrom_np(&actions_, highest + 1);
    return Success();
  }

  void SetDirectory(const std::string& directory) {
    if (!directory.empty()) posix_spawn_file_actions_addchdir_np(&actions_, directory.c_str());
  }

  void SetSignalsAndGroup(bool new_session, bool new_group) {
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    int flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    if (new_session) flags |= POSIX_SPAWN_SETSID;
    if (new_group && !new_session) flags |= POSIX_SPAWN_SETPGROUP;
    posix_spawnattr_setflags(&attributes_, static_cast<short>(flags));
  }

  int Go(const std::string& program, char* const* argv, char* const* env, pid_t& pid) {
    return posix_spawn(&pid, program.c_str(), &actions_, &attributes_, argv, env);
  }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
  std::vector<FileDescriptor> moved_;
};

std::vector<char*> Pointers(std::vector<std::string>& words) {
  std::vector<char*> out;
  out.reserve(words.size() + 1);
  for (std::string& word : words) out.push_back(word.data());
  out.push_back(nullptr);
  return out;
}

std::vector<std::string> Environment(const SpawnOptions& options) {
  std::vector<std::string> out;
  for (const auto& [name, value] : options.env) out.push_back(name + "=" + value);
  for (char** entry = environ; options.inherit_env && entry != nullptr && *entry != nullptr; ++entry) {
    std::string_view text(*entry);
    std::string_view name = text.substr(0, text.find('='));
    auto same = [&](const auto& member) { return member.first == name; };
    if (std::none_of(options.env.begin(), options.env.end(), same)) out.emplace_back(text);
  }
  return out;
}

std::string PathOf(const std::vector<std::string>& environment) {
  for (const std::string& entry : environment) {
    if (entry.compare(0, 5, "PATH=") == 0) return entry.substr(5);
  }
  return std::string(kDefaultPath);
}

void SetNonBlocking(int fd) { fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK); }

struct Pipe {
  FileDescriptor read, write;
};
ErrorOr<Pipe> MakePipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return ErrnoError(errno, "make a pipe");
  return Pipe{FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

// Input as a file without a name, so that a child that never reads it cannot block us and no SIGPIPE can come.
ErrorOr<FileDescriptor> AsFile(const std::string& bytes) {
  FileDescriptor fd(static_cast<int>(syscall(SYS_memfd_create, "input", 1u /* MFD_CLOEXEC */)));
  if (!fd.valid()) return ErrnoError(errno, "make a file in memory");
  size_t at = 0;
  while (at < bytes.size()) {
    ssize_t wrote = write(fd.get(), bytes.data() + at, bytes.size() - at);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return ErrnoError(errno, "fill a file in memory");
    at += static_cast<size_t>(wrote);
  }
  lseek(fd.get(), 0, SEEK_SET);
  return fd;
}

// Reads what is there; false at the end of the stream.
bool ReadSome(int fd, size_t limit, std::string& out) {
  char buffer[4096];
  while (true) {
    ssize_t got = read(fd, buffer, sizeof(buffer));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno == EAGAIN;
    if (got == 0) return false;
    size_t room = limit - std::min(limit, out.size());
    out.append(buffer, std::min(room, static_cast<size_t>(got)));
  }
}

Finished Reap(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  Finished finished;
  if (WIFEXITED(status)) finished.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) finished.signal = WTERMSIG(status);
  return finished;
}

std::string ReadSmall(const std::string& path) {
  ErrorOr<std::string> text = RealFileSystem().Read(path, 4096);
  if (!text.ok()) return "";
  while (!text->empty() && text->back() == '\n') text->pop_back();
  return std::move(text).value();
}

}  // namespace

ErrorOr<std::string> FindProgram(const std::string& program, const std::string& path) {
  if (program.find('/') != std::string::npos) return program;
  int code = ENOENT;
  size_t start = 0;
  while (!program.empty() && start <= path.size()) {
    size_t end = std::min(path.find(':', start), path.size());
    std::string directory = path.substr(start, end - start);
    std::string candidate = (directory.empty() ? "." : directory) + "/" + program;
    struct stat status {};
    if (stat(candidate.c_str(), &status) == 0 && S_ISREG(status.st_mode)) {
      if (access(candidate.c_str(), X_OK) == 0) return candidate;
      code = EACCES;
    }
    start = end + 1;
  }
  return ErrnoError(code, fmt::format("find `{}` in PATH ({})", program, path));
}

ErrorOr<pid_t> Spawn(const SpawnOptions& options) {
  HWF_CHECK(!options.argv.empty());
  std::vector<std::string> argv = options.argv;
  std::vector<std::string> environment = Environment(options);
  HWF_ASSIGN(std::string program, FindProgram(argv[0], PathOf(environment)));
  SpawnPlan plan;
  HWF_TRY(plan.SetFiles(options.files));
  plan.SetDirectory(options.directory);
  plan.SetSignalsAndGroup(options.new_session, options.new_group);
  pid_t pid = -1;
  int code = plan.Go(program, Pointers(argv).data(), Pointers(environment).data(), pid);
  if (code != 0) return ErrnoError(code, "start " + program);
  return pid;
}

ErrorOr<Finished> RunToEnd(SpawnOptions options, const std::string& input, const RunLimits& limits) {
  HWF_ASSIGN(FileDescriptor in, AsFile(input));
  HWF_ASSIGN(Pipe out, MakePipe());
  SetNonBlocking(out.read.get());
  options.files = {{in.get(), 0}, {out.write.get(), 1}, {out.write.get(), 2}};
  options.new_group = true;
  HWF_ASSIGN(pid_t pid, Spawn(options));
  out.write.Reset();
  FileDescriptor handle(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  if (!handle.valid()) {
    int code = errno;
    kill(-pid, SIGKILL);
    Reap(pid);
    return ErrnoError(code, "watch a process");
  }
  std::string output;
  int64_t deadline = RealClock().MonotonicMs() + limits.timeout_ms;
  bool timed_out = false, reading = true, ended = false;
  while (!ended && !timed_out) {
    int64_t left = std::max<int64_t>(0, deadline - RealClock().MonotonicMs());
    pollfd watched[2] = {{handle.get(), POLLIN, 0}, {reading ? out.read.get() : -1, POLLIN, 0}};
    int ready = poll(watched, 2, static_cast<int>(left));
    if (ready < 0 && errno != EINTR) break;
    if (reading) reading = ReadSome(out.read.get(), limits.output_bytes, output);
    ended = (watched[0].revents & POLLIN) != 0;
    timed_out = !ended && left == 0;
  }
  // Also after its own end: what it left running would hold our pipe and live on unseen.
  kill(-pid, SIGKILL);
  Finished finished = Reap(pid);
  if (reading) ReadSome(out.read.get(), limits.output_bytes, output);
  finished.timed_out = timed_out;
  finished.output = std::move(output);
  return finished;
}

std::string BootIdentity() {
  char space[64] = "";
  ssize_t length = readlink("/proc/self/ns/pid", space, sizeof(space) - 1);  // "pid:[4026531836]"
  std::string name = length > 0 ? std::string(space, static_cast<size_t>(length)) : "pid:[?]";
  return ReadSmall("/proc/sys/kernel/random/boot_id") + "/" + name;
}

std::string HostName() {
  char name[256] = "";
  if (gethostname(name, sizeof(name) - 1) != 0) return "unknown";
  return name;
}

std::string ThisProgram() {
  char path[4096];
  const ssize_t length = readlink("/proc/self/exe", path, sizeof path);
  return length > 0 ? std::string(path, static_cast<size_t>(length)) : "";
}

// /proc/<pid>/stat: "pid (name) state ppid ..."; the name may hold anything, so fields count from the last bracket.
ErrorOr<int64_t> StartTimeOf(int64_t pid) {
  std::string what = fmt::format("process {}", pid);
  if (pid <= 0) return ErrnoError(ESRCH, what);
  std::string text = ReadSmall(fmt::format("/proc/{}/stat", pid));
  size_t bracket = text.rfind(')');
  if (bracket == std::string::npos || bracket + 2 >= text.size()) return ErrnoError(ESRCH, what);
  std::string_view rest = std::string_view(text).substr(bracket + 2);
  if (rest[0] == 'Z' || rest[0] == 'X') return ErrnoError(ESRCH, what);
  constexpr int kStartField = 19;  // of those from the state on
  for (int field = 0; field < kStartField; ++field) {
    size_t space = rest.find(' ');
    if (space == std::string_view::npos) return ErrnoError(ESRCH, what);
    rest.remove_prefix(space + 1);
  }
  int64_t start = 0;
  if (std::from_chars(rest.data(), rest.data() + rest.size(), start).ec != std::errc()) return ErrnoError(ESRCH, what);
  return start;
}

ProcessIdentity OwnIdentity() {
  ErrorOr<int64_t> start = StartTimeOf(getpid());
  return {BootIdentity(), getpid(), start.ok() ? *start : 0};
}

Liveness LivenessOf(const ProcessIdentity& process) {
  if (process.boot != BootIdentity()) return Liveness::kUnknown;
  ErrorOr<int64_t> start = StartTimeOf(process.pid);
  return start.ok() && *start == process.start ? Liveness::kAlive : Liveness::kGone;
}

}  // namespace hwf::platform
