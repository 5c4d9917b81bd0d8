// The local site with the real hwf-runner: the promises of site.h.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "runtime/platform/clock.h"
#include "runtime/platform/unix_socket.h"
#include "runtime/runner/testing/runner_harness.h"
#include "runtime/site/site.h"

namespace hwf::site {
namespace {

using ::testing::HasSubstr;

class Recorder final : public Listener {
 public:
  void OnReport(const std::string&, runner::Report report, uint64_t offset) override {
    if (offset > 0) offset_ = offset;
    if (const auto* ended = std::get_if<runner::Ended>(&report)) {
      EXPECT_TRUE(offset == 0 || !ended_.contains(ended->place)) << ended->place << " ended twice";
      ended_[ended->place] = *ended;
    }
    if (const auto* started = std::get_if<runner::Started>(&report)) started_[started->place] = *started;
    if (std::get_if<runner::MessagePlaced>(&report) != nullptr) ++placed_;
    if (const auto* unstarted = std::get_if<runner::Unstarted>(&report)) unstarted_.push_back(unstarted->place);
  }
  void OnCaughtUp(const std::string&) override { ++caught_up_; }
  void OnTrouble(const std::string&, const std::string& why) override {
    if (!why.empty()) trouble_ = why;
  }
  void OnFailed(const std::string&, const std::string& why) override { failed_.push_back(why); }
  void OnSuperseded(const std::string&, int64_t epoch) override { superseded_ = epoch; }

