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

// workflow w(x: Int, y: Int) -> (n: Int) {
//   let data = work(x)   let aside = work(x)   let job = work(data.n)
//   checkpoint trained { n: job.n }
//   let use = pair(trained.n, y)   effect publish(use.n)
//   (n: use.n)
// }
struct Steps : Program {
  Steps() {
    AddTask("work", {{"n", integer}}, {{"n", integer}});
    AddTask("pair", {{"n", integer}, {"y", integer}}, {{"n", integer}});
    AddTask("publish", {{"n", integer}}, {}).effect = true;
    ir::Workflow& w = AddWorkflow("w", {{"x", integer}, {"y", integer}}, {{"n", integer}});
    const ir::Expr x = Ref(w.region.params[0].id, integer), y = Ref(w.region.params[1].id, integer);
    const ir::Expr data = Call(w.region, "data", "work", {x});
    Call(w.region, "aside", "work", {x});
    const ir::Expr job = Call(w.region, "job", "work", {Field(data, "n")});
    ir::TypeRef record = Record("", {{"n", integer}});
    const ir::Expr trained = Add(w.region, "trained", record,
                                 ir::CheckpointNode{Make(ir::Op::kRecord, record, {Field(job, "n")}, "", {"n"})});
    const ir::Expr use = Call(w.region, "use", "pair", {Field(trained, "n"), y});
    Call(w.region, "publish", "publish", {Field(use, "n")});
    w.region.result = Make(ir::Op::kRecord, Record("", {{"n", integer}}), {Field(use, "n")}, "", {"n"});
  }
};

class RewindTest : public ::testing::Test {
 protected:
  RewindTest() : world_(program_.module) {
    world_.results["work"] = [](const StartTask& start) { return N(start.arguments[0].AsInt() + 1); };
    world_.results["pair"] = [](const StartTask& start) {
      return N(start.arguments[0].AsInt() + start.arguments[1].AsInt());
    };
    world_.results["publish"] = [](const StartTask&) { return Json::Object(); };
  }
  ~RewindTest() override { EXPECT_THAT(world_.problems, IsEmpty()); }
  void Run() { world_.Run(Json::Object().Set("x", Json(1)).Set("y", Json(10))); }
  std::string Refused() const { return world_.scheduler->rewound().refused; }

  Steps program_;
  World world_;
};

TEST_F(RewindTest, WhatIsBehindACheckpointIsDoneAgain) {
  Run();
  ASSERT_TRUE(world_.finish);
  EXPECT_EQ(world_.finish->outputs.Dump(), R"({"n":13})");
  world_.Rewind("trained");
  EXPECT_EQ(Refused(), "");
  EXPECT_THAT(world_.Started(), ElementsAre("use~2", "publish~2"));
  EXPECT_THAT(world_.scheduler->rewound().done_again, ElementsAre("use", "publish"));
  EXPECT_THAT(world_.scheduler->rewound().effects, ElementsAre("publish"));
  EXPECT_TRUE(world_.Task("use").superseded);
  EXPECT_FALSE(world_.Task("job").superseded);
  EXPECT_EQ(world_.scheduler->generation(), 2);
  EXPECT_EQ(world_.Task("use~2").generation, 2);
  ASSERT_TRUE(world_.finish);
  EXPECT_TRUE(world_.finish->ok);
  world_.Rewind("trained");
  EXPECT_THAT(world_.Started(), ElementsAre("use~3", "publish~3"));
}

TEST_F(RewindTest, ATaskIsDoneAgainItself) {
  Run();
  world_.Rewind("job");
  EXPECT_THAT(world_.Started(), ElementsAre("job~2", "use~2", "publish~2"));
  EXPECT_EQ(world_.scheduler->checkpoints().size(), 1u);
}

TEST_F(RewindTest, APlaceMayBeNamedAsItsLastInstanceIs) {
  Run();
  world_.Rewind("job");
  world_.Rewind("use~2");
  EXPECT_EQ(Refused(), "");
  EXPECT_THAT(world_.Started(), ElementsAre("use~3", "publish~3"));
}

TEST_F(RewindTest, AFinishIsOfItsGeneration) {
  Run();
  EXPECT_EQ(world_.finish->generation, 1);
  world_.Rewind("job");
  EXPECT_EQ(world_.finish->generation, 2);
}

