// What nobody needs is left out: needed are the outputs of a workflow, and all that does something beside making a
// value (an effect, a review, a watch, a message, a checkpoint, a `fail`), with all that these read or await. What
// remains keeps its name, so that places stay as they are.
#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "compiler/passes/passes.h"
#include "ir/graph.h"
#include "ir/walk.h"

namespace hwf::passes {
namespace {

// The names of the tasks and workflows that do something beside making a value.
struct Doers {
  std::unordered_set<std::string_view> tasks, workflows;
};

bool Does(const Doers& doers, const ir::Node& node) {
  if (const auto* call = std::get_if<ir::TaskNode>(&node.body)) return doers.tasks.contains(call->task);
  if (const auto* call = std::get_if<ir::WorkflowNode>(&node.body)) return doers.workflows.contains(call->workflow);
  return std::holds_alternative<ir::ReviewNode>(node.body) || std::holds_alternative<ir::WatchNode>(node.body) ||
         std::holds_alternative<ir::SendNode>(node.body) || std::holds_alternative<ir::CancelNode>(node.body) ||
         std::holds_alternative<ir::CheckpointNode>(node.body) || std::holds_alternative<ir::FailNode>(node.body);
}

bool Does(const Doers& doers, const ir::Region& region) {
  return std::any_of(region.nodes.begin(), region.nodes.end(), [&](const ir::Node& node) {
    bool does = Does(doers, node);
    ir::ForEachRegion(node, [&](const ir::Region& inner) { does = does || Does(doers, inner); });
    return does;
  });
}

Doers DoersOf(const ir::Module& module) {
  Doers doers;
  for (const ir::Task& task : module.tasks) {
    if (task.effect || task.outputs.empty()) doers.tasks.insert(task.name);
  }
  for (const uint32_t index : ir::Order(ir::WorkflowCalls(module))) {
    const ir::Workflow& workflow = module.workflows[index];
    if (Does(doers, workflow.region)) doers.workflows.insert(workflow.name);
  }
  return doers;
}

// What of a workflow is needed.
class Needs {
 public:
  Needs(const Doers& doers, const ir::Workflow& workflow) {
    Enter(doers, workflow.region, ir::ValueId::kNone);
    NeedResult(workflow.region);
    while (!open_.empty()) {
      const Known known = known_.at(open_.back());
      open_.pop_back();
      NeedParts(known);
    }
  }
  bool Has(ir::ValueId id) const { return needed_.contains(id); }

 private:
  struct Known {
    const ir::Node* node = nullptr;
    ir::ValueId around = ir::ValueId::kNone;  // the node that the region of `node` belongs to
  };

  void Enter(const Doers& doers, const ir::Region& region, ir::ValueId around) {
    for (const ir::Node& node : region.nodes) {
      known_[node.id] = {&node, around};
      if (Does(doers, node)) Need(node.id);
      ir::ForEachRegion(node, [&](const ir::Region& inner) { Enter(doers, inner, node.id); });
    }
  }

  // Parameters are no nodes, and there anyway.
  void Need(ir::ValueId id) {
    if (known_.contains(id) && needed_.insert(id).second) open_.push_back(id);
  }
  void Need(const ir::Expr& expr) {
    if (expr.op == ir::Op::kRef) Need(expr.ref);
    for (const ir::Expr& arg : expr.args) Need(arg);
  }
  void NeedResult(const ir::Region& region) {
    if (region.result.has_value()) Need(*region.result);
  }

  void NeedParts(const Known& known) {
    const ir::Node& node = *known.node;
    Need(known.around);
    for (const ir::ValueId id : node.after) Need(id);
    ir::ForEachExpr(node, [&](const ir::Expr& expr) { Need(expr); });
    ir::ForEachRegion(node, [&](const ir::Region& inner) { NeedResult(inner); });
    Need(ir::JobOf(node));
    if (const auto* review = std::get_if<ir::ReviewNode>(&node.body)) Need(review->withdrawn_with);
  }

  std::unordered_map<ir::ValueId, Known> known_;
  std::unordered_set<ir::ValueId> needed_;
  std::vector<ir::ValueId> open_;  // needed, and not yet looked at
};

void Remove(const Needs& needs, ir::Region& region) {
  std::erase_if(region.nodes, [&](const ir::Node& node) { return !needs.Has(node.id); });
  for (ir::Node& node : region.nodes) {
    ir::ForEachRegion(node, [&](ir::Region& inner) { Remove(needs, inner); });
  }
}

}  // namespace

ir::Module Prune(ir::Module module) {
  const Doers doers = DoersOf(module);
  for (ir::Workflow& workflow : module.workflows) Remove(Needs(doers, workflow), workflow.region);
  return module;
}

}  // namespace hwf::passes
