// The IR as a graph: what must come before what within a region, and the questions asked of it. Node indices are
// positions in Region::nodes (or in whatever list a Graph was made for). Pure functions; Boost.Graph stays in
// graph.cpp.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ir/module.h"

namespace hwf::ir {

struct Graph {
  // `after` waits for `before`.
  struct Edge {
    uint32_t before = 0;
    uint32_t after = 0;
  };
  uint32_t count = 0;
  std::vector<Edge> edges;
};

// The data and `after` dependencies among a region's own nodes. A node depends on all that its inner regions read,
// since it ends only when they do. That a watch, send or cancel names a job is no dependency: they act while it runs.
Graph DependenciesOf(const Region& region);

// Which workflow calls which, by position in Module::workflows: the callee comes before the caller. And of functions.
Graph WorkflowCalls(const Module& module);
Graph FunctionCalls(const Module& module);

// All nodes, each after those it waits for; empty if there is a cycle (and no node).
std::vector<uint32_t> Order(const Graph& graph);

// The nodes of one cycle, each waiting for the one before it and the first for the last; empty if there is none.
std::vector<uint32_t> FindCycle(const Graph& graph);

// Everything that waits, directly or not, for `node`; without it. Ascending.
std::vector<uint32_t> Dependants(const Graph& graph, uint32_t node);
// Everything that `node` waits for; without it. Ascending.
std::vector<uint32_t> Needed(const Graph& graph, uint32_t node);

// Of each node the length of the longest chain that begins with it, by the sum of the nodes' weights (its own counts),
// which are not negative: how long the whole takes from its beginning on. Of a cycle: the weights.
std::vector<double> LongestFrom(const Graph& graph, const std::vector<double>& weights);

// The longest chain by the sum of its nodes' weights, which are not negative: what bounds the time of the whole.
struct Path {
  std::vector<uint32_t> nodes;
  double length = 0;
};
Path CriticalPath(const Graph& graph, const std::vector<double>& weights);

}  // namespace hwf::ir
