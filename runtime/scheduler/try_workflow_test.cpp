#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ir/type_rules.h"
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
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

const Json kThree = Json::Object().Set("x", Json(3));
const state::Person kOwner{.name = "owner", .uid = 1000, .level = 1, .proof = "uid"};

std::string Why(const std::string& reason, const std::string& message) {
  Json why = Json().Set("reason", Json().Set("variant", Json(reason)).Set("fields", Json::Object()));
  return why.Set("message", Json(message)).Dump();
}

// task work(n) -> n
// workflow inner(x) -> n { let a = work(x)  let b = work(x)  let c = work(a.n)  <more>  (n: c.n) }
// workflow w(x) -> n {
//   let aside = work(x)
//   let job = try inner(x)
//   (n: match job { ok(value) => value.n  failed(reason, message) => { checkpoint why { reason, message }  -1 } })
// }
struct Calls : Program {
  using More = std::function<void(Calls&, ir::Region&)>;

  explicit Calls(const More& more = {}) {
    outputs = Record("", {{"n", integer}});
    AddTask("work", {{"n", integer}}, {{"n", integer}});
    AddTask("mail", {{"n", integer}}, {}).effect = true;
    {
      ir::Region& inner = AddWorkflow("inner", {{"x", integer}}, {{"n", integer}}).region;
      const ir::Expr x = Ref(inner.params[0].id, integer);
      const ir::Expr a = Call(inner, "a", "work", {x});
      Call(inner, "b", "work", {x});
      const ir::Expr c = Call(inner, "c", "work", {Field(a, "n")});
      if (more) more(*this, inner);
      inner.result = Made(Field(c, "n"));
    }
    ir::Region& w = AddWorkflow("w", {{"x", integer}}, {{"n", integer}}).region;
    const ir::Expr x = Ref(w.params[0].id, integer);
    Call(w, "aside", "work", {x});
    w.result = Made(Caught(w, "n", Try(w, "job", "inner", {x})));
  }

  ir::Expr Made(const ir::Expr& n) { return Make(ir::Op::kRecord, outputs, {n}, "", {"n"}); }
  ir::Expr Try(ir::Region& region, const std::string& name, const std::string& workflow, std::vector<ir::Expr> args) {
    if (reason == nullptr) reason = ir::ReasonType(*module.types);
    const ir::TypeRef type = ir::FailureType(*module.types, "try " + workflow, ir::Tried::kWorkflow, outputs, reason);
    return Add(region, name, type, ir::WorkflowNode{workflow, std::move(args), true});
  }
  // The match: what `ok` gave, or -1.
  ir::Expr Caught(ir::Region& region, const std::string& name, const ir::Expr& tried) {
    ir::MatchNode match;
    match.subject = tried;
    auto ok = Region({Param("value", outputs)});
    ok->result = Field(Ref(ok->params[0].id, outputs), "n");
    match.arms.push_back({"ok", {"value"}, std::move(ok)});
    auto failed = Region({Param("reason", reason), Param("message", string)});
    const ir::TypeRef why = Record("", {{"reason", reason}, {"message", string}});
    Add(*failed, "why", why,
        ir::CheckpointNode{Make(ir::Op::kRecord, why,
                                {Ref(failed->params[0].id, reason), Ref(failed->params[1].id, string)}, "",
                                {"reason", "message"})});
    failed->result = Int(-1);
    match.arms.push_back({"failed", {"reason", "message"}, std::move(failed)});
    return Add(region, name, integer, std::move(match));
  }
  void Ask(ir::Region& region, const std::string& name) {
    ir::TypeRef answers = nullptr;
    ir::ReviewNode review = Review(name, {{"yes", {}, "", {}}}, &answers);
    review.by = Who(*this, "ana");
    Add(region, name, answers, std::move(review));
  }

  ir::TypeRef outputs = nullptr, reason = nullptr;
};

std::string WhyOf(const World& world) {
  const auto& checkpoints = world.scheduler->checkpoints();
  return checkpoints.empty() ? "" : checkpoints.back().second.Dump();
}

