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

// A program with task(n) -> n, and a workflow whose region the test fills.
struct Small : Program {
  Small() {
    task = AddTask("work", {{"n", integer}}, {{"n", integer}}).output_record;
    workflow = &AddWorkflow("w", {{"flag", boolean}}, {});
    region = &workflow->region;
    flag = Ref(region->params[0].id, boolean);
  }
  ir::Expr List(const std::vector<int>& items) {
    std::vector<ir::Expr> exprs;
    for (int item : items) exprs.push_back(Int(item));
    return Make(ir::Op::kList, module.types->List(integer), std::move(exprs));
  }
  // for x in list { let name = work(x)  name.n }
  ir::ForNode Loop(ir::Expr list, const std::string& name) {
    ir::ForNode loop;
    loop.list = std::move(list);
    loop.body = Region({Param("x", integer)});
    ir::Expr made = Call(*loop.body, name, "work", {Ref(loop.body->params[0].id, integer)});
    loop.body->result = Field(made, "n");
    return loop;
  }
  // The workflow's output `r`.
  void Result(ir::Expr value) {
    workflow->outputs = {{"r", value.type, false}};
    ir::TypeRef record = Record("", {{"r", value.type}});
    region->result = Make(ir::Op::kRecord, record, {std::move(value)}, "", {"r"});
  }
  static Json Flag(bool value) { return Json::Object().Set("flag", Json(value)); }
  ir::TypeRef task;
  ir::Workflow* workflow;
  ir::Region* region;
  ir::Expr flag;
};

TEST(ControlTest, AForKeepsTheOrderOfItsList) {
  Small program;
  ir::TypeRef list = program.module.types->List(program.integer);
  program.Result(program.Add(*program.region, "each", list, program.Loop(program.List({5, 6, 7}), "work")));
  World world(program.module);
  world.Run(Small::Flag(true));
  EXPECT_THAT(world.Started(), ElementsAre("each.0.work", "each.1.work", "each.2.work"));
  world.Succeed("each.2.work", N(70));
  world.Succeed("each.0.work", N(50));
  world.Succeed("each.1.work", N(60));
  ASSERT_TRUE(world.finish);
  EXPECT_EQ(world.finish->outputs.Dump(), R"({"r":[50,60,70]})");
  EXPECT_THAT(world.problems, IsEmpty());
}

TEST(ControlTest, AnEmptyForIsAnEmptyList) {
  Small program;
  ir::TypeRef list = program.module.types->List(program.integer);
  program.Result(program.Add(*program.region, "each", list, program.Loop(program.List({}), "work")));
  World world(program.module);
  world.Run(Small::Flag(true));
  ASSERT_TRUE(world.finish);
  EXPECT_EQ(world.finish->outputs.Dump(), R"({"r":[]})");
}

TEST(ControlTest, WhereFiltersBeforeAnythingStarts) {
  Small program;
  ir::TypeRef list = program.module.types->List(program.integer);
  ir::ForNode loop = program.Loop(program.List({1, 2, 3, 4}), "work");
  loop.where = program.Region({program.Param("x", program.integer)});
  ir::Expr x = Ref(loop.where->params[0].id, program.integer);
  loop.where->result = Make(ir::Op::kGt, program.boolean, {x, program.Int(2)});
  program.Result(program.Add(*program.region, "each", list, std::move(loop)));
  World world(program.module);
  world.results["work"] = [](const StartTask& s) { return N(s.arguments[0].AsInt() * 10); };
  world.Run(Small::Flag(true));
  EXPECT_EQ(world.finish->outputs.Dump(), R"({"r":[30,40]})");
  EXPECT_THAT(world.Started(), ElementsAre("each.0.work", "each.1.work"));
}

TEST(ControlTest, AForOverAForGoesElementByElement) {
  Small program;
  ir::TypeRef list = program.module.types->List(program.integer);
  // The follower stands first in the source.
  uint32_t id = program.Fresh();
  ir::Expr first = Ref(ir::sample::Id(id), list);
  program.Result(program.Add(*program.region, "then", list, program.Loop(first, "work")));
  ir::Expr length = Make(ir::Op::kBuiltin, program.integer, {first}, "len");
  program.Call(*program.region, "all", "work", {length});
  program.region->nodes.push_back(ir::sample::MakeNode(id, "first", list, program.Loop(program.List({1, 2}), "work")));
  World world(program.module);
  world.Run(Small::Flag(true));
  EXPECT_THAT(world.Started(), ElementsAre("first.0.work", "first.1.work"));
  world.Succeed("first.1.work", N(20));
  EXPECT_EQ(world.started.back().place, "then.1.work");
  EXPECT_EQ(world.started.back().arguments[0], Json(20));
  EXPECT_EQ(world.scheduler->FindTask("all"), nullptr);  // reads the whole list
  world.FailWith("first.0.work", ir::Reason::kExit);
  EXPECT_EQ(world.Task("then.0.work").status, TaskStatus::kSkipped);
  EXPECT_EQ(world.Task("then.1.work").status, TaskStatus::kRunning);
  EXPECT_EQ(world.Task("all").status, TaskStatus::kSkipped);
  world.Succeed("then.1.work", N(21));
  ASSERT_TRUE(world.finish);
  EXPECT_FALSE(world.finish->ok);
  EXPECT_THAT(world.problems, IsEmpty());
}

