// What becomes of that which began on the strength of an assumed answer, once the answer is given.
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

// The expression builders are the program's, so that it is made first and filled then.
struct Assuming : Program {
  // let call = await review { choose go(n: …) | no  assume go(n: …) }   match call { go(n) => { … }  _ => {} }
  // `fill` makes what is in the braces.
  template <typename Fill>
  void Ask(ir::Region& in, ir::Expr assumed, Fill&& fill) {
    ir::TypeRef answers = nullptr;
    const ir::TypeRef type = assumed.type;
    ir::ReviewNode review = Review("call", {{"go", {{"n", type}}, "", {}}, {"no", {}, "", {}}}, &answers);
    review.by = Who(*this, "ana");
    review.assume = ir::ReviewNode::Assume{Make(ir::Op::kEnum, answers, {std::move(assumed)}, "go", {"n"}), up_to, {}};
    ir::MatchNode match;
    match.subject = Add(in, "call", answers, std::move(review));
    auto go = Region({Param("n", type)});
    fill(*go, Ref(go->params[0].id, type));
    match.arms.push_back({"go", {"n"}, std::move(go)});
    match.arms.push_back({"", {}, Region()});
    Add(in, "match", unit, std::move(match));
  }
  ir::Region& Begin() { return AddWorkflow("w", {}, {}).region; }
  std::vector<ir::NamedExpr> up_to;
};

Json Go(Json n) { return Json::Object().Set("n", std::move(n)); }

// let job = fit()
// let verdict = await review { show job.model  choose approve grants model | reject  assume approve }
// match verdict { approve(model) => publish(model)  reject => {} }
TEST(RedoTest, WhatIsGrantedOnceItIsConfirmedIsApproved) {
  Program program;
  program.AddTask("fit", {}, {{"model", program.file}});
  const ir::TypeRef approved = program.module.types->Approved(program.file);
  program.AddTask("publish", {{"model", approved}}, {}).effect = true;
  ir::Region& w = program.AddWorkflow("w", {}, {}).region;
  const ir::Expr model = Field(program.Call(w, "job", "fit", {}), "model");
  ir::TypeRef answers = nullptr;
  ir::ReviewNode review =
      program.Review("verdict", {{"approve", {}, "model", model}, {"reject", {}, "", {}}}, &answers);
  review.show = {{"job.model", model}};
  review.by = Program::Who(program, "ana");
  review.assume = ir::ReviewNode::Assume{Make(ir::Op::kEnum, answers, {}, "approve", {}), {}, {}};
  ir::MatchNode match;
  match.subject = program.Add(w, "verdict", answers, std::move(review));
  auto approve = program.Region({program.Param("model", approved)});
  program.Call(*approve, "publish", "publish", {Ref(approve->params[0].id, approved)});
  match.arms.push_back({"approve", {"model"}, std::move(approve)});
  match.arms.push_back({"", {}, program.Region()});
  program.Add(w, "match", program.unit, std::move(match));
  World world(program.module);
  world.results["fit"] = [](const StartTask&) { return Model("b2:aa"); };
  world.results["publish"] = [](const StartTask&) { return Json::Object(); };
  world.Run();
  EXPECT_THAT(world.Started(), ElementsAre("job"));
  world.Vote("verdict", "ana", "approve");
  EXPECT_THAT(world.Started(), ElementsAre("job", "publish"));
  ASSERT_TRUE(world.finish);
  EXPECT_TRUE(world.finish->ok) << world.finish->why;
  world.Rewind("publish");
  EXPECT_THAT(world.Started(), ElementsAre("publish~2")) << "it stays approved";
  EXPECT_THAT(world.problems, IsEmpty());
}

// … go(n) => { let data = file(n)  read(data) }
struct Reading : Assuming {
  Reading() {
    AddTask("read", {{"data", file}}, {});
    Ask(Begin(), String("a"), [&](ir::Region& go, const ir::Expr& n) {
      Call(go, "read", "read", {Add(go, "data", file, ir::SourceNode{false, n, "/src"})});
    });
  }
};

TEST(RedoTest, AnotherPathIsAnotherFile) {
  Reading program;
  World world(program.module);
  world.Run();
  EXPECT_THAT(world.Started(), ElementsAre("read"));
  world.Vote("call", "ana", "go", Go(Json("b")));
  EXPECT_THAT(world.Started(), ElementsAre("read", "read~2"));
  EXPECT_EQ(world.Task("read~2").arguments[0].StringOr("path", ""), "/data/b");
  world.Succeed("read~2");
  ASSERT_TRUE(world.finish);
  world.Rewind("read");
  EXPECT_THAT(world.log, ::testing::Not(::testing::Contains(HasSubstr("resolve data~3"))));
  EXPECT_EQ(world.Task("read~3").arguments[0].StringOr("path", ""), "/data/b");
  EXPECT_THAT(world.problems, IsEmpty());
}