// The call failed, the run did not: `aside` goes on, and when it ends the run has the result.
void ExpectCallCaught(World& world, const std::string& why) {
  EXPECT_EQ(WhyOf(world), why);
  EXPECT_THAT(world.scheduler->failures(), IsEmpty());
  EXPECT_EQ(world.Task("aside").status, TaskStatus::kRunning);
  EXPECT_FALSE(world.finish);
  world.Succeed("aside", N(1));
  ASSERT_TRUE(world.finish);
  EXPECT_TRUE(world.finish->ok) << world.finish->why;
  EXPECT_EQ(world.finish->outputs.Dump(), R"({"n":-1})");
  EXPECT_THAT(world.problems, IsEmpty());
}

TEST(SchedulerTryWorkflowTest, OkComesWhenAllOfItHasEnded) {
  Calls program;
  World world(program.module);
  world.Run(kThree);
  world.Succeed("aside", N(1));
  world.Succeed("job.a", N(5));
  world.Succeed("job.c", N(7));
  EXPECT_FALSE(world.finish);
  world.Succeed("job.b", N(9));
  ASSERT_TRUE(world.finish);
  EXPECT_TRUE(world.finish->ok) << world.finish->why;
  EXPECT_EQ(world.finish->outputs.Dump(), R"({"n":7})");
  EXPECT_THAT(world.scheduler->caught(), IsEmpty());
  EXPECT_THAT(world.problems, IsEmpty());
}

TEST(SchedulerTryWorkflowTest, ATasksFailureCancelsTheRestAndIsAwaited) {
  Calls program;
  World world(program.module);
  world.cancels = false;
  world.Run(kThree);
  world.FailWith("job.a", ir::Reason::kOom);
  EXPECT_EQ(world.Task("job.c").status, TaskStatus::kSkipped);
  EXPECT_EQ(world.log.back(), "cancel job.b#1");
  EXPECT_EQ(WhyOf(world), "");  // `b` has not ended
  world.FailWith("job.b", ir::Reason::kCancelled);
  EXPECT_EQ(world.Task("job.b").status, TaskStatus::kCancelled);
  EXPECT_EQ(world.Task("job.b").why, "cancelled: `job` failed");
  EXPECT_THAT(world.scheduler->caught(), ElementsAre(Pair("job", "`job.a` failed: broken")));
  ExpectCallCaught(world, Why("oom", "`a` failed: broken"));
}

// A failure that came after the result was there: nobody had the result yet.
TEST(SchedulerTryWorkflowTest, AFailureBesideTheResult) {
  Calls program;
  World world(program.module);
  world.Run(kThree);
  world.Succeed("job.a", N(5));
  world.Succeed("job.c", N(7));
  world.FailWith("job.b", ir::Reason::kSignal);
  ExpectCallCaught(world, Why("signal", "`b` failed: broken"));
}

TEST(SchedulerTryWorkflowTest, RetriesComeFirst) {
  Calls program;
  program.module.tasks[0].retries = 1;
  World world(program.module);
  world.Run(kThree);
  world.FailWith("job.a", ir::Reason::kExit);
  EXPECT_EQ(WhyOf(world), "");
  world.FailWith("job.a", ir::Reason::kExit);
  ExpectCallCaught(world, Why("exit", "`a` failed: broken (attempt 2)"));
}

TEST(SchedulerTryWorkflowTest, FailAndWhatCannotBeComputed) {
  Calls fails([](Calls& made, ir::Region& inner) {
    made.Add(inner, "fail", made.never, ir::FailNode{made.String("not\ntoday")});
  });
  World world(fails.module);
  world.Run(kThree);
  EXPECT_THAT(world.Started(), ElementsAre("aside", "job.a", "job.b"));
  ExpectCallCaught(world, Why("exit", "not\ntoday"));

  Calls computes([](Calls& made, ir::Region& inner) {
    const ir::Expr zero = Make(ir::Op::kDiv, made.integer, {made.Int(1), made.Int(0)});
    made.Add(inner, "let", made.integer, ir::LetNode{zero});
  });
  World other(computes.module);
  other.Run(kThree);
  EXPECT_THAT(WhyOf(other), HasSubstr("is past the range of Int"));
  EXPECT_THAT(WhyOf(other), HasSubstr("\"output\""));
  EXPECT_THAT(other.scheduler->failures(), IsEmpty());
}

