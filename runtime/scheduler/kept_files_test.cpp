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

enum class WatchKind { kNone, kEach, kLatest };

// let before = prepare()
// let job = fit()                                            # checkpoint epoch(weights: File) keep 2
// watch [latest] job.epoch as e [after before] {
//   let call = await review … { show e.weights  choose go | halt }
//   match call { go => send job.resume(weights: e.weights)  halt => {} }
// }
struct Keeping : Program {
  explicit Keeping(WatchKind watched, bool list_read = false) {
    AddTask("prepare", {}, {{"n", integer}});
    fit = &AddTask("fit", {}, {{"n", integer}});
    AddStream(*fit, "epoch", {{"weights", file}});
    fit->streams[0].keep = 2;
    fit->accepts = {{"resume", {{"weights", file, false}}}};
    fit->retries = 1;
    ir::Workflow& w = AddWorkflow("w", {}, {{"n", integer}});
    const ir::Expr before = Call(w.region, "before", "prepare", {});
    const ir::Expr job = Call(w.region, "job", "fit", {});
    if (watched != WatchKind::kNone) AddWatch(w.region, job, before, watched == WatchKind::kLatest);
    ir::Expr n = Field(job, "n");
    if (list_read) {
      n = Make(ir::Op::kBuiltin, integer,
               {Make(ir::Op::kField, module.types->List(fit->streams[0].record), {job}, "epoch")}, "length");
    }
    w.region.result = Make(ir::Op::kRecord, Record("", {{"n", integer}}), {n}, "", {"n"});
  }

  void AddWatch(ir::Region& region, const ir::Expr& job, const ir::Expr& before, bool latest) {
    ir::TypeRef epoch = fit->streams[0].record;
    ir::WatchNode watch;
    watch.latest = latest;
    watch.job = job.ref;
    watch.stream = "epoch";
    watch.body = Region({Param("e", epoch)});
    const ir::Expr weights = Field(Ref(watch.body->params[0].id, epoch), "weights");
    ir::TypeRef answers = nullptr;
    ir::ReviewNode review = Review("call", {{"go", {}, "", {}}, {"halt", {}, "", {}}}, &answers);
    review.show.push_back({"weights", weights});
    const ir::Expr call = Add(*watch.body, "call", answers, std::move(review));
    ir::MatchNode match;
    match.subject = call;
    auto go = Region();
    Add(*go, "send", unit, ir::SendNode{job.ref, "resume", {weights}});
    match.arms.push_back({"go", {}, std::move(go)});
    match.arms.push_back({"halt", {}, Region()});
    match.arms.push_back({"", {}, Region()});
    Add(*watch.body, "match", unit, std::move(match));
    Add(region, "watch", unit, std::move(watch));
    region.nodes.back().after.push_back(before.ref);
  }

  ir::Task* fit;
};

std::string Path(const std::string& name) { return "/tasks/job/1/checkpoints/files/" + name; }

Json Epoch(const std::string& name, const std::string& site = "") {
  Json file = Json::Object().Set("path", Path(name)).Set("digest", "b2:" + name).Set("size", 3);
  if (!site.empty()) file.Set("site", site);
  return Json::Object().Set("weights", std::move(file));
}

class KeptFilesTest : public ::testing::Test {
 protected:
  void Begin(WatchKind watched, bool list_read = false) {
    program_ = std::make_unique<Keeping>(watched, list_read);
    world_ = std::make_unique<World>(program_->module);
    world_->results["prepare"] = [](const StartTask&) { return N(1); };
    world_->Run();
  }
  ~KeptFilesTest() override { EXPECT_THAT(world_->problems, IsEmpty()); }
  void Emit(const std::string& name) { world_->Emit("job", "epoch", Epoch(name)); }
  void Answer(int emission, const std::string& variant) {
    world_->Vote("watch." + std::to_string(emission) + ".call", "owner", variant);
  }

  std::unique_ptr<Keeping> program_;
  std::unique_ptr<World> world_;
};

TEST_F(KeptFilesTest, TheNewestStay) {
  Begin(WatchKind::kNone);
  for (const char* name : {"a", "b", "c"}) Emit(name);
  EXPECT_THAT(world_->removed, ElementsAre(Path("a")));
  Emit("d");
  EXPECT_THAT(world_->removed, ElementsAre(Path("a"), Path("b")));
  const std::vector<EmissionRecord>& emissions = world_->Task("job").streams[0].second;
  EXPECT_TRUE(emissions[1].files_removed);
  EXPECT_FALSE(emissions[2].files_removed);
  EXPECT_EQ(emissions[0].values.Dump(), Epoch("a").Dump());
  world_->Succeed("job", N(1));
  EXPECT_EQ(world_->removed.size(), 2u);
}

TEST_F(KeptFilesTest, WhatAReviewShowsStaysUntilItsBodyIsOver) {
  Begin(WatchKind::kEach);
  for (const char* name : {"a", "b", "c", "d"}) Emit(name);
  EXPECT_THAT(world_->removed, IsEmpty());
  Answer(2, "halt");
  EXPECT_THAT(world_->removed, ElementsAre(Path("b")));
  Answer(4, "halt");  // one of the newest
  EXPECT_THAT(world_->removed, ElementsAre(Path("b")));
  world_->Succeed("job", N(1));
  EXPECT_THAT(world_->removed, ElementsAre(Path("b")));
  Answer(3, "halt");
  Answer(1, "halt");
  EXPECT_THAT(world_->removed, ElementsAre(Path("b"), Path("a")));
}

