// A `for` whose body calls a task on a Slurm site: the calls that wait for nothing else in the body, nor for elements
// that come one by one, begin together, and can be one array of jobs.
#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "compiler/passes/passes.h"
#include "ir/sites.h"
#include "ir/walk.h"

namespace hwf::passes {
namespace {

class Marker {
 public:
  explicit Marker(ir::Module& module) : module_(module) {
    for (const ir::Task& task : module.tasks) tasks_.emplace(task.name, &task);
  }
  void Run() {
    for (ir::Workflow& workflow : module_.workflows) {
      futures_.clear();
      Outside(workflow.region);
    }
  }

 private:
  // A region that is entered once.
  void Outside(ir::Region& region) {
    for (ir::Node& node : region.nodes) Enter(node);
  }

  void Enter(ir::Node& node) {
    auto* loop = std::get_if<ir::ForNode>(&node.body);
    if (loop == nullptr) {
      ir::ForEachRegion(node, [&](ir::Region& inner) { Outside(inner); });
      return;
    }
    if (loop->where == nullptr && TakesTime(*loop->body)) futures_.insert(node.id);
    // What lies around the loop is there for all of its elements at the same moment.
    auto around = std::exchange(late_, {});
    Body(*loop->body, loop->where != nullptr || !IsFuture(loop->list));
    late_ = std::move(around);
  }

  // The body of a `for`, or a branch in it. `together`: it is entered for all elements at once.
  void Body(ir::Region& region, bool together) {
    // Nodes may stand before what they read, so lateness is known first.
    bool changed = true;
    while (changed) {
      changed = false;
      for (const ir::Node& node : region.nodes) {
        if (late_.contains(node.id) || !(TakesTime(node) || Waits(node))) continue;
        late_.insert(node.id);
        changed = true;
      }
    }
    for (ir::Node& node : region.nodes) {
      const bool now = together && !Waits(node);
      if (auto* call = std::get_if<ir::TaskNode>(&node.body)) {
        call->array = now && IsOnSlurm(*call);
      } else if (std::holds_alternative<ir::IfNode>(node.body) || std::holds_alternative<ir::MatchNode>(node.body)) {
        ir::ForEachRegion(node, [&](ir::Region& inner) { Body(inner, now); });
      } else {
        Enter(node);
      }
    }
  }

  bool IsOnSlurm(const ir::TaskNode& call) const {
    const ir::Site* site = ir::FindSite(module_, ir::SiteOf(*tasks_.at(call.task), call));
    return site != nullptr && site->kind == "slurm";
  }

  // Reads or awaits something of the body that is not there at once.
  bool Waits(const ir::Node& node) const {
    bool waits = false;
    for (const ir::ValueId id : node.after) waits = waits || late_.contains(id);
    ir::ForEachExpr(node, [&](const ir::Expr& expr) { waits = waits || ReadsLate(expr); });
    return waits;
  }
  bool ReadsLate(const ir::Expr& expr) const {
    if (expr.op == ir::Op::kRef) return late_.contains(expr.ref);
    for (const ir::Expr& arg : expr.args) {
      if (ReadsLate(arg)) return true;
    }
    return false;
  }
  // The list of another `for` whose elements come as they are done.
  bool IsFuture(const ir::Expr& list) const { return list.op == ir::Op::kRef && futures_.contains(list.ref); }

  static bool TakesTime(const ir::Node& node) {
    if (std::holds_alternative<ir::TaskNode>(node.body) || std::holds_alternative<ir::WorkflowNode>(node.body) ||
        std::holds_alternative<ir::ReviewNode>(node.body)) {
      return true;
    }
    bool takes = false;
    ir::ForEachRegion(node, [&](const ir::Region& inner) { takes = takes || TakesTime(inner); });
    return takes;
  }
  static bool TakesTime(const ir::Region& region) {
    for (const ir::Node& node : region.nodes) {
      if (TakesTime(node)) return true;
    }
    return false;
  }

  ir::Module& module_;
  std::unordered_map<std::string_view, const ir::Task*> tasks_;
  std::unordered_set<ir::ValueId> futures_;  // of the workflow at hand: values of a `for` that come one by one
  std::unordered_set<ir::ValueId> late_;     // of the body at hand
};

}  // namespace

ir::Module Arrays(ir::Module module) {
  const bool slurm =
      std::any_of(module.sites.begin(), module.sites.end(), [](const ir::Site& site) { return site.kind == "slurm"; });
  if (slurm) Marker(module).Run();
  return module;
}

}  // namespace hwf::passes
