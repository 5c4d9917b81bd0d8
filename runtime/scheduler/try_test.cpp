#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ir/type_rules.h"
#include "runtime/scheduler/testing/program.h"
#include "runtime/scheduler/testing/world.h"

namespace hwf::scheduler::testing {
namespace {

using ir::sample::Field;
using ir::sample::Id;
using ir::sample::Ref;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const Json kX = Json::Object().Set("x", Json(3));

// first(x) -> n; make(n) -> n; read(log) -> n
// workflow w(x) {
//   let start = first(x)
//   let a = try make(start.n)
//   let n = match a {
//     ok(value) => value.n
//     failed(reason, exit, log) => { checkpoint why { reason: reason, exit: exit }  let r = read(log)  r.n }
//   }
//   (n: n)
// }
struct Tried : Program {
  Tried() {
    AddTask("first", {{"x", integer}}, {{"n", integer}});
    make = &AddTask("make", {{"n", integer}}, {{"n", integer}});
    AddTask("read", {{"log", file}}, {{"n", integer}});
    ir::Workflow& w = AddWorkflow("w", {{"x", integer}}, {{"n", integer}});
    ir::Expr start = Call(w.region, "start", "first", {Ref(w.region.params[0].id, integer)});
    const ir::TypeRef reason = ir::ReasonType(*module.types);
    const ir::TypeRef type = ir::FailureType(*module.types, "try make", ir::Tried::kTask, make->output_record, reason);
    ir::TaskNode call{"make", {Field(start, "n")}};
    call.tried = true;
    tried = Add(w.region, "a", type, std::move(call));
    ir::MatchNode match;
    match.subject = tried;
    auto ok = Region({Param("value", make->output_record)});
    ok->result = Field(Ref(ok->params[0].id, make->output_record), "n");
    match.arms.push_back({"ok", {"value"}, std::move(ok)});
    const ir::TypeRef exit = module.types->Optional(integer);
    auto failed = Region({Param("reason", reason), Param("exit", exit), Param("log", file)});
    const ir::TypeRef why = Record("", {{"reason", reason}, {"exit", exit}});
    Add(*failed, "why", why,
        ir::CheckpointNode{ir::sample::Make(ir::Op::kRecord, why,
                                            {Ref(failed->params[0].id, reason), Ref(failed->params[1].id, exit)}, "",
                                            {"reason", "exit"})});
    failed->result = Field(Call(*failed, "r", "read", {Ref(failed->params[2].id, file)}), "n");
    match.arms.push_back({"failed", {"reason", "exit", "log"}, std::move(failed)});
    ir::Expr n = Add(w.region, "n", integer, std::move(match));
    w.region.result = ir::sample::Make(ir::Op::kRecord, Record("", {{"n", integer}}), {n}, "", {"n"});
    workflow = &w;
  }
  ir::Task* make;
  ir::Workflow* workflow;
  ir::Expr tried;
};

// Whatever its end, `r` reads the log and the run is fine.
void ExpectCaught(World& world, const std::string& why) {
  ASSERT_EQ(world.scheduler->checkpoints().size(), 1u);
  EXPECT_EQ(world.scheduler->checkpoints()[0].second.Dump(), why);
  EXPECT_EQ(world.started.back().place, "r");
  EXPECT_EQ(world.started.back().arguments[0].StringOr("path", ""), "/store/a/log");
  world.Succeed("r", N(9));
  EXPECT_THAT(world.scheduler->failures(), IsEmpty());
  ASSERT_TRUE(world.finish);
  EXPECT_TRUE(world.finish->ok) << world.finish->why;
  EXPECT_EQ(world.finish->outputs.Dump(), R"({"n":9})");
  EXPECT_THAT(world.problems, IsEmpty());
}

TEST(SchedulerTryTest, SuccessGivesTheOutputs) {
  Tried program;
  World world(program.module);
  world.Run(kX);
  EXPECT_FALSE(world.started[0].tried);
  world.Succeed("start", N(1));
  EXPECT_TRUE(world.started[1].tried);
  world.Succeed("a", N(7));
  ASSERT_TRUE(world.finish);
  EXPECT_TRUE(world.finish->ok);
  EXPECT_EQ(world.finish->outputs.Dump(), R"({"n":7})");
  EXPECT_THAT(world.problems, IsEmpty());
}

TEST(SchedulerTryTest, AFailureIsAValueAfterTheRetries) {
  Tried program;
  program.make->retries = 1;
  World world(program.module);
  world.Run(kX);
  world.Succeed("start", N(1));
  world.FailWith("a", ir::Reason::kOom);
  EXPECT_EQ(world.Task("a").attempt, 2);
  state::AttemptEnded end;
  end.place = "a";
  end.attempt = 2;
  end.failure = ir::Reason::kExit;
  end.exit_code = 3;
  end.log = world.LogOf("a");
  world.Apply(end);
  EXPECT_EQ(world.Task("a").status, TaskStatus::kFailed);
  EXPECT_EQ(world.Task("a").why, "exit code 3");
  ExpectCaught(world, R"({"reason":{"variant":"exit","fields":{}},"exit":3})");
}

TEST(SchedulerTryTest, AFailureWithoutItsLogIsTheRuns) {
  Tried program;
  World world(program.module);
  world.Run(kX);
  world.Succeed("start", N(1));
  state::AttemptEnded end;
  end.place = "a";
  end.failure = ir::Reason::kSite;
  world.Apply(end);
  ASSERT_TRUE(world.finish);
  EXPECT_FALSE(world.finish->ok);
  EXPECT_THAT(world.finish->why, HasSubstr("its log was not kept"));
}

TEST(SchedulerTryTest, WhatLacksItsInputsIsSkipped) {
  Tried program;
  World world(program.module);
  world.Run(kX);
  world.FailWith("start", ir::Reason::kExit);
  EXPECT_EQ(world.Task("a").status, TaskStatus::kSkipped);
  ASSERT_TRUE(world.finish);
  EXPECT_FALSE(world.finish->ok);
  EXPECT_THAT(world.scheduler->checkpoints(), IsEmpty());
  EXPECT_THAT(world.problems, IsEmpty());
}

TEST(SchedulerTryTest, CancelledByTheProgramOrByPeople) {
  Tried by_people;
  World world(by_people.module);
  world.Run(kX);
  world.Succeed("start", N(1));
  world.Apply(state::CancelRequested{{.name = "owner", .uid = 1000, .level = 1, .proof = "uid"}, "a", "q"});
  EXPECT_EQ(world.Task("a").status, TaskStatus::kCancelled);
  ExpectCaught(world, R"({"reason":{"variant":"cancelled","fields":{}},"exit":null})");

  // Before its inputs are there: nothing of it ever began, and there is a value all the same.
  Tried by_program;
  by_program.Add(by_program.workflow->region, "cancel", by_program.unit, ir::CancelNode{by_program.tried.ref});
  World early(by_program.module);
  early.Run(kX);
  EXPECT_EQ(early.Task("a").status, TaskStatus::kCancelled);
  EXPECT_EQ(early.Task("a").why, "cancelled by the workflow");
  EXPECT_THAT(early.Started(), ElementsAre("start", "r"));
  early.Succeed("start", N(1));
  ExpectCaught(early, R"({"reason":{"variant":"cancelled","fields":{}},"exit":null})");
}

TEST(SchedulerTryTest, ACancelledRunCatchesNothing) {
  Tried program;
  World world(program.module);
  world.Run(kX);
  world.Succeed("start", N(1));
  world.Apply(state::CancelRequested{{.name = "owner", .uid = 1000, .level = 1, .proof = "uid"}, "", "q"});
  EXPECT_EQ(world.Task("a").status, TaskStatus::kCancelled);
  ASSERT_TRUE(world.finish);
  EXPECT_FALSE(world.finish->ok);
  EXPECT_EQ(world.finish->why, "cancelled by owner");
  EXPECT_THAT(world.scheduler->checkpoints(), IsEmpty());
  EXPECT_THAT(world.problems, IsEmpty());
}

TEST(SchedulerTryTest, AnEffectInDoubtIsAskedForFirst) {
  Tried program;
  program.make->effect = true;
  World world(program.module);
  world.Run(kX);
  world.Succeed("start", N(1));
  world.FailWith("a", ir::Reason::kNodeFail);
  EXPECT_EQ(world.Task("a").status, TaskStatus::kInDoubt);
  EXPECT_EQ(world.log.back(), "doubt a#1");
  EXPECT_THAT(world.scheduler->checkpoints(), IsEmpty());
  // It happened, and what it gave is lost: not one more time.
  world.Apply(state::DoubtResolved{"a", 1, true, {.name = "owner", .uid = 1, .level = 1, .proof = "uid"}, "r"});
  ExpectCaught(world, R"({"reason":{"variant":"output","fields":{}},"exit":null})");
}

TEST(SchedulerTryTest, ItsStreamsAreReadWhateverItsEnd) {
  Tried program;
  program.AddStream(*program.make, "epoch", {{"n", program.integer}});
  const ir::TypeRef list = program.module.types->List(program.make->streams[0].record);
  ir::Expr epochs = ir::sample::Make(ir::Op::kField, list, {program.tried}, "epoch");
  const ir::TypeRef seen = program.Record("", {{"all", list}});
  program.Add(program.workflow->region, "seen", seen,
              ir::CheckpointNode{ir::sample::Make(ir::Op::kRecord, seen, {epochs}, "", {"all"})});
  World world(program.module);
  world.Run(kX);
  world.Succeed("start", N(1));
  world.Emit("a", "epoch", N(5));
  world.FailWith("a", ir::Reason::kTimeLimit);
  ASSERT_EQ(world.scheduler->checkpoints().size(), 2u);
  EXPECT_EQ(world.scheduler->checkpoints()[0].second.Dump(), R"({"all":[{"n":5}]})");
  EXPECT_THAT(world.problems, IsEmpty());
}

}  // namespace
}  // namespace hwf::scheduler::testing
