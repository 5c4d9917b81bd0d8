#include "runtime/ssh/ssh_connector.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

#include "base/json.h"
#include "runtime/platform/clock.h"
#include "runtime/platform/command.h"
#include "runtime/platform/ids.h"
#include "runtime/platform/process.h"
#include "runtime/ssh/far_tools.h"
#include "runtime/ssh/ssh_trouble.h"
#include "runtime/state/command.h"

namespace hwf::ssh {
namespace {

using platform::Command;
using platform::CommandResult;
using platform::FileDescriptor;
using site::Reached;
using state::ShellQuote;

constexpr int64_t kCheckMs = 10'000;
constexpr int64_t kOpenMs = 60'000;
constexpr int64_t kAttachMs = 90'000;       // of slow start-up files
constexpr int64_t kInstallMs = 900'000;     // some megabytes over a slow line
constexpr int64_t kLockPauseMs = 50;        // somebody else opens the connection
constexpr int64_t kPersonPauseMs = 60'000;  // until what only a person can mend is tried again
constexpr size_t kMaxNoise = 1 << 20;       // bytes that a login may print
constexpr size_t kMaxComplaint = 16 << 10;

class Connector final : public SshConnector {
 public:
  Connector(SshHost host, FarPlace far, FarAgent agent)
      : host_(std::move(host)), far_(std::move(far)), agent_(std::move(agent)), epoll_(epoll_create1(EPOLL_CLOEXEC)) {}
  ~Connector() override { EndAttach(); }

  void Begin() override {
    reached_.reset();
    EndAttach();
    installed_ = false;
    Run(Step::kCheck, host_.Check(), kCheckMs);
  }

  Reached Poll() override {
    if (!reached_) Advance();
    if (!reached_) return {};
    Reached reached = *std::move(reached_);
    reached_.reset();
    step_ = Step::kIdle;
    return reached;
  }

  int fd() const override { return epoll_.get(); }
  int Wait() const override {
    if (reached_) return 0;
    if (step_ == Step::kIdle) return -1;
    if (step_ == Step::kLock) return kLockPauseMs;
    const int64_t deadline = command_ ? command_->deadline_ms() : deadline_ms_;
    return static_cast<int>(std::max<int64_t>(0, deadline - platform::RealClock().MonotonicMs()));
  }
  const Place& place() const override { return place_; }
  const FarMachine& machine() const override { return machine_; }
  std::string Log() const override { return fmt::format("{}:{}/agents/{}/log", host_.name(), place_.root, far_.name); }

 private:
  enum class Step { kIdle, kCheck, kLock, kOpen, kAttach, kInstall };

  void Advance() {
    switch (step_) {
      case Step::kIdle:
        return;
      case Step::kLock:
        return Lock();
      case Step::kAttach:
        return Listen();
      case Step::kCheck:
      case Step::kOpen:
      case Step::kInstall:
        break;
    }
    std::optional<CommandResult> result = command_->Poll();
    if (!result) return;
    command_.reset();
    if (step_ == Step::kCheck) return OnChecked(*result);
    if (step_ == Step::kOpen) return OnOpened(*result);
    OnInstalled(*result);
  }

  void Run(Step step, const std::vector<std::string>& argv, int64_t timeout_ms) {
    step_ = step;
    platform::SpawnOptions options;
    options.argv = argv;
    options.inherit_env = true;
    auto command = Command::Start(options, "", {timeout_ms, kMaxComplaint});
    if (!command.ok()) return Fail(fmt::format("{} cannot be started: {}", argv[0], command.error().message()));
    command_ = *std::move(command);
    Watch(command_->fd());
  }

  // ---- the connection

  void OnChecked(const CommandResult& result) {
    if (result.exit_code == 0) return Attach();
    // To try again what only a person can mend would lock accounts and fill logs.
    if (platform::RealClock().MonotonicMs() < person_until_ms_) return Fail(person_why_);
    step_ = Step::kLock;
    Lock();
  }

