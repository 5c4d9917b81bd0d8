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

// let job = fit()   checkpoint trained { model: job.model }
// let verdict = await review … { show trained  choose approve grants model | reject(reason: String) … }
// match verdict { approve(model) => publish(model)  reject(reason) => fail "rejected: ~{reason}" }
struct Release : Program {
  Release() {
    AddTask("fit", {}, {{"model", file}});
    ir::Task& publish = AddTask("publish", {{"model", module.types->Approved(file)}}, {});
    publish.effect = true;
    ir::Workflow& w = AddWorkflow("w", {}, {});
    region = &w.region;
    ir::Expr job = Call(w.region, "job", "fit", {});
    ir::TypeRef record = Record("", {{"model", file}});
    ir::Expr trained = Add(w.region, "trained", record,
                           ir::CheckpointNode{Make(ir::Op::kRecord, record, {Field(job, "model")}, "", {"model"})});
    ir::ReviewNode made =
        Review("verdict", {{"approve", {}, "model", Field(trained, "model")}, {"reject", {{"reason", string}}, "", {}}},
               &answers);
    made.show = {{"trained", trained}};
    made.by = Who(*this, "board", 2);
    made.by.not_starter = true;
    ir::Expr verdict = Add(w.region, "verdict", answers, std::move(made));
    ir::MatchNode match;
    match.subject = verdict;
    auto approve = Region({Param("model", module.types->Approved(file))});
    ir::Expr model = Ref(approve->params[0].id, module.types->Approved(file));
    Call(*approve, "publish", "publish", {model});
    match.arms.push_back({"approve", {"model"}, std::move(approve)});
    auto reject = Region({Param("reason", string)});
    ir::Expr reason = Ref(reject->params[0].id, string);
    Add(*reject, "fail", never, ir::FailNode{Make(ir::Op::kConcat, string, {String("rejected: "), reason})});
    match.arms.push_back({"reject", {"reason"}, std::move(reject)});
    match.arms.push_back({"", {}, Region()});
    Add(w.region, "match", unit, std::move(match));
  }
  ir::ReviewNode& review() { return std::get<ir::ReviewNode>(region->nodes[2].body); }
  ir::TypeRef answers = nullptr;
  ir::Region* region;
};

TEST(ReviewTest, AQuorumApprovesExactlyWhatWasShown) {
  Release program;
  World world(program.module);
  world.opens = false;
  world.Run();
  world.Succeed("job", Model("b2:aa"));
  EXPECT_EQ(world.Review("verdict").status, ReviewStatus::kOpening);
  world.Vote("verdict", "ana", "approve", Json::Object(), {"board"});  // not open yet: contradicts the state
  EXPECT_THAT(world.Review("verdict").votes, IsEmpty());
  // The engine froze the file elsewhere: that is what is approved, and what publish gets.
  Json frozen = Json::Object().Set("path", Json("/evidence/aa")).Set("digest", Json("b2:aa")).Set("size", Json(3));
  Json evidence = Json::Array();
  evidence.Add(Json::Object().Set("label", Json("trained")).Set("value", Json::Object().Set("model", frozen)));
  world.Apply(state::ReviewOpened{"verdict", evidence});
  EXPECT_THAT(world.notified, ElementsAre("verdict opened"));

  state::Vote vote;
  vote.review = "verdict";
  vote.person = {.name = "ana", .uid = -1, .level = 2, .proof = ""};
  vote.groups = {"board"};
  vote.variant = "approve";
  EXPECT_THAT(world.scheduler->Explain(vote), HasSubstr("1 of 2"));
  world.Apply(vote);
  world.Vote("verdict", "owner", "approve", Json::Object(), {"board"});  // the starter does not count
  EXPECT_EQ(world.Review("verdict").status, ReviewStatus::kOpen);
  world.Vote("verdict", "ana", "approve", Json::Object(), {"board"});  // a person counts once
  EXPECT_EQ(world.Review("verdict").status, ReviewStatus::kOpen);
  vote.person.name = "ben";
  EXPECT_THAT(world.scheduler->Explain(vote), HasSubstr("decides"));
  world.Apply(vote);
  EXPECT_EQ(world.Review("verdict").status, ReviewStatus::kAnswered);
  ASSERT_EQ(world.started.size(), 2u);
  EXPECT_EQ(world.started[1].place, "publish");
  EXPECT_EQ(world.started[1].arguments[0], frozen);
  EXPECT_THAT(world.scheduler->Explain(vote), HasSubstr("closed by ben"));
  world.Vote("verdict", "cyd", "reject", Json::Object().Set("reason", Json("late")), {"board"});
  EXPECT_EQ(world.Review("verdict").answer, "approve");
  world.Succeed("publish");
  ASSERT_TRUE(world.finish);
  EXPECT_TRUE(world.finish->ok) << world.finish->why;
  EXPECT_EQ(world.scheduler->checkpoints()[0].first, "trained");
  EXPECT_THAT(world.problems, IsEmpty());
}