TEST_F(RewindTest, FreshAlsoWhereItStartsLater) {
  world_.results.erase("work");
  Run();
  world_.Succeed("data", N(2));
  world_.Rewind("job", Json(), true);
  EXPECT_THAT(world_.Started(), ElementsAre("job~2"));
  world_.Succeed("job~2", N(3));
  EXPECT_THAT(world_.Started(), ElementsAre("job~2", "use", "publish"));
  EXPECT_FALSE(world_.started[0].may_reuse);
  EXPECT_FALSE(world_.started[1].may_reuse);
}

TEST_F(RewindTest, WhatTheCancelledRunStillEndsIsDoneAgain) {
  world_.results.erase("work");
  world_.cancels = false;
  Run();
  world_.Succeed("data", N(2));
  world_.Apply(state::CancelRequested{{.name = "owner", .uid = 1000, .level = 1, .proof = "uid"}, "", "r"});
  EXPECT_FALSE(world_.finish);
  world_.Rewind("job");
  EXPECT_THAT(world_.Started(), ElementsAre("aside~2", "job~2"));
  world_.FailWith("aside", ir::Reason::kCancelled);
  world_.FailWith("job", ir::Reason::kCancelled);
  world_.Succeed("aside~2", N(1));
  world_.Succeed("job~2", N(1));
  ASSERT_TRUE(world_.finish);
  EXPECT_TRUE(world_.finish->ok) << world_.finish->why;
}

TEST_F(RewindTest, AnEffectThatBeganAndFailedMayHaveHappened) {
  world_.results.erase("publish");
  Run();
  world_.FailWith("publish", ir::Reason::kExit);
  world_.Rewind("use");
  EXPECT_THAT(world_.scheduler->rewound().effects, ElementsAre("publish"));
}

TEST_F(RewindTest, AnEffectThatIsSaidToHaveHappenedHas) {
  world_.results.erase("publish");
  world_.starts = false;
  Run();
  for (const char* place : {"data", "aside", "job", "use"}) world_.Apply(state::AttemptStarted{place, 1, "host", 1});
  world_.FailWith("publish", ir::Reason::kNodeFail);
  ASSERT_EQ(world_.Task("publish").status, TaskStatus::kInDoubt);
  world_.Apply(
      state::DoubtResolved{"publish", 1, true, {.name = "owner", .uid = 1000, .level = 1, .proof = "uid"}, "q"});
  ASSERT_TRUE(world_.finish);
  world_.Rewind("use");
  EXPECT_THAT(world_.scheduler->rewound().effects, ElementsAre("publish"));
}

TEST_F(RewindTest, AnEffectThatWasLostAndDidNotHappenIsNotDoneBesideTheNewOne) {
  world_.results.erase("publish");
  world_.cancels = false;
  Run();
  world_.Rewind("use");
  world_.FailWith("publish", ir::Reason::kNodeFail);
  ASSERT_EQ(world_.Task("publish").status, TaskStatus::kInDoubt);
  world_.Apply(
      state::DoubtResolved{"publish", 1, false, {.name = "owner", .uid = 1000, .level = 1, .proof = "uid"}, "q"});
  EXPECT_EQ(world_.Task("publish").status, TaskStatus::kCancelled);
  EXPECT_THAT(world_.Started(), ElementsAre("use~2", "publish~2"));
  world_.Succeed("publish~2");
  ASSERT_TRUE(world_.finish);
  EXPECT_TRUE(world_.finish->ok) << world_.finish->why;
}

// workflow w(flag: Bool) { let job = work(1)  if flag { work(5) } }
TEST(RewindBranchTest, AParameterThatABranchBeforeReadsIsRefused) {
  Program program;
  program.AddTask("work", {{"n", program.integer}}, {{"n", program.integer}});
  ir::Region& w = program.AddWorkflow("w", {{"flag", program.boolean}}, {}).region;
  program.Call(w, "job", "work", {program.Int(1)});
  ir::IfNode branch;
  branch.condition = Ref(w.params[0].id, program.boolean);
  branch.then_body = program.Region();
  program.Call(*branch.then_body, "more", "work", {program.Int(5)});
  program.Add(w, "if", program.unit, std::move(branch));
  for (const bool flag : {false, true}) {
    World world(program.module);
    world.results["work"] = [](const StartTask&) { return N(1); };
    world.Run(Json::Object().Set("flag", Json(flag)));
    world.Rewind("job", Json::Object().Set("flag", Json(!flag)));
    EXPECT_THAT(world.scheduler->rewound().refused, HasSubstr("used at `if`"));
  }
}

