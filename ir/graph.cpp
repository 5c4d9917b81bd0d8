#include "ir/graph.h"

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/breadth_first_search.hpp>
#include <boost/graph/depth_first_search.hpp>
#include <boost/graph/reverse_graph.hpp>
#include <boost/graph/topological_sort.hpp>
#include <unordered_map>

#include "base/check.h"
#include "ir/walk.h"

namespace hwf::ir {
namespace {

using BoostGraph = boost::adjacency_list<boost::vecS, boost::vecS, boost::bidirectionalS>;

BoostGraph ToBoost(const Graph& graph) {
  BoostGraph out(graph.count);
  for (const Graph::Edge& edge : graph.edges) {
    HWF_CHECK(edge.before < graph.count && edge.after < graph.count);
    boost::add_edge(edge.before, edge.after, out);
  }
  return out;
}

using Indices = std::unordered_map<ValueId, uint32_t>;

// Collects what a part of a region reads of the region's own nodes.
class Reads {
 public:
  Reads(const Indices& indices, uint32_t reader, std::vector<Graph::Edge>& edges)
      : indices_(indices), reader_(reader), edges_(edges) {}

  void Of(const Expr& expr) {
    if (expr.op == Op::kRef) Id(expr.ref);
    for (const Expr& arg : expr.args) Of(arg);
  }
  void Of(const Node& node) {
    for (ValueId id : node.after) Id(id);
    ForEachExpr(node, [this](const Expr& expr) { Of(expr); });
    ForEachRegion(node, [this](const Region& region) { Of(region); });
  }
  void Of(const Region& region) {
    for (const Node& node : region.nodes) Of(node);
    ForEachExpr(region.result, [this](const Expr& expr) { Of(expr); });
  }