TEST(ControlTest, ABranchNotTakenNeverStarts) {
  for (bool flag : {true, false}) {
    Small program;
    ir::IfNode branch;
    branch.condition = program.flag;
    branch.then_body = program.Region();
    branch.then_body->result = Field(program.Call(*branch.then_body, "yes", "work", {program.Int(1)}), "n");
    branch.else_body = program.Region();
    branch.else_body->result = Field(program.Call(*branch.else_body, "no", "work", {program.Int(2)}), "n");
    program.Result(program.Add(*program.region, "if", program.integer, std::move(branch)));
    World world(program.module);
    world.results["work"] = [](const StartTask& s) { return N(s.arguments[0].AsInt()); };
    world.Run(Small::Flag(flag));
    EXPECT_THAT(world.Started(), ElementsAre(flag ? "yes" : "no"));  // no level of its own
    EXPECT_EQ(world.finish->outputs["r"], Json(flag ? 1 : 2));
    EXPECT_THAT(world.problems, IsEmpty());
  }
}

TEST(ControlTest, ANameTakenOutsideGivesTheBranchALevel) {
  Small program;
  program.Call(*program.region, "work", "work", {program.Int(1)});
  ir::IfNode branch;
  branch.condition = program.flag;
  branch.then_body = program.Region();
  program.Call(*branch.then_body, "work", "work", {program.Int(2)});
  program.Add(*program.region, "if", program.unit, std::move(branch));
  World world(program.module);
  world.Run(Small::Flag(true));
  EXPECT_THAT(world.Started(), ElementsAre("work", "if.work"));
}

TEST(ControlTest, AfterAnIfWaitsForAllOfItAndFailsWithIt) {
  for (bool good : {true, false}) {
    Small program;
    ir::IfNode branch;
    branch.condition = program.flag;
    branch.then_body = program.Region();
    program.Call(*branch.then_body, "inner", "work", {program.Int(2)});
    ir::Expr value = program.Add(*program.region, "if", program.unit, std::move(branch));
    program.Call(*program.region, "last", "work", {program.Int(3)});
    program.region->nodes.back().after = {value.ref};
    program.Call(*program.region, "beside", "work", {program.Int(4)});
    World world(program.module);
    world.Run(Small::Flag(true));
    EXPECT_EQ(world.scheduler->FindTask("last"), nullptr);
    EXPECT_EQ(world.Task("beside").status, TaskStatus::kRunning);
    if (good) {
      world.Succeed("inner", N(1));
      EXPECT_EQ(world.Task("last").status, TaskStatus::kRunning);
    } else {
      world.FailWith("inner", ir::Reason::kExit);
      EXPECT_EQ(world.Task("last").status, TaskStatus::kSkipped);
      EXPECT_EQ(world.Task("beside").status, TaskStatus::kRunning);  // everything else goes on
    }
    EXPECT_THAT(world.problems, IsEmpty());
  }
}

TEST(ControlTest, AWorkflowIsCalledLikeATask) {
  Small program;
  ir::Workflow& inner = program.AddWorkflow("inner", {{"x", program.real}}, {{"n", program.integer}});
  ir::Expr called = program.Call(inner.region, "job", "work", {program.Int(4)});
  program.Call(inner.region, "more", "work", {program.Int(5)});
  ir::TypeRef out = program.Record("", {{"n", program.integer}});
  inner.region.result = Make(ir::Op::kRecord, out, {Field(called, "n")}, "", {"n"});
  program.module.entry = "w";
  ir::Expr result = program.Add(*program.region, "sub", out, ir::WorkflowNode{"inner", {program.Int(1)}});
  program.Call(*program.region, "next", "work", {Field(result, "n")});
  World world(program.module);
  world.Run(Small::Flag(true));
  EXPECT_THAT(world.Started(), ElementsAre("sub.job", "sub.more"));
  world.Succeed("sub.job", N(9));
  EXPECT_EQ(world.started.back().place, "next");  // does not wait for the rest of the call
  world.Succeed("next", N(1));
  EXPECT_FALSE(world.finish);
  world.Succeed("sub.more", N(1));
  ASSERT_TRUE(world.finish);
  EXPECT_TRUE(world.finish->ok);
  EXPECT_THAT(world.problems, IsEmpty());
}