  std::map<std::string, runner::Ended> ended_;
  std::map<std::string, runner::Started> started_;
  std::vector<std::string> unstarted_;
  std::string trouble_;
  std::vector<std::string> failed_;
  uint64_t offset_ = 0;
  int64_t superseded_ = 0;
  int caught_up_ = 0, placed_ = 0;
};

class LocalSiteTest : public ::testing::Test {
 protected:
  LocalSiteTest() {
    std::string pattern = ::testing::TempDir() + "hwf-site-XXXXXX";
    root_ = std::filesystem::canonical(mkdtemp(pattern.data()));
    options_.run_directory = root_ + "/run";
    options_.runner = HWF_RUNNER_PROGRAM;
    options_.cpus = 2;
    options_.kill_grace_ms = 300;
    options_.idle_exit_ms = 2000;
    options_.ledger_directory = root_ + "/ledger";
    for (const char* part : {"/run", "/run/runner", "/run/tasks", "/ledger"}) mkdir((root_ + part).c_str(), 0700);
  }
  ~LocalSiteTest() override {
    if (site_) site_->Finish();
    site_.reset();
    EXPECT_TRUE(runner::testing::Eventually([&] { return Runners().empty(); })) << "a runner lives on";
    std::filesystem::remove_all(root_);
  }
  std::vector<pid_t> Runners() { return runner::testing::ProcessesWith(options_.run_directory + '\0'); }
  void Open(int64_t epoch = 1, uint64_t offset = 0) {
    site_ = MakeLocalSite(options_, recorder_);
    site_->Adopt(epoch, offset);
  }
  template <typename Condition>
  bool Until(const Condition& condition, int64_t timeout_ms = 20'000) {
    const int64_t deadline = platform::RealClock().MonotonicMs() + timeout_ms;
    while (!condition()) {
      const int64_t left = deadline - platform::RealClock().MonotonicMs();
      if (left <= 0) return false;
      const int wait = site_->Poll();
      if (condition()) return true;
      pollfd ready{site_->fd(), POLLIN, 0};
      poll(&ready, 1,
           static_cast<int>(
               std::min<int64_t>(wait < 0 ? 20 : wait, std::min<int64_t>(left, 20))));  // conditions may be on files
    }
    return true;
  }
  runner::Start Script(const std::string& place, const std::string& script) {
    runner::Start start;
    start.place = place;
    start.directory = fmt::format("{}/tasks/{}/1", options_.run_directory, place);
    start.argv = {"bash"};
    start.script = script;
    start.env = {{"PATH", "/usr/bin:/bin"}};
    return start;
  }
  bool Ended(const std::string& place) {
    return Until([&] { return recorder_.ended_.contains(place); });
  }
  std::string root_;
  LocalOptions options_;
  Recorder recorder_;
  std::unique_ptr<Site> site_;
};

TEST_F(LocalSiteTest, StartsItsRunnerAndRunsWhatIsSubmitted) {
  Open();
  std::vector<runner::Start> starts;
  for (int i = 0; i < 20; ++i) starts.push_back(Script(fmt::format("t{}", i), fmt::format("echo {}", i)));
  site_->Submit(std::move(starts));
  ASSERT_TRUE(Until([&] { return recorder_.ended_.size() == 20; })) << recorder_.trouble_;
  EXPECT_EQ(recorder_.ended_["t7"].out, "7\n");
  EXPECT_EQ(Runners().size(), 1u);
}

TEST_F(LocalSiteTest, AdmitSaysWhatThereIs) {
  Open();
  runner::Start start;
  start.cpus = 2;
  EXPECT_TRUE(site_->Admit(start).ok());
  start.cpus = 3;
  EXPECT_THAT(site_->Admit(start).error().message(), HasSubstr("3 CPUs, site `here` has 2"));
  start.cpus = 1;
  start.gpus = 99;
  EXPECT_THAT(site_->Admit(start).error().message(), HasSubstr("99 GPUs"));
  start.gpus = 0;
  start.memory = int64_t{1} << 50;
  EXPECT_FALSE(site_->Admit(start).ok());
  ASSERT_TRUE(Until([&] { return recorder_.caught_up_ > 0; }));
}

// The runner dies: its tasks are lost, what waited runs, and nothing runs twice.
TEST_F(LocalSiteTest, ADeadRunnerIsReplaced) {
  Open();
  const std::string side = root_ + "/side";
  std::vector<runner::Start> starts;
  for (int i = 0; i < 2; ++i) {
    starts.push_back(Script(fmt::format("run{}", i), fmt::format("echo run >> {}; sleep 60", side)));
  }
  for (int i = 0; i < 3; ++i) starts.push_back(Script(fmt::format("wait{}", i), fmt::format("echo wait >> {}", side)));
  site_->Submit(std::move(starts));
  ASSERT_TRUE(Until([&] { return recorder_.started_.size() == 2; }));
  ASSERT_TRUE(Until([&] {
    std::error_code none;
    return std::filesystem::exists(side) && std::filesystem::file_size(side, none) == 8;
  }));
  const auto runners = Runners();
  ASSERT_EQ(runners.size(), 1u);
  kill(runners[0], SIGKILL);
  ASSERT_TRUE(Until([&] { return recorder_.ended_.size() == 5; })) << recorder_.trouble_;
  EXPECT_EQ(recorder_.ended_["run0"].failure, ir::Reason::kNodeFail);
  EXPECT_EQ(recorder_.ended_["run1"].failure, ir::Reason::kNodeFail);
  EXPECT_EQ(std::filesystem::file_size(side), 8u + 15u) << "each executed once";
  EXPECT_EQ(recorder_.caught_up_, 2);
}

TEST_F(LocalSiteTest, ANewEngineAdoptsWhatRuns) {
  Open();
  site_->Submit({Script("a", "while [ ! -e go ]; do sleep 0.01; done; echo a")});
  ASSERT_TRUE(Until([&] { return recorder_.started_.contains("a"); }));
  const uint64_t offset = recorder_.offset_;
  site_.reset();  // the engine dies
  std::ofstream(options_.run_directory + "/tasks/a/1/go") << "";
  Open(2, offset);
  ASSERT_TRUE(Ended("a"));
  EXPECT_EQ(recorder_.ended_["a"].out, "a\n");
  // The engine lost its last records and submits again: it is answered, not executed.
  site_->Submit({Script("a", "echo again")});
  recorder_.ended_.clear();
  ASSERT_TRUE(Ended("a"));
  EXPECT_EQ(recorder_.ended_["a"].out, "a\n");
}

TEST_F(LocalSiteTest, AnOldEngineIsSuperseded) {
  Open(2);
  ASSERT_TRUE(Until([&] { return recorder_.caught_up_ == 1; }));
  Recorder other;
  auto old = MakeLocalSite(options_, other);
  old->Adopt(1, 0);
  ASSERT_TRUE(runner::testing::Eventually([&] {
    old->Poll();
    site_->Poll();
    return other.superseded_ == 2;
  }));
  EXPECT_EQ(other.caught_up_, 0);
}

TEST_F(LocalSiteTest, MessagesCancelsAndDrain) {
  Open();
  auto start =
      Script("job", "while [ ! -e messages/000001.json ]; do sleep 0.01; done; cat messages/000001.json; sleep 60");
  start.accepts_messages = true;
  start.cpus = 2;
  site_->Submit({start, Script("behind", "true")});
  const Json body = Json::Object().Set("number", 1).Set("message", "halt").Set("fields", Json::Object());
  site_->Deliver({"job", 1, 1, body});
  ASSERT_TRUE(Until([&] { return recorder_.placed_ > 0; }));
  site_->Drain();
  ASSERT_TRUE(Until([&] { return recorder_.unstarted_.size() == 1; }));
  EXPECT_EQ(recorder_.unstarted_[0], "behind");
  site_->Cancel("job", 1);
  ASSERT_TRUE(Ended("job"));
  EXPECT_EQ(recorder_.ended_["job"].failure, ir::Reason::kCancelled);
}

TEST_F(LocalSiteTest, ARunnerThatCannotStartIsTrouble) {
  options_.runner = root_ + "/absent";
  Open();
  EXPECT_TRUE(Until([&] { return !recorder_.trouble_.empty(); }));
  EXPECT_THAT(recorder_.trouble_, HasSubstr("absent cannot be started"));
  options_.runner = "/bin/false";
  recorder_.trouble_.clear();
  Open();
  EXPECT_TRUE(Until([&] { return !recorder_.trouble_.empty(); }));
  EXPECT_THAT(recorder_.trouble_, HasSubstr("cannot be started"));
}

// What it cannot read it asks for again, ever later, and gives up; nothing behind it is believed meanwhile.
TEST_F(LocalSiteTest, ARunnerThatIsNotUnderstoodIsGivenUp) {
  auto listener = platform::ListenUnix(options_.run_directory + "/runner/sock", 0600);
  ASSERT_TRUE(listener.ok());
  Open();
  std::vector<std::unique_ptr<platform::Channel>> connections;
  ASSERT_TRUE(Until([&] {
    while (auto socket = platform::AcceptUnix(*listener)) {
      connections.push_back(std::make_unique<platform::Channel>(*std::move(socket)));
      EXPECT_TRUE(connections.back()->Send(R"({"end":99,"report":{"kind":"dance"}})").ok());
      EXPECT_TRUE(connections.back()->Send(R"({"report":{"kind":"caught_up"}})").ok());
    }
    return !recorder_.failed_.empty();
  }));
  EXPECT_THAT(recorder_.failed_[0], HasSubstr("unknown kind `dance`"));
  EXPECT_EQ(recorder_.caught_up_, 0);
  EXPECT_GT(connections.size(), 2u);
  EXPECT_LT(connections.size(), 10u);
  EXPECT_EQ(site_->Poll(), -1) << "it goes on trying";
}

TEST(LocalOptions, FieldsAreChecked) {
  ir::Site site;
  site.name = "here";
  site.fields = Json::Object().Set("cpus", 8).Set("memory", int64_t{1} << 30).Set("gpus", 0);
  auto options = LocalOptionsFromFields(site, "/run");
  ASSERT_TRUE(options.ok());
  EXPECT_EQ(options->cpus, 8);
  EXPECT_EQ(options->gpus, 0);
  for (const char* bad : {R"({"cpus":-1})", R"({"cpus":"8"})", R"({"speed":1})"}) {
    site.fields = *Json::Parse(bad);
    EXPECT_THAT(LocalOptionsFromFields(site, "/run").error().message(), HasSubstr("site `here`"));
  }
}

}  // namespace
}  // namespace hwf::site
