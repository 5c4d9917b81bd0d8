// Two passes over each workflow: first every region gets its slots, and every value its place; then the expressions are
// walked for what they read.
#include "runtime/scheduler/plan.h"

#include <algorithm>
#include <set>

#include "base/check.h"
#include "ir/walk.h"

namespace hwf::scheduler {
namespace {

using ir::Expr;
using ir::TypeKind;
using ir::ValueId;

template <typename Visit>
void ForEachWithin(const Expr& top, const Visit& visit) {
  std::vector<const Expr*> todo = {&top};
  while (!todo.empty()) {
    const Expr* expr = todo.back();
    todo.pop_back();
    visit(*expr);
    for (const Expr& arg : expr->args) todo.push_back(&arg);
  }
}

using ExprList = std::vector<const Expr*>;

void AddRegion(const ir::Region& region, ExprList& out);

// What a node evaluates at once: its own expressions, and all of a `where`.
void AddOwn(const ir::Node& node, ExprList& out) {
  ir::ForEachExpr(node, [&](const Expr& expr) { out.push_back(&expr); });
  const auto* loop = std::get_if<ir::ForNode>(&node.body);
  const auto* watch = std::get_if<ir::WatchNode>(&node.body);
  if (loop != nullptr && loop->where) AddRegion(*loop->where, out);
  if (watch != nullptr && watch->where) AddRegion(*watch->where, out);
}

// All that a pure region evaluates.
void AddRegion(const ir::Region& region, ExprList& out) {
  if (region.result) out.push_back(&*region.result);
  for (const ir::Node& node : region.nodes) {
    ir::ForEachExpr(node, [&](const Expr& expr) { out.push_back(&expr); });
    ir::ForEachRegion(node, [&](const ir::Region& inner) { AddRegion(inner, out); });
  }
}

// The inner regions that become frames, by position; null for a missing else.
struct Bodies {
  using List = std::vector<const ir::Region*>;
  List operator()(const ir::IfNode& n) { return {n.then_body.get(), n.else_body.get()}; }
  List operator()(const ir::MatchNode& n) {
    List out;
    for (const ir::MatchArm& arm : n.arms) out.push_back(arm.body.get());
    return out;
  }
  List operator()(const ir::ForNode& n) { return {n.body.get()}; }
  List operator()(const ir::LoopNode& n) { return {n.body.get()}; }
  List operator()(const ir::WatchNode& n) { return {n.body.get()}; }
  List operator()(const ir::LetNode&) { return {}; }
  List operator()(const ir::TaskNode&) { return {}; }
  List operator()(const ir::WorkflowNode&) { return {}; }
  List operator()(const ir::ReviewNode&) { return {}; }
  List operator()(const ir::SendNode&) { return {}; }
  List operator()(const ir::CancelNode&) { return {}; }
  List operator()(const ir::CheckpointNode&) { return {}; }
  List operator()(const ir::FailNode&) { return {}; }
  List operator()(const ir::SourceNode&) { return {}; }
};

std::vector<const ir::Region*> InnerRegions(const ir::Node& node) { return std::visit(Bodies{}, node.body); }

bool IsUnit(ir::TypeRef type) { return type == nullptr || type->kind == TypeKind::kUnit; }

// Whether a body of this node gives no value that anybody takes.
bool BodiesAreUnit(const ir::Node& node) {
  if (std::holds_alternative<ir::WatchNode>(node.body)) return true;
  if (std::holds_alternative<ir::LoopNode>(node.body)) return false;
  if (std::holds_alternative<ir::ForNode>(node.body)) {
    return IsUnit(node.type) || (node.type->kind == TypeKind::kList && IsUnit(node.type->element));
  }
  return IsUnit(node.type);
}

class Planner {
 public:
  Planner(const ir::Module& module, Plans& plans) : module_(module), plans_(plans) {}

  void Run() {
    for (const ir::Task& task : module_.tasks) tasks_.emplace(task.name, &task);
    for (const ir::Workflow& workflow : module_.workflows) {
      WorkflowPlan& plan = plans_.workflows.emplace_back();
      plan.workflow = &workflow;
    }
    for (WorkflowPlan& plan : plans_.workflows) {
      workflow_ = &plan;
      bool unit = plan.workflow->outputs.empty();
      plan.root = Shape(plan.workflow->region, nullptr, unit);
      Name(*plan.root);
      for (RegionPlan* region : regions_) Wire(*region);
      regions_.clear();
    }
  }

