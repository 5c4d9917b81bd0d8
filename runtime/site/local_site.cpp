// The local site: one hwf-runner of the run, reached by its socket. It is started when nobody listens; when the
// connection breaks, it is reached or started again, and what its log does not show yet is sent again. The runner's
// claim makes that safe.
#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "runtime/platform/clock.h"
#include "runtime/platform/file_descriptor.h"
#include "runtime/platform/process.h"
#include "runtime/platform/unix_socket.h"
#include "runtime/runner/machine.h"
#include "runtime/site/site.h"

namespace hwf::site {
namespace {

using platform::FileDescriptor;
using AttemptKey = std::pair<state::Place, int>;

constexpr int64_t kFirstRetryMs = 20;
constexpr int64_t kLastRetryMs = 5000;
constexpr int kBrokenTries = 6;
constexpr size_t kMaxUnsent = 4 << 20;  // handed to a busy runner ahead of time

std::string BesideThisProgram(const std::string& name) {
  std::string path(4096, '\0');
  const ssize_t length = readlink("/proc/self/exe", path.data(), path.size());
  path.resize(length < 0 ? 0 : static_cast<size_t>(length));
  return path.substr(0, path.rfind('/') + 1) + name;
}

// What has been asked of the runner and is not in its log yet.
struct Pending {
  std::map<AttemptKey, runner::Start> starts;
  std::deque<AttemptKey> unsent;  // of them, in the order of submission
  std::map<std::tuple<state::Place, int, int64_t>, runner::Message> messages;
  std::set<AttemptKey> cancels;
};

class LocalSite final : public Site {
 public:
  LocalSite(LocalOptions options, Listener& listener)
      : options_(std::move(options)), listener_(listener), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    if (options_.runner.empty()) options_.runner = BesideThisProgram("hwf-runner");
    machine_ = runner::DetectMachine({options_.cpus, options_.gpus, options_.memory});
  }

  const std::string& name() const override { return options_.name; }
  int fd() const override { return epoll_.get(); }

  ErrorOr<Success> Admit(const Needs& needs) override {
    if (std::llround(needs.cpus * 1000) > std::llround(machine_.cpus * 1000)) {
      return MakeError("it needs {} CPUs, site `{}` has {}", needs.cpus, name(), machine_.cpus);
    }
    if (needs.gpus > static_cast<int>(machine_.gpu_ids.size())) {
      return MakeError("it needs {} GPUs, site `{}` has {}", needs.gpus, name(), machine_.gpu_ids.size());
    }
    if (needs.memory > machine_.memory) {
      return MakeError("it needs {} MiB of memory, site `{}` has {} MiB", needs.memory >> 20, name(),
                       machine_.memory >> 20);
    }
    return Success{};
  }

  void Adopt(int64_t epoch, uint64_t log_offset) override {
    epoch_ = epoch;
    offset_ = log_offset;
    wanted_ = true;
    Connect();
  }

  void Submit(std::vector<runner::Start> starts) override {
    for (runner::Start& start : starts) {
      AttemptKey key(start.place, start.attempt);
      if (!pending_.starts.emplace(key, std::move(start)).second) continue;
      pending_.unsent.push_back(std::move(key));
    }
    drained_ = false;
    if (caught_up_) SendStarts();
  }

  void Deliver(runner::Message message) override {
    if (caught_up_) Send(message);
    pending_.messages.insert_or_assign({message.place, message.attempt, message.number}, std::move(message));
  }

  void Cancel(const state::Place& place, int attempt) override {
    pending_.cancels.insert({place, attempt});
    if (!caught_up_) return;
    // What has not been sent yet is sent first, so that it ends as cancelled instead of being forgotten.
    SendStarts(/*all=*/true);
    Send(runner::Cancel{place, attempt});
  }

  void Drain() override {
    drained_ = true;
    if (!caught_up_) return;
    SendStarts(/*all=*/true);
    Send(runner::Drain{});
  }

  void Finish() override {
    finished_ = true;
    if (caught_up_) Send(runner::Finish{});
  }

  int Poll() override {
    now_ms_ = platform::RealClock().MonotonicMs();
    if (starting_ > 0) ReapRunner();
    if (channel_) Receive();
    if (channel_ && caught_up_) SendStarts();
    if (channel_ && channel_->wants_write() && !channel_->Flush().ok()) Disconnect();
    if (!channel_ && starting_ <= 0 && wanted_ && now_ms_ >= retry_at_ms_) Connect();
    UpdateInterest();
    if (channel_ || !wanted_) return -1;
    if (starting_ > 0) return runner_exit_.valid() ? -1 : 5;
    return static_cast<int>(std::max<int64_t>(0, retry_at_ms_ - now_ms_));
  }

