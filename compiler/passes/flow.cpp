#include "compiler/passes/flow.h"

#include <algorithm>

#include "ir/graph.h"
#include "ir/sites.h"
#include "ir/type_rules.h"

namespace hwf::passes {

void Origins::Add(const Origins& other) {
  sites.insert(other.sites.begin(), other.sites.end());
  staying.insert(other.staying.begin(), other.staying.end());
  params.insert(other.params.begin(), other.params.end());
}

Flow::Flow(ir::Module& module, OnCall on_call) : module_(module), on_call_(std::move(on_call)) {
  for (const ir::Task& task : module.tasks) tasks_.emplace(task.name, &task);
}

// Twice: callees before callers, to know what a call gives; then callers before callees, to know what it is given.
void Flow::Run() {
  const std::vector<uint32_t> order = ir::Order(ir::WorkflowCalls(module_));
  const auto look = [&](uint32_t index, bool with_calls) {
    ir::Workflow& workflow = module_.workflows[index];
    calls_ = with_calls;
    values_.clear();
    lets_.clear();
    std::vector<Origins>& known = params_[workflow.name];
    const bool called = !known.empty() && workflow.name != module_.entry;
    for (uint32_t i = 0; i < workflow.region.params.size(); ++i) {
      Origins& origins = values_[workflow.region.params[i].id];
      if (!with_calls) {
        origins.params = {i};
      } else if (called) {
        origins = known[i];
      } else {
        origins.sites = {kThisMachine};
      }
    }
    Origins result = Walk(workflow.region);
    if (!with_calls) results_[workflow.name] = std::move(result);
  };
  for (const uint32_t index : order) look(index, false);
  for (auto index = order.rbegin(); index != order.rend(); ++index) look(*index, true);
}

// A watch waits for nothing of its job, but what it is shown comes from there: watches are last.
Origins Flow::Walk(ir::Region& region) {
  std::vector<ir::Node*> watches;
  for (const uint32_t index : ir::Order(ir::DependenciesOf(region))) {
    ir::Node& node = region.nodes[index];
    if (std::holds_alternative<ir::WatchNode>(node.body)) {
      watches.push_back(&node);
    } else {
      Visit(node);
    }
  }
  for (ir::Node* watch : watches) Visit(*watch);
  return region.result.has_value() ? OfExpr(*region.result) : Origins{};
}

void Flow::Visit(ir::Node& node) {
  Origins origins = std::visit([&](auto& body) { return Visit(node, body); }, node.body);
  values_[node.id].Add(origins);
}

Origins Flow::Visit(ir::Node& node, ir::TaskNode& body) {
  const ir::Task& task = *tasks_.at(body.task);
  if (calls_) {
    std::vector<Read> reads;
    for (const ir::Expr& arg : body.args) CollectReads(arg, reads);
    on_call_(node, task, body, reads);
  }
  Origins origins;
  if (!body.site.empty() || task.on.size() < 2) origins.sites = {ir::SiteOf(task, body)};
  return origins;
}

Origins Flow::Visit(ir::Node&, ir::WorkflowNode& body) {
  std::vector<Origins> args;
  for (const ir::Expr& arg : body.args) args.push_back(OfExpr(arg));
  if (calls_) {
    std::vector<Origins>& params = params_[body.workflow];
    params.resize(std::max(params.size(), args.size()));
    for (size_t i = 0; i < args.size(); ++i) params[i].Add(args[i]);
  }
  const Origins& result = results_[body.workflow];
  Origins origins;
  origins.sites = result.sites;
  origins.staying = result.staying;
  for (const uint32_t param : result.params) {
    if (param < args.size()) origins.Add(args[param]);
  }
  return origins;
}

Origins Flow::Visit(ir::Node&, ir::IfNode& body) {
  Origins origins = Walk(*body.then_body);
  if (body.else_body != nullptr) origins.Add(Walk(*body.else_body));
  return origins;
}

Origins Flow::Visit(ir::Node&, ir::MatchNode& body) {
  const Origins subject = OfExpr(body.subject);
  Origins origins;
  const bool tried = ir::IsFailureType(ir::WithoutApproval(body.subject.type));
  Origins made_here;  // the engine keeps the log of what failed, wherever it ran
  made_here.sites = {kThisMachine};
  for (ir::MatchArm& arm : body.arms) {
    const bool failed = tried && arm.variant == "failed";
    for (const ir::Param& bound : arm.body->params) values_[bound.id] = failed ? made_here : subject;
    origins.Add(Walk(*arm.body));
  }
  return origins;
}

Origins Flow::Visit(ir::Node&, ir::ForNode& body) {
  const Origins list = OfExpr(body.list);
  for (const ir::Param& element : body.body->params) values_[element.id] = list;
  return Walk(*body.body);
}

// A round is given what the one before it passed on: looked at until nothing new comes, then once for its calls.
Origins Flow::Visit(ir::Node&, ir::LoopNode& body) {
  Origins carried;
  for (const ir::Expr& init : body.init) carried.Add(OfExpr(init));
  const bool calls = std::exchange(calls_, false);
  size_t known = 0;
  do {
    known = carried.size();
    for (const ir::Param& param : body.body->params) values_[param.id] = carried;
    carried.Add(Walk(*body.body));
  } while (carried.size() > known);
  calls_ = calls;
  return calls ? Walk(*body.body) : carried;
}

// What an answer can hold was shown or offered.
Origins Flow::Visit(ir::Node&, ir::ReviewNode& body) {
  for (const ir::Shown& shown : body.show) {
    if (!calls_ || !on_shown_) break;
    std::vector<Read> reads;
    CollectReads(shown.value, reads);
    on_shown_(shown.value, reads);
  }
  Origins origins;
  for (const ir::Choice& choice : body.choices) {
    if (choice.granted.has_value()) origins.Add(OfExpr(*choice.granted));
    for (const ir::FormField& field : choice.fields) {
      if (field.one_of.has_value()) origins.Add(OfExpr(*field.one_of));
    }
  }
  return origins;
}

Origins Flow::Visit(ir::Node&, ir::WatchNode& body) {
  for (const ir::Param& emission : body.body->params) values_[emission.id] = values_[body.job];
  Walk(*body.body);
  return {};
}

Origins Flow::Visit(ir::Node& node, ir::LetNode& body) {
  lets_[node.id] = &Through(body.value);  // a chain of them is one step
  return OfExpr(body.value);
}

Origins Flow::Visit(ir::Node& node, ir::CheckpointNode& body) {
  lets_[node.id] = &Through(body.value);  // a chain of them is one step
  return OfExpr(body.value);
}

Origins Flow::Visit(ir::Node&, ir::SourceNode& body) {
  Origins origins;
  if (body.on.empty()) origins.sites = {kThisMachine};
  if (!body.on.empty()) origins.staying.insert(body.on);
  return origins;
}

Origins Flow::OfExpr(const ir::Expr& expr) const {
  std::vector<Read> reads;
  CollectReads(expr, reads);
  Origins origins;
  for (const Read& read : reads) origins.Add(read.origins);
  return origins;
}

void Flow::CollectReads(const ir::Expr& written, std::vector<Read>& reads) const {
  if (written.type == nullptr || !ir::HoldsFiles(written.type)) return;
  const ir::Expr& expr = Through(written);
  if (expr.op != ir::Op::kRef) {
    for (const ir::Expr& arg : expr.args) CollectReads(arg, reads);
    return;
  }
  auto known = values_.find(expr.ref);
  if (known != values_.end()) reads.push_back({expr.ref, known->second});
}

// `trained.model` of `checkpoint trained { model: job.model }` is `job.model`.
const ir::Expr& Flow::Through(const ir::Expr& expr, int steps) const {
  constexpr int kMaxSteps = 16;  // a longer way is not seen through
  const bool field = expr.op == ir::Op::kField && expr.args.size() == 1;
  if (steps >= kMaxSteps) return expr;
  const ir::Expr& base = field ? Through(expr.args[0], steps + 1) : expr;
  const ir::Expr* made = &base;
  if (base.op == ir::Op::kRef) {
    auto let = lets_.find(base.ref);
    if (let == lets_.end()) return expr;
    made = let->second;
  }
  const bool names = made->op == ir::Op::kRef || made->op == ir::Op::kField;
  if (!field) return names ? Through(*made, steps + 1) : expr;
  for (size_t i = 0; made->op == ir::Op::kRecord && i < made->args.size() && i < made->labels.size(); ++i) {
    if (made->labels[i] == expr.name) return Through(made->args[i], steps + 1);
  }
  return expr;
}

}  // namespace hwf::passes
