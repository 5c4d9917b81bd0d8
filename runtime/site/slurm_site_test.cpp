// What a Slurm site does beyond the contract, on a real cluster: arrays, GPUs, ranks, setup, and what it says when
// Slurm refuses, holds or is not there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <iterator>
#include <set>

#include "runtime/site/testing/site_fixture.h"

namespace hwf::site {
namespace {

using runner::Start;
using ::testing::HasSubstr;
using testing::RunProgram;

class SlurmSite : public testing::SiteFixture {
 protected:
  void SetUp() override {
    auto world = std::make_unique<testing::SlurmWorld>();
    slurm_ = world.get();
    made_ = std::move(world);
  }
  void Up() { UpWith(std::move(made_)); }
  // Lines of squeue, sorted out by `format`.
  std::set<std::string> Queue(const std::string& format) {
    std::set<std::string> lines;
    std::istringstream text(RunProgram({"squeue", "-h", "-r", "-t", "all", "-o", format}));
    for (std::string line; std::getline(text, line);) lines.insert(line);
    return lines;
  }
  bool Waits(const std::string& place, const std::string& why) {
    return Until([&] { return recorder_.waiting_[place].find(why) != std::string::npos; });
  }
  // Of the agent's own time, 10 ms each, of 300.
  int TicksInThreeSeconds() {
    const auto ticks = [&] {
      const std::string stat = ReadFile(fmt::format("/proc/{}/stat", world_->Agents().at(0)));
      std::istringstream fields(stat.substr(stat.rfind(')') + 2));
      std::vector<std::string> words{std::istream_iterator<std::string>(fields), {}};
      return std::stoi(words.at(11)) + std::stoi(words.at(12));
    };
    const int before = ticks();
    const int64_t until = platform::RealClock().MonotonicMs() + 3000;
    Until([&] { return platform::RealClock().MonotonicMs() >= until; });
    return ticks() - before;
  }
  testing::SlurmWorld* slurm_ = nullptr;
  std::unique_ptr<testing::World> made_;
};

TEST_F(SlurmSite, EqualTasksAreOneArrayWithinItsThrottle) {
  slurm_->site_ = R"({"throttle":2})";
  Up();
  std::vector<Start> starts;
  for (int i = 0; i < 6; ++i) {
    starts.push_back(Script(fmt::format("e{}", i),
                            "ls ../../../tasks/*/1/running 2>/dev/null | wc -l; touch running; "
                            "sleep 0.5; rm running"));
  }
  starts.push_back(Script("other", "true"));
  starts.back().cpus = 3;
  site_->Submit(starts);
  ASSERT_TRUE(Until([&] { return recorder_.ended_.size() == 7; })) << recorder_.trouble_;
  EXPECT_EQ(Queue("%F").size(), 2u) << "one array, and one job of other needs";
  for (int i = 0; i < 6; ++i) EXPECT_LT(std::stoi(recorder_.ended_[fmt::format("e{}", i)].out), 2);
  EXPECT_THAT(RunProgram({"scontrol", "show", "job"}), HasSubstr("JobName=e0"));
}

// The engine, or its link, is away for longer than an agent without work stays.
TEST_F(SlurmSite, WhatTheAgentHasIsSubmittedWithoutAnEngine) {
  slurm_->site_ = R"({"max_jobs":1})";
  Up();
  const std::string note = "printf \"$HWF_PLACE \" >> \"$HWF_TASK_DIR/../../../side\"; sleep 2";
  std::vector<Start> starts = {Script("a", note), Script("b", note), Script("c", note)};
  starts[1].cpus = 2;  // jobs of their own
  starts[2].cpus = 3;
  site_->Submit(starts);
  ASSERT_TRUE(Started("a")) << recorder_.trouble_;
  const uint64_t offset = recorder_.offset_;
  site_.reset();
  ASSERT_TRUE(runner::testing::Eventually([&] { return ReadFile(slurm_->root() + "/side") == "a b c "; }, 40'000));
  Open(2, offset);
  ASSERT_TRUE(Until([&] { return recorder_.ended_.size() == 3; })) << recorder_.trouble_;
  for (const auto& [place, ended] : recorder_.ended_) EXPECT_FALSE(ended.failure.has_value()) << place;
}

// Else it would wait for ever for a controller that it cannot reach.
TEST_F(SlurmSite, AnAgentWhoseRunWasRemovedEnds) {
  Up();
  slurm_->Daemon({"kill", "slurmctld"});
  site_->Submit({Script("job", "true")});
  EXPECT_TRUE(Until([&] { return recorder_.trouble_.find("Slurm does not answer") != std::string::npos; }));
  site_.reset();
  EXPECT_EQ(world_->Agents().size(), 1u);
  std::filesystem::remove_all(world_->root());
  EXPECT_TRUE(runner::testing::Eventually([&] { return world_->Agents().empty(); }, 40'000));
}

TEST_F(SlurmSite, NoMoreJobsThanAllowed) {
  slurm_->site_ = R"({"max_jobs":2})";
  Up();
  std::vector<Start> starts;
  // A job that has told its end takes a moment to leave the queue: only what stays above the limit counts.
  const std::string count =
      "for i in $(seq 50); do n=$(squeue -h -r | wc -l); [ $n -le 2 ] && break; sleep 0.1; done; echo $n";
  for (int i = 0; i < 5; ++i) starts.push_back(Script(fmt::format("j{}", i), count));
  site_->Submit(starts);
  ASSERT_TRUE(Until([&] { return recorder_.ended_.size() == 5; })) << recorder_.trouble_;
  for (const auto& [place, ended] : recorder_.ended_) EXPECT_LE(std::stoi(ended.out), 2) << place;
}

TEST_F(SlurmSite, AnAgentThatWaitsIsIdle) {
  Up();
  EXPECT_EQ(RunOne(Script("first", "echo done")).out, "done\n");
  EXPECT_LT(TicksInThreeSeconds(), 30) << "without any work";
  site_->Submit({Script("long", "sleep 100")});
  ASSERT_TRUE(Started("long")) << recorder_.trouble_;
  EXPECT_LT(TicksInThreeSeconds(), 30);
}

// Neither asking nor what is in the queue makes it busy while the answer does not come.
TEST_F(SlurmSite, AnAgentWhoseControllerHangsIsIdle) {
  Up();
  site_->Submit({Script("long", "sleep 100")});
  ASSERT_TRUE(Started("long")) << recorder_.trouble_;
  slurm_->Daemon({"kill", "slurmctld", "--signal", "STOP"});
  site_->Submit({Script("next", "echo next")});
  EXPECT_LT(TicksInThreeSeconds(), 30) << "with what it asks";
  KillAgents();
  ASSERT_TRUE(Until([&] { return !world_->Agents().empty(); }));
  EXPECT_LT(TicksInThreeSeconds(), 30) << "with what it begins with";
  slurm_->Daemon({"kill", "slurmctld", "--signal", "CONT"});
  EXPECT_TRUE(Ended("next")) << recorder_.trouble_;
}

TEST_F(SlurmSite, TasksOfAPackShareAJob) {
  slurm_->site_ = R"({"pack":4})";
  Up();
  std::vector<Start> starts;
  for (int i = 0; i < 8; ++i) starts.push_back(Script(fmt::format("p{}", i), "echo $SLURM_JOB_ID"));
  starts[3].script = "exit 7";
  site_->Submit(starts);
  ASSERT_TRUE(Until([&] { return recorder_.ended_.size() == 8; })) << recorder_.trouble_;
  std::set<std::string> jobs;
  for (int i = 0; i < 8; ++i) {
    const runner::Ended& ended = recorder_.ended_[fmt::format("p{}", i)];
    EXPECT_EQ(ended.exit_code, i == 3 ? 7 : 0);
    if (i != 3) jobs.insert(ended.out);
  }
  EXPECT_EQ(jobs.size(), 2u);
}

TEST_F(SlurmSite, OfACancelledAllocationWhatHadNotBegunGoesIntoAnother) {
  slurm_->site_ = R"({"allocation":2,"max_time":600000,"partition":"cpu"})";
  Up();
  std::vector<Start> starts;
  for (int i = 0; i < 60; ++i) {
    starts.push_back(Script(fmt::format("each.{}.p", i),
                            "echo $HWF_PLACE >> \"$HWF_TASK_DIR/../../../side\"; sleep 1; echo $SLURM_JOB_ID"));
  }
  site_->Submit(starts);
  ASSERT_TRUE(Until([&] { return recorder_.ended_.size() >= 4; })) << recorder_.trouble_;
  const std::string job = recorder_.ended_.begin()->second.out;
  RunProgram({"scancel", job.substr(0, job.size() - 1)});
  ASSERT_TRUE(Until([&] { return recorder_.ended_.size() == 60; }, 90'000)) << recorder_.trouble_;
  std::set<std::string> jobs;
  int cancelled = 0;
  for (const auto& [place, ended] : recorder_.ended_) {
    if (!ended.failure) jobs.insert(ended.out);
    if (!ended.failure) continue;
    EXPECT_EQ(ended.failure, ir::Reason::kCancelled) << ended.message;
    EXPECT_THAT(ended.message, HasSubstr("cancelled in Slurm, not by hwf"));
    ++cancelled;
  }
  EXPECT_EQ(jobs.size(), 2u);
  EXPECT_GE(cancelled, 1) << "what ran then";
  EXPECT_LE(cancelled, 2 * 16) << "and at most what took its place before its node was told";
  std::istringstream side(ReadFile(world_->root() + "/side"));
  std::set<std::string> began;
  for (std::string place; std::getline(side, place);) EXPECT_TRUE(began.insert(place).second) << place << " ran twice";
  EXPECT_GE(static_cast<int>(began.size()), 60 - cancelled);
}

TEST_F(SlurmSite, AnAllocationHasTheGpusOfItsNodes) {
  slurm_->site_ = R"({"allocation":1,"max_time":600000,"partition":"gpu","gpus_per_node":2})";
  Up();
  std::vector<Start> starts;
  for (int i = 0; i < 4; ++i) {
    starts.push_back(Script(fmt::format("each.{}.p", i), "sleep 0.5; echo $SLURM_JOB_ID $CUDA_VISIBLE_DEVICES"));
    starts.back().gpus = 1;
  }
  site_->Submit(starts);
  ASSERT_TRUE(Until([&] { return recorder_.ended_.size() == 4; })) << recorder_.trouble_;
  std::set<std::string> given;
  for (const auto& [place, ended] : recorder_.ended_) given.insert(ended.out);
  EXPECT_EQ(given.size(), 2u) << "one job, and each of its GPUs";
}

TEST_F(SlurmSite, AnAllocationKeepsItsGpusWhenTheAgentDies) {
  slurm_->site_ = R"({"allocation":1,"max_time":600000,"partition":"gpu","gpus_per_node":2})";
  Up();
  std::vector<Start> starts;
  for (int i = 0; i < 3; ++i) {
    starts.push_back(
        Script(fmt::format("each.{}.p", i), "while [ ! -e ../../../go ]; do sleep 0.1; done; echo $SLURM_JOB_ID"));
    starts.back().gpus = i == 2 ? 2 : 1;
  }
  const Start last = starts.back();
  starts.pop_back();
  site_->Submit(starts);
  ASSERT_TRUE(Started("each.0.p") && Started("each.1.p")) << recorder_.trouble_;
  KillAgents();
  ASSERT_TRUE(Until([&] { return !world_->Agents().empty(); }));
  site_->Submit({last});
  EXPECT_TRUE(Waits("each.2.p", "in allocation")) << recorder_.waiting_["each.2.p"];
  std::ofstream(world_->root() + "/go") << "";
  ASSERT_TRUE(Until([&] { return recorder_.ended_.size() == 3; })) << recorder_.trouble_;
  EXPECT_EQ(recorder_.ended_["each.2.p"].out, recorder_.ended_["each.0.p"].out) << "it needs no other nodes";
}

// Nobody wants it, and that cannot be written down: tried again, and not all the time.
TEST_F(SlurmSite, AnAgentThatCannotLetGoOfAnAllocationIsIdle) {
  slurm_->site_ = R"({"allocation":1,"max_time":600000,"partition":"cpu"})";
  Up();
  RunProgram({"scontrol", "update", "nodename=c[1-2]", "state=drain", "reason=test"});
  site_->Submit({Script("each.0.p", "true"), Script("each.1.p", "true")});
  ASSERT_TRUE(Waits("each.0.p", "down, drained or reserved")) << recorder_.waiting_["each.0.p"];
  const std::string tag = Queue("%k").begin()->substr(std::string("hwf:").size());
  const std::string found = RunProgram({"find", world_->root(), "-path", "*/jobs/" + tag});
  const std::string closed = found.substr(0, found.find('\n')) + "/closed";
  ASSERT_TRUE(std::filesystem::create_directory(closed)) << closed;
  for (int i = 0; i < 2; ++i) site_->Cancel(fmt::format("each.{}.p", i), 1);
  ASSERT_TRUE(Until([&] { return recorder_.ended_.size() == 2; }));
  RunProgram({"sleep", "2.5"});  // so long it waits for more
  EXPECT_LT(TicksInThreeSeconds(), 30);
  EXPECT_EQ(Queue("%k").size(), 1u);
  std::filesystem::remove(closed);
  EXPECT_TRUE(Until([&] { return Queue("%T") == std::set<std::string>{"CANCELLED"}; })) << "once it can be written";
}

TEST_F(SlurmSite, AnAttemptThatNoNodeCanRunEndsWithTheReason) {
  slurm_->site_ = R"({"allocation":1,"max_time":600000,"partition":"cpu"})";
  Up();
  std::vector<Start> starts = {Script("each.0.p", "true"), Script("each.1.p", "true")};
  starts[1].cpus = 1000;
  site_->Submit(starts);
  ASSERT_TRUE(Until([&] { return recorder_.ended_.size() == 2; })) << recorder_.trouble_;
  EXPECT_FALSE(recorder_.ended_["each.0.p"].failure.has_value());
  EXPECT_EQ(recorder_.ended_["each.1.p"].failure, ir::Reason::kSite) << recorder_.ended_["each.1.p"].message;
}

TEST_F(SlurmSite, GpusAreThoseThatSlurmGave) {
  slurm_->site_ = R"({"partition":"gpu"})";
  Up();
  Start start = Script("gpu", "echo $CUDA_VISIBLE_DEVICES");
  start.gpus = 2;
  start.gpu = "fake";
  EXPECT_EQ(RunOne(start).out, "0,1\n");
}

TEST_F(SlurmSite, SetupMakesTheEnvironmentAndPrintsNowhere) {
  slurm_->site_ = R"({"setup":"echo loading; export FROM_SETUP=\"a b\"; PATH=/opt/x:$PATH"})";
  Up();
  const runner::Ended ended = RunOne(Script("set", "echo \"$FROM_SETUP $PATH\""));
  EXPECT_EQ(ended.out, "a b /opt/x:/usr/bin:/bin\n");
  EXPECT_THAT(ended.err, HasSubstr("loading"));
}

TEST_F(SlurmSite, RanksAreStartedOverTheNodes) {
  Up();
  Start start =
      Script("ranks", "echo $RANK/$WORLD_SIZE $LOCAL_RANK $GROUP_RANK $SLURMD_NODENAME $MASTER_ADDR:$MASTER_PORT");
  start.nodes = 2;
  start.ranks = 4;
  start.cpus = 2;
  const runner::Ended ended = RunOne(start);
  ASSERT_FALSE(ended.failure.has_value()) << ended.message;
  std::set<std::string> lines, masters;
  std::istringstream text(ended.out);
  for (std::string line; std::getline(text, line);) {
    lines.insert(line.substr(0, line.rfind(' ')));
    masters.insert(line.substr(line.rfind(' ')));
  }
  EXPECT_EQ(lines, (std::set<std::string>{"0/4 0 0 c1", "1/4 1 0 c1", "2/4 0 1 c2", "3/4 1 1 c2"}));
  EXPECT_EQ(masters.size(), 1u);
}

TEST_F(SlurmSite, ARankThatFailsFailsTheTask) {
  Up();
  Start start = Script("ranks", "[ $RANK = 1 ] && exit 9; sleep 60");
  start.nodes = 2;
  start.ranks = 2;
  const runner::Ended ended = RunOne(start);
  EXPECT_EQ(ended.failure, ir::Reason::kExit) << ended.message;
  EXPECT_THAT(ended.err, HasSubstr("task 1: Exited with exit code 9"));
}

TEST_F(SlurmSite, APartitionThatIsNotThereIsNamed) {
  slurm_->site_ = R"({"partition":"nowhere"})";
  Up();
  const runner::Ended ended = RunOne(Script("lost", "true"));
  EXPECT_EQ(ended.failure, ir::Reason::kSite);
  EXPECT_THAT(ended.message, HasSubstr("invalid partition"));
}

TEST_F(SlurmSite, WhatNoNodeHasIsRefused) {
  Up();
  Start start = Script("wide", "true");
  start.cpus = 500;
  const runner::Ended ended = RunOne(start);
  EXPECT_EQ(ended.failure, ir::Reason::kSite);
  EXPECT_THAT(ended.message, HasSubstr("sbatch refused it"));
}

TEST_F(SlurmSite, DrainedAndHeldAreNamed) {
  Up();
  RunProgram({"scontrol", "update", "nodename=c[1-2]", "state=drain", "reason=test"});
  site_->Submit({Script("job", "echo ran")});
  EXPECT_TRUE(Waits("job", "down, drained or reserved")) << recorder_.waiting_["job"];
  const std::string id = *Queue("%A").begin();
  RunProgram({"scontrol", "hold", id});
  EXPECT_TRUE(Waits("job", "held")) << recorder_.waiting_["job"];
  RunProgram({"scontrol", "release", id});
  RunProgram({"scontrol", "update", "nodename=c[1-2]", "state=resume"});
  ASSERT_TRUE(Ended("job"));
  EXPECT_EQ(recorder_.ended_["job"].out, "ran\n");
}

// As by a node of an allocation that was over for Slurm, while its runner lived for another moment.
TEST_F(SlurmSite, WhatAGivenUpNodeBeganIsLostAndNotAwaitedForEver) {
  Up();
  RunProgram({"scontrol", "update", "nodename=c[1-2]", "state=drain", "reason=test"});
  site_->Submit({Script("job", "echo ran")});
  EXPECT_TRUE(Waits("job", "drained")) << recorder_.waiting_["job"];
  std::ofstream(Directory("job") + "/claim") << "01GONE 0 job 7 c1 1\n";
  RunProgram({"scontrol", "update", "nodename=c[1-2]", "state=resume"});
  ASSERT_TRUE(Ended("job"));
  EXPECT_EQ(recorder_.ended_["job"].failure, ir::Reason::kNodeFail);
  EXPECT_THAT(recorder_.ended_["job"].message, HasSubstr("given up"));
}

TEST_F(SlurmSite, AControllerThatIsDownIsWaitedFor) {
  Up();
  site_->Submit({Script("runs", "while [ ! -e go ]; do sleep 0.05; done; echo runs")});
  ASSERT_TRUE(Started("runs")) << recorder_.trouble_;
  RunProgram({"sleep", "6"});  // what slurmctld has not saved by then it forgets when it is killed
  slurm_->Daemon({"kill", "slurmctld"});
  site_->Submit({Script("later", "echo later")});
  ASSERT_TRUE(Until([&] { return recorder_.in_trouble_; }));
  EXPECT_THAT(recorder_.trouble_, HasSubstr("Unable to contact slurm controller"));
  std::ofstream(Directory("runs") + "/go") << "";
  ASSERT_TRUE(Ended("runs")) << "a record needs no controller";
  slurm_->Daemon({"start", "slurmctld"});
  ASSERT_TRUE(Ended("later")) << recorder_.trouble_;
  EXPECT_EQ(recorder_.ended_["later"].out, "later\n");
  EXPECT_FALSE(recorder_.in_trouble_);
}

TEST_F(SlurmSite, WhoCancelsInSlurmIsNotHwf) {
  Up();
  site_->Submit({Script("job", "sleep 60")});
  ASSERT_TRUE(Started("job")) << recorder_.trouble_;
  RunProgram({"scancel", *Queue("%A").begin()});
  ASSERT_TRUE(Ended("job"));
  EXPECT_EQ(recorder_.ended_["job"].failure, ir::Reason::kCancelled);
  EXPECT_THAT(recorder_.ended_["job"].message, HasSubstr("not by hwf"));
}

// Its job gives way to one of a partition that goes before its own.
class SlurmPreemption : public SlurmSite, public ::testing::WithParamInterface<const char*> {};

TEST_P(SlurmPreemption, IsNamed) {
  slurm_->site_ = R"({"partition":"low"})";
  slurm_->cluster_ = {"--set",       "PreemptType=preempt/partition_prio",
                      "--set",       fmt::format("PreemptMode={}", GetParam()),
                      "--partition", "PartitionName=low Nodes=c1,c2 MaxTime=60 PriorityTier=1",
                      "--partition", "PartitionName=high Nodes=c1,c2 MaxTime=60 PriorityTier=2"};
  Up();
  Start start = Script("low", "echo began; sleep 60");
  start.cpus = 8;
  site_->Submit({start});
  ASSERT_TRUE(Started("low")) << recorder_.trouble_ << recorder_.waiting_["low"];
  RunProgram(
      {"sbatch", "--partition=high", "--nodes=2", "--exclusive", "--time=1", "--output=/dev/null", "--wrap=true"});
  ASSERT_TRUE(Ended("low")) << recorder_.trouble_;
  EXPECT_EQ(recorder_.ended_["low"].failure, ir::Reason::kPreempted) << recorder_.ended_["low"].message;
  EXPECT_THAT(recorder_.ended_["low"].message, HasSubstr("was preempted"));
}
INSTANTIATE_TEST_SUITE_P(Modes, SlurmPreemption, ::testing::Values("CANCEL", "REQUEUE"),
                         [](const auto& mode) { return std::string(mode.param); });

TEST_F(SlurmSite, AJobIsNotRequeuedBehindTheRunsBack) {
  Up();
  site_->Submit({Script("job", "while [ ! -e go ]; do sleep 0.05; done; echo ran")});
  ASSERT_TRUE(Started("job")) << recorder_.trouble_;
  RunProgram({"scontrol", "requeue", *Queue("%A").begin()}, false);
  std::ofstream(Directory("job") + "/go") << "";
  ASSERT_TRUE(Ended("job"));
  EXPECT_EQ(recorder_.ended_["job"].out, "ran\n");
}

TEST_F(SlurmSite, PendingJobsThatOthersCancelEnd) {
  Up();
  Start wide = Script("wide", "sleep 60");
  wide.cpus = 8;
  Start also = Script("also", "sleep 60");
  also.cpus = 8;
  Start third = Script("third", "true");
  third.cpus = 8;
  site_->Submit({wide, also});
  ASSERT_TRUE(Started("also")) << recorder_.trouble_;
  site_->Submit({third});
  ASSERT_TRUE(Until([&] { return Queue("%T").contains("PENDING"); }));
  RunProgram({"scancel", "--state=PENDING", "--user=" + std::to_string(geteuid())});
  ASSERT_TRUE(Ended("third"));
  EXPECT_EQ(recorder_.ended_["third"].failure, ir::Reason::kCancelled);
  EXPECT_EQ(recorder_.ended_.size(), 1u);
}

// What nobody can be told yet is not forgotten.
TEST_F(SlurmSite, ACancelThatCannotBePlacedIsTriedAgain) {
  if (geteuid() != 0) GTEST_SKIP() << "mounting needs root";
  Up();
  site_->Submit({Script("job", "sleep 300")});
  ASSERT_TRUE(Started("job")) << recorder_.trouble_;
  const std::string directory = Directory("job");
  RunProgram({"mount", "--bind", directory, directory});
  RunProgram({"mount", "-o", "remount,bind,ro", directory});
  site_->Cancel("job", 1);
  EXPECT_TRUE(Until([&] { return recorder_.trouble_.find("a cancel cannot be placed") != std::string::npos; }));
  RunProgram({"umount", directory});
  ASSERT_TRUE(Ended("job"));
  EXPECT_EQ(recorder_.ended_["job"].failure, ir::Reason::kCancelled);
  EXPECT_TRUE(Until([&] { return !recorder_.in_trouble_; }));
}

TEST_F(SlurmSite, WhatScancelCouldNotDoIsDoneLater) {
  const std::string bin = slurm_->directories().front() + "/bin", path = std::getenv("PATH");
  std::filesystem::create_directory(bin);
  std::ofstream(bin + "/scancel") << "#!/bin/sh\ncd '" << bin << "'; PATH='" << path << "'\n"
                                  << "[ -e failed ] && exec scancel \"$@\"\n"
                                  << "touch failed; echo 'scancel: error: Kill job error' >&2; exit 1\n";
  std::filesystem::permissions(bin + "/scancel", std::filesystem::perms::owner_all);
  setenv("PATH", (bin + ":" + path).c_str(), 1);
  Up();
  RunProgram({"scontrol", "update", "nodename=c[1-2],g1", "state=drain", "reason=test"});
  site_->Submit({Script("job", "true")});
  EXPECT_TRUE(Waits("job", "down, drained or reserved")) << recorder_.waiting_["job"];
  site_->Cancel("job", 1);
  EXPECT_TRUE(Ended("job"));
  EXPECT_TRUE(Until([&] { return Queue("%T") == std::set<std::string>{"CANCELLED"}; })) << "the second time";
  EXPECT_TRUE(std::filesystem::exists(bin + "/failed"));
  setenv("PATH", path.c_str(), 1);
}

}  // namespace
}  // namespace hwf::site
