// Two calls of a task with equal arguments are one: the second becomes a name for the first. Only calls that would also
// reuse each other's result: no effect, no `cache off`, nothing watched, told or cancelled. The first stands in the
// same block, or in one around it with only `if` and `match` between: calls of different elements, rounds and emissions
// stay apart.
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>
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

using Tasks = std::unordered_map<std::string_view, const ir::Task*>;

// The calls that are spoken of as jobs: watched, told, cancelled, or their emissions read.
class Jobs {
 public:
  explicit Jobs(const Tasks& tasks) : tasks_(tasks) {}

  void Collect(const ir::Region& region) {
    for (const ir::Node& node : region.nodes) {
      if (const auto* call = std::get_if<ir::TaskNode>(&node.body)) calls_.emplace(node.id, tasks_.at(call->task));
    }
    for (const ir::Node& node : region.nodes) {
      named_.insert(ir::JobOf(node));
      ir::ForEachExpr(node, [&](const ir::Expr& expr) { Collect(expr); });
      ir::ForEachRegion(node, [&](const ir::Region& inner) { Collect(inner); });
    }
    if (region.result.has_value()) Collect(*region.result);
  }
  bool Has(ir::ValueId id) const { return named_.contains(id); }

 private:
  void Collect(const ir::Expr& expr) {
    if (expr.op == ir::Op::kField && expr.args.size() == 1 && expr.args[0].op == ir::Op::kRef) {
      const ir::ValueId base = expr.args[0].ref;
      auto call = calls_.find(base);
      if (call != calls_.end() && IsStream(*call->second, expr.name)) named_.insert(base);
    }
    for (const ir::Expr& arg : expr.args) Collect(arg);
  }
  static bool IsStream(const ir::Task& task, std::string_view name) {
    return std::any_of(task.streams.begin(), task.streams.end(), [&](const auto& each) { return each.name == name; });
  }

  const Tasks& tasks_;
  std::unordered_map<ir::ValueId, const ir::Task*> calls_;
  std::unordered_set<ir::ValueId> named_;
};

// Gives equal values of a workflow the same number: of names for a value, of equal expressions over equal values, of
// equal calls. What is not known to be equal has a number of its own.
class Numbers {
 public:
  uint64_t Of(ir::ValueId id) {
    auto [at, fresh] = values_.emplace(id, next_);
    if (fresh) ++next_;
    return at->second;
  }

  // After the nodes that it reads and awaits. `same`: of a call, that equal ones are as good.
  void Add(const ir::Node& node, bool same) {
    if (const auto* call = std::get_if<ir::TaskNode>(&node.body); call != nullptr && same) {
      std::string key = fmt::format("task {} {}", call->task, fmt::ptr(node.type));
      for (const ir::Expr& arg : call->args) key += fmt::format(" {}", Of(arg));
      std::set<uint64_t> awaited;
      for (const ir::ValueId id : node.after) awaited.insert(Of(id));
      for (const uint64_t each : awaited) key += fmt::format(" after {}", each);
      values_[node.id] = OfKey(std::move(key));
    }
    if (!node.after.empty()) return;
    if (const auto* let = std::get_if<ir::LetNode>(&node.body)) values_[node.id] = Of(let->value);
    if (const auto* source = std::get_if<ir::SourceNode>(&node.body)) {
      const uint64_t path = Of(source->path);
      values_[node.id] =
          OfKey(fmt::format("source {} {} {} {}", path, source->directory, source->on, source->base_dir));
    }
  }

 private:
  uint64_t Of(const ir::Expr& expr) {
    if (expr.op == ir::Op::kRef) return Of(expr.ref);
    std::string key = fmt::format("{} {}", static_cast<int>(expr.op), fmt::ptr(expr.type));
    // Texts with their lengths, so that no two keys are one.
    auto add = [&](std::string_view text) { key += fmt::format(" {}:{}", text.size(), text); };
    add(expr.op == ir::Op::kLiteral ? expr.literal.Dump() : "");
    add(expr.name);
    for (const std::string& label : expr.labels) add(label);
    for (const ir::Expr& arg : expr.args) key += fmt::format(" {}", Of(arg));
    return OfKey(std::move(key));
  }
  uint64_t OfKey(std::string key) {
    auto [at, fresh] = keys_.emplace(std::move(key), next_);
    if (fresh) ++next_;
    return at->second;
  }

  uint64_t next_ = 0;
  std::unordered_map<ir::ValueId, uint64_t> values_;
  std::unordered_map<std::string, uint64_t> keys_;
};

class Merger {
 public:
  Merger(const Tasks& tasks, ir::Region& region) : tasks_(tasks), jobs_(tasks) {
    jobs_.Collect(region);
    Enter(region);
  }

 private:
  void Enter(ir::Region& region) {
    for (const uint32_t index : ir::Order(ir::DependenciesOf(region))) {
      numbers_.Add(region.nodes[index], MayMerge(region.nodes[index]));
    }
    std::vector<uint64_t> added;
    for (ir::Node& node : region.nodes) {
      if (!MayMerge(node)) continue;
      const uint64_t number = numbers_.Of(node.id);
      const auto [first, fresh] = first_.emplace(number, node.id);
      if (fresh) {
        added.push_back(number);
      } else {
        Name(node, first->second);
      }
    }
    for (ir::Node& node : region.nodes) EnterParts(node);
    for (const uint64_t number : added) first_.erase(number);
  }

  void EnterParts(ir::Node& node) {
    const bool branches =
        std::holds_alternative<ir::IfNode>(node.body) || std::holds_alternative<ir::MatchNode>(node.body);
    ir::ForEachRegion(node, [&](ir::Region& inner) {
      if (branches) return Enter(inner);
      auto around = std::exchange(first_, {});
      Enter(inner);
      first_ = std::move(around);
    });
  }

  bool MayMerge(const ir::Node& node) const {
    const auto* call = std::get_if<ir::TaskNode>(&node.body);
    if (call == nullptr || call->tried || jobs_.Has(node.id)) return false;
    const ir::Task& task = *tasks_.at(call->task);
    return task.cache && !task.effect && !task.outputs.empty();
  }

  // The node is no call any more, but another name for the value of `first`.
  static void Name(ir::Node& node, ir::ValueId first) {
    ir::Expr value;
    value.op = ir::Op::kRef;
    value.type = node.type;
    value.ref = first;
    value.span = node.span;
    node.body = ir::LetNode{std::move(value)};
    node.after.clear();
  }

  const Tasks& tasks_;
  Jobs jobs_;
  Numbers numbers_;
  std::unordered_map<uint64_t, ir::ValueId> first_;  // of the calls of this block and those around it, by number
};

}  // namespace

ir::Module Merge(ir::Module module) {
  Tasks tasks;
  for (const ir::Task& task : module.tasks) tasks.emplace(task.name, &task);
  for (ir::Workflow& workflow : module.workflows) Merger(tasks, workflow.region);
  return module;
}

}  // namespace hwf::passes
