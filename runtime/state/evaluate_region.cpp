// Pure regions: the nodes of a frame are computed when first read. An inner region sees the frames around it, so what
// it reads of them is made before it begins. A test's stub may also fail, and name data, of which it has the name alone
// (runtime/simulate/made_up.h).
#include <fmt/format.h>

#include "runtime/state/evaluator.h"
#include "runtime/state/values.h"

namespace hwf::state {

using ir::Expr;
using ir::Op;

const Json* Evaluator::RegionResult(PureFrame& frame, Json& scratch) {
  if (!frame.region().result) return &(scratch = Json());
  return Lazy(*frame.region().result, frame, scratch);
}

// In a pure frame: computes the nodes that the expression reads first.
const Json* Evaluator::Lazy(const Expr& expr, PureFrame& frame, Json& scratch) {
  if (!MakeRead(expr, frame)) return nullptr;
  return Eval(expr, frame, scratch);
}

bool Evaluator::Make(const ir::Node& node, PureFrame& frame) {
  if (++depth_ > kMaxDepth) {
    failure = Failure{"this function is nested too deeply", node.span};
    return false;
  }
  Json scratch;
  const Json* value = nullptr;
  if (const auto* let = std::get_if<ir::LetNode>(&node.body)) {
    value = Lazy(let->value, frame, scratch);
  } else if (const auto* branch = std::get_if<ir::IfNode>(&node.body)) {
    value = MakeIf(*branch, frame, scratch);
  } else if (const auto* match = std::get_if<ir::MatchNode>(&node.body)) {
    value = MakeMatch(node, *match, frame, scratch);
  } else if (const auto* loop = std::get_if<ir::ForNode>(&node.body)) {
    value = MakeFor(*loop, frame, scratch);
  } else if (const auto* fail = std::get_if<ir::FailNode>(&node.body)) {
    const Json* message = Lazy(fail->message, frame, scratch);
    if (message != nullptr) failure = Failure{message->is_string() ? message->AsString() : message->Dump(), node.span};
  } else if (const auto* source = std::get_if<ir::SourceNode>(&node.body)) {
    const Json* path = Lazy(source->path, frame, scratch);
    if (path != nullptr) value = Keep(Json().Set("path", *path).Set("digest", "").Set("size", 0), scratch);
  } else {
    failure = Failure{"only pure values can be computed here", node.span};
  }
  --depth_;
  if (value == nullptr) return false;
  frame.Bind(node.id, Taken(value, scratch));
  return true;
}

const Json* Evaluator::Inner(const ir::Region& region, JsonArray arguments, PureFrame& outer, Json& scratch) {
  if (!MakeReadFromOutside(region, outer)) return nullptr;
  PureFrame frame(region, &outer);
  for (size_t i = 0; i < region.params.size() && i < arguments.size(); ++i) {
    frame.Bind(region.params[i].id, std::move(arguments[i]));
  }
  Json made;
  const Json* value = RegionResult(frame, made);
  if (value == nullptr) return nullptr;
  return Keep(Taken(value, made), scratch);
}

bool Evaluator::MakeRead(const Expr& expr, PureFrame& frame) {
  std::vector<const Expr*> todo = {&expr};
  while (!todo.empty()) {
    const Expr* next = todo.back();
    todo.pop_back();
    for (const Expr& arg : next->args) todo.push_back(&arg);
    if (next->op != Op::kRef || frame.Own(next->ref) != nullptr) continue;
    const ir::Node* node = frame.Unmade(next->ref);
    if (node != nullptr && !Make(*node, frame)) return false;
  }
  return true;
}

bool Evaluator::MakeReadFromOutside(const ir::Region& region, PureFrame& outer) {
  if (region.result && !MakeRead(*region.result, outer)) return false;
  for (const ir::Node& node : region.nodes) {
    if (const auto* let = std::get_if<ir::LetNode>(&node.body)) {
      if (!MakeRead(let->value, outer)) return false;
    } else if (const auto* branch = std::get_if<ir::IfNode>(&node.body)) {
      if (!MakeRead(branch->condition, outer) || !MakeReadFromOutside(*branch->then_body, outer)) return false;
      if (branch->else_body && !MakeReadFromOutside(*branch->else_body, outer)) return false;
    } else if (const auto* match = std::get_if<ir::MatchNode>(&node.body)) {
      if (!MakeRead(match->subject, outer)) return false;
      for (const ir::MatchArm& arm : match->arms) {
        if (!MakeReadFromOutside(*arm.body, outer)) return false;
      }
    } else if (const auto* loop = std::get_if<ir::ForNode>(&node.body)) {
      if (!MakeRead(loop->list, outer) || !MakeReadFromOutside(*loop->body, outer)) return false;
      if (loop->where && !MakeReadFromOutside(*loop->where, outer)) return false;
    } else if (const auto* fail = std::get_if<ir::FailNode>(&node.body)) {
      if (!MakeRead(fail->message, outer)) return false;
    } else if (const auto* source = std::get_if<ir::SourceNode>(&node.body)) {
      if (!MakeRead(source->path, outer)) return false;
    }
  }
  return true;
}

const Json* Evaluator::MakeIf(const ir::IfNode& branch, PureFrame& frame, Json& scratch) {
  Json condition_scratch;
  const Json* condition = Lazy(branch.condition, frame, condition_scratch);
  if (condition == nullptr) return nullptr;
  if (!condition->is_bool()) return Fail(branch.condition, "the condition is no Bool");
  const ir::Region* body = condition->AsBool() ? branch.then_body.get() : branch.else_body.get();
  if (body == nullptr) return &(scratch = Json());
  return Inner(*body, {}, frame, scratch);
}

const Json* Evaluator::MakeMatch(const ir::Node& node, const ir::MatchNode& match, PureFrame& frame, Json& scratch) {
  Json subject_scratch;
  const Json* subject = Lazy(match.subject, frame, subject_scratch);
  if (subject == nullptr) return nullptr;
  std::string variant = subject->StringOr("variant", "");
  for (const ir::MatchArm& arm : match.arms) {
    if (!arm.variant.empty() && arm.variant != variant) continue;
    JsonArray binds;
    for (const std::string& field : arm.binds) binds.push_back((*subject)["fields"][field]);
    return Inner(*arm.body, std::move(binds), frame, scratch);
  }
  failure = Failure{fmt::format("no arm takes the variant `{}`", variant), node.span};
  return nullptr;
}

const Json* Evaluator::MakeFor(const ir::ForNode& loop, PureFrame& frame, Json& scratch) {
  Json list_scratch;
  const Json* list = Lazy(loop.list, frame, list_scratch);
  if (list == nullptr) return nullptr;
  if (!list->is_array()) return Fail(loop.list, "this is no list");
  JsonArray out;
  for (const Json& item : list->AsArray()) {
    Json made;
    if (loop.where) {
      if (Inner(*loop.where, {item}, frame, made) == nullptr) return nullptr;
      if (!made.is_bool() || !made.AsBool()) continue;
    }
    if (Inner(*loop.body, {item}, frame, made) == nullptr) return nullptr;
    out.push_back(std::move(made));
  }
  scratch = Json(std::move(out));
  return &scratch;
}

const Json* Evaluator::Call(const Expr& expr, const Environment& env, Json& scratch) {
  std::vector<Json> arguments;
  for (const Expr& arg : expr.args) {
    Json made;
    const Json* value = Eval(arg, env, made);
    if (value == nullptr) return nullptr;
    arguments.push_back(Taken(value, made));
  }
  Evaluation result = Apply(expr, expr.name, std::move(arguments));
  return Computed(std::move(result), scratch);
}

Evaluation Evaluator::Apply(const Expr& at, const std::string& name, std::vector<Json> arguments) {
  const ir::Function* function = module_.FindFunction(name);
  if (function == nullptr) return {Json(), Failure{fmt::format("there is no function `{}`", name), at.span}};
  Evaluator inner(module_, depth_ + 1);
  PureFrame frame(function->region, nullptr);
  for (size_t i = 0; i < function->region.params.size(); ++i) {
    const ir::Param& param = function->region.params[i];
    Json value;
    if (i < arguments.size()) {
      value = std::move(arguments[i]);
    } else if (param.default_value) {
      Json made;
      const Json* made_value = inner.Eval(*param.default_value, frame, made);
      if (made_value == nullptr) return {Json(), std::move(inner.failure)};
      value = *made_value;
    } else {
      return {Json(), Failure{fmt::format("`{}` lacks its argument `{}`", name, param.name), at.span}};
    }
    frame.Bind(param.id, Widen(std::move(value), param.type));
  }
  Json made;
  const Json* value = inner.RegionResult(frame, made);
  if (value == nullptr) return {Json(), std::move(inner.failure)};
  Json out = Taken(value, made);
  return {function->result != nullptr ? Widen(std::move(out), function->result) : std::move(out), std::nullopt};
}

}  // namespace hwf::state
