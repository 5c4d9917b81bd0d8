#include "runtime/runner/testing/runner_harness.h"

#include <dirent.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "runtime/platform/clock.h"
#include "runtime/platform/process.h"
#include "runtime/runner/process_tree.h"

namespace hwf::runner::testing {

int64_t NowMs() { return platform::RealClock().MonotonicMs(); }

void PauseMs(int64_t ms) {
  const timespec time{ms / 1000, ms % 1000 * 1'000'000};
  nanosleep(&time, nullptr);
}

std::vector<pid_t> ProcessesWith(const std::string& text) {
  std::vector<pid_t> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const pid_t pid = std::atoi(entry.path().filename().c_str());
    if (pid <= 0 || pid == getpid() || !StartedAtBootMs(pid)) continue;
    if (ReadSmall((entry.path() / "cmdline").c_str()).find(text) != std::string::npos) found.push_back(pid);
  }
  return found;
}

const std::string& Mark() {
  static const std::string mark = fmt::format("98765.{}", getpid());
  return mark;
}

RunnerHarness::RunnerHarness(std::string program) : program_(std::move(program)) {
  std::string pattern = ::testing::TempDir() + "hwf-runner-XXXXXX";
  root_ = mkdtemp(pattern.data());
  directory_ = std::filesystem::canonical(root_).string() + "/run";
  for (const char* part : {"", "/runner", "/tasks"}) mkdir((directory_ + part).c_str(), 0700);
  mkdir((root_ + "/ledger").c_str(), 0700);
}

RunnerHarness::~RunnerHarness() {
  channel_.reset();
  if (pid_ > 0) {
    kill(pid_, SIGTERM);
    if (!WaitForExit()) KillRunner();
  }
  std::error_code ignored;
  std::filesystem::remove_all(root_, ignored);
}

void RunnerHarness::Launch(const std::vector<std::string>& options) {
  platform::SpawnOptions spawn;
  spawn.argv = {program_, "--run", directory_, "--foreground", "--ledger", root_ + "/ledger", "--cpus", "4"};
  spawn.argv.insert(spawn.argv.end(), options.begin(), options.end());
  spawn.inherit_env = true;
  spawn.files = {{2, 2}};
  auto pid = platform::Spawn(spawn);
  ASSERT_TRUE(pid.ok()) << pid.error().message();
  pid_ = *pid;
}

void RunnerHarness::KillRunner() {
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
  channel_.reset();
}

std::optional<int> RunnerHarness::WaitForExit(int64_t timeout_ms) {
  int status = 0;
  const bool ended = Eventually([&] { return waitpid(pid_, &status, WNOHANG) == pid_; }, timeout_ms);
  if (!ended) return std::nullopt;
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void RunnerHarness::Connect(int64_t epoch, uint64_t offset) {
  platform::FileDescriptor socket;
  ASSERT_TRUE(Eventually([&] {
    auto connected = platform::ConnectUnix(directory_ + "/runner/sock");
    if (!connected.ok()) return false;
    socket = std::move(connected).value();
    return true;
  })) << "the runner does not listen";
  platform::Channel::Limits limits;
  limits.message = 32u << 20;
  channel_ = std::make_unique<platform::Channel>(std::move(socket), limits);
  Send(Hello{epoch, offset});
}

void RunnerHarness::SendText(const std::string& text) {
  ASSERT_TRUE(channel_ != nullptr);
  auto sent = channel_->SendAll(text, 10'000);
  ASSERT_TRUE(sent.ok()) << sent.error().message();
}

void RunnerHarness::Send(const Request& request) { SendText(ToJson(request).Dump()); }

Start RunnerHarness::Command(const std::string& place, std::vector<std::string> argv) const {
  Start start;
  start.place = place;
  start.directory = TaskDirectory(place);
  start.argv = std::move(argv);
  start.env = {{"PATH", "/usr/local/bin:/usr/bin:/bin"}, {"HWF_RUN", "test"}};
  return start;
}

Start RunnerHarness::Script(const std::string& place, const std::string& script) const {
  Start start = Command(place, {"bash", "-euo", "pipefail"});
  start.script = script;
  return start;
}

Ended RunnerHarness::Run(const Start& start) {
  Send(start);
  return WaitEnded(start.place, start.attempt);
}

bool RunnerHarness::ReceiveFor(int64_t timeout_ms) {
  const int64_t deadline = NowMs() + timeout_ms;
  while (channel_ != nullptr && NowMs() < deadline) {
    auto text = channel_->ReceiveOne(std::max<int64_t>(1, deadline - NowMs()));
    if (!text.ok()) return text.error().code() == ETIMEDOUT;
    auto envelope = EnvelopeFromText(*text);
    EXPECT_TRUE(envelope.ok()) << envelope.error().message() << *text;
    if (!envelope.ok()) return false;
    if (envelope->end > 0) offset_ = envelope->end;
    received_.push_back(*std::move(envelope));
    taken_.push_back(false);
    return true;
  }
  return channel_ != nullptr;
}

Envelope RunnerHarness::WaitIndex(size_t index, const std::string& place, int attempt, int64_t timeout_ms) {
  const int64_t deadline = NowMs() + timeout_ms;
  for (size_t at = 0;;) {
    for (; at < received_.size(); ++at) {
      if (taken_[at] || received_[at].report.index() != index) continue;
      const bool fits = std::visit(
          [&](const auto& report) {
            if constexpr (requires { report.place; }) {
              return place.empty() || (report.place == place && report.attempt == attempt);
            }
            return place.empty();
          },
          received_[at].report);
      if (!fits) continue;
      taken_[at] = true;
      return received_[at];
    }
    if (NowMs() > deadline || !ReceiveFor(deadline - NowMs())) break;
  }
  ADD_FAILURE() << "no report of kind " << index << " for `" << place << "`";
  Envelope none;
  // A report of the asked kind, so that the test can go on to fail.
  const Report kinds[] = {Claimed{}, Started{},   Emitted{},    EmissionBad{}, MessagePlaced{},
                          Ended{},   Unstarted{}, Superseded{}, CaughtUp{},    Held{}};
  none.report = kinds[index];
  return none;
}

Ended RunnerHarness::WaitEnded(const std::string& place, int attempt, int64_t timeout_ms) {
  return WaitOf<Ended>(place, attempt, timeout_ms);
}

std::string RunnerHarness::TaskDirectory(const std::string& place, int attempt) const {
  return fmt::format("{}/tasks/{}/{}", directory_, place, attempt);
}

std::string RunnerHarness::ReadFile(const std::string& path) const {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

}  // namespace hwf::runner::testing
