#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/passes/passes_testing.h"

namespace hwf::passes {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* kPrunedTasks = R"(hwf 1
task t(n: Int) -> (n: Int) { run "true" }
task shows(n: Int) -> (n: Int) { checkpoint epoch(n: Int) accept stop_now() run "true" }
task acts(n: Int) { run "true" }
task marked(n: Int) -> (n: Int) { effect run "true" }
task publish(n: Approved[Int]) -> (n: Int) { run "true" }
)";

ir::Module Pruned(const std::string& workflows) {
  ir::Module module = Prune(testing_passes::Lowered(kPrunedTasks, workflows));
  EXPECT_THAT(ir::Verify(module), IsEmpty());
  return module;
}
std::vector<std::string> Left(const std::string& workflows) { return testing_passes::Names(Pruned(workflows)); }

TEST(PruneTest, WhatNoOutputNeedsIsLeftOut) {
  EXPECT_THAT(Left(R"(workflow w(n: Int) -> (n: Int) {
    let read = t(n)
    let unread = t(2)
    let of_unread = t(unread.n)
    let computed = of_unread.n + 1
    let data = file("/etc/hosts")
    let all = for i in range(3) { t(i).n }
    let tried = try t(3)
    (n: read.n)
  })"),
              ElementsAre("read"));
}

TEST(PruneTest, PlacesStay) {
  EXPECT_THAT(Left(R"(workflow w(n: Int) -> (n: Int) {
    t(1)
    let a = if n > 1 { t(2).n } else { t(3).n }
    let b = if n > 2 { t(2).n } else { t(3).n }
    (n: b + t(4).n)
  })"),
              ElementsAre("b", "t", "t", "t.2"))
      << "the call that is left is t.2 as before";
}

TEST(PruneTest, WhatActsStaysWithAllThatItNeeds) {
  EXPECT_THAT(Left(R"(workflow w(n: Int) {
    let a = t(1)
    acts(a.n)
    let b = t(2)
    let unread = marked(b.n)
    let c = t(3)
    acts(1 after c)
    let unread_too = try marked(n)
  })"),
              ElementsAre("a", "acts", "b", "unread", "c", "value", "acts.2", "unread_too"));
}

TEST(PruneTest, PeopleCheckpointsAndFailuresAreWanted) {
  EXPECT_THAT(Left(R"(workflow w(n: Int) {
    let shown = t(1)
    let saved = t(2)
    checkpoint kept { n: saved.n }
    let verdict = await review "Go?" {
      show shown.n
      choose yes grants n | no
      within 1d else no
    }
    let said = t(3)
    match verdict {
      yes(n) => publish(n)
      no => {
        t(4)
        fail "no ~{said.n}"
      }
    }
  })"),
              ElementsAre("shown", "saved", "kept", "verdict", "said", "match", "publish", "fail"));
}

TEST(PruneTest, AJobThatIsWatchedToldOrCancelledRuns) {
  EXPECT_THAT(Left(R"(workflow w(n: Int) {
    let watched = shows(1)
    watch watched.epoch as e where e.n > n { t(e.n) }
    let told = shows(2)
    send told.stop_now()
    let cancelled = t(3)
    cancel cancelled
    let unread = shows(4)
    let list = unread.epoch
  })"),
              ElementsAre("watched", "watch", "told", "send", "cancelled", "cancel"));
}

TEST(PruneTest, InnerBlocksKeepWhatActsInThem) {
  EXPECT_THAT(Left(R"(workflow w(n: Int) {
    let limit = t(9)
    for i in range(3) where i < n {
      let a = t(i)
      t(a.n)
      acts(a.n + limit.n)
    }
    let nothing = for i in range(3) { if n > 1 { t(i).n } else { 0 } }
    let rounds = loop s = t(5).n max 3 {
      let seen = t(s)
      t(6)
      acts(seen.n)
      if seen.n > n { stop with s } else { next s = seen.n }
    }
  })"),
              testing::UnorderedElementsAre("limit", "for", "a", "acts", "t", "rounds", "seen", "acts", "if"));
}

TEST(PruneTest, ACalledWorkflowIsWantedForWhatItGivesOrDoes) {
  EXPECT_THAT(Left(R"(workflow pure(n: Int) -> (n: Int) { (n: t(n).n) }
  workflow doing(n: Int) -> (n: Int) {
    acts(n)
    (n: n)
  }
  workflow w(n: Int) -> (n: Int) {
    let unread = pure(1)
    let does = doing(2)
    let read = pure(3)
    (n: read.n)
  })"),
              ElementsAre("t", "acts", "does", "read"));
}

}  // namespace
}  // namespace hwf::passes
