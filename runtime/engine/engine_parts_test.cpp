// The engine's parts that need no run: clocks, dispatch, worker, notices, the socket.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <thread>

#include "runtime/engine/clocks.h"
#include "runtime/engine/dispatch.h"
#include "runtime/engine/journal_keeper.h"
#include "runtime/engine/room.h"
#include "runtime/engine/signals.h"
#include "runtime/engine/workday_dues.h"
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

TEST(Dispatch, TheGreaterPriorityThenTheFirst) {
  Dispatch dispatch;
  const std::vector<std::pair<const char*, int64_t>> all = {{"a", 5}, {"b", 7}, {"c", 5}, {"d", 0}, {"e", 7}};
  for (const auto& [place, priority] : all) {
    scheduler::StartTask start;
    start.place = place;
    start.priority = priority;
    dispatch.Add({start});
  }
  std::string order;
  while (const auto ready = dispatch.Next()) order += ready->start.place;
  EXPECT_EQ(order, "beacd");
}

// Also where the deadline itself is not in working days.
TEST(WorkdayDues, NoReminderBehindTheDeadline) {
  constexpr int64_t kDay = 86'400'000;
  const auto delay = [](int64_t days) {
    ir::Expr expr;
    expr.literal = Json(days * kDay);
    return expr;
  };
  ir::Module module;
  module.calendar = ir::Calendar{"lab", "UTC", {}, {}};
  ir::ReviewNode review;
  review.within = delay(7);
  review.remind = delay(2);
  review.remind_workdays = true;
  const int64_t tuesday = int64_t{20'781} * kDay;  // 2026-11-24
  ErrorOr<Json> due = WorkdayDues(module, review, tuesday);
  ASSERT_TRUE(due.ok()) << due.error().message();
  ASSERT_EQ((*due)["remind"].AsArray().size(), 2u);  // Thursday, Monday
  EXPECT_EQ((*due)["remind"].AsArray()[1], Json(tuesday + 6 * kDay));
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

TEST(Durability, DecisionsAreSyncedBeforeActing) {
  EXPECT_EQ(DurabilityOf(state::Vote{}), Durability::kNow);
  EXPECT_EQ(DurabilityOf(state::ClockFired{}), Durability::kNow);
  EXPECT_EQ(DurabilityOf(state::CancelRequested{}), Durability::kNow);
  EXPECT_EQ(DurabilityOf(state::AttemptEnded{}), Durability::kSoon);
}

}  // namespace
}  // namespace hwf::engine