TEST_F(RewindTest, ToTheBeginning) {
  Run();
  world_.Rewind("", Json(), true);
  EXPECT_THAT(world_.Started(), ElementsAre("data~2", "aside~2", "job~2", "use~2", "publish~2"));
  EXPECT_FALSE(world_.started[0].may_reuse);
}

TEST_F(RewindTest, WhatRunsBehindItIsCancelledAndTheRestGoesOn) {
  world_.results.erase("pair");
  world_.results.erase("work");
  Run();
  world_.Succeed("data", N(2));
  world_.Succeed("job", N(3));
  world_.Rewind("trained");
  EXPECT_THAT(world_.Started(), ElementsAre("use~2"));
  EXPECT_THAT(world_.scheduler->rewound().cancelled, ElementsAre("use"));
  EXPECT_EQ(world_.Task("use").status, TaskStatus::kCancelled);
  EXPECT_EQ(world_.Task("aside").status, TaskStatus::kRunning);
  world_.Succeed("aside", N(0));
  world_.Succeed("use~2", N(7));
  ASSERT_TRUE(world_.finish);
  EXPECT_TRUE(world_.finish->ok) << world_.finish->why;
  EXPECT_EQ(world_.finish->outputs.Dump(), R"({"n":7})");
}

TEST_F(RewindTest, ParametersReachWhatIsBehindItOnly) {
  Run();
  world_.Rewind("trained", Json::Object().Set("y", Json(20)));
  EXPECT_EQ(Refused(), "");
  EXPECT_EQ(world_.started[0].arguments[1], Json(20));
  EXPECT_EQ(world_.finish->outputs.Dump(), R"({"n":23})");
  world_.Rewind("job");
  EXPECT_EQ(world_.finish->outputs.Dump(), R"({"n":23})") << "it stays";
}

TEST_F(RewindTest, AParameterThatIsUsedBeforeIsRefused) {
  Run();
  world_.Rewind("trained", Json::Object().Set("x", Json(5)));
  EXPECT_THAT(Refused(), HasSubstr("used at `data`, which is not behind `trained`; rewind to `data`"));
}

TEST_F(RewindTest, APlaceThatTheRunDidNotComeToIsRefused) {
  Run();
  world_.Rewind("nowhere");
  EXPECT_THAT(Refused(), HasSubstr("no place `nowhere`"));
}

TEST_F(RewindTest, WhatFailedIsTriedAgain) {
  world_.results.erase("pair");
  Run();
  world_.FailWith("use", ir::Reason::kExit);
  ASSERT_TRUE(world_.finish);
  EXPECT_FALSE(world_.finish->ok);
  world_.Rewind("use");
  EXPECT_FALSE(world_.finish);
  EXPECT_THAT(world_.scheduler->failures(), IsEmpty());
  world_.Succeed("use~2", N(1));
  ASSERT_TRUE(world_.finish);
  EXPECT_TRUE(world_.finish->ok) << world_.finish->why;
}

TEST_F(RewindTest, WhatWasCancelledWithTheRunIsDoneAgain) {
  world_.results.erase("work");
  Run();
  world_.Succeed("data", N(2));
  world_.Apply(state::CancelRequested{{.name = "owner", .uid = 1000, .level = 1, .proof = "uid"}, "", "r"});
  ASSERT_TRUE(world_.finish);
  world_.Rewind("job");
  EXPECT_THAT(world_.Started(), ElementsAre("aside~2", "job~2"));
  world_.Succeed("aside~2", N(1));
  world_.Succeed("job~2", N(1));
  ASSERT_TRUE(world_.finish);
  EXPECT_TRUE(world_.finish->ok) << world_.finish->why;
}