TEST(ReviewTest, TheAnswerOfAnEarlierRunDecidesAloneAndGrantsWhatIsShownHere) {
  Release program;
  World world(program.module);
  world.Run();
  world.Succeed("job", Model("b2:aa"));
  state::AnswerCarried carried;
  carried.review = carried.from_review = carried.vote.review = "verdict";
  carried.from_run = "r0";
  carried.vote.person.name = "ana";
  carried.vote.variant = "approve";
  carried.vote.fields = Json::Object();
  world.Apply(carried);
  EXPECT_EQ(world.Review("verdict").status, ReviewStatus::kAnswered);
  EXPECT_EQ(world.Review("verdict").closed_by, "ana");
  ASSERT_EQ(world.Review("verdict").votes.size(), 1u);
  EXPECT_THAT(world.Started(), ElementsAre("job", "publish"));
  // A second one changes nothing.
  carried.from_run = "r1";
  carried.vote.variant = "reject";
  world.Apply(carried);
  EXPECT_EQ(world.Review("verdict").answer, "approve");
  EXPECT_EQ(world.Review("verdict").carried_from, "r0");
  world.Succeed("publish");
  ASSERT_TRUE(world.finish);
  EXPECT_TRUE(world.finish->ok) << world.finish->why;
  EXPECT_THAT(world.problems, IsEmpty());
}

TEST(ReviewTest, TakenBackByTheOwnerItSkipsWhatHangsOnItWithoutFailing) {
  Release program;
  World world(program.module);
  world.Run();
  world.Succeed("job", Model("b2:aa"));
  state::ReviewWithdrawn withdrawn;
  withdrawn.review = "verdict";
  withdrawn.person.name = "owner";
  withdrawn.why = "wrong data";
  world.Apply(withdrawn);
  EXPECT_EQ(world.Review("verdict").status, ReviewStatus::kWithdrawn);
  EXPECT_EQ(world.Review("verdict").closed_by, "taken back by owner: wrong data");
  ASSERT_TRUE(world.finish);
  EXPECT_TRUE(world.finish->ok) << world.finish->why;
  EXPECT_THAT(world.Started(), ElementsAre("job"));
  // Whoever comes later, also with another withdrawal, changes nothing.
  world.Vote("verdict", "ana", "approve", Json::Object(), {"board"});
  withdrawn.person.name = "ana";
  world.Apply(withdrawn);
  EXPECT_THAT(world.Review("verdict").votes, IsEmpty());
  EXPECT_EQ(world.Review("verdict").closed_by, "taken back by owner: wrong data");
  EXPECT_THAT(world.problems, IsEmpty());
}

TEST(ReviewTest, DelaysInWorkingDaysAreOverWhenTheCalendarSaidSo) {
  Release program;
  ir::ReviewNode& review = program.review();
  const auto days = [&](int64_t count) { return program.Duration(count * kWorkdayMs); };
  review.within = days(2);
  review.remind = days(1);
  review.within_workdays = review.remind_workdays = true;
  review.escalations.push_back({days(1), Program::Who(program, "head"), true});
  World world(program.module);
  world.opens = false;
  world.Run();
  world.Succeed("job", Model("b2:aa"));
  const TimeMs opened = world.now;
  // A weekend lies in between, and an hour that the clocks were put forward.
  const TimeMs first = opened + 71 * kHour, second = opened + 95 * kHour, end = opened + 119 * kHour;
  Json due = Json::Object(), remind = Json::Array(), escalate = Json::Array();
  remind.Add(first).Add(second);
  escalate.Add(second);
  due.Set("expire", end).Set("remind", std::move(remind)).Set("escalate", std::move(escalate));
  world.Apply(state::ReviewOpened{"verdict", Json::Array(), due});
  EXPECT_EQ(world.Review("verdict").deadline, end);
  world.Advance(first - opened - 1);
  EXPECT_THAT(world.notified, ElementsAre("verdict opened"));
  world.Advance(1);
  EXPECT_THAT(world.notified, ElementsAre("verdict opened", "verdict remind"));
  world.Advance(second - first);
  EXPECT_EQ(world.notified.size(), 4u);  // the second reminder, and the escalation
  world.Advance(end - second - 1);
  EXPECT_EQ(world.Review("verdict").status, ReviewStatus::kOpen);
  EXPECT_EQ(world.notified.size(), 4u);
  world.Advance(1);
  EXPECT_EQ(world.Review("verdict").status, ReviewStatus::kExpired);
  EXPECT_THAT(world.Review("verdict").closed_by, HasSubstr("no answer within 2 working days"));
  EXPECT_THAT(world.problems, IsEmpty());
}

