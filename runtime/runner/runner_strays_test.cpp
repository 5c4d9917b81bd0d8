// Through the real hwf-runner: all processes of a task are its own, whatever they do to leave it.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "runtime/runner/testing/runner_harness.h"

namespace hwf::runner {
namespace {

using ir::Reason;
using testing::Eventually;
using ::testing::HasSubstr;
using testing::Mark;
using testing::ProcessesWith;
using testing::RunnerHarness;

class RunnerStrays : public ::testing::Test {
 protected:
  void SetUp() override {
    harness_.Launch({"--kill-grace-ms", "300", "--stray-grace-ms", "200"});
    harness_.Connect();
    harness_.Wait<CaughtUp>();
  }
  RunnerHarness harness_{HWF_RUNNER_PROGRAM};
};

TEST_F(RunnerStrays, MemoryLimitOfTheWholeTree) {
  const std::string hog = "python3 -c 'x = bytearray(120*1024*1024); import time; time.sleep(60)'";
  Start start = harness_.Script("oom", fmt::format("{} & {} & wait", hog, hog));
  start.memory = int64_t{200} << 20;
  const Ended ended = harness_.Run(start);
  EXPECT_EQ(ended.failure, Reason::kOom) << ended.message;
  EXPECT_GT(ended.usage.max_rss, int64_t{200} << 20);
  EXPECT_THAT(ended.message, HasSubstr("200 MiB"));
}

TEST_F(RunnerStrays, MemoryOfWhatForkedAwayCounts) {
  harness_.Send(harness_.Script("other", "while [ ! -e go ]; do sleep 0.05; done"));
  Start start = harness_.Script(
      "oom", "( ( python3 -c 'x = bytearray(120*1024*1024); import time; time.sleep(60)' & ) & ); sleep 60");
  start.memory = int64_t{50} << 20;
  EXPECT_EQ(harness_.Run(start).failure, Reason::kOom);
  std::ofstream(harness_.TaskDirectory("other") + "/go") << "";
  EXPECT_FALSE(harness_.WaitEnded("other").failure);
}

TEST_F(RunnerStrays, CancelLeavesNothing) {
  Start start = harness_.Script("c", fmt::format(R"(
    trap '' TERM
    sleep {0} &
    (trap '' TERM; setsid bash -c "trap '' TERM; sleep {0}; sleep {0}" & )
    env -i setsid bash -c "trap '' TERM INT HUP; (sleep {0} &) ; sleep {0}" &
    touch ready
    wait; sleep {0})",
                                                 Mark()));
  harness_.Send(start);
  harness_.WaitOf<Started>("c");
  ASSERT_TRUE(Eventually(
      [&] { return std::filesystem::exists(start.directory + "/ready") && ProcessesWith(Mark()).size() >= 5; }));
  harness_.Send(Cancel{"c", 1});
  const Ended ended = harness_.WaitEnded("c");
  EXPECT_EQ(ended.failure, Reason::kCancelled);
  EXPECT_TRUE(ProcessesWith(Mark()).empty()) << "something lives on";
}

// Each leaves its session and its environment; the second also its directory and streams, but is seen before.
TEST_F(RunnerStrays, CancelFindsWhatHidesBesideOtherTasks) {
  Start other = harness_.Script("other", "while [ ! -e go ]; do sleep 0.05; done");
  harness_.Send(other);
  const std::string scripts[] = {
      fmt::format("( env -i setsid sleep {} & )", Mark()),
      fmt::format("( cd /; env -i setsid sleep {} > /dev/null 2>&1 & sleep 1.5 ) &", Mark()),
  };
  int attempt = 0;
  for (const std::string& script : scripts) {
    Start start = harness_.Script("job", script + "\nsleep 2.5; touch ready; sleep 1000");
    start.attempt = ++attempt;
    start.directory = harness_.TaskDirectory("job", attempt);
    harness_.Send(start);
    ASSERT_TRUE(Eventually([&] { return std::filesystem::exists(start.directory + "/ready"); }));
    ASSERT_EQ(ProcessesWith(Mark()).size(), 1u) << script;
    harness_.Send(Cancel{"job", attempt});
    EXPECT_EQ(harness_.WaitEnded("job", attempt).failure, Reason::kCancelled);
    EXPECT_TRUE(ProcessesWith(Mark()).empty()) << script;
  }
  std::ofstream(other.directory + "/go") << "";
  EXPECT_FALSE(harness_.WaitEnded("other").failure) << "it is left alone";
}

TEST_F(RunnerStrays, CancelIsGentleFirst) {
  Start start = harness_.Script("g", "trap 'echo saved; exit 3' TERM; touch ready; while :; do sleep 0.01; done");
  harness_.Send(start);
  ASSERT_TRUE(Eventually([&] { return std::filesystem::exists(start.directory + "/ready"); }));
  harness_.Send(Cancel{"g", 1});
  const Ended ended = harness_.WaitEnded("g");
  EXPECT_EQ(ended.failure, Reason::kCancelled);
  EXPECT_EQ(ended.exit_code, 3);
  EXPECT_EQ(ended.out, "saved\n");
}

TEST_F(RunnerStrays, WhatForksAwayIsKilledAndNamed) {
  const Ended ended = harness_.Run(harness_.Script("away", fmt::format("(setsid sleep {} &) ; echo done", Mark())));
  EXPECT_FALSE(ended.failure);
  EXPECT_EQ(ended.out, "done\n");
  EXPECT_THAT(ended.message, HasSubstr("outlived its main process and were killed: sleep ("));
  EXPECT_TRUE(ProcessesWith(Mark()).empty());
}

// Each process of the chain has a child and dies at once: whenever the runner looks, one is just gone and the next is
// in no list yet.
TEST_F(RunnerStrays, AChainOfDyingProcessesIsSeen) {
  const std::string chain =
      "import os,sys,time\n"
      "for _ in range(20000):\n"
      "  if os.fork(): os._exit(0)\n"
      "  time.sleep(0.0005)\n";
  const Ended ended = harness_.Run(harness_.Command("chain", {"python3", "-c", chain, Mark()}));
  EXPECT_THAT(ended.message, HasSubstr("outlived its main process and were killed: python3 ("));
  EXPECT_TRUE(ProcessesWith(Mark()).empty());
}

TEST_F(RunnerStrays, AHelperThatJustFinishesIsWaitedFor) {
  const Ended ended = harness_.Run(harness_.Script("tee", "echo text > >(sleep 0.05; cat)"));
  EXPECT_EQ(ended.out, "text\n");
  EXPECT_EQ(ended.message, "");
}

TEST_F(RunnerStrays, SidesDoNotDisturbEachOther) {
  harness_.Send(harness_.Script(
      "long", fmt::format("(env -i setsid sleep {} &); while [ ! -e go ]; do sleep 0.05; done; echo long", Mark())));
  ASSERT_TRUE(Eventually([] { return !ProcessesWith(Mark()).empty(); }));
  const Ended first = harness_.Run(harness_.Script("short", "echo short"));
  EXPECT_EQ(first.out, "short\n");
  EXPECT_FALSE(ProcessesWith(Mark()).empty());
  std::ofstream(harness_.TaskDirectory("long") + "/go") << "";
  EXPECT_EQ(harness_.WaitEnded("long").out, "long\n");
  EXPECT_TRUE(Eventually([] { return ProcessesWith(Mark()).empty(); }));
}

}  // namespace
}  // namespace hwf::runner
