#include "runtime/slurm/commands.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hwf::slurm {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

platform::CommandResult Result(int code, const std::string& out, const std::string& err) {
  platform::CommandResult result;
  result.exit_code = code;
  result.out = out;
  result.err = err;
  return result;
}

TEST(AskFor, SaysWhatIsNeededAndNothingElse) {
  runner::Start start;
  start.cpus = 2.5;
  start.memory = (int64_t{1} << 30) + 1;
  start.time_limit_ms = 61'000;
  const Needs needs = NeedsOf(start, {});
  EXPECT_THAT(AskFor(needs, {}),
              ElementsAre("--nodes=1", "--ntasks-per-node=1", "--cpus-per-task=3", "--mem=1025M", "--time=4"));
}

TEST(AskFor, RanksShareTheCpusOfANode) {
  runner::Start start;
  start.cpus = 8;
  start.nodes = 2;
  start.ranks = 8;
  start.gpus = 4;
  start.gpu = "a100";
  Settings settings;
  settings.partition = "acc";
  settings.features = "ib&big";
  settings.pack = 10;
  const std::vector<std::string> argv = AskFor(NeedsOf(start, settings), settings);
  EXPECT_THAT(argv, Contains("--nodes=2"));
  EXPECT_THAT(argv, Contains("--ntasks-per-node=4"));
  EXPECT_THAT(argv, Contains("--cpus-per-task=2"));
  EXPECT_THAT(argv, Contains("--gres=gpu:a100:4"));
  EXPECT_THAT(argv, Contains("--constraint=ib&big"));
  EXPECT_EQ(NeedsOf(start, settings).pack, 1) << "what spans machines is not packed";
}

TEST(MinutesFor, LeaveTheRunnerTimeAndStayWithinTheSites) {
  Needs needs;
  EXPECT_EQ(MinutesFor(needs, {}), 0);
  needs.time_limit_ms = 1;
  EXPECT_EQ(MinutesFor(needs, {}), 3);
  needs.time_limit_ms = 3'600'000;
  needs.pack = 4;
  EXPECT_EQ(MinutesFor(needs, {}), 242);
  Settings settings;
  settings.max_time_ms = 120 * 60'000;
  EXPECT_EQ(MinutesFor(needs, settings), 120);
}

TEST(ReadSubmitted, IsSortedIntoWhatToDoNext) {
  using Kind = Submitted::Kind;
  EXPECT_EQ(ReadSubmitted(Result(0, "812\n", "")).job, "812");
  EXPECT_EQ(ReadSubmitted(Result(0, "812;cluster\n", "")).job, "812");
  const std::pair<const char*, Kind> rows[] = {
      {"sbatch: error: invalid partition specified: nowhere", Kind::kWrong},
      {"sbatch: error: Batch job submission failed: Invalid account or account/partition combination specified",
       Kind::kWrong},
      {"sbatch: error: Batch job submission failed: Requested node configuration is not available", Kind::kWrong},
      {"sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)", Kind::kWait},
      {"sbatch: error: If munged is up, restart with --num-threads=10\nsbatch: error: Munge encode failed",
       Kind::kWait},
      {"sbatch: error: Batch job submission failed: Socket timed out on send/recv operation", Kind::kAmbiguous},
      {"sbatch: error: Batch job submission failed: Zero Bytes were transmitted or received", Kind::kAmbiguous},
      {"sbatch: error: Batch job submission failed: Job violates accounting/QOS policy (job submit limit, …)",
       Kind::kLimit},
      {"sbatch: error: Slurm temporarily unable to accept job, sleeping and retrying", Kind::kLimit},
  };
  for (const auto& [text, kind] : rows) EXPECT_EQ(ReadSubmitted(Result(1, "", text)).kind, kind) << text;
  platform::CommandResult killed;
  killed.signal = 9;
  EXPECT_EQ(ReadSubmitted(killed).kind, Kind::kAmbiguous);
  killed.timed_out = true;
  EXPECT_EQ(ReadSubmitted(killed).kind, Kind::kAmbiguous);
  EXPECT_EQ(ReadSubmitted(Result(0, "what is this", "")).kind, Kind::kAmbiguous);
  EXPECT_EQ(ReadSubmitted(Result(1, "", "sbatch: error: bad\nsbatch: error: worse\n")).why, "bad; worse");
}