TEST(ReviewTest, AVoteMayChangeUntilItIsDecided) {
  Release program;
  World world(program.module);
  world.Run();
  world.Succeed("job", Model("b2:aa"));
  world.Vote("verdict", "ana", "approve", Json::Object(), {"board"});
  world.Vote("verdict", "ana", "reject", Json::Object().Set("reason", Json("no")), {"board"});
  world.Vote("verdict", "ben", "approve", Json::Object(), {"board"});
  EXPECT_EQ(world.Review("verdict").status, ReviewStatus::kOpen);
  EXPECT_EQ(world.Review("verdict").votes.size(), 2u);
  world.Vote("verdict", "ben", "reject", Json::Object().Set("reason", Json("never")), {"board"});
  // Strings need not be equal; the deciding vote's text is the value.
  EXPECT_EQ(world.Review("verdict").answer_fields["reason"], Json("never"));
  ASSERT_TRUE(world.finish);
  EXPECT_FALSE(world.finish->ok);
  EXPECT_THAT(world.finish->why, HasSubstr("fail: rejected: never"));
  EXPECT_THAT(world.finish->why, HasSubstr("test.hwf:"));
  EXPECT_EQ(world.scheduler->FindTask("publish"), nullptr);
  EXPECT_THAT(world.problems, IsEmpty());
}

TEST(ReviewTest, SilenceIsNeverConsent) {
  Release program;
  program.review().within = program.Duration(48 * kHour);
  World world(program.module);
  world.Run();
  world.Succeed("job", Model("b2:aa"));
  world.Apply(state::ClockFired{"verdict", state::Clock::kExpire, 0});  // too early: nothing
  EXPECT_EQ(world.Review("verdict").status, ReviewStatus::kOpen);
  world.Advance(48 * kHour);
  EXPECT_EQ(world.Review("verdict").status, ReviewStatus::kExpired);
  EXPECT_EQ(world.Review("verdict").answer, "expired");
  world.Vote("verdict", "ana", "approve", Json::Object(), {"board"});
  EXPECT_EQ(world.scheduler->FindTask("publish"), nullptr);
  EXPECT_TRUE(world.finish);
  EXPECT_THAT(world.problems, IsEmpty());
}

TEST(ReviewTest, ElseIsThePolicysAnswer) {
  Release program;
  program.review().within = program.Duration(48 * kHour);
  program.review().else_answer = Make(ir::Op::kEnum, program.answers, {program.String("late")}, "reject", {"reason"});
  World world(program.module);
  world.Run();
  world.Succeed("job", Model("b2:aa"));
  world.Advance(49 * kHour);
  EXPECT_EQ(world.Review("verdict").closed_by, "policy (no answer within 2d)");
  EXPECT_EQ(world.Review("verdict").answer, "reject");
  EXPECT_EQ(world.Review("verdict").closed, world.Review("verdict").opened + 48 * kHour);
  ASSERT_TRUE(world.finish);
  EXPECT_THAT(world.finish->why, HasSubstr("rejected: late"));
}

TEST(ReviewTest, RemindsAndEscalates) {
  Release program;
  program.review().within = program.Duration(48 * kHour);
  program.review().remind = program.Duration(12 * kHour);
  program.review().escalations.push_back({program.Duration(24 * kHour), Program::Who(program, "head")});
  World world(program.module);
  world.Run();
  world.Succeed("job", Model("b2:aa"));
  std::string digest = world.Review("verdict").form_digest;
  world.Vote("verdict", "head", "approve");
  EXPECT_EQ(world.Review("verdict").status, ReviewStatus::kOpen);
  world.Advance(23 * kHour);
  EXPECT_THAT(world.notified, ElementsAre("verdict opened", "verdict remind"));
  world.Advance(1 * kHour);
  // The head's earlier vote counts from the moment of the escalation on.
  EXPECT_EQ(world.Review("verdict").status, ReviewStatus::kAnswered);
  EXPECT_EQ(world.Review("verdict").closed_by, "head");
  EXPECT_EQ(world.Review("verdict").form_digest, digest);
  EXPECT_THAT(world.problems, IsEmpty());
}