TEST(SchedulerTryWorkflowTest, OpenReviewsAreWithdrawn) {
  Calls program([](Calls& made, ir::Region& inner) { made.Ask(inner, "good"); });
  World world(program.module);
  world.Run(kThree);
  EXPECT_EQ(world.Review("job.good").status, ReviewStatus::kOpen);
  world.FailWith("job.b", ir::Reason::kExit);
  EXPECT_EQ(world.Review("job.good").status, ReviewStatus::kWithdrawn);
  EXPECT_EQ(world.Review("job.good").closed_by, "`job` failed");
  ExpectCallCaught(world, Why("exit", "`b` failed: broken"));
}

TEST(SchedulerTryWorkflowTest, AVoidReviewIsAFailure) {
  Calls program([](Calls& made, ir::Region& inner) { made.Ask(inner, "good"); });
  World world(program.module);
  world.Run(kThree);
  world.Apply(state::ReviewVoided{"job.good", "changed"});
  ExpectCallCaught(world, Why("cancelled", "`good` failed: the review is void: changed"));
}

TEST(SchedulerTryWorkflowTest, CancelledByPeople) {
  Calls program;
  World world(program.module);
  world.Run(kThree);
  world.Apply(state::CancelRequested{kOwner, "job.a", "q"});
  ExpectCallCaught(world, Why("cancelled", "`a` failed: cancelled by owner"));
}

// No failure, and no result: the rest goes on to its end.
TEST(SchedulerTryWorkflowTest, CancelledByTheProgram) {
  Calls program([](Calls&, ir::Region& inner) {
    inner.nodes.push_back(ir::sample::MakeNode(900, "cancel", inner.nodes[0].type, ir::CancelNode{inner.nodes[0].id}));
  });
  World world(program.module);
  world.Run(kThree);
  EXPECT_EQ(world.Task("job.a").status, TaskStatus::kCancelled);
  EXPECT_EQ(world.Task("job.b").status, TaskStatus::kRunning);
  EXPECT_EQ(WhyOf(world), "");
  world.Succeed("job.b", N(1));
  ExpectCallCaught(world, Why("cancelled", "`a` was cancelled"));
}

TEST(SchedulerTryWorkflowTest, ACancelledRunCatchesNothing) {
  Calls program;
  World world(program.module);
  world.Run(kThree);
  world.Apply(state::CancelRequested{kOwner, "", "q"});
  ASSERT_TRUE(world.finish);
  EXPECT_FALSE(world.finish->ok);
  EXPECT_EQ(world.finish->why, "cancelled by owner");
  EXPECT_THAT(world.scheduler->checkpoints(), IsEmpty());
  EXPECT_THAT(world.problems, IsEmpty());
}

TEST(SchedulerTryWorkflowTest, AnEffectInDoubtIsAskedForFirst) {
  const auto mails = [](Calls& made, ir::Region& inner) { made.Call(inner, "mail", "mail", {made.Int(1)}); };
  Calls program(mails);
  World world(program.module);
  world.Run(kThree);
  world.FailWith("job.mail", ir::Reason::kNodeFail);
  EXPECT_EQ(world.log.back(), "doubt job.mail#1");
  world.FailWith("job.a", ir::Reason::kExit);
  EXPECT_EQ(world.Task("job.b").status, TaskStatus::kCancelled);
  EXPECT_EQ(world.Task("job.mail").status, TaskStatus::kInDoubt);
  EXPECT_EQ(WhyOf(world), "");
  world.Apply(state::DoubtResolved{"job.mail", 1, true, kOwner, "r"});
  EXPECT_EQ(world.Task("job.mail").status, TaskStatus::kDone);
  ExpectCallCaught(world, Why("exit", "`a` failed: broken"));

  // It did not happen, and is not wanted any more.
  Calls again(mails);
  World other(again.module);
  other.Run(kThree);
  other.FailWith("job.mail", ir::Reason::kNodeFail);
  other.FailWith("job.a", ir::Reason::kExit);
  other.Apply(state::DoubtResolved{"job.mail", 1, false, kOwner, "r"});
  EXPECT_EQ(other.Task("job.mail").status, TaskStatus::kCancelled);
  ExpectCallCaught(other, Why("exit", "`a` failed: broken"));
}

