#include <fcntl.h>
#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

#include "runtime/platform/process.h"
#include "runtime/platform/unix_socket.h"
#include "runtime/site/connector.h"

namespace hwf::site {
namespace {

using platform::FileDescriptor;

constexpr int kStarts = 3;     // that end well and leave nobody who listens
constexpr int kPollMs = 5;     // where there is no pidfd
constexpr size_t kWhy = 2048;  // bytes of what it says

class LocalConnector final : public Connector {
 public:
  explicit LocalConnector(LocalAgent agent) : agent_(std::move(agent)), epoll_(epoll_create1(EPOLL_CLOEXEC)) {}

  ~LocalConnector() override {
    if (starting_ > 0) (void)waitpid(starting_, nullptr, WNOHANG);
  }

  void Begin() override {
    starts_ = 0;
    Connect();
  }

  Reached Poll() override {
    if (starting_ > 0) Reap();
    if (!reached_) return {};
    Reached reached = *std::move(reached_);
    reached_.reset();
    return reached;
  }

  int fd() const override { return epoll_.get(); }
  int Wait() const override {
    if (reached_) return 0;
    return starting_ > 0 && !exit_.valid() ? kPollMs : -1;
  }
  const Place& place() const override { return place_; }
  std::string Log() const override { return agent_.state + "/log"; }

 private:
  void Connect() {
    auto socket = platform::ConnectUnix(agent_.state + "/sock");
    if (socket.ok()) {
      reached_.emplace(Reached{Reached::State::kConnected, *std::move(socket), ""});
      return;
    }
    const int code = socket.error().code();
    if (code != ENOENT && code != ECONNREFUSED) return Fail(socket.error().message());
    if (starts_ == kStarts) return Fail("the runner starts but cannot be reached");
    ++starts_;
    Start();
  }

  // It detaches itself and exits when it listens, or with its reason on the pipe when it cannot.
  void Start() {
    int pipe_ends[2];
    if (pipe2(pipe_ends, O_CLOEXEC | O_NONBLOCK) != 0) return Fail(ErrnoError(errno, "making a pipe").message());
    why_ = FileDescriptor(pipe_ends[0]);
    const FileDescriptor write_end(pipe_ends[1]);
    platform::SpawnOptions spawn;
    spawn.argv = agent_.argv;
    spawn.inherit_env = true;
    spawn.new_session = true;
    spawn.files = {{write_end.get(), 2}};
    auto pid = platform::Spawn(spawn);
    if (!pid.ok()) {
      return Fail(
          fmt::format("{} cannot be started: {}; it belongs beside hwf", agent_.argv[0], pid.error().message()));
    }
    starting_ = *pid;
    exit_ = FileDescriptor(static_cast<int>(syscall(SYS_pidfd_open, starting_, 0)));
    epoll_event event{};
    event.events = EPOLLIN;
    if (exit_.valid()) (void)epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, exit_.get(), &event);
  }

  void Reap() {
    int status = 0;
    const pid_t done = waitpid(starting_, &status, WNOHANG);
    if (done == 0) return;
    starting_ = -1;
    exit_.Reset();
    if (done > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0) return Connect();
    char text[kWhy];
    const ssize_t count = read(why_.get(), text, sizeof text);
    std::string why(text, count > 0 ? static_cast<size_t>(count) : 0);
    while (why.ends_with('\n')) why.pop_back();
    Fail(fmt::format("the runner cannot be started: {}", why.empty() ? "it ended at once" : why));
  }

  void Fail(std::string why) { reached_.emplace(Reached{Reached::State::kFailed, {}, std::move(why)}); }

  LocalAgent agent_;
  Place place_;
  FileDescriptor epoll_;
  std::optional<Reached> reached_;  // not taken by Poll yet
  int starts_ = 0;                  // of this attempt
  pid_t starting_ = -1;
  FileDescriptor exit_;  // pidfd of it
  FileDescriptor why_;
};

}  // namespace

std::unique_ptr<Connector> MakeLocalConnector(LocalAgent agent) {
  return std::make_unique<LocalConnector>(std::move(agent));
}

}  // namespace hwf::site