TEST_F(KeptFilesTest, WhatAJobWasToldStays) {
  Begin(WatchKind::kEach);
  for (const char* name : {"a", "b", "c"}) Emit(name);
  Answer(1, "go");
  Emit("d");
  Answer(2, "halt");
  EXPECT_THAT(world_->removed, ElementsAre(Path("b")));
  EXPECT_FALSE(world_->Task("job").streams[0].second[0].files_removed);
}

TEST_F(KeptFilesTest, WhatGaveWayGoesAndWhatWaitsStays) {
  Begin(WatchKind::kLatest);
  Emit("a");
  Emit("b");  // takes the place of the first
  Emit("c");
  EXPECT_THAT(world_->removed, ElementsAre(Path("a")));
  world_->Apply(state::FormOpened{"watch.3.call", {.name = "ana", .uid = -1, .level = 2, .proof = ""}});
  for (const char* name : {"d", "e", "f"}) Emit(name);
  EXPECT_THAT(world_->removed, ElementsAre(Path("a"), Path("b"), Path("d")));
  Answer(3, "halt");  // the sixth follows
  EXPECT_THAT(world_->removed, ElementsAre(Path("a"), Path("b"), Path("d"), Path("c")));
  EXPECT_EQ(world_->Review("watch.6.call").status, ReviewStatus::kOpen);
}

TEST_F(KeptFilesTest, AnAttemptKeepsWhatItBeganWith) {
  Begin(WatchKind::kNone);
  for (const char* name : {"a", "b"}) Emit(name);
  world_->FailWith("job", ir::Reason::kExit);
  EXPECT_EQ(world_->started.back().previous["epoch"].Dump(), Epoch("b").Dump());
  for (const char* name : {"c", "d", "e"}) Emit(name);
  EXPECT_THAT(world_->removed, ElementsAre(Path("a"), Path("c")));
  world_->Succeed("job", N(1));
  EXPECT_THAT(world_->removed, ElementsAre(Path("a"), Path("c"), Path("b")));
}

TEST_F(KeptFilesTest, NothingGoesBeforeTheWatchHasBegun) {
  program_ = std::make_unique<Keeping>(WatchKind::kEach);
  world_ = std::make_unique<World>(program_->module);
  world_->Run();
  for (const char* name : {"a", "b", "c"}) Emit(name);
  EXPECT_THAT(world_->removed, IsEmpty());
  world_->Succeed("before", N(1));
  EXPECT_THAT(world_->removed, IsEmpty());
  Answer(1, "halt");
  EXPECT_THAT(world_->removed, ElementsAre(Path("a")));
}

TEST_F(KeptFilesTest, AListOfAllNeedsAll) {
  Begin(WatchKind::kNone, true);
  for (const char* name : {"a", "b", "c"}) Emit(name);
  world_->Succeed("job", N(1));
  EXPECT_THAT(world_->removed, IsEmpty());
}

TEST_F(KeptFilesTest, AFileThatANewerOneNamesStays) {
  Begin(WatchKind::kNone);
  for (const char* name : {"a", "b", "a", "c"}) Emit(name);
  EXPECT_THAT(world_->removed, ElementsAre(Path("b")));
  Emit("d");
  EXPECT_THAT(world_->removed, ElementsAre(Path("b"), Path("a")));
}

TEST_F(KeptFilesTest, WhatLiesAtADistantSiteGoesThere) {
  Begin(WatchKind::kNone);
  for (const char* name : {"a", "b", "c"}) world_->Emit("job", "epoch", Epoch(name, "far"));
  EXPECT_THAT(world_->removed, ElementsAre("far:" + Path("a")));
  EXPECT_TRUE(world_->Task("job").streams[0].second[0].files_removed);
}

TEST_F(KeptFilesTest, AnOutputMayBeAmongThem) {
  program_ = std::make_unique<Keeping>(WatchKind::kNone);
  program_->fit->outputs[0].path = program_->String("checkpoints/files/n.json");
  world_ = std::make_unique<World>(program_->module);
  world_->Run();
  for (const char* name : {"a", "b", "c"}) Emit(name);
  EXPECT_THAT(world_->removed, IsEmpty());
}

TEST_F(KeptFilesTest, WhatIsThereCanBeShownAgain) {
  Begin(WatchKind::kEach);
  for (const char* name : {"a", "b", "c"}) Emit(name);
  for (const int emission : {1, 2, 3}) Answer(emission, "halt");
  EXPECT_THAT(world_->removed, ElementsAre(Path("a")));
  world_->Rewind("watch.3.call");
  EXPECT_EQ(world_->scheduler->rewound().refused, "");
  Emit("d");  // the third is shown again
  Emit("e");
  EXPECT_THAT(world_->removed, ElementsAre(Path("a"), Path("b")));
  world_->Rewind("job");  // another job, with files of its own; none asks for those of the first
  EXPECT_EQ(world_->scheduler->rewound().refused, "");
  EXPECT_THAT(world_->removed, ElementsAre(Path("a"), Path("b"), Path("c")));
}

TEST_F(KeptFilesTest, ARewindThatWouldShowWhatIsGoneIsRefused) {
  for (const char* place : {"watch", "before", "watch.1.call"}) {
    Begin(WatchKind::kEach);
    world_->check_replay = false;  // what was refused leaves a state of no use
    for (const char* name : {"a", "b", "c"}) Emit(name);
    for (const int emission : {1, 2, 3}) Answer(emission, "halt");
    world_->Rewind(place);
    EXPECT_THAT(world_->scheduler->rewound().refused, HasSubstr("emission 1 of `job` again, whose files are gone"))
        << place;
  }
}

}  // namespace
}  // namespace hwf::scheduler::testing