// outer(x) { let first = try inner(x)  let n = match first {…}  let last = work(n)  (n: last.n) }
struct Nested : Calls {
  Nested() {
    ir::Region& outer = AddWorkflow("outer", {{"x", integer}}, {{"n", integer}}).region;
    const ir::Expr x = Ref(outer.params[0].id, integer);
    const ir::Expr last = Call(outer, "last", "work", {Caught(outer, "n", Try(outer, "first", "inner", {x}))});
    outer.result = Made(Field(last, "n"));
    ir::Region& top = AddWorkflow("top", {{"x", integer}}, {{"n", integer}}).region;
    const ir::Expr given = Ref(top.params[0].id, integer);
    Call(top, "aside", "work", {given});
    top.result = Made(Caught(top, "n", Try(top, "job", "outer", {given})));
  }
};

TEST(SchedulerTryWorkflowTest, TheInnermostCatches) {
  Nested program;
  World world(program.module);
  world.Run(kThree);
  world.FailWith("job.first.a", ir::Reason::kOom);
  EXPECT_EQ(WhyOf(world), Why("oom", "`a` failed: broken"));
  EXPECT_EQ(world.Task("job.last").arguments[0], Json(-1));
  world.FailWith("job.last", ir::Reason::kExit);
  EXPECT_THAT(world.scheduler->caught(),
              ElementsAre(Pair("job.first", "`job.first.a` failed: broken"), Pair("job", "`job.last` failed: broken")));
  ExpectCallCaught(world, Why("exit", "`last` failed: broken"));
}

// What an inner call that failed still waits for is waited for by the outer one as well.
TEST(SchedulerTryWorkflowTest, TheOuterFailsWhileTheInnerEnds) {
  Nested program;
  // Beside the inner call, so that it can fail while that ends.
  ir::Region& outer = program.module.workflows[program.module.workflows.size() - 2].region;
  program.Call(outer, "beside", "work", {program.Int(1)});
  World world(program.module);
  world.cancels = false;
  world.Run(kThree);
  world.FailWith("job.first.a", ir::Reason::kOom);
  world.FailWith("job.beside", ir::Reason::kExit);
  EXPECT_EQ(WhyOf(world), "");
  world.FailWith("job.first.b", ir::Reason::kCancelled);
  EXPECT_EQ(world.scheduler->FindTask("job.last"), nullptr);
  EXPECT_THAT(world.scheduler->caught(), ElementsAre(Pair("job", "`job.beside` failed: broken")));
  ExpectCallCaught(world, Why("exit", "`beside` failed: broken"));
}

TEST(SchedulerTryWorkflowTest, EachElementOfAForHasItsOwn) {
  Calls program;
  ir::Region& w = program.AddWorkflow("each", {{"x", program.integer}}, {}).region;
  ir::ForNode each;
  const ir::TypeRef integers = program.module.types->List(program.integer);
  each.list = Make(ir::Op::kList, integers, {program.Int(1), program.Int(2)});
  each.body = program.Region({program.Param("x", program.integer)});
  each.body->result = program.Caught(
      *each.body, "n", program.Try(*each.body, "job", "inner", {Ref(each.body->params[0].id, program.integer)}));
  const ir::Expr all = program.Add(w, "all", integers, std::move(each));
  const ir::TypeRef record = program.Record("", {{"all", integers}});
  program.Add(w, "seen", record, ir::CheckpointNode{Make(ir::Op::kRecord, record, {all}, "", {"all"})});
  World world(program.module);
  world.Run(kThree);
  world.FailWith("all.0.job.a", ir::Reason::kExit);
  EXPECT_EQ(world.Task("all.0.job.b").status, TaskStatus::kCancelled);
  EXPECT_EQ(world.Task("all.1.job.b").status, TaskStatus::kRunning);
  world.Succeed("all.1.job.a", N(1));
  world.Succeed("all.1.job.b", N(1));
  world.Succeed("all.1.job.c", N(8));
  EXPECT_EQ(WhyOf(world), R"({"all":[-1,8]})");
  ASSERT_TRUE(world.finish);
  EXPECT_TRUE(world.finish->ok) << world.finish->why;
  EXPECT_THAT(world.problems, IsEmpty());
}