 private:
  void Connect() {
    now_ms_ = platform::RealClock().MonotonicMs();
    auto socket = platform::ConnectUnix(options_.run_directory + "/runner/sock");
    if (!socket.ok()) {
      const int code = socket.error().code();
      if (code == ENOENT || code == ECONNREFUSED) return StartRunner();
      return Trouble(socket.error().message());
    }
    platform::Channel::Limits limits;
    limits.message = runner::kMaxMessageBytes + (1u << 16);
    limits.unsent = size_t{1} << 30;
    channel_ = std::make_unique<platform::Channel>(*std::move(socket), limits);
    Watch(channel_->fd(), EPOLLIN);
    writing_ = false;
    caught_up_ = false;
    Send(runner::Hello{epoch_, offset_});
  }

  // It detaches itself and exits when it listens, or with its reason on the pipe when it cannot.
  void StartRunner() {
    int pipe_ends[2];
    if (pipe2(pipe_ends, O_CLOEXEC | O_NONBLOCK) != 0) return Trouble(ErrnoError(errno, "making a pipe").message());
    why_ = FileDescriptor(pipe_ends[0]);
    const FileDescriptor write_end(pipe_ends[1]);
    platform::SpawnOptions spawn;
    spawn.argv = {options_.runner, "--run", options_.run_directory};
    auto add = [&](const char* option, const std::string& value) {
      spawn.argv.emplace_back(option);
      spawn.argv.push_back(value);
    };
    if (options_.cpus > 0) add("--cpus", fmt::format("{}", options_.cpus));
    if (options_.gpus >= 0) add("--gpus", fmt::format("{}", options_.gpus));
    if (options_.memory > 0) add("--memory", fmt::format("{}", options_.memory));
    if (!options_.ledger_directory.empty()) add("--ledger", options_.ledger_directory);
    add("--kill-grace-ms", fmt::format("{}", options_.kill_grace_ms));
    add("--idle-exit-ms", fmt::format("{}", options_.idle_exit_ms));
    spawn.inherit_env = true;
    spawn.new_session = true;
    spawn.files = {{write_end.get(), 2}};
    auto pid = platform::Spawn(spawn);
    if (!pid.ok()) {
      return Trouble(
          fmt::format("{} cannot be started: {}; it belongs beside hwf", options_.runner, pid.error().message()));
    }
    starting_ = *pid;
    runner_exit_ = FileDescriptor(static_cast<int>(syscall(SYS_pidfd_open, starting_, 0)));
    if (runner_exit_.valid()) Watch(runner_exit_.get(), EPOLLIN);
  }

  void ReapRunner() {
    int status = 0;
    const pid_t done = waitpid(starting_, &status, WNOHANG);
    if (done == 0) return;
    starting_ = -1;
    runner_exit_.Reset();
    if (done > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0) {
      retry_at_ms_ = now_ms_;
      if (++starts_without_connection_ < 3) return;
      return Trouble("the runner starts but cannot be reached");
    }
    char text[2048];
    const ssize_t count = read(why_.get(), text, sizeof text);
    std::string why(text, count > 0 ? static_cast<size_t>(count) : 0);
    while (why.ends_with('\n')) why.pop_back();
    Trouble(fmt::format("the runner cannot be started: {}", why.empty() ? "it ended at once" : why));
  }

  void Receive() {
    auto open = channel_->Receive([this](std::string_view text) {
      if (!broken_.empty()) return;  // what is behind it cannot be taken without it
      auto envelope = runner::EnvelopeFromText(text);
      if (!envelope.ok()) {
        broken_ = envelope.error().message();
        return;
      }
      Handle(*std::move(envelope));
    });
    if (!open.ok() && open.error().code() == EMSGSIZE) broken_ = open.error().message();
    if (!open.ok() && broken_.empty()) {
      Disconnect();
      return Trouble("the connection to the runner: " + open.error().message());
    }
    if (!broken_.empty()) {
      Disconnect();
      return NotUnderstood(std::exchange(broken_, ""));
    }
    if (!*open) Disconnect();
  }

  void Handle(runner::Envelope envelope) {
    if (const auto* superseded = std::get_if<runner::Superseded>(&envelope.report)) {
      wanted_ = false;
      listener_.OnSuperseded(name(), superseded->epoch);
      return;
    }
    if (std::holds_alternative<runner::CaughtUp>(envelope.report)) return OnCaughtUp();
    if (const auto* held = std::get_if<runner::Held>(&envelope.report)) {
      trouble_ = !held->why.empty();
      return listener_.OnTrouble(name(), held->why);
    }
    if (envelope.end > 0) offset_ = envelope.end;
    Settle(envelope.report);
    listener_.OnReport(name(), std::move(envelope.report), envelope.end);
  }

  // The log shows it: it need not be sent again.
  void Settle(const runner::Report& report) {
    if (const auto* claimed = std::get_if<runner::Claimed>(&report)) {
      pending_.starts.erase({claimed->place, claimed->attempt});
    } else if (const auto* unstarted = std::get_if<runner::Unstarted>(&report)) {
      pending_.starts.erase({unstarted->place, unstarted->attempt});
    } else if (const auto* placed = std::get_if<runner::MessagePlaced>(&report)) {
      pending_.messages.erase({placed->place, placed->attempt, placed->number});
    } else if (const auto* ended = std::get_if<runner::Ended>(&report)) {
      const AttemptKey key(ended->place, ended->attempt);
      pending_.starts.erase(key);
      pending_.cancels.erase(key);
      auto first = pending_.messages.lower_bound({ended->place, ended->attempt, 0});
      while (first != pending_.messages.end() && std::get<0>(first->first) == ended->place &&
             std::get<1>(first->first) == ended->attempt) {
        first = pending_.messages.erase(first);
      }
    }
  }

