// The engine's parts that need no run: clocks, dispatch, worker, notices, the socket.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <thread>

#include "runtime/engine/clocks.h"
#include "runtime/engine/dispatch.h"
#include "runtime/engine/evidence.h"
#include "runtime/engine/journal_keeper.h"
#include "runtime/engine/room.h"
#include "runtime/engine/signals.h"
#include "runtime/engine/worker.h"
#include "runtime/platform/file_system.h"
#include "runtime/platform/testing/temp_dir.h"

namespace hwf::engine {
namespace {

using state::Clock;
using testing::HasSubstr;

TEST(Clocks, EarliestFirstAndReplaced) {
  Clocks clocks;
  clocks.Arm({"a", Clock::kExpire, 0, 300});
  clocks.Arm({"a", Clock::kRemind, 0, 100});
  clocks.Arm({"b", Clock::kExpire, 0, 200});
  EXPECT_EQ(clocks.NextDue(), 100);
  EXPECT_FALSE(clocks.TakeDue(99).has_value());
  clocks.Arm({"a", Clock::kRemind, 0, 250});
  clocks.Arm({"a", Clock::kEscalate, 0, 260});
  clocks.Arm({"a", Clock::kEscalate, 1, 270});  // beside the first
  EXPECT_FALSE(clocks.TakeDue("a", Clock::kEscalate, 259).has_value());
  EXPECT_FALSE(clocks.TakeDue("b", Clock::kEscalate, 1000).has_value());
  EXPECT_EQ(clocks.TakeDue(1000)->review, "b");
  EXPECT_EQ(clocks.TakeDue(1000)->due, 250);
  EXPECT_EQ(clocks.TakeDue("a", Clock::kEscalate, 265)->index, 0);
  EXPECT_EQ(clocks.TakeDue(1000)->index, 1);
  EXPECT_EQ(clocks.NextDue(), 300);
  clocks.Disarm("a");
  EXPECT_FALSE(clocks.NextDue().has_value());
}

TEST(Dispatch, ForgetsWhatIsCancelled) {
  Dispatch dispatch;
  scheduler::StartTask one, two;
  one.place = "one";
  two.place = "two";
  dispatch.Add({one});
  dispatch.Add({two});
  EXPECT_TRUE(dispatch.Forget("one", 1));
  EXPECT_FALSE(dispatch.Forget("one", 1));
  EXPECT_EQ(dispatch.Next()->start.place, "two");
  EXPECT_FALSE(dispatch.Next().has_value());
  EXPECT_TRUE(dispatch.empty());
}

// A second Ctrl-C counts although the engine has not looked at the first yet.
TEST(SignalsThread, EachOfTwoAlikeCounts) {
  Signals::Block();
  Signals signals;
  pollfd wait = {signals.fd(), POLLIN, 0};
  kill(getpid(), SIGINT);
  ASSERT_EQ(poll(&wait, 1, 10'000), 1);
  kill(getpid(), SIGINT);
  kill(getpid(), SIGTERM);
  std::vector<int> came;
  while (came.size() < 3 && poll(&wait, 1, 10'000) == 1) came.push_back(signals.Next());
  EXPECT_THAT(came, testing::UnorderedElementsAre(SIGINT, SIGINT, SIGTERM));
  EXPECT_EQ(signals.Next(), 0);
}

TEST(Room, IsTriedAndLeavesNothing) {
  platform::testing::TempDir directory;
  EXPECT_TRUE(TryRoom(directory.path()).ok());
  EXPECT_TRUE(TryRoom(directory.path()).ok());
  EXPECT_NE(access((directory.path() + "/.room").c_str(), F_OK), 0);
  EXPECT_FALSE(TryRoom(directory.path() + "/nowhere").ok());
}

TEST(WorkerThread, CompletionsRunOnTheCallersThread) {
  Worker worker;
  EXPECT_TRUE(worker.idle());
  std::thread::id worked, completed;
  worker.Add([&]() -> Worker::Completion {
    worked = std::this_thread::get_id();
    return [&] { completed = std::this_thread::get_id(); };
  });
  EXPECT_FALSE(worker.idle());
  pollfd wait = {worker.fd(), POLLIN, 0};
  ASSERT_EQ(poll(&wait, 1, 10'000), 1);
  worker.Collect();
  EXPECT_TRUE(worker.idle());
  EXPECT_EQ(completed, std::this_thread::get_id());
  EXPECT_NE(worked, completed);
}

class EvidenceTest : public testing::Test {
 protected:
  std::string Write(const std::string& name, const std::string& text) {
    const std::string path = dir_.path() + "/" + name;
    EXPECT_TRUE(platform::RealFileSystem().WriteAtomically(path, text, 0644, false).ok());
    return path;
  }
  void SetUp() override { ASSERT_TRUE(platform::RealFileSystem().MakeDirectory(folder_, 0700).ok()); }

  platform::testing::TempDir dir_;
  std::string folder_ = dir_.path() + "/evidence";
};

TEST_F(EvidenceTest, FrozenBytesOutliveTheOriginal) {
  const std::string path = Write("model.pt", "weights");
  const Json file = FileValue(path, false).value();
  const ErrorOr<Json> frozen = FreezeEvidence({{"model", file}}, folder_, false);
  ASSERT_TRUE(frozen.ok()) << frozen.error().message();
  Write("model.pt", "other");
  const std::string copy = (*frozen).AsArray()[0]["value"].StringOr("path", "");
  EXPECT_NE(copy, path);
  EXPECT_EQ(platform::RealFileSystem().Read(copy, 100).value(), "weights");
  EXPECT_EQ(platform::RealFileSystem().Stat(copy)->mode, 0400u);
  EvidenceChecker checker;
  EXPECT_TRUE(checker.Check(frozen.value()).ok());
}

TEST_F(EvidenceTest, WhatIsNotItsDigestIsNotFrozen) {
  const std::string path = Write("model.pt", "weights");
  const Json file = FileValue(path, false).value();
  Write("model.pt", "changed before the review opened");
  const ErrorOr<Json> frozen = FreezeEvidence({{"model", file}}, folder_, false);
  ASSERT_FALSE(frozen.ok());
  EXPECT_THAT(frozen.error().message(), HasSubstr("`model`"));
  EXPECT_THAT(frozen.error().message(), HasSubstr("has changed"));
}

TEST_F(EvidenceTest, TamperedEvidenceIsSeen) {
  const Json file = FileValue(Write("model.pt", "weights"), false).value();
  const Json frozen = FreezeEvidence({{"model", file}}, folder_, false).value();
  EvidenceChecker checker;
  ASSERT_TRUE(checker.Check(frozen).ok());
  const std::string copy = frozen.AsArray()[0]["value"].StringOr("path", "");
  ASSERT_TRUE(platform::RealFileSystem().WriteAtomically(copy, "WEIGHTS", 0400, false).ok());
  const ErrorOr<Success> checked = checker.Check(frozen);
  ASSERT_FALSE(checked.ok());
  EXPECT_THAT(checked.error().message(), HasSubstr("has changed"));
  // The approved copy is checked where it is used, too.
  EXPECT_FALSE(CheckedCopy(file, folder_, false).ok());
}

TEST(Durability, DecisionsAreSyncedBeforeActing) {
  EXPECT_EQ(DurabilityOf(state::Vote{}), Durability::kNow);
  EXPECT_EQ(DurabilityOf(state::ClockFired{}), Durability::kNow);
  EXPECT_EQ(DurabilityOf(state::CancelRequested{}), Durability::kNow);
  EXPECT_EQ(DurabilityOf(state::AttemptEnded{}), Durability::kSoon);
}

}  // namespace
}  // namespace hwf::engine
