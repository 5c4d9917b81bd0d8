// Of what is ready, that goes first behind which the most time waits: a call's priority is the length of the longest
// chain from its beginning to the end of the run, out of its block, its `for` and its workflow too. A task counts with
// its `time`, a review with its `within`, if they are constants; else with a minute, since something has to stand for
// it.
#include <algorithm>
#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "compiler/passes/passes.h"
#include "ir/graph.h"
#include "ir/walk.h"

namespace hwf::passes {
namespace {

constexpr double kUnknownMs = 60'000;
constexpr double kMostMs = 1e15;  // longer than any run

double Constant(const ir::Expr& duration) {
  const bool known = duration.op == ir::Op::kLiteral && duration.literal.is_int() && duration.literal.AsInt() > 0;
  return known ? static_cast<double>(duration.literal.AsInt()) : kUnknownMs;
}

double TimeOf(const ir::Task& task) {
  auto time = std::find_if(task.needs.begin(), task.needs.end(), [](const auto& need) { return need.name == "time"; });
  return time == task.needs.end() ? kUnknownMs : Constant(time->value);
}

class Prioritizer {
 public:
  explicit Prioritizer(ir::Module& module) : module_(module) {
    for (const ir::Task& task : module.tasks) times_.emplace(task.name, TimeOf(task));
  }
  void Run() {
    const std::vector<uint32_t> order = ir::Order(ir::WorkflowCalls(module_));
    for (const uint32_t index : order) {
      const ir::Workflow& workflow = module_.workflows[index];
      lengths_.emplace(workflow.name, LengthOf(workflow.region));
    }
    // From the callers to the called: behind a workflow is what is behind the call with the most.
    for (auto index = order.rbegin(); index != order.rend(); ++index) {
      ir::Workflow& workflow = module_.workflows[*index];
      Mark(workflow.region, behind_[workflow.name]);
    }
  }

 private:
  double LengthOf(const ir::Region& region) {
    const std::vector<double> lengths = LengthsOf(region);
    return lengths.empty() ? 0 : *std::max_element(lengths.begin(), lengths.end());
  }
  // From the beginning of each node to the end of the region.
  std::vector<double> LengthsOf(const ir::Region& region) {
    std::vector<double> weights;
    for (const ir::Node& node : region.nodes) weights.push_back(WeightOf(node));
    return ir::LongestFrom(ir::DependenciesOf(region), weights);
  }

  // Once for each node with regions, not for each block around it again.
  double WeightOf(const ir::Node& node) {
    if (const auto* call = std::get_if<ir::TaskNode>(&node.body)) return times_.at(call->task);
    if (const auto* call = std::get_if<ir::WorkflowNode>(&node.body)) return lengths_.at(call->workflow);
    if (const auto* review = std::get_if<ir::ReviewNode>(&node.body)) {
      return review->within.has_value() ? Constant(*review->within) : kUnknownMs;
    }
    if (auto known = weights_.find(&node); known != weights_.end()) return known->second;
    double longest = 0;
    ir::ForEachRegion(node, [&](const ir::Region& inner) { longest = std::max(longest, LengthOf(inner)); });
    return weights_[&node] = longest;
  }

  void Mark(ir::Region& region, double behind) {
    const std::vector<double> lengths = LengthsOf(region);
    for (size_t i = 0; i < region.nodes.size(); ++i) {
      ir::Node& node = region.nodes[i];
      const double after = lengths[i] - WeightOf(node) + behind;
      if (auto* call = std::get_if<ir::TaskNode>(&node.body)) {
        call->priority = static_cast<int64_t>(std::min(lengths[i] + behind, kMostMs));
      } else if (const auto* called = std::get_if<ir::WorkflowNode>(&node.body)) {
        double& most = behind_[called->workflow];
        most = std::max(most, after);
      }
      ir::ForEachRegion(node, [&](ir::Region& inner) { Mark(inner, after); });
    }
  }

  ir::Module& module_;
  std::unordered_map<std::string_view, double> times_;    // by task
  std::unordered_map<std::string_view, double> lengths_;  // by workflow
  std::unordered_map<std::string_view, double> behind_;   // by workflow
  std::unordered_map<const ir::Node*, double> weights_;   // of those with regions
};

}  // namespace

ir::Module Priorities(ir::Module module) {
  Prioritizer(module).Run();
  return module;
}

}  // namespace hwf::passes