TEST(ReviewTest, WithoutByOnlyTheOwnerAnswers) {
  Release program;
  program.review().by = ir::ByRule();
  World world(program.module);
  world.Run();
  world.Succeed("job", Model("b2:aa"));
  world.Vote("verdict", "ana", "approve");
  EXPECT_EQ(world.Review("verdict").status, ReviewStatus::kOpen);
  world.Vote("verdict", "owner", "approve");
  EXPECT_EQ(world.Review("verdict").status, ReviewStatus::kAnswered);
}

TEST(ReviewTest, VoidedEvidenceFailsTheRun) {
  Release program;
  World world(program.module);
  world.Run();
  world.Succeed("job", Model("b2:aa"));
  world.Apply(state::ReviewVoided{"verdict", "/a/model.pt changed"});
  EXPECT_EQ(world.Review("verdict").status, ReviewStatus::kVoided);
  ASSERT_TRUE(world.finish);
  EXPECT_THAT(world.finish->why, HasSubstr("void: /a/model.pt changed"));
  EXPECT_THAT(world.problems, IsEmpty());
}

// What is approved is found in whatever an argument is made of, here in a list of optional records.
TEST(ReviewTest, ApprovedValuesInsideAnArgumentAreChecked) {
  Release program;
  const ir::TypeRef approved = program.module.types->Approved(program.file);
  const ir::TypeRef release = program.Record("R", {{"model", approved}});
  const ir::TypeRef list = program.module.types->List(program.module.types->Optional(release));
  program.AddTask("publish_all", {{"all", list}}, {}).effect = true;
  ir::Region& arm = *std::get<ir::MatchNode>(program.region->nodes[3].body).arms[0].body;
  const ir::Expr model = Ref(arm.params[0].id, approved);
  const ir::Expr one = Make(ir::Op::kRecord, release, {model}, "", {"model"});
  program.Call(arm, "all", "publish_all", {Make(ir::Op::kList, list, {one, one})});
  ir::Expr job = Ref(program.region->nodes[0].id, program.module.FindTask("fit")->output_record);
  const ir::Expr other = Make(ir::Op::kRecord, release, {Field(job, "model")}, "", {"model"});
  program.Call(arm, "sneak", "publish_all", {Make(ir::Op::kList, list, {one, other})});
  program.review().by = ir::ByRule();
  World world(program.module);
  world.opens = false;
  world.Run();
  world.Succeed("job", Model("b2:aa"));
  Json frozen = Json::Object().Set("path", Json("/evidence/aa")).Set("digest", Json("b2:aa")).Set("size", Json(3));
  Json evidence = Json::Array();
  evidence.Add(Json::Object().Set("label", Json("trained")).Set("value", Json::Object().Set("model", frozen)));
  world.Apply(state::ReviewOpened{"verdict", evidence});
  world.Vote("verdict", "owner", "approve");
  EXPECT_EQ(world.Task("all").status, TaskStatus::kRunning);
  EXPECT_EQ(world.Task("sneak").status, TaskStatus::kFailed);
  EXPECT_THAT(world.Task("sneak").why, HasSubstr("not the one that a review approved"));
  EXPECT_THAT(world.problems, IsEmpty());
}

// IR that was tampered with: publish is given the job's own file, which no review approved.
TEST(ReviewTest, WhatNoReviewApprovedIsRefusedWhereItIsUsed) {
  Release program;
  ir::Expr job = Ref(program.region->nodes[0].id, program.module.FindTask("fit")->output_record);
  program.Call(*program.region, "sneak", "publish", {Field(job, "model")});
  World world(program.module);
  world.Run();
  world.Succeed("job", Model("b2:aa"));
  EXPECT_EQ(world.Task("sneak").status, TaskStatus::kFailed);
  EXPECT_THAT(world.Task("sneak").why, HasSubstr("not the one that a review approved"));
}

TEST(ReviewTest, OneWaitingReviewHoldsUpNothingElse) {
  Release program;
  program.AddTask("other", {}, {});
  program.Call(*program.region, "other", "other", {});
  World world(program.module);
  world.Run();
  world.Succeed("job", Model("b2:aa"));
  world.Succeed("other");
  EXPECT_EQ(world.Task("other").status, TaskStatus::kDone);
  EXPECT_FALSE(world.finish);
}

}  // namespace
}  // namespace hwf::scheduler::testing