TEST(RedoTest, ALateFileOfTheOldPathIsNotTaken) {
  Reading program;
  World world(program.module);
  world.resolves = false;
  world.check_replay = false;  // the world does not know that nobody waits for the first any more
  world.Run();
  EXPECT_THAT(world.log, ::testing::Contains("resolve data a"));
  world.Vote("call", "ana", "go", Go(Json("b")));
  EXPECT_THAT(world.log, ::testing::Contains("resolve data~2 b"));
  const auto at = [](const char* path) {
    return Json::Object().Set("path", Json(path)).Set("digest", Json("b2:1")).Set("size", Json(3));
  };
  world.Apply(state::SourceResolved{"data", at("/data/a"), ""});
  EXPECT_THAT(world.Started(), IsEmpty());
  world.Apply(state::SourceResolved{"data~2", at("/data/b"), ""});
  ASSERT_THAT(world.Started(), ElementsAre("read"));
  EXPECT_EQ(world.Task("read").arguments[0].StringOr("path", ""), "/data/b");
}

// … go(n) => { let job = fit(n)  watch job.epoch as e {}  work() }, where fit is an effect
TEST(RedoTest, WhatWasCancelledWhileItWaitedIsNotBegun) {
  Assuming program;
  program.AddTask("work", {}, {});
  ir::Task& fit = program.AddTask("fit", {{"n", program.integer}}, {});
  program.AddStream(fit, "epoch", {{"n", program.integer}});
  fit.effect = true;
  program.Ask(program.Begin(), program.Int(1), [&](ir::Region& go, const ir::Expr& n) {
    const ir::Expr job = program.Call(go, "job", "fit", {n});
    ir::WatchNode watch;
    watch.job = job.ref;
    watch.stream = "epoch";
    watch.body = program.Region({program.Param("e", program.module.FindTask("fit")->streams[0].record)});
    program.Add(go, "watch", program.unit, std::move(watch));
    program.Call(go, "work", "work", {});
  });
  World world(program.module);
  world.Run();
  world.Apply(state::CancelRequested{Owner(), "job", "q"});
  EXPECT_EQ(world.Task("job").status, TaskStatus::kCancelled);
  world.Vote("call", "ana", "go", Go(Json(1)));
  EXPECT_THAT(world.Started(), ElementsAre("work"));
  world.Succeed("work");
  EXPECT_TRUE(world.finish);
  EXPECT_THAT(world.problems, IsEmpty());
}

// … go(n) => work(10 % n)
TEST(RedoTest, WhatRunsIsCancelledWhereItsArgumentsFailNow) {
  Assuming program;
  program.AddTask("work", {{"n", program.integer}}, {});
  program.Ask(program.Begin(), program.Int(1), [&](ir::Region& go, const ir::Expr& n) {
    program.Call(go, "work", "work", {Make(ir::Op::kMod, program.integer, {program.Int(10), n})});
  });
  World world(program.module);
  world.cancels = false;
  world.Run();
  ASSERT_THAT(world.Started(), ElementsAre("work"));
  world.Vote("call", "ana", "go", Go(Json(0)));
  EXPECT_THAT(world.log, ::testing::Contains("cancel work#1"));
  EXPECT_EQ(world.Task("work~2").status, TaskStatus::kFailed);
  EXPECT_FALSE(world.finish);
  world.FailWith("work", ir::Reason::kCancelled);
  ASSERT_TRUE(world.finish);
  EXPECT_FALSE(world.finish->ok);
  EXPECT_THAT(world.problems, IsEmpty());
}

// let job = fit()  … go(n) => watch job.epoch as e where e.n % n == 0 { work(e.n) }
TEST(RedoTest, AWatchShowsWhatItsWhereTakesNow) {
  Assuming program;
  program.AddTask("work", {{"n", program.integer}}, {});
  program.AddStream(program.AddTask("fit", {}, {}), "epoch", {{"n", program.integer}});
  ir::Region& w = program.Begin();
  const ir::Expr job = program.Call(w, "job", "fit", {});
  const ir::TypeRef epoch = program.module.FindTask("fit")->streams[0].record;
  program.Ask(w, program.Int(2), [&](ir::Region& go, const ir::Expr& n) {
    ir::WatchNode watch;
    watch.job = job.ref;
    watch.stream = "epoch";
    watch.where = program.Region({program.Param("e", epoch)});
    const ir::Expr rest = Make(ir::Op::kMod, program.integer, {Field(Ref(watch.where->params[0].id, epoch), "n"), n});
    watch.where->result = Make(ir::Op::kEq, program.boolean, {rest, program.Int(0)});
    watch.body = program.Region({program.Param("e", epoch)});
    program.Call(*watch.body, "work", "work", {Field(Ref(watch.body->params[0].id, epoch), "n")});
    program.Add(go, "watch", program.unit, std::move(watch));
  });
  World world(program.module);
  world.Run();
  for (int64_t n = 1; n <= 4; ++n) world.Emit("job", "epoch", N(n));
  EXPECT_THAT(world.Started(), ElementsAre("job", "watch.2.work", "watch.4.work"));
  world.Vote("call", "ana", "go", Go(Json(3)));
  EXPECT_THAT(world.Started(), ElementsAre("job", "watch.2.work", "watch.4.work", "watch.3.work"));
  EXPECT_TRUE(world.Task("watch.4.work").superseded);
  EXPECT_THAT(world.problems, IsEmpty());
}