TEST(ControlTest, AnErrorOfEvaluationFailsTheNodeWithItsPlace) {
  Small program;
  ir::Expr bad = Make(ir::Op::kIndex, program.integer, {program.List({1, 2}), program.Int(5)});
  bad.span = {0, 7, 9};
  program.Add(*program.region, "x", program.integer, ir::LetNode{bad});
  program.Call(*program.region, "beside", "work", {program.Int(4)});
  World world(program.module);
  world.Run(Small::Flag(true));
  ASSERT_EQ(world.scheduler->failures().size(), 1u);
  EXPECT_EQ(world.scheduler->failures()[0], "test.hwf:7:9: x: the index 5 is out of range: the list has 2 elements");
  world.Succeed("beside", N(1));
  EXPECT_FALSE(world.finish->ok);
}

TEST(ControlTest, SourcesAreResolvedByTheEngine) {
  for (bool good : {true, false}) {
    Small program;
    program.AddTask("read", {{"f", program.file}}, {});
    ir::Expr source =
        program.Add(*program.region, "f", program.file, ir::SourceNode{false, program.String("data.csv"), "/src"});
    program.Call(*program.region, "read", "read", {source});
    World world(program.module);
    world.resolves = false;
    world.Run(Small::Flag(true));
    EXPECT_EQ(world.log.back(), "resolve f data.csv");
    Json file = Json::Object().Set("path", Json("/src/data.csv")).Set("digest", Json("b2:1")).Set("size", Json(1));
    world.Apply(state::SourceResolved{"f", good ? file : Json(), good ? "" : "no such file: /src/data.csv"});
    if (good) {
      EXPECT_EQ(world.started[0].arguments[0], file);
    } else {
      EXPECT_THAT(world.finish->why, HasSubstr("f: no such file"));
    }
    EXPECT_THAT(world.problems, IsEmpty());
  }
}

TEST(ControlTest, TheProgramsOwnCancelIsNoFailureInItself) {
  Small program;
  ir::Expr job = program.Call(*program.region, "job", "work", {program.Int(1)});
  ir::IfNode branch;
  branch.condition = program.flag;
  branch.then_body = program.Region();
  program.Add(*branch.then_body, "cancel", program.unit, ir::CancelNode{job.ref});
  program.Add(*program.region, "if", program.unit, std::move(branch));
  program.Call(*program.region, "next", "work", {Field(job, "n")});
  World world(program.module);
  world.Run(Small::Flag(true));
  EXPECT_EQ(world.Task("job").status, TaskStatus::kCancelled);
  EXPECT_EQ(world.Task("next").status, TaskStatus::kSkipped);
  ASSERT_TRUE(world.finish);
  EXPECT_TRUE(world.finish->ok) << world.finish->why;
  EXPECT_THAT(world.problems, IsEmpty());
}

// The whole sample of the language's design, as ir/sample.h has it.
TEST(ControlTest, TheSampleProgramRunsToItsEnd) {
  ir::Module module = ir::sample::Digits();
  World world(module);
  Json dir = Json::Object().Set("path", Json("/d")).Set("digest", Json("b2:d")).Set("size", Json(1));
  world.results["prepare"] = [&](const StartTask&) { return Json::Object().Set("train", dir).Set("test", dir); };
  world.Run(Json::Object().Set("rate", Json(0.1)));
  auto epoch = [&](int n) {
    Json weights =
        Json::Object().Set("path", Json(fmt::format("/w{}", n))).Set("digest", Json("b2:w")).Set("size", Json(1));
    return Json::Object().Set("n", Json(n)).Set("loss", Json(1.0 / n)).Set("weights", weights);
  };
  for (int n = 1; n <= 10; ++n) world.Emit("job", "epoch", epoch(n));
  EXPECT_EQ(world.Review("watch.10.call").question, "Epoch 10: go on?");
  EXPECT_EQ(world.Review("watch.10.call").choices[1].fields[0].low, Json(0.0001));
  world.Vote("watch.10.call", "ana", "retune", Json::Object().Set("rate", Json(0.05)), {"ml-team"});
  for (int n = 11; n <= 20; ++n) world.Emit("job", "epoch", epoch(n), n > 11 ? 1 : 0);
  EXPECT_EQ(world.Task("job").messages[0].first_carried, 12);
  Json model = Json::Object().Set("path", Json("/m")).Set("digest", Json("b2:m")).Set("size", Json(1));
  Json metrics = Json::Object().Set("loss", Json(0.25)).Set("accuracy", Json(1));
  world.Succeed("job", Json::Object().Set("model", model).Set("metrics", metrics));
  EXPECT_EQ(world.Review("watch.20.call").closed_by, "job ended");
  ASSERT_TRUE(world.Has("verdict"));
  world.Advance(12 * kHour);
  world.Vote("verdict", "ana", "approve");
  world.Succeed("publish");
  ASSERT_TRUE(world.finish);
  EXPECT_TRUE(world.finish->ok) << world.finish->why;
  EXPECT_EQ(world.finish->outputs.Dump(), R"({"metrics":{"loss":0.25,"accuracy":1.0}})");
  EXPECT_THAT(world.problems, IsEmpty());
}

}  // namespace
}  // namespace hwf::scheduler::testing
