#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/passes/passes_testing.h"

namespace hwf::passes {
namespace {

constexpr int64_t kMinute = 60'000;

constexpr const char* kWeighedTasks = R"(hwf 1
task quick(n: Int) -> (n: Int) { needs time: 10min run "true" }
task slow(n: Int) -> (n: Int) { needs time: 4h run "true" }
task unsaid(n: Int) -> (n: Int) { run "true" }
task varies(n: Int) -> (n: Int) { needs time: 1h * attempt run "true" }
)";

// In minutes.
int64_t Priority(const ir::Module& module, std::string_view name) {
  return testing_passes::Call(module, name).priority / kMinute;
}

TEST(PrioritiesTest, TheLongestWayToTheEnd) {
  const ir::Module module = testing_passes::After(kWeighedTasks, R"(workflow w(n: Int) -> (n: Int) {
    let alone = quick(n)
    let first = quick(n + 1)
    let second = slow(first.n)
    let third = unsaid(second.n)
    let other = varies(first.n)
    let awaits = unsaid(n) after alone
    (n: third.n + other.n + awaits.n)
  })");
  EXPECT_EQ(Priority(module, "third"), 1) << "a minute where nothing is known";
  EXPECT_EQ(Priority(module, "second"), 241);
  EXPECT_EQ(Priority(module, "first"), 251);
  EXPECT_EQ(Priority(module, "other"), 1);
  EXPECT_EQ(Priority(module, "alone"), 11) << "what awaits it counts too";
}

TEST(PrioritiesTest, OutOfBlocksAndWorkflows) {
  const ir::Module module = testing_passes::After(kWeighedTasks, R"(workflow called(n: Int) -> (n: Int) {
    let inside = quick(n)
    (n: inside.n)
  }
  workflow w(n: Int) -> (n: Int) {
    let before = unsaid(n)
    let several = for i in range(before.n) {
      let element = quick(i)
      if element.n > 1 {
        let in_branch = quick(element.n + 1)
        in_branch.n
      } else { 0 }
    }
    let after_all = slow(len(several))
    let short = called(n)
    let long = called(after_all.n)
    let last = slow(long.n)
    (n: last.n + short.n)
  })");
  EXPECT_EQ(Priority(module, "last"), 240);
  EXPECT_EQ(Priority(module, "inside"), 250) << "of its calls the one with the most behind it";
  EXPECT_EQ(Priority(module, "after_all"), 490);
  EXPECT_EQ(Priority(module, "in_branch"), 500);
  EXPECT_EQ(Priority(module, "element"), 510);
  EXPECT_EQ(Priority(module, "before"), 511);
}

TEST(PrioritiesTest, PeopleTakeTheirTime) {
  const ir::Module module = testing_passes::After(kWeighedTasks, R"(workflow w(n: Int) -> (n: Int) {
    let asked = quick(n)
    let machine = slow(n)
    let verdict = await review "Go?" {
      show asked.n
      choose yes(note: String?) | no
      within 1d else no
    }
    let said = match verdict { yes(note) => len(note ?? ""), no => 0 }
    (n: said + machine.n)
  })");
  EXPECT_EQ(Priority(module, "asked"), 24 * 60 + 10);
  EXPECT_EQ(Priority(module, "machine"), 240);
}

}  // namespace
}  // namespace hwf::passes