 private:
  RegionPlan* Shape(const ir::Region& region, const RegionPlan* outer, bool unit) {
    RegionPlan* plan = &plans_.regions.emplace_back();
    regions_.push_back(plan);
    plan->region = &region;
    plan->outer = outer;
    plan->workflow = workflow_;
    plan->params = static_cast<uint32_t>(region.params.size());
    plan->unit = unit || !region.result || IsUnit(region.result->type);
    for (uint32_t i = 0; i < plan->params; ++i) Define(region.params[i].id, plan, i);
    plan->nodes.resize(region.nodes.size());
    for (uint32_t i = 0; i < plan->nodes.size(); ++i) {
      const ir::Node& node = region.nodes[i];
      plan->nodes[i].node = &node;
      Define(node.id, plan, plan->params + i);
      if (const auto* task = std::get_if<ir::TaskNode>(&node.body)) plan->nodes[i].task = FindTask(task->task);
      if (const auto* call = std::get_if<ir::WorkflowNode>(&node.body)) {
        plan->nodes[i].workflow = plans_.Find(call->workflow);
      }
      for (const ir::Region* inner : InnerRegions(node)) {
        plan->nodes[i].bodies.push_back(inner == nullptr ? nullptr : Shape(*inner, plan, BodiesAreUnit(node)));
      }
    }
    plan->readers.resize(plan->slots());
    return plan;
  }

  const ir::Task* FindTask(const std::string& name) const {
    auto it = tasks_.find(name);
    return it != tasks_.end() ? it->second : nullptr;
  }

  void Define(ValueId id, const RegionPlan* region, uint32_t slot) {
    if (id != ValueId::kNone) workflow_->values[static_cast<uint32_t>(id)] = {region, slot};
  }

  // Bodies of `if` and match add no level to places: their nodes share the names of the level they stand in. Where a
  // name of such a body is taken already (not by another arm of the same node, which cannot run as well), the whole
  // body gets the owner's name as a level of its own.
  void Name(RegionPlan& level) {
    std::set<std::string> taken;
    NameInto(level, taken);
  }
  void NameInto(RegionPlan& region, std::set<std::string>& taken) {
    for (const NodePlan& node : region.nodes) taken.insert(node.node->name);
    for (NodePlan& node : region.nodes) {
      bool flat =
          std::holds_alternative<ir::IfNode>(node.node->body) || std::holds_alternative<ir::MatchNode>(node.node->body);
      std::set<std::string> of_arms;
      for (RegionPlan* body : node.bodies) {
        if (body == nullptr) continue;
        if (!flat) {
          Name(*body);
          continue;
        }
        bool clash = std::any_of(body->nodes.begin(), body->nodes.end(),
                                 [&](const NodePlan& inner) { return taken.count(inner.node->name) != 0; });
        std::set<std::string> names = clash ? std::set<std::string>() : taken;
        if (clash) body->name_prefix = node.node->name + ".";
        NameInto(*body, names);
        if (!clash) of_arms.insert(names.begin(), names.end());
      }
      taken.insert(of_arms.begin(), of_arms.end());
    }
  }

  bool Locate(ValueId id, const RegionPlan& from, Address& out) const {
    const WorkflowPlan::Definition* definition = workflow_->Find(id);
    if (definition == nullptr) return false;
    out = {0, definition->slot};
    for (const RegionPlan* region = &from; region != nullptr; region = region->outer, ++out.up) {
      if (region == definition->region) return true;
    }
    return false;
  }

  NodePlan* NodeAt(const RegionPlan& from, Address address) const {
    const RegionPlan* region = &from;
    for (uint32_t i = 0; i < address.up; ++i) region = region->outer;
    if (address.slot < region->params) return nullptr;
    return &const_cast<RegionPlan*>(region)->nodes[address.slot - region->params];
  }

  void AddWait(std::vector<Dependency>& waits, Address address, Wait wait) {
    for (const Dependency& old : waits) {
      if (old.from.up == address.up && old.from.slot == address.slot) return;
    }
    waits.push_back({address, wait});
  }

  void AddReads(const Expr& top, const RegionPlan& region, std::vector<Dependency>& waits) {
    ForEachWithin(top, [&](const Expr& expr) {
      if (expr.op == ir::Op::kField && expr.args.size() == 1 && expr.args[0].op == ir::Op::kRef) {
        MarkStream(expr, region);
      }
      Address address;
      if (expr.op == ir::Op::kRef && Locate(expr.ref, region, address)) AddWait(waits, address, Wait::kData);
    });
  }