  void OnCaughtUp() {
    caught_up_ = true;
    broken_tries_ = 0;
    starts_without_connection_ = 0;
    retry_ms_ = kFirstRetryMs;
    if (std::exchange(trouble_, false)) listener_.OnTrouble(name(), "");
    listener_.OnCaughtUp(name());
    std::set<AttemptKey> waiting(pending_.unsent.begin(), pending_.unsent.end());
    for (const auto& [key, start] : pending_.starts) {
      if (!waiting.contains(key)) pending_.unsent.push_front(key);  // sent before, and lost
    }
    SendStarts();
    for (const auto& [key, message] : pending_.messages) Send(message);
    for (const AttemptKey& key : pending_.cancels) Send(runner::Cancel{key.first, key.second});
    if (drained_) Send(runner::Drain{});
    if (finished_) Send(runner::Finish{});
  }

  // As much as the runner takes: what waits here can still be cancelled for nothing.
  void SendStarts(bool all = false) {
    if (!channel_) return;
    while (!pending_.unsent.empty() && (all || channel_->unsent() < kMaxUnsent)) {
      auto it = pending_.starts.find(pending_.unsent.front());
      pending_.unsent.pop_front();
      if (it != pending_.starts.end() && !Queue(it->second)) return;
    }
    if (!channel_->Flush().ok()) return;  // the next Poll finds the connection closed
    UpdateInterest();
  }

  void Send(const runner::Request& request) {
    if (!channel_ || !Queue(request)) return;
    (void)channel_->Flush();
    UpdateInterest();
  }
  bool Queue(const runner::Request& request) {
    auto queued = channel_->Queue(ToJson(request).Dump());
    if (queued.ok()) return true;
    const auto* start = std::get_if<runner::Start>(&request);
    if (start == nullptr || queued.error().code() != EMSGSIZE) return true;
    // Too long for any runner: it ends here, as the runner would end it.
    runner::Ended ended;
    ended.place = start->place;
    ended.attempt = start->attempt;
    ended.failure = ir::Reason::kSite;
    ended.message = "its command and values are too long: " + queued.error().message();
    ended.outputs = Json::Object();
    pending_.starts.erase({ended.place, ended.attempt});
    listener_.OnReport(name(), ended, 0);
    return true;
  }

  void Disconnect() {
    channel_.reset();
    caught_up_ = false;
    if (!wanted_ || finished_) {
      wanted_ = wanted_ && !finished_;
      return;
    }
    retry_at_ms_ = now_ms_;  // at once: it is most likely a runner that died
  }

  void Trouble(const std::string& why) {
    retry_at_ms_ = now_ms_ + retry_ms_;
    retry_ms_ = std::min(kLastRetryMs, retry_ms_ * 2);
    trouble_ = true;
    listener_.OnTrouble(name(), why);
  }

  // Asking again helps where the connection was at fault. A record that is wrong in the runner's log stays wrong.
  void NotUnderstood(const std::string& why) {
    const std::string text =
        fmt::format("the runner's words are not understood (what is behind byte {} of {}/runner/log): {}", offset_,
                    options_.run_directory, why);
    if (++broken_tries_ < kBrokenTries) return Trouble(text);
    wanted_ = false;
    listener_.OnFailed(name(), text);
  }

  void Watch(int fd, uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
      (void)epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event);
    }
  }
  void UpdateInterest() {
    if (!channel_ || channel_->wants_write() == writing_) return;
    writing_ = channel_->wants_write();
    Watch(channel_->fd(), EPOLLIN | (writing_ ? uint32_t{EPOLLOUT} : 0));
  }

  LocalOptions options_;
  Listener& listener_;
  FileDescriptor epoll_;
  runner::Machine machine_;
  std::unique_ptr<platform::Channel> channel_;
  bool writing_ = false;
  bool caught_up_ = false;
  int64_t epoch_ = 0;
  uint64_t offset_ = 0;
  Pending pending_;
  bool wanted_ = false;  // between Adopt and being superseded or finished
  bool drained_ = false;
  bool finished_ = false;
  bool trouble_ = false;
  std::string broken_;    // why a word of the runner was not understood
  int broken_tries_ = 0;  // since it last caught up
  pid_t starting_ = -1;
  FileDescriptor runner_exit_;
  FileDescriptor why_;
  int starts_without_connection_ = 0;
  int64_t now_ms_ = 0;
  int64_t retry_at_ms_ = 0;
  int64_t retry_ms_ = kFirstRetryMs;
};

}  // namespace

std::unique_ptr<Site> MakeLocalSite(LocalOptions options, Listener& listener) {
  return std::make_unique<LocalSite>(std::move(options), listener);
}

}  // namespace hwf::site