  // Whoever waited here finds the connection open.
  void Lock() {
    if (!lock_.valid()) {
      lock_ = FileDescriptor(open(host_.lock_path().c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
      if (!lock_.valid()) return Fail(ErrnoError(errno, "opening " + host_.lock_path()).message());
      waited_ = false;
    }
    if (flock(lock_.get(), LOCK_EX | LOCK_NB) != 0) {
      waited_ = true;
      return;
    }
    if (std::exchange(waited_, false)) {
      lock_.Reset();
      return Run(Step::kCheck, host_.Check(), kCheckMs);
    }
    Run(Step::kOpen, host_.OpenMaster(false), kOpenMs);
  }

  void OnOpened(const CommandResult& result) {
    lock_.Reset();
    if (result.exit_code == 0) return Attach();
    if (result.timed_out) return Fail(fmt::format("{} does not answer within {} s", host_.name(), kOpenMs / 1000));
    const SshTrouble trouble = ExplainSsh(result.err + result.out, far_.name, host_.name());
    if (trouble.needs_person) {
      person_until_ms_ = platform::RealClock().MonotonicMs() + kPersonPauseMs;
      person_why_ = trouble.why;
    }
    Fail(trouble.why);
  }

  // ---- the agent

  std::string AttachScript() const {
    std::string cases;
    for (const ToolSet& set : tools_) {
      cases += fmt::format("{}) t={};;\n", set.machine, ToolDirectory(far_.workdir, set.digest));
    }
    std::string options;
    for (const std::string& word : agent_.options) options += " " + ShellQuote(word);
    const std::string kind = agent_.kind.empty() ? "" : ShellQuote(agent_.kind) + " ";
    return fmt::format(
        R"(m=$(uname -m)
t=
case $m in
{cases}esac
[ -n "$t" ] || {{ printf '\n%s unsupported %s\n' {marker} "$m"; exit 0; }}
[ -x "$t/hwf-runner" ] || {{ printf '\n%s missing %s\n' {marker} "$m"; exit 0; }}
r={workdir}/{run}
s=$r/agents/{site}
{begin}begin "$t/hwf-runner" attach --marker {marker} --root "$r" --state "$s" -- {kind}--run "$r" --state "$s"{options}
)",
        fmt::arg("cases", cases), fmt::arg("marker", ShellQuote(marker_)),
        fmt::arg("workdir", ScriptPath(far_.workdir)), fmt::arg("run", ShellQuote(far_.run_id)),
        fmt::arg("site", ShellQuote(far_.name)), fmt::arg("options", options),
        fmt::arg("begin", DefineBegin(agent_.needs)), fmt::arg("kind", kind));
  }

  void Attach() {
    if (tools_.empty()) {
      auto tools = FindTools(far_.program_directory, far_.python_directory);
      if (!tools.ok()) return Fail("the programs to install there: " + tools.error().message());
      tools_ = *std::move(tools);
    }
    step_ = Step::kAttach;
    marker_ = "hwf-" + platform::NewId();
    noise_.clear();
    complaint_.clear();
    int ends[2], complaints[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return Fail("no socket can be made");
    socket_ = FileDescriptor(ends[0]);
    const FileDescriptor theirs(ends[1]);
    if (pipe2(complaints, O_CLOEXEC) != 0) return Fail("no pipe can be made");
    complaints_ = FileDescriptor(complaints[0]);
    const FileDescriptor their_complaints(complaints[1]);
    for (const int fd : {ends[0], complaints[0]}) (void)fcntl(fd, F_SETFL, O_NONBLOCK);
    platform::SpawnOptions spawn;
    spawn.argv = host_.RunScript(AttachScript());
    spawn.inherit_env = true;
    spawn.new_group = true;
    spawn.files = {{theirs.get(), 0}, {theirs.get(), 1}, {their_complaints.get(), 2}};
    auto pid = platform::Spawn(spawn);
    if (!pid.ok()) return Fail("ssh cannot be started: " + pid.error().message());
    attach_ = *pid;
    deadline_ms_ = platform::RealClock().MonotonicMs() + kAttachMs;
    Watch(socket_.get());
    Watch(complaints_.get());
  }

  // Takes lines until the one with the marker, and nothing behind it.
  void Listen() {
    char piece[16 << 10];
    HearComplaints();
    while (true) {
      const ssize_t seen = recv(socket_.get(), piece, sizeof piece, MSG_PEEK);
      if (seen < 0 && errno == EINTR) continue;
      if (seen < 0 && errno == EAGAIN) break;
      if (seen <= 0) return OnSilence();
      const std::string_view text(piece, static_cast<size_t>(seen));
      const size_t newline = text.find('\n');
      const size_t count = newline == std::string_view::npos ? text.size() : newline + 1;
      (void)recv(socket_.get(), piece, count, 0);
      noise_ += text.substr(0, count);
      noise_size_ += count;
      if (newline == std::string_view::npos && noise_.size() < kMaxNoise) continue;
      const std::string line = std::exchange(noise_, "");
      if (line.starts_with(marker_ + " ")) return OnWord(line.substr(marker_.size() + 1));
      if (noise_size_ >= kMaxNoise) return Give(fmt::format("a login on {} prints without end", host_.name()));
    }
    if (platform::RealClock().MonotonicMs() < deadline_ms_) return;
    Give(fmt::format("a login on {} takes longer than {} s: look at the start-up files of the shell there",
                     host_.name(), kAttachMs / 1000));
  }

  void OnWord(const std::string& word) {
    if (word.starts_with("missing ")) return Install(LastLine(word.substr(8)));
    if (word.starts_with("unsupported ")) {
      return Give(fmt::format("{} is a machine of kind {}, for which no hwf-runner lies beside hwf", host_.name(),
                              LastLine(word.substr(12))));
    }
    auto where = Json::Parse(word);
    if (!where.ok() || !where->is_object())
      return Give("the runner's first words are not understood: " + LastLine(word));
    if (const Json* error = where->Find("error"); error != nullptr && error->is_string()) {
      return Give(WithAdvice(error->AsString()));
    }
    Settle(*where);
    (void)epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, socket_.get(), nullptr);
    reached_.emplace(Reached{Reached::State::kConnected, std::move(socket_), ""});
  }

  void Settle(const Json& where) {
    place_.root = where.StringOr("root", "");
    place_.setting.host = where.StringOr("host", "");
    place_.setting.programs = place_.setting.python = where.StringOr("tools", "");
    place_.setting.own_environment = true;
    place_.setting.environment.clear();
    if (where["environment"].is_object()) {
      for (const JsonMember& member : where["environment"].AsObject()) {
        if (member.value.is_string()) place_.setting.environment.emplace_back(member.key, member.value.AsString());
      }
    }
    machine_ = {where.DoubleOr("cpus", 0), where.IntOr("gpus", 0), where.IntOr("memory", 0)};
  }

  // The newest of what ssh and the login write to their standard error.
  void HearComplaints() {
    char piece[4096];
    while (true) {
      const ssize_t count = read(complaints_.get(), piece, sizeof piece);
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return;
      complaint_.append(piece, static_cast<size_t>(count));
      if (complaint_.size() > kMaxComplaint) complaint_.erase(0, complaint_.size() - kMaxComplaint);
    }
  }

  // The session ended before the marker.
  void OnSilence() {
    HearComplaints();
    Give(ExplainSsh(complaint_, far_.name, host_.name()).why);
  }

  // ---- the tools

  void Install(const std::string& machine) {
    if (std::exchange(installed_, true)) return Give("the tools were installed and are not there");
    EndAttach();
    const auto set =
        std::find_if(tools_.begin(), tools_.end(), [&](const ToolSet& one) { return one.machine == machine; });
    if (set == tools_.end()) return Give("no tools for " + machine);
    std::string line;
    for (const std::string& word : PackCommand(*set)) line += ShellQuote(word) + " ";
    line += "|";
    for (const std::string& word : host_.RunScript(InstallScript(*set, far_.workdir, marker_))) {
      line += " " + ShellQuote(word);
    }
    Run(Step::kInstall, {"/bin/sh", "-c", line}, kInstallMs);
  }

  void OnInstalled(const CommandResult& result) {
    if (result.timed_out) return Fail(fmt::format("the tools could not be sent to {} in time", host_.name()));
    const size_t at = result.out.find("\n" + marker_ + " ");
    if (at == std::string::npos) return Fail(ExplainSsh(result.err, far_.name, host_.name()).why);
    const std::string word = result.out.substr(at + marker_.size() + 2);
    if (word.starts_with("ok")) return Attach();
    Fail(WithAdvice("installing hwf's tools: " + TellingLine(word)));
  }

  std::string WithAdvice(const std::string& what) const {
    std::string text = fmt::format("{}: {}", host_.name(), what);
    if (what.find("No space left") != std::string::npos || what.find("quota exceeded") != std::string::npos) {
      text += fmt::format("; make room in its workdir `{}`, or give the site another one", far_.workdir);
    } else if (what.find("ermission denied") != std::string::npos || what.find("ead-only file") != std::string::npos) {
      text += fmt::format("; its workdir `{}` must be yours to write to", far_.workdir);
    }
    return text;
  }

  // ---- the end of an attempt

  void Give(std::string why) {
    EndAttach();
    Fail(std::move(why));
  }
  void Fail(std::string why) {
    command_.reset();
    lock_.Reset();
    reached_.emplace(Reached{Reached::State::kFailed, {}, std::move(why)});
  }

  // The program of the last session; with the session's socket gone, or told to, it ends.
  void EndAttach() {
    socket_.Reset();
    complaints_.Reset();
    noise_size_ = 0;
    if (attach_ <= 0) return;
    (void)kill(-attach_, SIGKILL);
    while (waitpid(attach_, nullptr, 0) < 0 && errno == EINTR) {
    }
    attach_ = -1;
  }

  void Watch(int fd) {
    epoll_event event{};
    event.events = EPOLLIN;
    (void)epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);
  }

  SshHost host_;
  FarPlace far_;
  FarAgent agent_;
  FileDescriptor epoll_;
  std::vector<ToolSet> tools_;
  Place place_;
  FarMachine machine_;
  Step step_ = Step::kIdle;
  std::optional<Reached> reached_;
  std::unique_ptr<Command> command_;
  FileDescriptor lock_;
  bool waited_ = false;  // for the lock
  int64_t person_until_ms_ = 0;
  std::string person_why_;
  pid_t attach_ = -1;
  FileDescriptor socket_, complaints_;
  std::string marker_, noise_, complaint_;
  size_t noise_size_ = 0;
  int64_t deadline_ms_ = 0;
  bool installed_ = false;
};

}  // namespace

std::unique_ptr<SshConnector> MakeSshConnector(SshHost host, FarPlace place, FarAgent agent) {
  return std::make_unique<Connector>(std::move(host), std::move(place), std::move(agent));
}

}  // namespace hwf::ssh
