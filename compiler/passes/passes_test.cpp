// Where calls run, what moves, arrays and packs. All tasks of these programs are effects, which no pass leaves out.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/passes/passes_testing.h"

namespace hwf::passes {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;
using testing_passes::Call;
using testing_passes::Collect;

constexpr const char* kSites = R"(hwf 1
site here = local(cpus: 8)
site edge = ssh(host: "edge1", workdir: "/data/hwf")
site train = slurm(login: "mn5", workdir: "/gpfs/hwf", shares: "gpfs", pack: 8)
site other = slurm(login: "mn6", workdir: "/gpfs/hwf", shares: "gpfs")
site near = slurm()
task source(n: Int) -> (file: File, n: Int) { effect run "true" }
task on_edge(n: Int) -> (file: File) { on edge effect run "true" }
task on_train(file: File) -> (file: File) { on train effect run "true" }
task on_other(file: File) -> (file: File) { on other effect run "true" }
task on_near(file: File) -> (file: File) { on near effect run "true" }
task choice(a: File, b: File? = none, c: [File] = []) -> (file: File) { on train | edge effect run "true" }
task wherever(n: Int) -> (file: File) { on edge | train effect run "true" }
task spread(file: File) -> (file: File) { on train needs nodes: 2, ranks: 8 effect run "true" }
task packed(file: File) -> (file: File) { on near pack 3 effect run "true" }
)";

ir::Module After(const std::string& workflows) { return testing_passes::After(kSites, workflows); }

// "data from edge": the names of the values that a call has brought.
std::vector<std::string> Moves(const ir::Module& module, std::string_view name) {
  std::vector<std::string> out;
  for (const ir::TaskNode::Move& move : Call(module, name).moves) {
    std::vector<const ir::Node*> nodes;
    std::string value = "a parameter";
    for (const ir::Workflow& workflow : module.workflows) Collect(workflow.region, nodes);
    for (const ir::Node* node : nodes) {
      if (node->id == move.value) value = node->name;
    }
    out.push_back(value + " from " + (move.from.empty() ? "this machine" : move.from));
  }
  return out;
}

TEST(PlaceTest, GoesWhereMostOfItsFilesAre) {
  const ir::Module module = After(R"(workflow w(f: File) {
    let a = on_edge(1)
    let b = on_edge(2)
    let t = on_train(f)
    let job = choice(a.file, b: b.file, c: [t.file])
  })");
  EXPECT_EQ(Call(module, "job").site, "edge");
  EXPECT_EQ(Call(module, "job").why, "near 2 of the 3 inputs with files");
}

TEST(PlaceTest, TiesGoToTheFirst) {
  const ir::Module module = After(R"(workflow w(f: File) {
    let a = on_edge(1)
    let t = on_train(f)
    let job = choice(a.file, b: t.file)
    let none_there = choice(f)
    let nothing_read = wherever(1)
  })");
  EXPECT_EQ(Call(module, "job").site, "train");
  EXPECT_EQ(Call(module, "none_there").site, "train");
  EXPECT_EQ(Call(module, "none_there").why, "the first of its sites");
  EXPECT_EQ(Call(module, "nothing_read").site, "edge");
}

TEST(PlaceTest, FollowsWhatWasPlacedBefore) {
  const ir::Module module = After(R"(workflow w(f: File) {
    let a = on_edge(1)
    let one = choice(a.file)
    let two = choice(one.file)
    let three = choice(two.file, b: f)
  })");
  EXPECT_EQ(Call(module, "one").site, "edge");
  EXPECT_EQ(Call(module, "two").site, "edge");
  EXPECT_EQ(Call(module, "three").site, "edge");
}

TEST(PlaceTest, SitesThatShareFilesAreOnePlace) {
  const ir::Module module = After(R"(workflow w(f: File) {
    let a = on_other(f)
    let b = on_edge(1)
    let c = on_other(f)
    let job = choice(b.file, b: a.file, c: [c.file])
  })");
  EXPECT_EQ(Call(module, "job").site, "train");
  EXPECT_THAT(Moves(module, "job"), ElementsAre("b from edge"));
}

// A round's files come from before the loop and from the round before it.
TEST(PlaceTest, FollowsFilesFromRoundToRound) {
  const ir::Module module = After(R"(workflow w(n: Int) -> (file: File) {
    let seed = on_edge(1)
    let rounds = loop f = seed.file, g = seed.file max 3 {
      let job = on_train(g)
      if n > 3 { stop with f } else { next f = job.file, g = f }
    }
    let last = match rounds { stopped(value) => value, exhausted(f) => f }
    let after = on_near(last)
    (file: after.file)
  })");
  EXPECT_THAT(Moves(module, "job"), ElementsAre("a parameter from edge"));
  EXPECT_THAT(Moves(module, "after"), ElementsAre("last from edge", "last from train"));
}

