#include "ir/test.h"

#include <gtest/gtest.h>

namespace hwf::ir {
namespace {

TEST(TestPlaces, NumbersMayBeLeftOut) {
  EXPECT_TRUE(MatchesPlace("verdict", "verdict"));
  EXPECT_TRUE(MatchesPlace("each.2.call", "each.2.call"));
  EXPECT_TRUE(MatchesPlace("each.call", "each.2.call"));
  EXPECT_TRUE(MatchesPlace("for.2.call", "for.2.3.call"));
  EXPECT_FALSE(MatchesPlace("each.2.call", "each.3.call"));
  EXPECT_FALSE(MatchesPlace("each", "each.2.call"));
  EXPECT_FALSE(MatchesPlace("call", "each.2.call.again"));
}

TEST(TestPlaces, TheNameOfTheRunMayBeLeftOut) {
  EXPECT_TRUE(MatchesPlace("verdict", "r.verdict"));
  EXPECT_TRUE(MatchesPlace("r.verdict", "r.verdict"));
  EXPECT_FALSE(MatchesPlace("s.verdict", "r.verdict"));
  EXPECT_FALSE(MatchesPlace("verdict", "r.sub.verdict"));
}

TEST(TestPlaces, AStarIsAnyNumber) {
  EXPECT_TRUE(MatchesPlace("watch.30.call", "r.watch.*.call"));
  EXPECT_TRUE(MatchesPlace("watch.call", "r.watch.*.call"));
  EXPECT_FALSE(MatchesPlace("watch.x.call", "r.watch.*.call"));
  EXPECT_TRUE(MatchesPlace("each.*.call", "each.3.call"));
  EXPECT_TRUE(MatchesPlace("each.*.call", "r.each.*.call"));
  EXPECT_FALSE(MatchesPlace("each.*", "each.call"));
}

// w0 asks once; each of the others calls the one before it twice, and one that asks nobody twice.
Module Doubling(int workflows) {
  Module module;
  const auto calling = [](const std::string& name, const std::string& called) {
    Node node;
    node.name = name;
    node.body = WorkflowNode{called, {}};
    return node;
  };
  for (int i = 0; i < workflows; ++i) {
    for (const char* kind : {"w", "silent"}) {
      Workflow& workflow = module.workflows.emplace_back();
      workflow.name = kind + std::to_string(i);
      for (const char* name : {"a", "b"}) {
        if (i > 0) workflow.region.nodes.push_back(calling(name, kind + std::to_string(i - 1)));
      }
      if (*kind == 'w')
        workflow.region.nodes.insert(workflow.region.nodes.begin(), calling("c", "silent" + std::to_string(i)));
    }
  }
  Node ask;
  ask.name = "ask";
  ask.body = ReviewNode();
  module.workflows.front().region.nodes.push_back(std::move(ask));
  return module;
}

TEST(TestPlaces, AreTheReviewsOfAllThatIsCalled) {
  const Module module = Doubling(3);
  EXPECT_EQ(ReviewPlaces(module, *module.FindWorkflow("w2"), 100),
            (std::vector<std::string>{"a.a.ask", "a.b.ask", "b.a.ask", "b.b.ask"}));
  EXPECT_EQ(ReviewPlaces(module, *module.FindWorkflow("silent2"), 100), std::vector<std::string>());
}

// Would take years if every call were followed.
TEST(TestPlaces, CallsThatDoubleAreNotCounted) {
  const Module module = Doubling(60);
  EXPECT_EQ(ReviewPlaces(module, *module.FindWorkflow("w59"), 100).size(), 100u);
  EXPECT_EQ(ReviewPlaces(module, *module.FindWorkflow("silent59"), 100).size(), 0u);
}

// Nor does a long way down take stack.
TEST(TestPlaces, DeepCallsAreFollowed) {
  Module module = Doubling(1);
  for (int i = 1; i < 3000; ++i) {
    Workflow& workflow = module.workflows.emplace_back();
    workflow.name = "w" + std::to_string(i);
    Node& node = workflow.region.nodes.emplace_back();
    node.name = "a";
    node.body = WorkflowNode{"w" + std::to_string(i - 1), {}};
  }
  const std::vector<std::string> places = ReviewPlaces(module, module.workflows.back(), 100);
  ASSERT_EQ(places.size(), 1u);
  EXPECT_EQ(DepthOf(places[0]), 2999u);
}

}  // namespace
}  // namespace hwf::ir
