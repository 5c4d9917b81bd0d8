#include "ir/graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ir/sample.h"

namespace hwf::ir {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Graph Diamond() { return {5, {{0, 1}, {0, 2}, {1, 3}, {2, 3}}}; }

TEST(GraphTest, OrderPutsWhatIsNeededFirst) {
  std::vector<uint32_t> order = Order(Diamond());
  ASSERT_EQ(order.size(), 5u);
  std::vector<size_t> place(5);
  for (size_t i = 0; i < order.size(); ++i) place[order[i]] = i;
  for (const Graph::Edge& edge : Diamond().edges) EXPECT_LT(place[edge.before], place[edge.after]);
}

TEST(GraphTest, NamesTheWholeCycle) {
  Graph graph = Diamond();
  EXPECT_THAT(FindCycle(graph), IsEmpty());
  graph.edges.push_back({3, 4});
  graph.edges.push_back({4, 1});
  EXPECT_THAT(Order(graph), IsEmpty());
  EXPECT_THAT(FindCycle(graph), testing::UnorderedElementsAre(1, 3, 4));
  // In the order of waiting: each has an edge to the next, the last to the first.
  std::vector<uint32_t> cycle = FindCycle(graph);
  for (size_t i = 0; i < cycle.size(); ++i) {
    uint32_t from = cycle[i], to = cycle[(i + 1) % cycle.size()];
    EXPECT_TRUE(std::any_of(graph.edges.begin(), graph.edges.end(),
                            [&](const Graph::Edge& edge) { return edge.before == from && edge.after == to; }));
  }
  EXPECT_THAT(FindCycle({1, {{0, 0}}}), ElementsAre(0));
}

TEST(GraphTest, Reachability) {
  EXPECT_THAT(Dependants(Diamond(), 1), ElementsAre(3));
  EXPECT_THAT(Dependants(Diamond(), 0), ElementsAre(1, 2, 3));
  EXPECT_THAT(Needed(Diamond(), 3), ElementsAre(0, 1, 2));
  EXPECT_THAT(Needed(Diamond(), 4), IsEmpty());
}

TEST(GraphTest, CriticalPathIsTheHeaviest) {
  Path path = CriticalPath(Diamond(), {1, 2, 5, 1, 6});
  EXPECT_THAT(path.nodes, ElementsAre(0, 2, 3));
  EXPECT_EQ(path.length, 7);
  EXPECT_THAT(CriticalPath(Diamond(), {1, 2, 5, 1, 9}).nodes, ElementsAre(4));
  EXPECT_THAT(CriticalPath({}, {}).nodes, IsEmpty());
  EXPECT_THAT(LongestFrom(Diamond(), {1, 2, 5, 1, 6}), ElementsAre(7, 3, 6, 1, 6));
}

TEST(GraphTest, AMillionNodesInAChain) {
  Graph graph{1000000, {}};
  for (uint32_t i = 1; i < graph.count; ++i) graph.edges.push_back({i - 1, i});
  EXPECT_EQ(Order(graph).size(), graph.count);
  EXPECT_EQ(CriticalPath(graph, std::vector<double>(graph.count, 1)).length, graph.count);
}

TEST(GraphTest, DependenciesSeeIntoInnerRegionsButNotJobs) {
  Module module = sample::Digits();
  const Region& region = module.FindWorkflow("digits")->region;
  Graph graph = DependenciesOf(region);
  auto index = [&](std::string_view name) {
    for (uint32_t i = 0; i < region.nodes.size(); ++i) {
      if (region.nodes[i].name == name) return i;
    }
    ADD_FAILURE() << name;
    return 0u;
  };
  EXPECT_THAT(Needed(graph, index("job")), ElementsAre(index("raw"), index("data")));
  EXPECT_THAT(Needed(graph, index("watch")), IsEmpty());  // it watches the job while it runs
  EXPECT_THAT(Dependants(graph, index("trained")), ElementsAre(index("verdict"), index("match")));
}

TEST(GraphTest, CallsAmongWorkflows) {
  Module module = sample::Digits();
  Graph graph = WorkflowCalls(module);
  ASSERT_EQ(graph.edges.size(), 1u);
  EXPECT_EQ(module.workflows[graph.edges[0].before].name, "inner");
  EXPECT_EQ(module.workflows[graph.edges[0].after].name, "digits");
}

}  // namespace
}  // namespace hwf::ir
