#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/scheduler/testing/program.h"
#include "runtime/scheduler/testing/world.h"

namespace hwf::scheduler::testing {
namespace {

using ir::sample::Make;
using ir::sample::Ref;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

// let call = await review { choose go(rate: Int, note: String) | halt  within 1h  assume go(rate: 1, note: "") }
// match call {
//   go(rate) => { let a = work(rate)  let b = work(2)  publish(a.n)  await review "inner" … }
//   _        => { work(9) }
// }
struct Assumed : Program {
  Assumed() {
    ir::Task& work = AddTask("work", {{"n", integer}}, {{"n", integer}});
    work.needs = {{"gpus", Int(1)}, {"time", Duration(kHour)}};
    AddTask("publish", {{"n", integer}}, {}).effect = true;
    ir::Region& w = AddWorkflow("w", {}, {}).region;
    ir::TypeRef answers = nullptr;
    ir::ReviewNode made =
        Review("call", {{"go", {{"rate", integer}, {"note", string}}, "", {}}, {"halt", {}, "", {}}}, &answers);
    made.by = Who(*this, "ana");
    made.within = Duration(kHour);
    made.assume = ir::ReviewNode::Assume{
        Make(ir::Op::kEnum, answers, {Int(1), String("")}, "go", {"rate", "note"}), {}, {"note"}};
    ir::MatchNode match;
    match.subject = Add(w, "call", answers, std::move(made));
    auto go = Region({Param("rate", integer)});
    const ir::Expr a = Call(*go, "a", "work", {Ref(go->params[0].id, integer)});
    Call(*go, "b", "work", {Int(2)});
    Call(*go, "publish", "publish", {ir::sample::Field(a, "n")});
    ir::TypeRef inner = nullptr;
    ir::ReviewNode asked = Review("inner", {{"yes", {}, "", {}}}, &inner);
    asked.by = Who(*this, "ana");
    Add(*go, "inner", inner, std::move(asked));
    match.arms.push_back({"go", {"rate"}, std::move(go)});
    auto other = Region();
    Call(*other, "other", "work", {Int(9)});
    match.arms.push_back({"", {}, std::move(other)});
    Add(w, "match", unit, std::move(match));
    review = &std::get<ir::ReviewNode>(w.nodes[0].body);
  }
  ir::ReviewNode* review;
};

Json Go(int64_t rate, const std::string& note) {
  return Json::Object().Set("rate", Json(rate)).Set("note", Json(note));
}
class AssumeTest : public ::testing::Test {
 protected:
  AssumeTest() : world_(program_.module) {}
  ~AssumeTest() override { EXPECT_THAT(world_.problems, IsEmpty()); }
  Assumed program_;
  World world_;
};

TEST_F(AssumeTest, TasksGoOnAndWhatCannotBeTakenBackWaits) {
  world_.Run();
  EXPECT_THAT(world_.Started(), UnorderedElementsAre("a", "b"));
  EXPECT_TRUE(world_.Task("a").assumed);
  EXPECT_FALSE(world_.Has("inner"));
  world_.Succeed("a", N(5));
  EXPECT_THAT(world_.Started(), UnorderedElementsAre("a", "b"));
  EXPECT_EQ(world_.Review("call").status, ReviewStatus::kOpen);
  world_.Vote("call", "ana", "go", Go(1, "what nothing reads may differ"));
  EXPECT_THAT(world_.Started(), UnorderedElementsAre("a", "b", "publish"));
  EXPECT_TRUE(world_.Has("inner"));
  EXPECT_FALSE(world_.Task("b").assumed);
  world_.Vote("inner", "ana", "yes");
  world_.Succeed("publish");
  EXPECT_FALSE(world_.finish);
  world_.Succeed("b", N(1));
  ASSERT_TRUE(world_.finish);
  EXPECT_TRUE(world_.finish->ok) << world_.finish->why;
}

TEST_F(AssumeTest, AnotherAnswerTakesItsOwnWay) {
  world_.Run();
  world_.Succeed("a", N(5));
  world_.Vote("call", "ana", "halt");
  EXPECT_THAT(world_.Started(), UnorderedElementsAre("a", "b", "other"));
  EXPECT_EQ(world_.Task("b").status, TaskStatus::kCancelled);
  EXPECT_TRUE(world_.Task("a").superseded);
  EXPECT_EQ(world_.scheduler->generation(), 1);
  world_.Succeed("other", N(0));
  ASSERT_TRUE(world_.finish);
  EXPECT_TRUE(world_.finish->ok) << world_.finish->why;
}

TEST_F(AssumeTest, WhatDoesNotDependOnTheDifferenceGoesOn) {
  world_.Run();
  world_.Vote("call", "ana", "go", Go(7, ""));
  EXPECT_THAT(world_.Started(), UnorderedElementsAre("a", "b", "a~2"));
  EXPECT_EQ(world_.Task("a").status, TaskStatus::kCancelled);
  EXPECT_EQ(world_.Task("b").status, TaskStatus::kRunning);
  EXPECT_FALSE(world_.Task("b").superseded);
  EXPECT_EQ(world_.Task("a~2").arguments[0], Json(7));
  EXPECT_TRUE(world_.Has("inner"));
}

TEST_F(AssumeTest, AFailureCountsOnceTheAnswerIsGiven) {
  world_.Run();
  world_.FailWith("b", ir::Reason::kExit);
  EXPECT_THAT(world_.scheduler->failures(), IsEmpty());
  world_.Vote("call", "ana", "go", Go(1, ""));
  EXPECT_EQ(world_.scheduler->failures().size(), 1u);
}

TEST_F(AssumeTest, AFailureOnTheWrongWayCountsForNothing) {
  world_.Run();
  world_.FailWith("b", ir::Reason::kExit);
  world_.Vote("call", "ana", "halt");
  EXPECT_THAT(world_.scheduler->failures(), IsEmpty());
  world_.Succeed("other", N(0));
  ASSERT_TRUE(world_.finish);
  EXPECT_TRUE(world_.finish->ok) << world_.finish->why;
}

TEST_F(AssumeTest, ItsDeadlineIsAnAnswerLikeAnother) {
  world_.Run();
  world_.Advance(2 * kHour);
  EXPECT_THAT(world_.Started(), UnorderedElementsAre("a", "b", "other"));
  EXPECT_EQ(world_.Review("call").answer, "expired");
}

TEST_F(AssumeTest, WithdrawnItTakesWhatIsBehindItAlong) {
  world_.Run();
  world_.Apply(state::ReviewWithdrawn{"call", Owner(), "r"});
  EXPECT_EQ(world_.Task("a").status, TaskStatus::kCancelled);
  ASSERT_TRUE(world_.finish);
  EXPECT_TRUE(world_.finish->ok) << world_.finish->why;
}

TEST_F(AssumeTest, TheRunIsCancelledAsAnyOther) {
  world_.Run();
  world_.Apply(state::CancelRequested{Owner(), "", "r"});
  ASSERT_TRUE(world_.finish);
  EXPECT_FALSE(world_.finish->ok);
}

TEST_F(AssumeTest, ARewindKeepsWhatIsAssumed) {
  world_.Run();
  world_.Rewind("a");
  EXPECT_THAT(world_.Started(), ElementsAre("a~2"));
  EXPECT_EQ(world_.Task("b").status, TaskStatus::kRunning);
  EXPECT_FALSE(world_.Has("inner"));
}

TEST(AssumeLimitTest, TasksBeyondItsLimitWait) {
  Assumed program;
  program.review->assume->up_to = {{"gpu_time", program.Duration(kHour + kHour / 2)}};
  World world(program.module);
  world.Run();
  ASSERT_EQ(world.started.size(), 1u);
  const Place first = world.started[0].place, second = first == "a" ? "b" : "a";
  state::AttemptEnded end;
  end.place = first;
  end.outputs = N(1);
  end.usage.wall_ms = 10 * kMinute;
  world.Apply(end);
  EXPECT_THAT(world.Started(), ElementsAre(first, second)) << "what it did not use is free";
  EXPECT_THAT(world.problems, IsEmpty());
}

}  // namespace
}  // namespace hwf::scheduler::testing