// inner runs a `for` of its own: an element's failure ends the other elements.
TEST(SchedulerTryWorkflowTest, AForInsideEndsWhole) {
  Calls program([](Calls& made, ir::Region& inner) {
    ir::ForNode each;
    each.list = Make(ir::Op::kList, made.module.types->List(made.integer), {made.Int(1), made.Int(2)});
    each.body = made.Region({made.Param("x", made.integer)});
    made.Call(*each.body, "part", "work", {Ref(each.body->params[0].id, made.integer)});
    made.Ask(*each.body, "good");
    made.Add(inner, "each", made.unit, std::move(each));
  });
  World world(program.module);
  world.Run(kThree);
  world.FailWith("job.each.1.part", ir::Reason::kExit);
  EXPECT_EQ(world.Task("job.each.0.part").status, TaskStatus::kCancelled);
  EXPECT_EQ(world.Task("job.a").status, TaskStatus::kCancelled);
  EXPECT_EQ(world.Review("job.each.0.good").status, ReviewStatus::kWithdrawn);
  EXPECT_EQ(world.Review("job.each.1.good").status, ReviewStatus::kWithdrawn);
  ExpectCallCaught(world, Why("exit", "`each.1.part` failed: broken"));
}

// loop n = 2 max 3 { match try inner(n) { ok(value) => stop with value.n  failed => next n = n - 1 } }
TEST(SchedulerTryWorkflowTest, ALoopGoesOnAfterAFailure) {
  Calls program;
  const ir::TypeRef integer = program.integer;
  const ir::TypeRef ends = program.Enum("l", {{"stopped", {{"value", integer}}}, {"exhausted", {{"n", integer}}}});
  const ir::TypeRef step = program.Enum("l.round", {{"stop", {{"value", integer}}}, {"next", {{"n", integer}}}});
  ir::LoopNode loop;
  loop.init.push_back(program.Int(2));
  loop.max = program.Int(3);
  loop.body = program.Region({program.Param("n", integer)});
  const ir::Expr n = Ref(loop.body->params[0].id, integer);
  ir::MatchNode match;
  match.subject = program.Try(*loop.body, "job", "inner", {n});
  auto ok = program.Region({program.Param("value", program.outputs)});
  const ir::Expr made = Field(Ref(ok->params[0].id, program.outputs), "n");
  ok->result = Make(ir::Op::kEnum, step, {made}, "stop", {"value"});
  match.arms.push_back({"ok", {"value"}, std::move(ok)});
  auto failed = program.Region();
  failed->result = Make(ir::Op::kEnum, step, {Make(ir::Op::kSub, integer, {n, program.Int(1)})}, "next", {"n"});
  match.arms.push_back({"failed", {}, std::move(failed)});
  loop.body->result = program.Add(*loop.body, "match", step, std::move(match));
  ir::Workflow& w = program.AddWorkflow("rounds", {}, {{"r", ends}});
  const ir::Expr all = program.Add(w.region, "loop", ends, std::move(loop));
  w.region.result = Make(ir::Op::kRecord, program.Record("", {{"r", ends}}), {all}, "", {"r"});
  World world(program.module);
  world.Run();
  world.FailWith("loop.0.job.a", ir::Reason::kExit);
  EXPECT_EQ(world.Task("loop.0.job.b").status, TaskStatus::kCancelled);
  EXPECT_EQ(world.Task("loop.1.job.a").arguments[0], Json(1));
  world.Succeed("loop.1.job.a", N(1));
  world.Succeed("loop.1.job.b", N(1));
  world.Succeed("loop.1.job.c", N(8));
  ASSERT_TRUE(world.finish);
  EXPECT_TRUE(world.finish->ok) << world.finish->why;
  EXPECT_EQ(world.finish->outputs.Dump(), R"({"r":{"variant":"stopped","fields":{"value":8}}})");
  EXPECT_THAT(world.problems, IsEmpty());
}

