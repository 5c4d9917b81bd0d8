#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/scheduler/testing/program.h"
#include "runtime/scheduler/testing/world.h"

namespace hwf::scheduler::testing {
namespace {

using ir::sample::Field;
using ir::sample::Id;
using ir::sample::Make;
using ir::sample::Ref;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// let job = fit()
// watch [latest] job.epoch as e where e.n % 10 == 0 {
//   let call = await review … { choose keep | retune(rate: Float) … }
//   match call { keep => {}  retune(rate) => send job.retune(rate: rate) }
// }
struct Supervised : Program {
  explicit Supervised(bool latest, bool tied = true) {
    fit = &AddTask("fit", {}, {{"model", integer}});
    AddStream(*fit, "epoch", {{"n", integer}});
    fit->accepts = {{"retune", {{"rate", real, false}}}};
    fit->retries = 1;
    ir::Workflow& w = AddWorkflow("w", {}, {{"model", integer}});
    region = &w.region;
    ir::Expr job = Call(w.region, "job", "fit", {});
    ir::TypeRef epoch = fit->streams[0].record;

    ir::WatchNode watch;
    watch.latest = latest;
    watch.job = job.ref;
    watch.stream = "epoch";
    watch.where = Region({Param("e", epoch)});
    ir::Expr n = Field(Ref(watch.where->params[0].id, epoch), "n");
    watch.where->result = Make(ir::Op::kEq, boolean, {Make(ir::Op::kMod, integer, {n, Int(10)}), Int(0)});
    watch.body = Region({Param("e", epoch)});
    ir::TypeRef answers = nullptr;
    ir::ReviewNode review = Review("call", {{"keep", {}, "", {}}, {"retune", {{"rate", real}}, "", {}}}, &answers);
    review.question =
        Make(ir::Op::kConcat, string, {String("Epoch "), Field(Ref(watch.body->params[0].id, epoch), "n")});
    review.by = Who(*this, "ml");
    review.within = Duration(30 * kMinute);
    review.else_answer = Make(ir::Op::kEnum, answers, {}, "keep");
    if (tied) review.withdrawn_with = job.ref;
    ir::Expr call = Add(*watch.body, "call", answers, std::move(review));
    ir::MatchNode match;
    match.subject = call;
    match.arms.push_back({"keep", {}, Region()});
    auto retune = Region({Param("rate", real)});
    ir::Expr rate = Ref(retune->params[0].id, real);
    Add(*retune, "send", unit, ir::SendNode{job.ref, "retune", {rate}});
    match.arms.push_back({"retune", {"rate"}, std::move(retune)});
    match.arms.push_back({"", {}, Region()});
    Add(*watch.body, "match", unit, std::move(match));
    Add(w.region, "watch", unit, std::move(watch));
    w.region.result = Make(ir::Op::kRecord, Record("", {{"model", integer}}), {Field(job, "model")}, "", {"model"});
  }
  ir::Task* fit;
  ir::Region* region;
};

Json Epoch(int64_t n) { return Json::Object().Set("n", Json(n)); }
Json Rate(double rate) { return Json::Object().Set("rate", Json(rate)); }

TEST(WatchTest, AnAnswerSteersTheRunningJob) {
  Supervised program(true);
  World world(program.module);
  world.Run();
  world.Emit("job", "epoch", Epoch(9));
  EXPECT_THAT(world.scheduler->reviews(), IsEmpty());
  world.Emit("job", "epoch", Epoch(10));
  const ReviewView& review = world.Review("watch.2.call");
  EXPECT_EQ(review.question, "Epoch 10");
  EXPECT_EQ(review.job_stream, "job.epoch");
  EXPECT_EQ(review.emission, 2);
  EXPECT_EQ(review.status, ReviewStatus::kOpen);
  EXPECT_EQ(review.deadline, review.opened + 30 * kMinute);
  world.Vote("watch.2.call", "eve", "retune", Rate(0.5));  // in no group of the rule: does not count
  EXPECT_EQ(world.Review("watch.2.call").status, ReviewStatus::kOpen);
  world.Vote("watch.2.call", "ana", "retune", Rate(0.05), {"ml"});
  EXPECT_EQ(world.Review("watch.2.call").closed_by, "ana");
  ASSERT_EQ(world.placed.size(), 1u);
  EXPECT_EQ(world.placed[0].fields.Dump(), R"({"rate":0.05})");
  world.Emit("job", "epoch", Epoch(11));
  world.Emit("job", "epoch", Epoch(12), 1);
  world.Emit("job", "epoch", Epoch(13), 1);
  const MessageRecord& message = world.Task("job").messages[0];
  EXPECT_EQ(message.sender, "watch.2.call");
  EXPECT_EQ(message.seen_emission, 2);
  EXPECT_EQ(message.first_carried, 4);
  EXPECT_TRUE(message.delivered);
  world.Succeed("job", Json::Object().Set("model", Json(1)));
  ASSERT_TRUE(world.finish);
  EXPECT_TRUE(world.finish->ok) << world.finish->why;
  EXPECT_THAT(world.problems, IsEmpty());
}

TEST(WatchTest, LatestGivesWayUntilSomebodyBegan) {
  Supervised program(true);
  World world(program.module);
  world.Run();
  world.Emit("job", "epoch", Epoch(10));
  world.Emit("job", "epoch", Epoch(20));
  EXPECT_EQ(world.Review("watch.1.call").status, ReviewStatus::kWithdrawn);
  EXPECT_EQ(world.Review("watch.1.call").closed_by, "emission 2 took its place");
  EXPECT_EQ(world.Review("watch.2.call").status, ReviewStatus::kOpen);

  world.Apply(state::FormOpened{"watch.2.call", {.name = "ana", .uid = -1, .level = 2, .proof = ""}});
  world.Emit("job", "epoch", Epoch(30));
  world.Emit("job", "epoch", Epoch(40));
  EXPECT_EQ(world.Review("watch.2.call").status, ReviewStatus::kOpen);
  EXPECT_FALSE(world.Has("watch.3.call"));
  EXPECT_FALSE(world.Has("watch.4.call"));
  world.Advance(10 * kMinute);
  world.Apply(state::FormOpened{"watch.2.call", {.name = "bob", .uid = -1, .level = 2, .proof = ""}});
  world.Advance(14 * kMinute);
  EXPECT_EQ(world.Review("watch.2.call").status, ReviewStatus::kOpen);
  world.Advance(2 * kMinute);  // the last form was opened too long ago: the newest has waited for that
  EXPECT_EQ(world.Review("watch.2.call").status, ReviewStatus::kWithdrawn);
  EXPECT_EQ(world.Review("watch.4.call").status, ReviewStatus::kOpen);
  world.Emit("job", "epoch", Epoch(50));
  EXPECT_EQ(world.Review("watch.4.call").status, ReviewStatus::kWithdrawn);
  EXPECT_EQ(world.Review("watch.5.call").status, ReviewStatus::kOpen);

  world.Vote("watch.5.call", "eve", "keep");
  world.Emit("job", "epoch", Epoch(60));
  EXPECT_EQ(world.Review("watch.5.call").status, ReviewStatus::kOpen);  // it has a vote
  world.Vote("watch.5.call", "ana", "keep", Json::Object(), {"ml"});
  EXPECT_EQ(world.Review("watch.5.call").status, ReviewStatus::kAnswered);
  EXPECT_EQ(world.Review("watch.6.call").status, ReviewStatus::kOpen);  // the newest waited
  EXPECT_THAT(world.problems, IsEmpty());
}

TEST(WatchTest, WithoutLatestEveryEmissionHasItsBody) {
  Supervised program(false);
  World world(program.module);
  world.Run();
  for (int n : {10, 20, 30}) world.Emit("job", "epoch", Epoch(n));
  EXPECT_EQ(world.scheduler->reviews().size(), 3u);
  for (const ReviewView& review : world.scheduler->reviews()) EXPECT_EQ(review.status, ReviewStatus::kOpen);
  // In order of the answers, not of the emissions.
  world.Vote("watch.3.call", "ana", "retune", Rate(0.3), {"ml"});
  world.Vote("watch.1.call", "ana", "retune", Rate(0.1), {"ml"});
  ASSERT_EQ(world.placed.size(), 2u);
  EXPECT_EQ(world.placed[0].fields.Dump(), R"({"rate":0.3})");
  EXPECT_EQ(world.placed[1].number, 2);
  EXPECT_THAT(world.problems, IsEmpty());
}

TEST(WatchTest, TheEndOfTheJobWithdrawsWhatOnlyConcernsIt) {
  Supervised program(true);
  World world(program.module);
  world.Run();
  world.Emit("job", "epoch", Epoch(10));
  world.Apply(state::FormOpened{"watch.1.call", {.name = "ana", .uid = -1, .level = 2, .proof = ""}});
  world.Emit("job", "epoch", Epoch(20));  // waits
  world.Succeed("job", Json::Object().Set("model", Json(1)));
  EXPECT_EQ(world.Review("watch.1.call").status, ReviewStatus::kWithdrawn);
  EXPECT_EQ(world.Review("watch.1.call").closed_by, "job ended");
  EXPECT_FALSE(world.Has("watch.2.call"));
  ASSERT_TRUE(world.finish);
  EXPECT_TRUE(world.finish->ok) << world.finish->why;
  EXPECT_THAT(world.problems, IsEmpty());
}

TEST(WatchTest, AReviewThatOutlivesTheJobGoesOn) {
  Supervised program(true, /*tied=*/false);
  World world(program.module);
  world.Run();
  world.Emit("job", "epoch", Epoch(10));
  world.Succeed("job", Json::Object().Set("model", Json(1)));
  EXPECT_EQ(world.Review("watch.1.call").status, ReviewStatus::kOpen);
  EXPECT_FALSE(world.finish);
  world.Vote("watch.1.call", "ana", "retune", Rate(0.2), {"ml"});
  EXPECT_THAT(world.placed, IsEmpty());
  EXPECT_TRUE(world.Task("job").messages[0].undelivered_job_ended);
  ASSERT_TRUE(world.finish);
  EXPECT_TRUE(world.finish->ok);
  EXPECT_THAT(world.problems, IsEmpty());
}

TEST(WatchTest, ARetryGoesOnFromTheNewestEmissionWithItsMessages) {
  Supervised program(false);
  World world(program.module);
  world.Run();
  world.Emit("job", "epoch", Epoch(10));
  world.Emit("job", "epoch", Epoch(20));
  world.Vote("watch.1.call", "ana", "retune", Rate(0.1), {"ml"});
  world.Emit("job", "epoch", Epoch(21), 1);
  world.places = false;  // the second message is not placed before the attempt dies
  world.Vote("watch.2.call", "ana", "retune", Rate(0.2), {"ml"});
  world.FailWith("job", ir::Reason::kOom);
  ASSERT_EQ(world.started.size(), 2u);
  const StartTask& again = world.started[1];
  EXPECT_EQ(again.attempt, 2);
  EXPECT_EQ(again.previous.Dump(), R"({"epoch":{"n":21}})");
  ASSERT_EQ(again.messages.size(), 2u);
  EXPECT_EQ(again.messages[0].number, 1);
  EXPECT_EQ(again.messages[1].fields.Dump(), R"({"rate":0.2})");
  world.Emit("job", "epoch", Epoch(30), 2);
  EXPECT_EQ(world.Task("job").streams[0].second.back().number, 4);  // numbering goes on
  EXPECT_EQ(world.Task("job").streams[0].second.back().attempt, 2);
  EXPECT_EQ(world.Review("watch.4.call").emission, 4);
  EXPECT_EQ(world.Task("job").messages[1].first_carried, 4);
  EXPECT_THAT(world.problems, IsEmpty());
}

TEST(WatchTest, TheSameEmissionTwiceIsOne) {
  Supervised program(false);
  World world(program.module);
  world.Run();
  for (int i = 0; i < 2; ++i) world.Apply(state::Emission{"job", 1, "epoch", "a.json", Epoch(10), 0});
  world.Apply(state::Emission{"job", 7, "epoch", "b.json", Epoch(20), 0});  // of no attempt there is
  world.Apply(state::Emission{"job", 1, "nothing", "c.json", Epoch(20), 0});
  world.Apply(state::Emission{"job", 1, "epoch", "d.json", Json("torn"), 0});
  EXPECT_EQ(world.Task("job").streams[0].second.size(), 1u);
  EXPECT_EQ(world.scheduler->reviews().size(), 1u);
}

TEST(WatchTest, AMessageWaitsForTheStart) {
  Supervised program(false);
  ir::Region& region = *program.region;
  ir::ValueId job = region.nodes[0].id;
  program.Add(region, "tell", program.unit, ir::SendNode{job, "retune", {program.Float(0.7)}});
  program.Add(region, "tell2", program.unit, ir::SendNode{job, "retune", {program.Float(0.8)}});
  World world(program.module);
  world.starts = false;
  world.Run();
  EXPECT_THAT(world.placed, IsEmpty());
  EXPECT_THAT(world.problems, IsEmpty());
  world.Apply(state::AttemptStarted{"job", 1, "h", 1});
  std::vector<std::string> order;
  for (const QueuedMessage& m : world.started[0].messages) order.push_back(m.fields.Dump());
  for (const PlaceMessage& m : world.placed) order.push_back(m.fields.Dump());
  EXPECT_THAT(order, ElementsAre(R"({"rate":0.7})", R"({"rate":0.8})"));
  EXPECT_EQ(world.Task("job").messages[0].sender, "tell");
  EXPECT_THAT(world.problems, IsEmpty());
}

TEST(WatchTest, AMessageThatIsSentWithinARewindWaitsForTheStartToo) {
  Supervised program(false);
  ir::Region& region = *program.region;
  program.Add(region, "tell", program.unit, ir::SendNode{region.nodes[0].id, "retune", {program.Float(0.7)}});
  World world(program.module);
  world.Run();
  world.Rewind("job");
  std::vector<std::string> given;
  for (const QueuedMessage& m : world.started[0].messages) given.push_back(m.fields.Dump());
  for (const PlaceMessage& m : world.placed) {
    if (m.place == "job~2") given.push_back(m.fields.Dump());
  }
  EXPECT_THAT(given, ElementsAre(R"({"rate":0.7})"));
  EXPECT_THAT(world.problems, IsEmpty());
}

TEST(WatchTest, SendsOfOneBlockKeepTheirOrder) {
  Supervised program(false);
  program.AddTask("slow", {}, {{"rate", program.real}});
  ir::Region& region = *program.region;
  ir::ValueId job = region.nodes[0].id;
  ir::Expr slow = program.Call(region, "slow", "slow", {});
  program.Add(region, "tell", program.unit, ir::SendNode{job, "retune", {Field(slow, "rate")}});
  program.Add(region, "tell2", program.unit, ir::SendNode{job, "retune", {program.Float(0.8)}});
  World world(program.module);
  world.Run();
  EXPECT_THAT(world.Task("job").messages, IsEmpty());
  world.Succeed("slow", Rate(0.7));
  ASSERT_EQ(world.placed.size(), 2u);
  EXPECT_EQ(world.placed[0].fields.Dump(), R"({"rate":0.7})");
  EXPECT_THAT(world.problems, IsEmpty());
}

TEST(WatchTest, AFailInABodyFailsTheRunButNotTheJob) {
  Supervised program(false);
  auto& watch = std::get<ir::WatchNode>(program.region->nodes[1].body);
  auto& match = std::get<ir::MatchNode>(watch.body->nodes[1].body);
  program.Add(*match.arms[0].body, "fail", program.never, ir::FailNode{program.String("kept")});
  World world(program.module);
  world.Run();
  world.Emit("job", "epoch", Epoch(10));
  world.Emit("job", "epoch", Epoch(20));
  world.Vote("watch.1.call", "ana", "keep", Json::Object(), {"ml"});
  EXPECT_EQ(world.Task("job").status, TaskStatus::kRunning);
  EXPECT_EQ(world.Review("watch.2.call").status, ReviewStatus::kOpen);
  world.Succeed("job", Json::Object().Set("model", Json(1)));
  ASSERT_TRUE(world.finish);
  EXPECT_FALSE(world.finish->ok);
  EXPECT_THAT(world.finish->why, HasSubstr("kept"));
  EXPECT_EQ(world.finish->outputs.Dump(), R"({"model":1})");
  EXPECT_THAT(world.problems, IsEmpty());
}

TEST(WatchTest, AJobThatNeverStartsLeavesNothingOpen) {
  Supervised program(true);
  program.AddTask("first", {}, {});
  ir::Expr first = program.Call(*program.region, "first", "first", {});
  program.region->nodes[0].after = {first.ref};
  program.Add(*program.region, "tell", program.unit,
              ir::SendNode{program.region->nodes[0].id, "retune", {program.Float(0.7)}});
  World world(program.module);
  world.Run();
  world.FailWith("first", ir::Reason::kExit);
  EXPECT_EQ(world.Task("job").status, TaskStatus::kSkipped);
  EXPECT_TRUE(world.Task("job").messages[0].undelivered_job_ended);
  ASSERT_TRUE(world.finish);
  EXPECT_EQ(world.scheduler->failures().size(), 1u);
  EXPECT_THAT(world.problems, IsEmpty());
}

TEST(WatchTest, CancellingTheRunWithdrawsItsReviews) {
  Supervised program(true);
  World world(program.module);
  world.Run();
  world.Emit("job", "epoch", Epoch(10));
  world.Apply(state::CancelRequested{{.name = "ana", .uid = 1, .level = 1, .proof = ""}, "", "q"});
  EXPECT_EQ(world.Review("watch.1.call").status, ReviewStatus::kWithdrawn);
  EXPECT_EQ(world.Review("watch.1.call").closed_by, "cancelled by ana");
  EXPECT_EQ(world.Task("job").status, TaskStatus::kCancelled);
  EXPECT_TRUE(world.finish);
  EXPECT_THAT(world.problems, IsEmpty());
}

}  // namespace
}  // namespace hwf::scheduler::testing