 private:
  void Id(ValueId id) {
    auto found = indices_.find(id);
    if (found != indices_.end()) edges_.push_back({found->second, reader_});
  }
  const Indices& indices_;
  uint32_t reader_;
  std::vector<Graph::Edge>& edges_;
};

void Unique(std::vector<Graph::Edge>& edges) {
  auto key = [](const Graph::Edge& edge) { return std::pair(edge.after, edge.before); };
  std::sort(edges.begin(), edges.end(), [&](const auto& a, const auto& b) { return key(a) < key(b); });
  edges.erase(std::unique(edges.begin(), edges.end(), [&](const auto& a, const auto& b) { return key(a) == key(b); }),
              edges.end());
}

using Numbers = std::unordered_map<std::string_view, uint32_t>;

template <typename T>
Numbers IndexByName(const std::vector<T>& items) {
  Numbers names;
  for (uint32_t i = 0; i < items.size(); ++i) names.emplace(items[i].name, i);
  return names;
}

void AddCall(const Numbers& names, const std::string& callee, uint32_t caller, Graph& graph) {
  auto found = names.find(callee);
  if (found != names.end()) graph.edges.push_back({found->second, caller});
}

void AddWorkflowCalls(const Region& region, const Numbers& names, uint32_t caller, Graph& graph) {
  for (const Node& node : region.nodes) {
    if (const auto* call = std::get_if<WorkflowNode>(&node.body)) AddCall(names, call->workflow, caller, graph);
    ForEachRegion(node, [&](const Region& inner) { AddWorkflowCalls(inner, names, caller, graph); });
  }
}

void AddFunctionCalls(const Expr& expr, const Numbers& names, uint32_t caller, Graph& graph) {
  if (expr.op == Op::kCall) AddCall(names, expr.name, caller, graph);
  if (expr.op == Op::kBuiltin && !expr.labels.empty()) AddCall(names, expr.labels[0], caller, graph);
  for (const Expr& arg : expr.args) AddFunctionCalls(arg, names, caller, graph);
}

void AddFunctionCalls(const Region& region, const Numbers& names, uint32_t caller, Graph& graph) {
  auto add = [&](const Expr& expr) { AddFunctionCalls(expr, names, caller, graph); };
  for (const Node& node : region.nodes) {
    ForEachExpr(node, add);
    ForEachRegion(node, [&](const Region& inner) { AddFunctionCalls(inner, names, caller, graph); });
  }
  ForEachExpr(region.result, add);
}

// Remembers the tree edges of a depth-first search; a back edge closes the cycle.
struct CycleFinder : boost::dfs_visitor<> {
  std::vector<uint32_t>* parent;
  std::vector<uint32_t>* cycle;
  void tree_edge(BoostGraph::edge_descriptor edge, const BoostGraph& graph) const {
    (*parent)[boost::target(edge, graph)] = static_cast<uint32_t>(boost::source(edge, graph));
  }
  void back_edge(BoostGraph::edge_descriptor edge, const BoostGraph& graph) const {
    if (!cycle->empty()) return;
    uint32_t first = static_cast<uint32_t>(boost::target(edge, graph));
    for (uint32_t at = static_cast<uint32_t>(boost::source(edge, graph)); at != first; at = (*parent)[at]) {
      cycle->push_back(at);
    }
    cycle->push_back(first);
    std::reverse(cycle->begin(), cycle->end());
  }
};

template <typename AnyGraph>
std::vector<uint32_t> Reached(const AnyGraph& graph, uint32_t count, uint32_t from) {
  std::vector<boost::default_color_type> colors(count, boost::white_color);
  boost::breadth_first_search(graph, from, boost::color_map(colors.data()));
  std::vector<uint32_t> out;
  for (uint32_t i = 0; i < count; ++i) {
    if (i != from && colors[i] != boost::white_color) out.push_back(i);
  }
  return out;
}

std::vector<uint32_t> Sorted(const BoostGraph& graph) {
  std::vector<uint32_t> order;
  try {
    boost::topological_sort(graph, std::back_inserter(order));
  } catch (const boost::not_a_dag&) {
    return {};
  }
  std::reverse(order.begin(), order.end());
  return order;
}

std::vector<double> LongestIn(const BoostGraph& graph, const std::vector<uint32_t>& order,
                              const std::vector<double>& weights) {
  HWF_CHECK(weights.size() == boost::num_vertices(graph));
  std::vector<double> length(weights);
  for (auto node = order.rbegin(); node != order.rend(); ++node) {
    double behind = 0;
    for (auto [edge, end] = boost::out_edges(*node, graph); edge != end; ++edge) {
      behind = std::max(behind, length[boost::target(*edge, graph)]);
    }
    length[*node] += behind;
  }
  return length;
}

}  // namespace

Graph DependenciesOf(const Region& region) {
  Graph graph;
  graph.count = static_cast<uint32_t>(region.nodes.size());
  Indices indices;
  for (uint32_t i = 0; i < graph.count; ++i) indices.emplace(region.nodes[i].id, i);
  for (uint32_t i = 0; i < graph.count; ++i) Reads(indices, i, graph.edges).Of(region.nodes[i]);
  Unique(graph.edges);
  return graph;
}

Graph WorkflowCalls(const Module& module) {
  Graph graph;
  graph.count = static_cast<uint32_t>(module.workflows.size());
  Numbers names = IndexByName(module.workflows);
  for (uint32_t i = 0; i < graph.count; ++i) AddWorkflowCalls(module.workflows[i].region, names, i, graph);
  Unique(graph.edges);
  return graph;
}

Graph FunctionCalls(const Module& module) {
  Graph graph;
  graph.count = static_cast<uint32_t>(module.functions.size());
  Numbers names = IndexByName(module.functions);
  for (uint32_t i = 0; i < graph.count; ++i) AddFunctionCalls(module.functions[i].region, names, i, graph);
  Unique(graph.edges);
  return graph;
}

std::vector<uint32_t> Order(const Graph& graph) { return Sorted(ToBoost(graph)); }

std::vector<uint32_t> FindCycle(const Graph& graph) {
  BoostGraph boost_graph = ToBoost(graph);
  std::vector<uint32_t> parent(graph.count), cycle;
  CycleFinder finder;
  finder.parent = &parent;
  finder.cycle = &cycle;
  boost::depth_first_search(boost_graph, boost::visitor(finder));
  return cycle;
}

std::vector<uint32_t> Dependants(const Graph& graph, uint32_t node) {
  return Reached(ToBoost(graph), graph.count, node);
}

std::vector<uint32_t> Needed(const Graph& graph, uint32_t node) {
  BoostGraph forward = ToBoost(graph);
  return Reached(boost::make_reverse_graph(forward), graph.count, node);
}

std::vector<double> LongestFrom(const Graph& graph, const std::vector<double>& weights) {
  const BoostGraph boost_graph = ToBoost(graph);
  return LongestIn(boost_graph, Sorted(boost_graph), weights);
}

Path CriticalPath(const Graph& graph, const std::vector<double>& weights) {
  const BoostGraph boost_graph = ToBoost(graph);
  const std::vector<uint32_t> order = Sorted(boost_graph);
  const std::vector<double> length = LongestIn(boost_graph, order, weights);
  constexpr uint32_t kNoNode = 0xffffffff;
  uint32_t next = kNoNode;
  const auto consider = [&](uint32_t node) {
    if (next == kNoNode || length[node] > length[next]) next = node;
  };
  for (const uint32_t node : order) consider(node);
  Path path;
  if (next != kNoNode) path.length = length[next];
  while (next != kNoNode) {
    path.nodes.push_back(next);
    next = kNoNode;
    for (auto [edge, end] = boost::out_edges(path.nodes.back(), boost_graph); edge != end; ++edge) {
      consider(static_cast<uint32_t>(boost::target(*edge, boost_graph)));
    }
  }
  return path;
}

}  // namespace hwf::ir
