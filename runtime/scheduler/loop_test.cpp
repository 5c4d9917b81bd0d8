#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/scheduler/testing/program.h"
#include "runtime/scheduler/testing/world.h"

namespace hwf::scheduler::testing {
namespace {

using ir::sample::Field;
using ir::sample::Make;
using ir::sample::Ref;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// loop n = 1 max MAX { let work = work(n)  if work.n > 10 { stop with work.n } else { next n = work.n } }
struct Rounds : Program {
  explicit Rounds(int64_t max) {
    AddTask("work", {{"n", integer}}, {{"n", integer}});
    ends = Enum("w.loop", {{"stopped", {{"value", integer}}}, {"exhausted", {{"n", integer}}}});
    step = Enum("w.loop.round", {{"stop", {{"value", integer}}}, {"next", {{"n", integer}}}});
    workflow = &AddWorkflow("w", {}, {{"r", ends}});
    node.init.push_back(Int(1));
    node.max = Int(max);
    node.body = Region({Param("n", integer)});
    n = Ref(node.body->params[0].id, integer);
  }
  ir::Expr End(const char* variant, const char* field, ir::Expr value) const {
    return Make(ir::Op::kEnum, step, {std::move(value)}, variant, {field});
  }
  // The value of a branch on `made > 10`.
  ir::Expr Branch(const ir::Expr& made) {
    ir::IfNode branch;
    branch.condition = Make(ir::Op::kGt, boolean, {made, Int(10)});
    branch.then_body = Region();
    branch.then_body->result = End("stop", "value", made);
    branch.else_body = Region();
    branch.else_body->result = End("next", "n", made);
    return Add(*node.body, "if", step, std::move(branch));
  }
  void Work() { node.body->result = Branch(Field(Call(*node.body, "work", "work", {n}), "n")); }
  const ir::Module& Made() {
    ir::Expr loop = Add(workflow->region, "loop", ends, std::move(node));
    workflow->region.result = Make(ir::Op::kRecord, Record("", {{"r", ends}}), {loop}, "", {"r"});
    return module;
  }
  ir::TypeRef ends, step;
  ir::Workflow* workflow;
  ir::LoopNode node;
  ir::Expr n;
};

TEST(LoopTest, ARoundBeginsWithWhatTheLastOneCarriedOn) {
  Rounds program(5);
  program.Work();
  World world(program.Made());
  world.Run();
  EXPECT_THAT(world.Started(), ElementsAre("loop.0.work"));
  world.Succeed("loop.0.work", N(4));
  EXPECT_EQ(world.started.back().place, "loop.1.work");
  EXPECT_EQ(world.started.back().arguments[0], Json(4));
  world.Succeed("loop.1.work", N(11));
  ASSERT_TRUE(world.finish);
  EXPECT_EQ(world.finish->outputs.Dump(), R"({"r":{"variant":"stopped","fields":{"value":11}}})");
  EXPECT_THAT(world.problems, IsEmpty());
}

TEST(LoopTest, AfterItsLastRoundItIsExhausted) {
  Rounds program(2);
  program.Work();
  World world(program.Made());
  world.results["work"] = [](const StartTask& start) { return N(start.arguments[0].AsInt() + 1); };
  world.Run();
  ASSERT_TRUE(world.finish);
  EXPECT_EQ(world.finish->outputs.Dump(), R"({"r":{"variant":"exhausted","fields":{"n":3}}})");
}

TEST(LoopTest, WhatNobodyReadsDoesNotHoldUpTheNextRound) {
  Rounds program(5);
  program.Call(*program.node.body, "aside", "work", {program.n});
  program.Work();
  World world(program.Made());
  world.Run();
  world.Succeed("loop.0.work", N(20));
  EXPECT_FALSE(world.finish) << "something of it still runs";
  EXPECT_EQ(world.Task("loop.0.aside").status, TaskStatus::kRunning);
  world.Succeed("loop.0.aside", N(0));
  ASSERT_TRUE(world.finish);
  EXPECT_TRUE(world.finish->ok);
  EXPECT_THAT(world.problems, IsEmpty());
}

TEST(LoopTest, AFailedRoundEndsIt) {
  Rounds program(5);
  program.Work();
  World world(program.Made());
  world.Run();
  world.Succeed("loop.0.work", N(4));
  world.FailWith("loop.1.work", ir::Reason::kExit);
  ASSERT_TRUE(world.finish);
  EXPECT_FALSE(world.finish->ok);
  EXPECT_THAT(world.Started(), ElementsAre("loop.0.work", "loop.1.work"));
  EXPECT_THAT(world.problems, IsEmpty());
}

TEST(LoopTest, AMaxThatComesOutWrongFailsIt) {
  for (const int64_t max : {int64_t{0}, ir::kMaxRounds + 1}) {
    Rounds program(max);
    program.Work();
    World world(program.Made());
    world.Run();
    ASSERT_TRUE(world.finish);
    ASSERT_EQ(world.scheduler->failures().size(), 1u);
    EXPECT_THAT(world.scheduler->failures()[0], HasSubstr("not between 1 and 1000000"));
  }
}

TEST(LoopTest, ManyRoundsNestNothing) {
  Rounds program(50'000);
  program.node.body->result =
      program.End("next", "n", Make(ir::Op::kAdd, program.integer, {program.n, program.Int(1)}));
  World world(program.Made());
  world.check_replay = false;
  world.Run();
  ASSERT_TRUE(world.finish);
  EXPECT_EQ(world.finish->outputs.Dump(), R"({"r":{"variant":"exhausted","fields":{"n":50001}}})");
}

}  // namespace
}  // namespace hwf::scheduler::testing