// let job = fit()  let verdict = await review { show job.model  choose approve grants model | reject }
// match verdict { approve(model) => publish(model)  reject => {} }
struct ReviewedModel : Program {
  ReviewedModel() {
    AddTask("fit", {}, {{"model", file}});
    AddTask("publish", {{"model", module.types->Approved(file)}}, {}).effect = true;
    ir::Region& w = AddWorkflow("w", {}, {}).region;
    const ir::Expr model = Field(Call(w, "job", "fit", {}), "model");
    ir::TypeRef answers = nullptr;
    ir::ReviewNode made = Review("verdict", {{"approve", {}, "model", model}, {"reject", {}, "", {}}}, &answers);
    made.show = {{"job.model", model}};
    made.by = Who(*this, "ana");
    ir::MatchNode match;
    match.subject = Add(w, "verdict", answers, std::move(made));
    auto approve = Region({Param("model", module.types->Approved(file))});
    Call(*approve, "publish", "publish", {Ref(approve->params[0].id, approve->params[0].type)});
    match.arms.push_back({"approve", {"model"}, std::move(approve)});
    match.arms.push_back({"", {}, Region()});
    Add(w, "match", unit, std::move(match));
  }
};

TEST(RewindReviewTest, BehindItIsAskedAgainAndBeforeItTheAnswerStays) {
  ReviewedModel program;
  World world(program.module);
  world.results["fit"] = [](const StartTask&) { return Model("b2:aa"); };
  world.results["publish"] = [](const StartTask&) { return Json::Object(); };
  world.Run();
  world.Vote("verdict", "ana", "approve");
  ASSERT_TRUE(world.finish);
  world.Rewind("publish");
  EXPECT_THAT(world.Started(), ElementsAre("publish~2")) << "what was approved is approved";
  world.Rewind("job");
  EXPECT_THAT(world.Started(), ElementsAre("job~2"));
  EXPECT_THAT(world.scheduler->rewound().reviews, ElementsAre("verdict"));
  EXPECT_EQ(world.Review("verdict").status, ReviewStatus::kAnswered);
  EXPECT_EQ(world.Review("verdict~2").status, ReviewStatus::kOpen);
  world.Vote("verdict~2", "ana", "reject");
  ASSERT_TRUE(world.finish);
  EXPECT_TRUE(world.finish->ok);
  EXPECT_THAT(world.Started(), ElementsAre("job~2"));
  EXPECT_THAT(world.problems, IsEmpty());
}

// let job = fit()   watch job.epoch as e { let call = await review { choose keep | halt } match call { halt => send … }
// }
struct Watched : Program {
  explicit Watched(bool latest) {
    ir::Task& fit = AddTask("fit", {}, {});
    AddStream(fit, "epoch", {{"n", integer}});
    fit.accepts = {{"halt", {}}};
    ir::Region& w = AddWorkflow("w", {}, {}).region;
    const ir::Expr job = Call(w, "job", "fit", {});
    ir::WatchNode watch;
    watch.latest = latest;
    watch.job = job.ref;
    watch.stream = "epoch";
    watch.body = Region({Param("e", module.tasks[0].streams[0].record)});
    ir::TypeRef answers = nullptr;
    ir::ReviewNode review = Review("call", {{"keep", {}, "", {}}, {"halt", {}, "", {}}}, &answers);
    review.by = Who(*this, "ana");
    review.withdrawn_with = job.ref;
    ir::MatchNode match;
    match.subject = Add(*watch.body, "call", answers, std::move(review));
    auto halt = Region();
    Add(*halt, "send", unit, ir::SendNode{job.ref, "halt", {}});
    match.arms.push_back({"halt", {}, std::move(halt)});
    match.arms.push_back({"", {}, Region()});
    Add(*watch.body, "match", unit, std::move(match));
    Add(w, "watch", unit, std::move(watch));
  }
};

TEST(RewindWatchTest, AJobThatIsNotBehindItGoesOnAndIsToldNothingTwice) {
  for (const bool latest : {false, true}) {
    Watched program(latest);
    World world(program.module);
    world.Run();
    world.Emit("job", "epoch", N(1));
    world.Vote("watch.1.call", "ana", "halt");
    world.Emit("job", "epoch", N(2));
    ASSERT_EQ(world.placed.size(), 1u);
    world.Rewind("watch.2.call");
    EXPECT_THAT(world.Started(), IsEmpty());
    EXPECT_EQ(world.placed.size(), 1u);
    EXPECT_EQ(world.Review("watch.2.call").status, ReviewStatus::kWithdrawn);
    EXPECT_EQ(world.Review("watch.2.call~2").status, ReviewStatus::kOpen);
    world.Emit("job", "epoch", N(3));
    EXPECT_EQ(world.Has("watch.3.call"), true);
    EXPECT_EQ(world.Review("watch.2.call~2").status, latest ? ReviewStatus::kWithdrawn : ReviewStatus::kOpen);
    world.Succeed("job");
    ASSERT_TRUE(world.finish);
    EXPECT_TRUE(world.finish->ok) << world.finish->why;
    EXPECT_THAT(world.problems, IsEmpty());
  }
}

