#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/scheduler/testing/program.h"
#include "runtime/scheduler/testing/world.h"

namespace hwf::scheduler::testing {
namespace {

using ir::sample::Field;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// make(x) -> n; use(n) -> n; workflow w(x) { let a = make(x)  let b = use(a.n)  (n: b.n) }
struct Chain : Program {
  Chain() {
    make = &AddTask("make", {{"x", real}}, {{"n", integer}});
    use = &AddTask("use", {{"n", integer}}, {{"n", integer}});
    ir::Workflow& w = AddWorkflow("w", {{"x", integer}}, {{"n", integer}});
    ir::TypeRef out = Record("", {{"n", integer}});
    ir::Expr x = ir::sample::Ref(w.region.params[0].id, integer);
    // Use stands before make in the source: the order of lines means nothing.
    uint32_t make_id = Fresh();
    ir::Expr made = ir::sample::Ref(ir::sample::Id(make_id), make->output_record);
    ir::Expr used = Call(w.region, "b", "use", {Field(made, "n")});
    w.region.nodes.push_back(ir::sample::MakeNode(make_id, "a", make->output_record, ir::TaskNode{"make", {x}}));
    w.region.result = ir::sample::Make(ir::Op::kRecord, out, {Field(used, "n")}, "", {"n"});
  }
  ir::Task* make;
  ir::Task* use;
};

TEST(SchedulerTaskTest, CallsStartWhenTheirInputsExist) {
  Chain program;
  World world(program.module);
  world.Run(Json::Object().Set("x", Json(3)));
  ASSERT_EQ(world.started.size(), 1u);
  EXPECT_EQ(world.started[0].arguments[0].Dump(), "3.0");  // widened to the parameter's Float
  EXPECT_EQ(world.scheduler->FindTask("b"), nullptr);
  world.Succeed("a", N(7));
  ASSERT_EQ(world.started.size(), 2u);
  EXPECT_EQ(world.started[1].arguments[0], Json(7));
  world.Succeed("b", N(8));
  ASSERT_TRUE(world.finish);
  EXPECT_TRUE(world.finish->ok);
  EXPECT_EQ(world.finish->outputs.Dump(), R"({"n":8})");
  EXPECT_TRUE(world.scheduler->finished());
  EXPECT_THAT(world.scheduler->Pending(), IsEmpty());
  EXPECT_THAT(world.problems, IsEmpty());
}

TEST(SchedulerTaskTest, AFailureSkipsWhatDependsOnItAndFailsTheRun) {
  Chain program;
  World world(program.module);
  world.Run(Json::Object().Set("x", Json(3)));
  world.FailWith("a", ir::Reason::kExit, "exit code 1\nlast line of the log");
  EXPECT_EQ(world.Task("a").status, TaskStatus::kFailed);
  EXPECT_THAT(world.Task("a").why, HasSubstr("last line"));
  EXPECT_EQ(world.Task("b").status, TaskStatus::kSkipped);
  EXPECT_THAT(world.Task("b").why, HasSubstr("`a` failed: exit code 1"));
  ASSERT_TRUE(world.finish);
  EXPECT_FALSE(world.finish->ok);
  EXPECT_THAT(world.finish->why, HasSubstr("a: exit code 1"));
  EXPECT_THAT(world.problems, IsEmpty());
}

TEST(SchedulerTaskTest, OutputsThatDoNotFitAreAFailure) {
  Chain program;
  World world(program.module);
  world.Run(Json::Object().Set("x", Json(3)));
  world.Succeed("a", Json::Object().Set("n", Json("seven")));
  EXPECT_EQ(world.Task("a").status, TaskStatus::kFailed);
  EXPECT_THAT(world.Task("a").why, HasSubstr("output `n`: expected Int, found the text \"seven\""));
}

TEST(SchedulerTaskTest, RetriesForItsReasonsOnly) {
  Chain program;
  program.make->retries = 2;
  program.make->retry_on = {ir::Reason::kOom};
  World world(program.module);
  world.Run(Json::Object().Set("x", Json(3)));
  world.FailWith("a", ir::Reason::kOom);
  ASSERT_EQ(world.started.size(), 2u);
  EXPECT_EQ(world.started[1].attempt, 2);
  EXPECT_FALSE(world.started[1].may_reuse);
  world.FailWith("a", ir::Reason::kOom);
  EXPECT_EQ(world.Task("a").attempt, 3);
  world.FailWith("a", ir::Reason::kOom);
  EXPECT_EQ(world.Task("a").status, TaskStatus::kFailed);  // 2 extra attempts, no more
  EXPECT_EQ(world.started.size(), 3u);
  EXPECT_THAT(world.problems, IsEmpty());

  World other(program.module);
  other.Run(Json::Object().Set("x", Json(3)));
  other.FailWith("a", ir::Reason::kExit);
  EXPECT_EQ(other.Task("a").status, TaskStatus::kFailed);
}

// A pure task that its machine took along is done again, whatever its `retry` says, but not for ever.
TEST(SchedulerTaskTest, AnAttemptThatIsLostWithItsMachineIsRepeated) {
  Chain program;
  program.make->retries = 1;
  program.make->retry_on = {ir::Reason::kExit};
  World world(program.module);
  world.Run(Json::Object().Set("x", Json(3)));
  for (int attempt = 1; attempt <= 3; ++attempt) {
    EXPECT_EQ(world.Task("a").attempt, attempt);
    world.FailWith("a", ir::Reason::kNodeFail);
  }
  EXPECT_EQ(world.started.back().attempt, 4);
  EXPECT_FALSE(world.started.back().may_reuse);
  world.FailWith("a", ir::Reason::kExit);  // its one retry is still there, and the row is broken
  EXPECT_EQ(world.Task("a").attempt, 5);
  for (int attempt = 5; attempt <= 7; ++attempt) world.FailWith("a", ir::Reason::kNodeFail);
  EXPECT_EQ(world.Task("a").attempt, 8);
  world.FailWith("a", ir::Reason::kNodeFail);  // the fourth in a row
  EXPECT_EQ(world.Task("a").status, TaskStatus::kFailed);
  EXPECT_EQ(world.started.size(), 8u);
  EXPECT_THAT(world.problems, IsEmpty());
}

TEST(SchedulerTaskTest, ARetryThatNamesTheMachineKeepsItsCount) {
  Chain program;
  program.make->retries = 1;
  program.make->retry_on = {ir::Reason::kNodeFail};
  World world(program.module);
  world.Run(Json::Object().Set("x", Json(3)));
  world.FailWith("a", ir::Reason::kNodeFail);
  EXPECT_EQ(world.Task("a").attempt, 2);
  world.FailWith("a", ir::Reason::kNodeFail);
  EXPECT_EQ(world.Task("a").status, TaskStatus::kFailed);
  EXPECT_THAT(world.problems, IsEmpty());
}

TEST(SchedulerTaskTest, OldAndRepeatedEndsChangeNothing) {
  Chain program;
  program.make->retries = 1;
  World world(program.module);
  world.Run(Json::Object().Set("x", Json(3)));
  world.FailWith("a", ir::Reason::kOom);
  std::string before = ViewsText(*world.scheduler);
  state::AttemptEnded late;
  late.place = "a";
  late.attempt = 1;
  late.outputs = N(1);
  world.Apply(late);
  world.Apply(state::AttemptStarted{"a", 1, "h", 1});
  world.Apply(state::AttemptStarted{"nowhere", 1, "h", 1});
  EXPECT_EQ(ViewsText(*world.scheduler), before);
  EXPECT_THAT(world.problems, IsEmpty());
}

TEST(SchedulerTaskTest, AnEffectIsNeverRetriedAndMayBeInDoubt) {
  Chain program;
  program.make->retries = 3;
  program.make->effect = true;
  World world(program.module);
  world.Run(Json::Object().Set("x", Json(3)));
  EXPECT_FALSE(world.started[0].may_reuse);
  world.FailWith("a", ir::Reason::kNodeFail);
  EXPECT_EQ(world.Task("a").status, TaskStatus::kInDoubt);
  EXPECT_EQ(world.log.back(), "doubt a#1");
  EXPECT_FALSE(world.finish);
  world.Apply(state::DoubtResolved{"a", 1, false, {.name = "owner", .uid = 1, .level = 1, .proof = "uid"}, "r"});
  ASSERT_EQ(world.started.size(), 2u);  // the owner said that it did not happen: it is done now
  EXPECT_EQ(world.started[1].attempt, 2);
  world.FailWith("a", ir::Reason::kExit);
  EXPECT_EQ(world.Task("a").status, TaskStatus::kFailed);
  EXPECT_EQ(world.started.size(), 2u);
  EXPECT_THAT(world.problems, IsEmpty());
}

TEST(SchedulerTaskTest, AnUnclaimedEffectIsNotInDoubt) {
  Chain program;
  program.make->effect = true;
  World world(program.module);
  world.submits = false;
  world.Run(Json::Object().Set("x", Json(3)));
  world.FailWith("a", ir::Reason::kNodeFail);
  EXPECT_EQ(world.Task("a").status, TaskStatus::kFailed);
}

TEST(SchedulerTaskTest, AReusedTaskGivesItsOutputs) {
  Chain program;
  World world(program.module);
  world.submits = false;
  world.Run(Json::Object().Set("x", Json(3)));
  EXPECT_TRUE(world.started[0].may_reuse);
  world.Apply(state::TaskReused{"a", "b2:1", "r0", "a", N(7)});
  EXPECT_EQ(world.Task("a").status, TaskStatus::kReused);
  // A result that does not fit the task any more is not taken: the task runs.
  world.Apply(state::TaskReused{"b", "b2:2", "r0", "b", Json::Object().Set("n", Json("x"))});
  EXPECT_EQ(world.started.back().place, "b");
  EXPECT_FALSE(world.started.back().may_reuse);
  EXPECT_THAT(world.problems, IsEmpty());
}

TEST(SchedulerTaskTest, FindStartRepeatsTheCurrentAttempt) {
  Chain program;
  World world(program.module);
  world.Run(Json::Object().Set("x", Json(3)));
  ASSERT_TRUE(world.scheduler->FindStart("a"));
  EXPECT_EQ(ToText(*world.scheduler->FindStart("a")), ToText(world.started[0]));
  EXPECT_THAT(world.scheduler->Pending(), IsEmpty());  // it was submitted
  world.Succeed("a", N(7));
  EXPECT_FALSE(world.scheduler->FindStart("a"));
}

TEST(SchedulerTaskTest, CancelOfATaskAndOfTheRun) {
  Chain program;
  World world(program.module);
  world.Run(Json::Object().Set("x", Json(3)));
  state::Person owner{.name = "owner", .uid = 1000, .level = 1, .proof = "uid"};
  world.Apply(state::CancelRequested{owner, "a", "q"});
  EXPECT_EQ(world.Task("a").status, TaskStatus::kCancelled);
  EXPECT_EQ(world.Task("a").why, "cancelled by owner");
  EXPECT_EQ(world.Task("b").status, TaskStatus::kSkipped);
  ASSERT_TRUE(world.finish);
  EXPECT_FALSE(world.finish->ok);
  EXPECT_THAT(world.problems, IsEmpty());

  World whole(program.module);
  whole.cancels = false;
  whole.Run(Json::Object().Set("x", Json(3)));
  whole.Apply(state::CancelRequested{owner, "", "q"});
  EXPECT_EQ(whole.log.back(), "cancel a#1");
  EXPECT_FALSE(whole.finish);  // what runs is waited for
  whole.FailWith("a", ir::Reason::kCancelled);
  EXPECT_EQ(whole.Task("a").status, TaskStatus::kCancelled);
  ASSERT_TRUE(whole.finish);
  EXPECT_EQ(whole.finish->why, "cancelled by owner");
  EXPECT_THAT(whole.problems, IsEmpty());
}

TEST(SchedulerTaskTest, CancelBeforeSubmissionForgetsTheStart) {
  Chain program;
  World world(program.module);
  world.submits = false;
  world.cancels = false;
  world.Run(Json::Object().Set("x", Json(3)));
  world.Apply(state::CancelRequested{{.name = "owner", .uid = 1, .level = 1, .proof = ""}, "a", "q"});
  std::vector<std::string> pending;
  for (const Command& command : world.scheduler->Pending()) pending.push_back(ToText(command));
  EXPECT_THAT(pending, ElementsAre("cancel a#1"));
  EXPECT_THAT(world.problems, IsEmpty());
}

}  // namespace
}  // namespace hwf::scheduler::testing