TEST(PlaceTest, SeesThroughLoopsBranchesRecordsAndWorkflows) {
  const ir::Module module = After(R"(record Pair { left: File, right: File }
  workflow inner(f: File) -> (f: File) {
    let in_workflow = choice(f)
    (f: in_workflow.file)
  }
  workflow w(f: File, yes: Bool) {
    let edges = for n in range(3) { on_edge(n).file }
    let in_loop = for e in edges { choice(e).file }
    let t = on_train(f)
    let pair = Pair(left: edges[0], right: t.file)
    let of_pair = choice(pair.left)
    let either = if yes { edges[1] } else { edges[2] }
    let of_branch = choice(either)
    checkpoint saved { model: of_branch.file }
    let of_checkpoint = choice(saved.model)
    let called = inner(edges[0])
    let of_called = choice(called.f)
  })");
  for (const char* name : {"choice", "of_pair", "of_branch", "of_checkpoint", "in_workflow", "of_called"}) {
    EXPECT_EQ(Call(module, name).site, "edge") << name;
  }
}

// Each is seen through once, not from the end to the beginning again and again.
TEST(PlaceTest, ALongChainOfNamesIsShortWork) {
  std::string lets =
      "record R { f: File }\nworkflow w(f: File) {\nlet e = on_edge(1)\nlet x0 = e.file\nlet r0 = R(f: x0)\n";
  for (int i = 1; i < 3000; ++i) lets += fmt::format("let x{0} = x{1}\nlet r{0} = R(f: r{1}.f)\n", i, i - 1);
  const ir::Module module = After(lets + "let of_name = choice(x2999)\nlet of_record = choice(r2999.f)\n}");
  EXPECT_EQ(Call(module, "of_name").site, "edge");
  EXPECT_EQ(Call(module, "of_record").site, "edge");
}

TEST(PlaceTest, LeavesWhatIsDecidedAlone) {
  const ir::Module module = After("workflow w(f: File) { let t = on_train(f) }");
  EXPECT_EQ(Call(module, "t").site, "train");
  EXPECT_EQ(Call(module, "t").why, "");
}

TEST(StagesTest, WhatIsMadeElsewhereMoves) {
  const ir::Module module = After(R"(workflow w(f: File) {
    let made = source(1)
    let data = file("/etc/hosts")
    let a = on_train(f)
    let b = on_train(made.file)
    let c = on_train(data)
    let d = on_edge(made.n)
    let e = on_train(d.file)
    let back = on_near(d.file)
    let stays = on_near(made.file)
    let shared = on_other(e.file)
  })");
  EXPECT_THAT(Moves(module, "a"), ElementsAre("a parameter from this machine"));
  EXPECT_THAT(Moves(module, "b"), ElementsAre("made from this machine"));
  EXPECT_THAT(Moves(module, "c"), ElementsAre("data from this machine"));
  EXPECT_THAT(Moves(module, "d"), IsEmpty()) << "a number is no file";
  EXPECT_THAT(Moves(module, "e"), ElementsAre("d from edge"));
  EXPECT_THAT(Moves(module, "back"), ElementsAre("d from edge"));
  EXPECT_THAT(Moves(module, "stays"), IsEmpty());
  EXPECT_THAT(Moves(module, "shared"), IsEmpty()) << "both see gpfs";
}

TEST(StagesTest, OneValueFromTwoSitesMovesFromBoth) {
  const ir::Module module = After(R"(workflow w(f: File, yes: Bool) {
    let either = if yes { on_edge(1).file } else { f }
    let t = on_train(either)
  })");
  EXPECT_THAT(Moves(module, "t"), ElementsAre("either from this machine", "either from edge"));
}

TEST(StagesTest, ParametersOfACalledWorkflowComeFromItsCallers) {
  const ir::Module module = After(R"(workflow inner(f: File) { let t = on_train(f) }
  workflow w(f: File) {
    let e = on_edge(1)
    let s = on_other(f)
    inner(e.file)
    inner(s.file)
  })");
  EXPECT_THAT(Moves(module, "t"), ElementsAre("a parameter from edge"));
}