// watch latest job.epoch as e { … go(n) => work(n) }
TEST(RedoTest, AFailureInABodyThatGaveWayCountsForNothing) {
  Assuming program;
  program.AddTask("work", {{"n", program.integer}}, {});
  program.AddStream(program.AddTask("fit", {}, {}), "epoch", {{"n", program.integer}});
  ir::Region& w = program.Begin();
  const ir::Expr job = program.Call(w, "job", "fit", {});
  ir::WatchNode watch;
  watch.latest = true;
  watch.job = job.ref;
  watch.stream = "epoch";
  watch.body = program.Region({program.Param("e", program.module.FindTask("fit")->streams[0].record)});
  program.Ask(*watch.body, program.Int(1),
              [&](ir::Region& go, const ir::Expr& n) { program.Call(go, "work", "work", {n}); });
  program.Add(w, "watch", program.unit, std::move(watch));
  World world(program.module);
  world.Run();
  world.Emit("job", "epoch", N(1));
  world.FailWith("watch.1.work", ir::Reason::kExit);
  world.Emit("job", "epoch", N(2));
  ASSERT_EQ(world.Review("watch.1.call").status, ReviewStatus::kWithdrawn);
  world.Vote("watch.2.call", "ana", "go", Go(Json(1)));
  EXPECT_THAT(world.scheduler->failures(), IsEmpty());
  world.Succeed("watch.2.work");
  world.Succeed("job");
  ASSERT_TRUE(world.finish);
  EXPECT_TRUE(world.finish->ok) << world.finish->why;
  EXPECT_THAT(world.problems, IsEmpty());
}

// … go(n) => { let a = work(n)  let b = work(2) }
struct Limited : Assuming {
  explicit Limited(int64_t nodes) {
    ir::Task& work = AddTask("work", {{"n", integer}}, {});
    work.needs = {{"gpus", Int(1)}, {"nodes", Int(nodes)}, {"time", Duration(kHour)}};
    work.retries = 1;
    up_to = {{"gpu_time", Duration(kHour + kHour / 2)}};
    Ask(Begin(), Int(1), [&](ir::Region& go, const ir::Expr& n) {
      Call(go, "a", "work", {n});
      Call(go, "b", "work", {Int(2)});
    });
  }
};

TEST(RedoTest, WhatATaskUsesIsUsedOnEachOfItsNodes) {
  Limited program(2);
  World world(program.module);
  world.Run();
  EXPECT_THAT(world.Started(), IsEmpty());
  EXPECT_THAT(world.problems, IsEmpty());
}

TEST(RedoTest, EachAttemptCounts) {
  Limited program(1);
  World world(program.module);
  world.Run();
  ASSERT_EQ(world.started.size(), 1u);
  state::AttemptEnded end;
  end.place = world.started[0].place;
  end.failure = ir::Reason::kOom;
  end.usage.wall_ms = 50 * kMinute;
  world.Apply(end);
  end.attempt = 2;
  end.failure.reset();
  end.outputs = Json::Object();
  end.usage.wall_ms = 10 * kMinute;
  world.Apply(end);
  EXPECT_EQ(world.started.size(), 2u) << "two attempts, and no other task";
  EXPECT_THAT(world.problems, IsEmpty());
}

TEST(RedoTest, ARewindBeginsNoMoreThanTheLimitAllows) {
  Limited program(1);
  World world(program.module);
  world.Run();
  ASSERT_EQ(world.started.size(), 1u);
  state::AttemptEnded end;
  end.place = world.started[0].place;
  end.outputs = Json::Object();
  end.usage.wall_ms = 10 * kMinute;
  world.Apply(end);
  ASSERT_EQ(world.started.size(), 2u);
  world.Rewind("call");
  EXPECT_EQ(world.started.size(), 1u) << "both at once may be too much";
  EXPECT_THAT(world.problems, IsEmpty());
}

}  // namespace
}  // namespace hwf::scheduler::testing
