#include "runtime/runner/attach.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "base/error.h"
#include "base/json.h"
#include "runtime/platform/clock.h"
#include "runtime/platform/process.h"
#include "runtime/platform/unix_socket.h"
#include "runtime/runner/machine.h"

namespace hwf::runner {
namespace {

using platform::FileDescriptor;

constexpr int kStarts = 3;
constexpr size_t kRelayBytes = 1 << 18;
constexpr int64_t kStartMs = 30'000;
// What a task may see of a login's environment here.
constexpr const char* kPassed[] = {"PATH",   "HOME", "USER",   "LOGNAME",     "LANG",
                                   "LC_ALL", "TZ",   "TMPDIR", "VIRTUAL_ENV", "PYTHONPATH"};

struct Options {
  std::string marker, root, state;
  std::vector<std::string> agent;  // this program's arguments that start the agent
};

ErrorOr<Options> Read(const std::vector<std::string>& arguments) {
  Options options;
  size_t i = 0;
  for (; i + 1 < arguments.size() && arguments[i] != "--"; i += 2) {
    std::string* to = arguments[i] == "--marker"  ? &options.marker
                      : arguments[i] == "--root"  ? &options.root
                      : arguments[i] == "--state" ? &options.state
                                                  : nullptr;
    if (to == nullptr) return MakeError("attach: unknown option `{}`", arguments[i]);
    *to = arguments[i + 1];
  }
  if (i < arguments.size() && arguments[i] == "--") options.agent.assign(arguments.begin() + i + 1, arguments.end());
  const bool whole = !options.marker.empty() && options.root.starts_with('/') && options.state.starts_with('/');
  if (!whole || options.agent.empty()) return MakeError("attach: --marker, --root, --state and the agent are needed");
  return options;
}

ErrorOr<Success> MakeFolder(const std::string& path) {
  if (mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) return Success{};
  return ErrnoError(errno, "making " + path);
}

ErrorOr<Success> MakeFolders(const Options& options) {
  HWF_TRY(MakeFolder(options.root));
  for (const char* part : {"/tasks", "/agents", "/store"}) HWF_TRY(MakeFolder(options.root + part));
  return Success{};
}

// It puts itself into the background, and has said why when it cannot.
ErrorOr<Success> StartAgent(const Options& options) {
  platform::SpawnOptions spawn;
  spawn.argv = {platform::ThisProgram()};
  spawn.argv.insert(spawn.argv.end(), options.agent.begin(), options.agent.end());
  spawn.inherit_env = true;
  HWF_ASSIGN(const platform::Finished finished, platform::RunToEnd(spawn, "", {kStartMs, 4096}));
  if (finished.exit_code == 0) return Success{};
  std::string why = finished.output;
  while (why.ends_with('\n')) why.pop_back();
  return MakeError("the runner cannot be started: {}", why.empty() ? "it ended at once" : why);
}

ErrorOr<FileDescriptor> Reach(const Options& options) {
  for (int starts = 0;; ++starts) {
    ErrorOr<FileDescriptor> socket = platform::ConnectUnix(options.state + "/sock");
    if (socket.ok()) return socket;
    const int code = socket.error().code();
    if (code != ENOENT && code != ECONNREFUSED) return socket.error();
    if (starts == kStarts) return MakeError("the runner starts but cannot be reached at {}/sock", options.state);
    HWF_TRY(StartAgent(options));
  }
}

Json Where(const Options& options) {
  const std::string program = platform::ThisProgram();
  Json environment = Json::Object();
  for (const char* name : kPassed) {
    if (const char* value = getenv(name)) environment.Set(name, value);
  }
  const Machine machine = DetectMachine({});
  Json where;
  where.Set("v", 1).Set("root", options.root).Set("tools", program.substr(0, program.rfind('/')));
  where.Set("host", platform::HostName()).Set("environment", environment);
  where.Set("cpus", machine.cpus).Set("gpus", static_cast<int64_t>(machine.gpu_ids.size()));
  return where.Set("memory", machine.memory).Set("time", platform::RealClock().NowMs());
}

void Say(const std::string& marker, const Json& what) {
  const std::string line = fmt::format("\n{} {}\n", marker, what.Dump());
  for (size_t at = 0; at < line.size();) {
    const ssize_t wrote = write(STDOUT_FILENO, line.data() + at, line.size() - at);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return;
    at += static_cast<size_t>(wrote);
  }
}

// Bytes on their way in one direction.
class Flow {
 public:
  Flow(int from, int to) : from_(from), to_(to) {}
  bool wants_read() const { return !over_ && buffer_.size() < kRelayBytes; }
  bool wants_write() const { return !buffer_.empty(); }
  // All that came has gone, and no more will come.
  bool done() const { return over_ && buffer_.empty(); }
  // False: the other end does not take it any more.
  bool Move() {
    if (wants_read()) Take();
    return !wants_write() || Give();
  }

 private:
  void Take() {
    const size_t before = buffer_.size();
    buffer_.resize(kRelayBytes);
    const ssize_t got = read(from_, buffer_.data() + before, kRelayBytes - before);
    const bool later = got < 0 && (errno == EAGAIN || errno == EINTR);
    buffer_.resize(before + static_cast<size_t>(got > 0 ? got : 0));
    over_ = got <= 0 && !later;
  }
  bool Give() {
    const ssize_t wrote = write(to_, buffer_.data(), buffer_.size());
    if (wrote < 0) return errno == EAGAIN || errno == EINTR;
    buffer_.erase(0, static_cast<size_t>(wrote));
    return true;
  }

  int from_, to_;
  std::string buffer_;
  bool over_ = false;
};

void Relay(int socket) {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, socket}) fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
  Flow in(STDIN_FILENO, socket), out(socket, STDOUT_FILENO);
  while (!in.done() && !out.done()) {
    auto events = [](bool wanted, short event) { return static_cast<short>(wanted ? event : 0); };
    std::array<pollfd, 3> fds = {{{in.wants_read() ? STDIN_FILENO : -1, POLLIN, 0},
                                  {STDOUT_FILENO, events(out.wants_write(), POLLOUT), 0},
                                  {socket, 0, 0}}};
    fds[2].events = static_cast<short>(events(out.wants_read(), POLLIN) | events(in.wants_write(), POLLOUT));
    if (poll(fds.data(), fds.size(), -1) < 0 && errno != EINTR) return;
    if ((fds[1].revents & (POLLERR | POLLHUP | POLLNVAL)) != 0) return;  // nobody hears us any more
    if (!in.Move() || !out.Move()) return;
  }
}

}  // namespace

int Attach(const std::vector<std::string>& arguments) {
  signal(SIGPIPE, SIG_IGN);
  const ErrorOr<Options> options = Read(arguments);
  if (!options.ok()) {
    fmt::print(stderr, "hwf-runner: {}\n", options.error().message());
    return 2;
  }
  umask(077);
  ErrorOr<Success> made = MakeFolders(*options);
  ErrorOr<FileDescriptor> socket = made.ok() ? Reach(*options) : ErrorOr<FileDescriptor>(made.error());
  if (!socket.ok()) {
    Say(options->marker, Json().Set("error", socket.error().message()));
    return 3;
  }
  Say(options->marker, Where(*options));
  Relay(socket->get());
  return 0;
}

}  // namespace hwf::runner