TEST(ReadQueue, TakesElementsAndPassesOverWhatItDoesNotKnow) {
  const std::vector<JobRow> rows = ReadQueue(
      "12|N/A|PENDING|hwf:A||Resources\n"
      "13|7|RUNNING|hwf:B|c[1-2]|None\n"
      "13|8|OUT_OF_MEMORY|hwf:B|c1|OutOfMemory\n"
      "garbage\n|||||\n"
      "14|N/A|COMPLETED|(null)|c1|None\n");
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(rows[0].comment, "hwf:A");
  EXPECT_EQ(rows[0].reason, "Resources");
  EXPECT_FALSE(rows[0].placed);
  EXPECT_TRUE(rows[1].placed);
  EXPECT_EQ(rows[1].index, 7);
  EXPECT_EQ(rows[1].state, JobState::kRunning);
  EXPECT_EQ(rows[2].state, JobState::kOom);
  EXPECT_EQ(rows[3].state, JobState::kCompleted);
}

TEST(StateFromText, KnowsTheFirstWord) {
  EXPECT_EQ(StateFromText("CANCELLED by 1000"), JobState::kCancelled);
  EXPECT_EQ(StateFromText("CANCELLED+"), JobState::kCancelled);
  EXPECT_EQ(StateFromText("NODE_FAIL"), JobState::kNodeFail);
  EXPECT_EQ(StateFromText("COMPLETING"), JobState::kRunning);
  EXPECT_EQ(StateFromText("REQUEUE_HOLD"), JobState::kPending);
}

TEST(ReadAccounts, BelievesOnlyWholeLines) {
  const std::vector<Account> accounts = ReadAccounts(
      "12|COMPLETED|0:0|2026-11-21T10:00:00\n"
      "13_7|CANCELLED by 0|0:9|2026-11-21T10:00:00\n"
      "13_[8-9]|PENDING|0:0|Unknown\n"
      "14|RUNNING|0:0|Unknown\n");
  ASSERT_EQ(accounts.size(), 3u);
  EXPECT_EQ(accounts[1].job, "13");
  EXPECT_EQ(accounts[1].index, 7);
  EXPECT_TRUE(accounts[1].ended);
  EXPECT_FALSE(accounts[2].ended);
}

TEST(PendingText, NamesWhatPeopleCanDo) {
  EXPECT_THAT(PendingText("9", "launch failed requeued held"), HasSubstr("scontrol release"));
  EXPECT_THAT(PendingText("9", "ReqNodeNotAvail, UnavailableNodes:c1"), HasSubstr("UnavailableNodes:c1"));
  EXPECT_EQ(PendingText("9", "Priority"), "job 9: others are before it in the queue (Priority)");
  EXPECT_EQ(PendingText("9", "Cleaning"), "job 9: Cleaning");
  EXPECT_EQ(PendingText("9", "None"), "");
}

TEST(Settings, RefuseWhatTheyDoNotKnow) {
  EXPECT_EQ(SettingsFromJson(R"({"partition":"acc","throttle":8,"max_time":60000})")->partition, "acc");
  for (const char* bad : {R"({"partition":1})", R"({"throttle":-1})", R"({"speed":1})", "[]", "{"}) {
    EXPECT_FALSE(SettingsFromJson(bad).ok()) << bad;
  }
}

TEST(Limits, AreReadFromTheControllersConfig) {
  const Limits limits = LimitsFromConfig(
      "Configuration data as of 2026-11-21\nKillWait                = 10 sec\nMaxArraySize            = 101\n"
      "MessageTimeout          = 5 sec\nMinJobAge               = 2 sec\n");
  EXPECT_EQ(limits.max_array, 100);
  EXPECT_EQ(limits.kill_wait_ms, 10'000);
  EXPECT_EQ(limits.min_job_age_ms, 2000);
  EXPECT_EQ(limits.message_timeout_ms, 5000);
  EXPECT_EQ(LimitsFromConfig("").max_array, 1000);
}

}  // namespace
}  // namespace hwf::slurm