TEST(RewindWatchTest, AJobThatIsDoneAgainIsWatchedFromItsBeginning) {
  Watched program(true);
  World world(program.module);
  world.Run();
  world.Emit("job", "epoch", N(1));
  world.Emit("job", "epoch", N(2));
  world.Vote("watch.2.call", "ana", "halt");
  world.Rewind("job");
  EXPECT_THAT(world.Started(), ElementsAre("job~2"));
  EXPECT_THAT(world.started[0].messages, IsEmpty());
  world.Emit("job~2", "epoch", N(1));
  EXPECT_EQ(world.Review("watch.1.call~2").status, ReviewStatus::kOpen);
  world.Succeed("job~2");
  EXPECT_TRUE(world.finish);
  EXPECT_THAT(world.problems, IsEmpty());
}

// A job that was cancelled before it began is not begun by a rewind of something else.
TEST(RewindWatchTest, AWatchedJobThatWasCancelledStaysSo) {
  Program program;
  program.AddTask("work", {}, {{"n", program.integer}});
  program.AddStream(program.AddTask("fit", {{"n", program.integer}}, {}), "epoch", {{"n", program.integer}});
  ir::Region& w = program.AddWorkflow("w", {}, {}).region;
  const ir::Expr data = program.Call(w, "data", "work", {});
  program.Call(w, "aside", "work", {});
  const ir::Expr job = program.Call(w, "job", "fit", {Field(data, "n")});
  ir::WatchNode watch;
  watch.job = job.ref;
  watch.stream = "epoch";
  watch.body = program.Region({program.Param("e", program.module.FindTask("fit")->streams[0].record)});
  program.Add(w, "watch", program.unit, std::move(watch));
  World world(program.module);
  world.Run();
  world.Apply(state::CancelRequested{{.name = "owner", .uid = 1000, .level = 1, .proof = "uid"}, "job", "q"});
  ASSERT_EQ(world.Task("job").status, TaskStatus::kCancelled);
  world.Succeed("data", N(1));
  world.Rewind("aside");
  EXPECT_THAT(world.Started(), ElementsAre("aside~2"));
  world.Succeed("aside~2", N(1));
  ASSERT_TRUE(world.finish);
  EXPECT_FALSE(world.finish->ok);
  EXPECT_THAT(world.problems, IsEmpty());
}

// loop n = 1 max 3 { let work = work(n)  next n = work.n }
TEST(RewindLoopTest, ARoundAndThoseBehindItAreDoneAgain) {
  Program program;
  program.AddTask("work", {{"n", program.integer}}, {{"n", program.integer}});
  ir::TypeRef ends = program.Enum("w.loop", {{"exhausted", {{"n", program.integer}}}});
  ir::TypeRef step = program.Enum("w.round", {{"next", {{"n", program.integer}}}});
  ir::Workflow& w = program.AddWorkflow("w", {}, {});
  ir::LoopNode loop;
  loop.init.push_back(program.Int(1));
  loop.max = program.Int(3);
  loop.body = program.Region({program.Param("n", program.integer)});
  const ir::Expr made = program.Call(*loop.body, "work", "work", {Ref(loop.body->params[0].id, program.integer)});
  loop.body->result = Make(ir::Op::kEnum, step, {Field(made, "n")}, "next", {"n"});
  program.Add(w.region, "round", ends, std::move(loop));
  World world(program.module);
  world.results["work"] = [](const StartTask& start) { return N(start.arguments[0].AsInt() * 2); };
  world.Run();
  ASSERT_TRUE(world.finish);
  world.Rewind("round.1");
  EXPECT_THAT(world.Started(), ElementsAre("round.1.work~2", "round.2.work~2"));
  EXPECT_TRUE(world.finish);
  EXPECT_THAT(world.problems, IsEmpty());
}

}  // namespace
}  // namespace hwf::scheduler::testing
