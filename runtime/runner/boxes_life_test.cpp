// The ends of tasks in containers: cancelled, out of time, out of memory, their runner killed; and images: each form of
// them, pulled once. The same with every engine.
#include <signal.h>
#include <unistd.h>

#include <filesystem>

#include "runtime/container/image_store.h"
#include "runtime/platform/process.h"
#include "runtime/runner/process_tree.h"
#include "runtime/runner/testing/boxes_fixture.h"

namespace hwf::runner::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class BoxesLifeTest : public BoxesTest {
 protected:
  // A task with children of many kinds, and one that takes its time to leave.
  static std::string Busy() {
    return "sleep " + Mark() + " & setsid sleep " + Mark() + " & (sleep " + Mark() + " & sleep " + Mark() +
           ") &\ntouch busy.txt\nwait\nsleep " + Mark();
  }
  void StartBusy(const std::string& place, int64_t time_limit_ms = 0) {
    Start start = InBox(runner_.Script(place, Busy()));
    start.time_limit_ms = time_limit_ms;
    runner_.Send(start);
    ASSERT_TRUE(Eventually([&] { return Exists(start.directory + "/busy.txt"); }, 60'000));
  }
};

TEST_P(BoxesLifeTest, CancelLeavesNothing) {
  StartBusy("cancelled");
  runner_.Send(Cancel{"cancelled", 1});
  const Ended ended = runner_.WaitEnded("cancelled", 1, 60'000);
  EXPECT_EQ(ended.failure, ir::Reason::kCancelled);
  EXPECT_TRUE(ProcessesWith(Mark()).empty());
  EXPECT_TRUE(NothingLeft());
}

TEST_P(BoxesLifeTest, ACancelledTaskMayTidyUp) {
  const Start start = InBox(runner_.Script("tidies", R"(
    trap 'echo tidied > tidied.txt; exit 7' TERM
    touch ready.txt
    while :; do sleep 0.1; done
  )"));
  runner_.Send(start);
  ASSERT_TRUE(Eventually([&] { return Exists(start.directory + "/ready.txt"); }, 60'000));
  runner_.Send(Cancel{"tidies", 1});
  const Ended ended = runner_.WaitEnded("tidies", 1, 60'000);
  EXPECT_EQ(ended.failure, ir::Reason::kCancelled);
  EXPECT_EQ(ended.exit_code, 7);
  EXPECT_EQ(runner_.ReadFile(start.directory + "/tidied.txt"), "tidied\n");
}

TEST_P(BoxesLifeTest, WhoDoesNotListenIsKilled) {
  const Start start = InBox(
      runner_.Script("deaf", "trap '' TERM INT HUP\ntouch ready.txt\nwhile :; do sleep " + Mark() + " || true; done"));
  runner_.Send(start);
  ASSERT_TRUE(Eventually([&] { return Exists(start.directory + "/ready.txt"); }, 60'000));
  runner_.Send(Cancel{"deaf", 1});
  EXPECT_EQ(runner_.WaitEnded("deaf", 1, 60'000).failure, ir::Reason::kCancelled);
  EXPECT_TRUE(NothingLeft());
}

// However early: before its container is there.
TEST_P(BoxesLifeTest, CancelledAtOnce) {
  ASSERT_FALSE(RunScript("warm", "true").failure);
  for (int i = 0; i < 3; ++i) {
    const std::string place = "early/" + std::to_string(i);
    runner_.Send(InBox(runner_.Script(place, Busy())));
    (void)runner_.WaitOf<Started>(place, 1, 60'000);
    PauseMs(20 * i);  // at different points of its start
    runner_.Send(Cancel{place, 1});
    EXPECT_EQ(runner_.WaitEnded(place, 1, 60'000).failure, ir::Reason::kCancelled);
  }
  EXPECT_TRUE(NothingLeft());
}

TEST_P(BoxesLifeTest, TheTimeLimitIsToldFromMemory) {
  StartBusy("late", 3000);
  const Ended late = runner_.WaitEnded("late", 1, 60'000);
  EXPECT_EQ(late.failure, ir::Reason::kTimeLimit) << late.message;
  Start large = InBox(runner_.Script("large", "x=$(head -c 300000000 /dev/zero | tr '\\0' x); echo ${#x}; sleep 20"));
  large.memory = 100 << 20;
  large.time_limit_ms = 60'000;
  const Ended ended = RunStart(large);
  EXPECT_EQ(ended.failure, ir::Reason::kOom) << ended.message;
  EXPECT_TRUE(NothingLeft());
}

TEST_P(BoxesLifeTest, WhatOutlivesTheCommandIsKilledAndNamed) {
  const Ended ended = RunScript("leaves", "setsid sleep " + Mark() + " &\nexit 0");
  EXPECT_FALSE(ended.failure) << ended.message;
  EXPECT_THAT(ended.message, HasSubstr("sleep"));
  EXPECT_TRUE(NothingLeft());
}

TEST_P(BoxesLifeTest, ARunnerThatWasKilledLeavesNothing) {
  StartBusy("lost");
  runner_.KillRunner();
  Launch(runner_);
  runner_.Connect(2);
  EXPECT_EQ(runner_.WaitEnded("lost", 1, 60'000).failure, ir::Reason::kNodeFail);
  EXPECT_TRUE(NothingLeft());
  EXPECT_FALSE(RunScript("next", "true").failure);
}

// Somebody else ends the container, or the machine does: that is no exit code of the task's.
TEST_P(BoxesLifeTest, AContainerThatIsEndedFromOutside) {
  StartBusy("ended");
  const std::vector<std::string> ids = Containers();
  if (ids.empty()) {
    for (const pid_t pid : TreeOf({runner_.pid()})) {
      if (ReadSmall(("/proc/" + std::to_string(pid) + "/comm").c_str()) == "inside\n") (void)kill(pid, SIGKILL);
    }
  }
  for (const std::string& id : ids) {
    platform::SpawnOptions options;
    options.argv = {container::ToString(GetParam()), "kill", id};
    options.inherit_env = true;
    ASSERT_TRUE(platform::RunToEnd(options, "", {.timeout_ms = 30'000}).ok());
  }
  const Ended ended = runner_.WaitEnded("ended", 1, 60'000);
  EXPECT_EQ(ended.failure, ir::Reason::kNodeFail) << ended.message;
  EXPECT_FALSE(ended.exit_code.has_value());
  EXPECT_TRUE(NothingLeft());
}

TEST_P(BoxesLifeTest, ManyAtOnce) {
  constexpr int kMany = 8;
  for (int i = 0; i < kMany; ++i) {
    const std::string place = "many/" + std::to_string(i);
    runner_.Send(InBox(runner_.Script(place, "echo " + std::to_string(i) + "; exit " + std::to_string(i))));
  }
  for (int i = 0; i < kMany; ++i) {
    const Ended ended = runner_.WaitEnded("many/" + std::to_string(i), 1, 120'000);
    EXPECT_EQ(ended.exit_code, i) << ended.message;
    EXPECT_EQ(ended.out, std::to_string(i) + "\n");
    EXPECT_EQ(ended.message.find("outlived"), std::string::npos) << ended.message;
  }
  EXPECT_TRUE(NothingLeft());
}

// ---------------------------------------------------------------- images

TEST_P(BoxesLifeTest, EveryFormOfAnImage) {
  std::vector<std::string> images = {Made("root"), "docker-archive:" + Made("image.tar"),
                                     "oci-archive:" + Made("image.oci.tar")};
  if (GetParam() == container::EngineKind::kApptainer) {
    const std::string sif = runner_.directory() + "/tiny image.sif";
    platform::SpawnOptions options;
    options.argv = {"apptainer", "--silent", "build", sif, "docker-archive:" + Made("image.tar")};
    options.inherit_env = true;
    const auto built = platform::RunToEnd(options, "", {.timeout_ms = 60'000});
    ASSERT_TRUE(built.ok() && built->exit_code == 0) << (built.ok() ? built->output : built.error().message());
    images.push_back(sif);
  }
  int number = 0;
  for (const std::string& image : images) {
    runner_.Send(WantImage{image});
    const ImageReady ready = runner_.Wait<ImageReady>(90'000);
    EXPECT_THAT(ready.digest, StartsWith("b2:")) << ready.why;
    const Start start = InBox(runner_.Script("forms/" + std::to_string(++number), "cat /etc/made-by"), image);
    const Ended ended = RunStart(start);
    EXPECT_EQ(ended.out, "hwf's tests\n") << image << ": " << ended.message;
  }
}

// Two runs want it at once: one pulls, the other waits for that.
TEST_P(BoxesLifeTest, ARegistrysImageIsPulledOnce) {
  const std::string registry = Variable("HWF_TEST_REGISTRY");
  if (registry.empty()) GTEST_SKIP() << "docker-registry is not there";
  const std::string image = "docker://" + registry + "/hwf/tiny:1";
  const auto log = [&] { return runner_.ReadFile(Variable("HWF_TEST_REGISTRY_LOG")); };
  const auto pulls = [&] {
    std::multiset<std::string> blobs;
    std::istringstream lines(log());
    for (std::string line; std::getline(lines, line);) {
      const size_t at = line.find("GET /v2/hwf/tiny/blobs/");
      if (at != std::string::npos) blobs.insert(line.substr(at, line.find(' ', at + 4) - at));
    }
    return blobs;
  };
  const std::multiset<std::string> before = pulls();
  RunnerHarness other(HWF_RUNNER_PROGRAM);
  Launch(other);
  other.Connect();
  runner_.Send(WantImage{image});
  other.Send(WantImage{image});
  const ImageReady first = runner_.Wait<ImageReady>(90'000), second = other.Wait<ImageReady>(90'000);
  EXPECT_NE(first.digest, "") << first.why;
  EXPECT_EQ(first.digest, second.digest) << second.why;
  const std::multiset<std::string> after = pulls();
  // Docker has its layers from the archive already.
  const size_t least = GetParam() == container::EngineKind::kDocker ? 0 : 1;
  EXPECT_GE(after.size(), before.size() + least);
  for (const std::string& blob : after) EXPECT_LE(after.count(blob) - before.count(blob), 1u) << blob;
  EXPECT_EQ(RunStart(InBox(runner_.Script("pulled", "cat /etc/made-by"), image)).out, "hwf's tests\n");
}

INSTANTIATE_TEST_SUITE_P(Engines, BoxesLifeTest, ::testing::ValuesIn(container::kEngines), EngineName);

}  // namespace
}  // namespace hwf::runner::testing