  void MarkStream(const Expr& field, const RegionPlan& region) {
    Address address;
    if (!Locate(field.args[0].ref, region, address)) return;
    NodePlan* job = NodeAt(region, address);
    if (job == nullptr || job->task == nullptr) return;
    for (const ir::Stream& stream : job->task->streams) {
      if (stream.name == field.name) job->streams_read = true;
    }
  }

  void Wire(RegionPlan& region) {
    for (uint32_t i = 0; i < region.nodes.size(); ++i) {
      NodePlan& node = region.nodes[i];
      WireFor(node, region);
      ExprList exprs;
      AddOwn(*node.node, exprs);
      for (const Expr* expr : exprs) AddReads(*expr, region, node.waits);
      for (ValueId id : node.node->after) {
        Address address;
        if (Locate(id, region, address)) AddWait(node.waits, address, Wait::kAfter);
      }
      WireJob(node, region, i);
      AddReaders(region, node.waits, i);
    }
    if (region.region->result) AddReads(*region.region->result, region, region.result_waits);
    AddReaders(region, region.result_waits, static_cast<uint32_t>(region.nodes.size()));
  }

  static void AddReaders(RegionPlan& region, const std::vector<Dependency>& waits, uint32_t node) {
    for (const Dependency& wait : waits) {
      if (wait.from.up == 0 && wait.wait != Wait::kElements)
        region.readers[wait.from.slot].push_back({node, wait.wait});
    }
  }

  void WireFor(NodePlan& node, const RegionPlan& region) {
    const auto* loop = std::get_if<ir::ForNode>(&node.node->body);
    Address address;
    if (loop == nullptr || loop->where || loop->list.op != ir::Op::kRef) return;
    if (!Locate(loop->list.ref, region, address)) return;
    NodePlan* other = NodeAt(region, address);
    if (other == nullptr || !std::holds_alternative<ir::ForNode>(other->node->body)) return;
    node.follows = true;
    node.waits.push_back({address, Wait::kElements});
  }

  void WireJob(NodePlan& node, RegionPlan& region, uint32_t index) {
    if (const auto* review = std::get_if<ir::ReviewNode>(&node.node->body)) {
      node.has_withdrawn_with = Locate(review->withdrawn_with, region, node.withdrawn_with);
    }
    node.has_job = Locate(ir::JobOf(*node.node), region, node.job);
    if (!node.has_job) return;
    NodePlan* job = NodeAt(region, node.job);
    if (job == nullptr || job->task == nullptr) {
      node.has_job = false;
      return;
    }
    if (std::holds_alternative<ir::WatchNode>(node.node->body)) {
      job->watched = true;
      if (node.job.up == 0) job->watches.push_back(index);
      if (node.job.up != 0) job->watched_within = true;
      node.only_for_job = OnlyFor(*node.node, ir::JobOf(*node.node), *node.bodies[0]->region);
    }
    if (!std::holds_alternative<ir::SendNode>(node.node->body)) return;
    job->told = true;
    for (uint32_t i = index; i-- > 0;) {
      const auto* before = std::get_if<ir::SendNode>(&region.nodes[i].node->body);
      if (before == nullptr || before->job != ir::JobOf(*node.node)) continue;
      AddWait(node.waits, {0, region.params + i}, Wait::kOrder);
      return;
    }
  }

  static bool OnlyFor(const ir::Node& watch, ValueId job, const ir::Region& region) {
    for (const ir::Node& node : region.nodes) {
      bool inside = std::holds_alternative<ir::LetNode>(node.body);
      for (const ir::Region* inner : InnerRegions(node)) {
        inside = true;
        if (inner != nullptr && !OnlyFor(watch, job, *inner)) return false;
      }
      if (const auto* review = std::get_if<ir::ReviewNode>(&node.body)) inside = review->withdrawn_with == job;
      if (const auto* send = std::get_if<ir::SendNode>(&node.body)) inside = send->job == job;
      if (const auto* cancel = std::get_if<ir::CancelNode>(&node.body)) inside = cancel->job == job;
      if (!inside) return false;
    }
    return true;
  }

  const ir::Module& module_;
  Plans& plans_;
  std::unordered_map<std::string, const ir::Task*> tasks_;
  WorkflowPlan* workflow_ = nullptr;
  std::vector<RegionPlan*> regions_;
};

}  // namespace

const WorkflowPlan* Plans::Find(const std::string& name) const {
  for (const WorkflowPlan& plan : workflows) {
    if (plan.workflow->name == name) return &plan;
  }
  return nullptr;
}

std::unique_ptr<Plans> BuildPlans(const ir::Module& module) {
  auto plans = std::make_unique<Plans>();
  Planner(module, *plans).Run();
  return plans;
}

}  // namespace hwf::scheduler