// A declared enum may look like what `try` gives; its file is where it was made, and not here.
TEST(StagesTest, OnlyTheLogOfATriedCallIsHere) {
  const ir::Module module = After(R"(enum Ended { ok, failed(reason: Reason, exit: Int? = none, log: File) }
  workflow w() {
    let tried = try on_edge(1)
    match tried { ok => {}, failed(log) => { let a = on_train(log) } }
    let far = on_edge(2)
    let looks = failed(reason: Reason.oom, log: far.file)
    match looks { ok => {}, failed(log) => { let b = on_train(log) } }
  })");
  EXPECT_THAT(Moves(module, "a"), ElementsAre("a parameter from this machine"));
  EXPECT_THAT(Moves(module, "b"), ElementsAre("a parameter from edge"));
}

// "t on here: train", "shown: train".
std::vector<std::string> Strayed(const std::string& workflows) {
  ir::Module module = After(workflows);
  std::vector<std::string> out;
  for (const Astray& each : FindAstray(module)) {
    out.push_back((each.task.empty() ? "shown" : each.task + " on " + each.site) + ": " + each.stays);
  }
  return out;
}

TEST(StaysTest, DrawsTheCallToIt) {
  const ir::Module module = After(R"(workflow w(f: File) {
    let data = file("/big/data", on: edge)
    let more = on_train(f)
    let job = choice(more.file, b: data, c: [f, more.file])
  })");
  EXPECT_EQ(Call(module, "job").site, "edge");
  EXPECT_THAT(Moves(module, "job"), ElementsAre("more from train", "a parameter from this machine"));
}

TEST(StaysTest, IsInVainWhereItIsNotSeen) {
  EXPECT_THAT(Strayed(R"(workflow w() {
    let data = file("/big/data", on: edge)
    let a = on_train(data)
    let b = on_other(file("/gpfs/data", on: train))
    let c = on_near(file("/here", on: here))
    let d = choice(data)
  })"),
              ElementsAre("on_train on train: edge"));
  EXPECT_THAT(Strayed(R"(record Pair { a: File, b: File }
  workflow inner(f: File) -> (pair: Pair) { (pair: Pair(a: f, b: file("/big/data", on: edge))) }
  workflow w() {
    let data = file("/gpfs/data", on: train)
    let both = inner(data)
    let a = on_train(both.pair.a)
    let list = [data, file("/gpfs/more", on: other)]
    let b = for each in list { on_near(each) }
    let c = await review "Good?" {
      show data
      choose yes | no
    }
    match c { yes => {}, no => fail "no" }
  })"),
              UnorderedElementsAre("on_near on near: other", "shown: train"));
}

TEST(ArraysTest, CallsThatBeginTogether) {
  const ir::Module module = After(R"(workflow w(f: File, yes: Bool) {
    let before = on_near(f)
    let firsts = for n in range(9) {
      let first = on_near(before.file)
      let second = on_near(first.file)
      second.file
    }
    let local = for n in range(9) { let here_only = source(n)
      here_only.file }
    let one_by_one = for x in firsts { let follows = on_near(x)
      follows.file }
    let all = for x in firsts where yes { let awaits_all = on_near(x)
      awaits_all.file }
    let branches = for n in range(9) { if yes { let in_branch = on_near(f)
      in_branch.file } else { f } }
    let nested = for n in range(3) { for m in range(3) { let inner = on_near(f)
      inner.file } }
    let once = on_near(f)
  })");
  EXPECT_TRUE(Call(module, "first").array);
  EXPECT_FALSE(Call(module, "second").array) << "each waits for its own first";
  EXPECT_FALSE(Call(module, "here_only").array) << "no Slurm";
  EXPECT_FALSE(Call(module, "follows").array) << "elements come one by one";
  EXPECT_TRUE(Call(module, "awaits_all").array);
  EXPECT_TRUE(Call(module, "in_branch").array);
  EXPECT_TRUE(Call(module, "inner").array);
  EXPECT_FALSE(Call(module, "once").array);
}

TEST(PacksTest, TaskThenSite) {
  const ir::Module module = After(R"(workflow w(f: File) {
    let a = for n in range(9) { let of_site = on_train(f)
      of_site.file }
    let b = for n in range(9) { let of_task = packed(f)
      of_task.file }
    let c = for n in range(9) { let of_nobody = on_near(f)
      of_nobody.file }
    let d = for n in range(9) { let alone = spread(f)
      alone.file }
    let once = packed(f)
  })");
  EXPECT_EQ(Call(module, "of_site").pack, 8);
  EXPECT_EQ(Call(module, "of_task").pack, 3);
  EXPECT_EQ(Call(module, "of_nobody").pack, 0);
  EXPECT_EQ(Call(module, "alone").pack, 1);
  EXPECT_EQ(Call(module, "once").pack, 0);
}

}  // namespace
}  // namespace hwf::passes
