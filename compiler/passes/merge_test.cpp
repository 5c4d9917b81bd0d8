#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/passes/passes_testing.h"

namespace hwf::passes {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* kMergedTasks = R"(hwf 1
task t(n: Int, text: String = "") -> (n: Int) { run "true" }
task takes(data: File) -> (n: Int) { run "true" }
task shows(n: Int) -> (n: Int) { checkpoint epoch(n: Int) accept stop_now() run "true" }
task marked(n: Int) -> (n: Int) { effect run "true" }
task each_time(n: Int) -> (n: Int) { cache off run "true" }
)";

// The names of the calls of tasks that are left.
std::vector<std::string> Calls(const std::string& workflows) {
  const ir::Module module = Merge(testing_passes::Lowered(kMergedTasks, workflows));
  EXPECT_THAT(ir::Verify(module), IsEmpty());
  std::vector<const ir::Node*> nodes;
  for (const ir::Workflow& workflow : module.workflows) testing_passes::Collect(workflow.region, nodes);
  std::vector<std::string> names;
  for (const ir::Node* node : nodes) {
    if (std::holds_alternative<ir::TaskNode>(node->body)) names.push_back(node->name);
  }
  return names;
}

TEST(MergeTest, EqualCallsAreOne) {
  EXPECT_THAT(Calls(R"(workflow w(n: Int) -> (n: Int) {
    let a = t(n + 1)
    let b = t(n + 1)
    let other = t(n + 2)
    let text = t(n + 1, text: "x")
    (n: a.n + b.n + other.n + text.n)
  })"),
              ElementsAre("a", "other", "text"));
}

// The one that stands first, whatever is ready first.
TEST(MergeTest, EqualityIsSeenThroughNamesAndCalls) {
  EXPECT_THAT(Calls(R"(workflow w(n: Int) -> (n: Int) {
    let m = n * 2
    let c = t(a.n + 1)
    let a = t(m)
    let b = t(n * 2)
    let d = t(b.n + 1)
    let one = takes(file("/etc/hosts"))
    let two = takes(file("/etc/hosts"))
    let three = takes(file("/etc/passwd"))
    (n: c.n + d.n + one.n + two.n + three.n)
  })"),
              ElementsAre("c", "a", "one", "three"));
}

TEST(MergeTest, OnlyWhatMayReuseEachOther) {
  EXPECT_THAT(Calls(R"(workflow w(n: Int) -> (n: Int) {
    let a = marked(n)
    let b = marked(n)
    let c = each_time(n)
    let d = each_time(n)
    let e = try t(n)
    let f = try t(n)
    let g = t(n)
    let of_e = match e { ok(value) => value.n, failed => 0 }
    let of_f = match f { ok(value) => value.n, failed => 0 }
    (n: a.n + b.n + c.n + d.n + of_e + of_f + g.n)
  })"),
              ElementsAre("a", "b", "c", "d", "e", "f", "g"));
}

// Two effects, or two calls with `cache off`, may give different values.
TEST(MergeTest, WhatReadsDifferentCallsIsDifferent) {
  EXPECT_THAT(Calls(R"(workflow w(n: Int) -> (n: Int) {
    let a = marked(n)
    let b = marked(n)
    let c = each_time(n)
    let d = each_time(n)
    (n: t(a.n).n + t(b.n).n + t(c.n).n + t(d.n).n)
  })"),
              ElementsAre("a", "b", "c", "d", "t", "t.2", "t.3", "t.4"));
}

TEST(MergeTest, JobsThatAreSpokenOfStay) {
  EXPECT_THAT(Calls(R"(workflow w(n: Int) -> (n: Int) {
    let watched = shows(n)
    watch watched.epoch as e { checkpoint seen { n: e.n } }
    let told = shows(n)
    send told.stop_now()
    let cancelled = shows(n)
    cancel cancelled
    let read = shows(n)
    let last = len(read.epoch)
    let plain = shows(n)
    let plain_too = shows(n)
    (n: watched.n + told.n + cancelled.n + last + plain.n + plain_too.n)
  })"),
              ElementsAre("watched", "told", "cancelled", "read", "plain"));
}

TEST(MergeTest, WhatIsAwaitedCounts) {
  EXPECT_THAT(Calls(R"(workflow w(n: Int) -> (n: Int) {
    let first = marked(n)
    let second = marked(n)
    let a = t(n) after first
    let b = t(n) after first
    let c = t(n) after second
    let d = t(n)
    (n: a.n + b.n + c.n + d.n)
  })"),
              ElementsAre("first", "second", "a", "c", "d"));
}

TEST(MergeTest, BranchesSeeWhatIsAroundThem) {
  EXPECT_THAT(Calls(R"(workflow w(n: Int) -> (n: Int) {
    let x = if n > 1 { t(n).n } else { t(n).n + t(2).n }
    let y = if n > 2 { if n > 3 { t(2).n } else { t(n).n } } else { 1 }
    let a = t(n)
    (n: x + y + a.n)
  })"),
              ElementsAre("t.2", "t", "a"))
      << "the calls t(2) are in two branches, of which neither is around the other";
}

TEST(MergeTest, ElementsAndRoundsStayApart) {
  EXPECT_THAT(Calls(R"(workflow w(n: Int) -> (n: Int) {
    let a = t(n)
    let samples = for i in range(9) { t(n).n }
    let within = for i in range(9) { t(i).n + t(i).n }
    let rounds = loop s = 0 max 3 {
      let again = t(n)
      if again.n > s { stop with s } else { next s = again.n }
    }
    let last = match rounds { stopped(value) => value, exhausted(s) => s }
    (n: a.n + len(samples) + len(within) + last)
  })"),
              ElementsAre("a", "t", "t", "again"));
}

}  // namespace
}  // namespace hwf::passes