// A rewind elsewhere does nothing of the failed call again; one into it begins anew also what was cancelled with it.
TEST(SchedulerTryWorkflowTest, ARewindKeepsTheFailureOrBeginsTheCallAnew) {
  Calls program([](Calls& made, ir::Region& inner) { made.Ask(inner, "good"); });
  World world(program.module);
  world.Run(kThree);
  world.FailWith("job.a", ir::Reason::kOom);
  const std::string why = Why("oom", "`a` failed: broken");
  EXPECT_EQ(WhyOf(world), why);

  world.Rewind("aside");
  EXPECT_THAT(world.Started(), ElementsAre("aside~2"));
  EXPECT_EQ(WhyOf(world), why);
  EXPECT_THAT(world.scheduler->caught(), ElementsAre(Pair("job", "`job.a` failed: broken")));
  EXPECT_FALSE(world.Task("job.b").superseded);
  EXPECT_FALSE(world.Review("job.good").superseded);
  EXPECT_THAT(world.scheduler->rewound().done_again, ElementsAre("aside"));

  world.Rewind("job.a");
  EXPECT_THAT(world.Started(), UnorderedElementsAre("job.a~2", "job.b~2"));
  EXPECT_THAT(world.scheduler->caught(), IsEmpty());
  EXPECT_TRUE(world.Task("job.b").superseded);
  EXPECT_EQ(WhyOf(world), "");
  world.Succeed("job.a~2", N(1));
  world.Succeed("job.b~2", N(1));
  world.Succeed("job.c~2", N(6));
  world.Vote("job.good~2", "ana", "yes");
  world.Succeed("aside~2", N(1));
  ASSERT_TRUE(world.finish);
  EXPECT_TRUE(world.finish->ok) << world.finish->why;
  EXPECT_EQ(world.finish->outputs.Dump(), R"({"n":6})");
  EXPECT_THAT(world.problems, IsEmpty());
}

// While `b` has not ended yet.
TEST(SchedulerTryWorkflowTest, ARewindWhileItEnds) {
  Calls program;
  World world(program.module);
  world.cancels = false;
  world.Run(kThree);
  world.FailWith("job.a", ir::Reason::kOom);
  world.Rewind("aside");
  EXPECT_THAT(world.Started(), ElementsAre("aside~2"));
  EXPECT_EQ(WhyOf(world), "");
  world.FailWith("job.b", ir::Reason::kCancelled);
  EXPECT_EQ(WhyOf(world), Why("oom", "`a` failed: broken"));
  EXPECT_THAT(world.problems, IsEmpty());
}

// job: await review { choose yes | no  assume yes }  match { yes => work(…) }: its failure is no failure of the call
// until somebody has said yes.
TEST(SchedulerTryWorkflowTest, AFailureThatRestsOnAnAssumptionWaits) {
  const auto assumes = [](Calls& made, ir::Region& inner) {
    ir::TypeRef answers = nullptr;
    ir::ReviewNode review = made.Review("good", {{"yes", {}, "", {}}, {"no", {}, "", {}}}, &answers);
    review.by = Program::Who(made, "ana");
    review.assume = ir::ReviewNode::Assume{Make(ir::Op::kEnum, answers, {}, "yes", {}), {}, {}};
    ir::MatchNode match;
    match.subject = made.Add(inner, "good", answers, std::move(review));
    auto yes = made.Region();
    made.Call(*yes, "early", "work", {made.Int(1)});
    match.arms.push_back({"yes", {}, std::move(yes)});
    match.arms.push_back({"", {}, made.Region()});
    made.Add(inner, "match", made.unit, std::move(match));
  };
  Calls program(assumes);
  World world(program.module);
  world.Run(kThree);
  world.FailWith("job.early", ir::Reason::kExit);
  EXPECT_EQ(WhyOf(world), "");
  EXPECT_EQ(world.Task("job.a").status, TaskStatus::kRunning);
  world.Vote("job.good", "ana", "yes");
  EXPECT_EQ(world.Task("job.a").status, TaskStatus::kCancelled);
  ExpectCallCaught(world, Why("exit", "`early` failed: broken"));

  Calls other(assumes);
  World no(other.module);
  no.Run(kThree);
  no.FailWith("job.early", ir::Reason::kExit);
  no.Vote("job.good", "ana", "no");
  EXPECT_EQ(no.Task("job.a").status, TaskStatus::kRunning);
  EXPECT_THAT(no.scheduler->caught(), IsEmpty());
  EXPECT_THAT(no.problems, IsEmpty());
}

}  // namespace
}  // namespace hwf::scheduler::testing
