#include <algorithm>

#include "ir/graph.h"
#include "ir/json.h"
#include "ir/names.h"
#include "ir/sites.h"
#include "ir/type_rules.h"
#include "ir/verifier.h"
#include "ir/verify.h"

namespace hwf::ir::internal {

void Verifier::Declare(ValueId id, Value value) {
  if (static_cast<uint32_t>(id) > kMaxValueId) return Fault("a value has no number");
  if (!values_.emplace(id, value).second) Fault("two values have the number {}", static_cast<uint32_t>(id));
}

void Verifier::DeclareParams(const std::vector<Param>& params) {
  UniqueNames(params, "parameters");
  for (const Param& param : params) {
    CheckType(param.type);
    if (param.type == nullptr) continue;
    // Earlier parameters are in scope here, this one and later ones not yet.
    if (param.default_value.has_value()) CheckExprIs(*param.default_value, param.type, "a default");
    Declare(param.id, {.type = param.type});
  }
}

// `result` is what the region has to give; null leaves it to the caller, a () takes anything.
void Verifier::CheckRegion(const Region& region, TypeRef result) {
  if (full()) return;
  size_t before = faults_.size();
  DeclareParams(region.params);
  UniqueNames(region.nodes, "nodes");
  for (const Node& node : region.nodes) {
    CheckName(node.name, "node");
    CheckType(node.type);
    Value value{.type = node.type};
    if (const auto* call = std::get_if<TaskNode>(&node.body)) {
      auto task = tasks_.find(call->task);
      if (task != tasks_.end()) value.task = task->second;
      value.kind = Value::Kind::kTask;
    }
    Declare(node.id, value);
  }
  // With a value missing or a type broken, what follows would only repeat it.
  if (faults_.size() != before) return;
  for (const Node& node : region.nodes) CheckNode(node);
  if (region.result.has_value()) {
    CheckExpr(*region.result);
    if (faults_.size() == before && result != nullptr && result->kind != TypeKind::kUnit) {
      CheckFits(region.result->type, result, "the result");
    }
  } else if (result != nullptr && result->kind != TypeKind::kUnit && result->kind != TypeKind::kNever) {
    Fault("a region of type {} has no result", ToString(result));
  }
  std::vector<uint32_t> cycle = FindCycle(DependenciesOf(region));
  if (!cycle.empty()) {
    std::string names;
    for (uint32_t index : cycle) names += "`" + region.nodes[index].name + "` → ";
    Fault("nodes wait for each other in a cycle: {}`{}`", names, region.nodes[cycle[0]].name);
  }
  for (const Param& param : region.params) values_[param.id].in_scope = false;
  for (const Node& node : region.nodes) values_[node.id].in_scope = false;
}

void Verifier::CheckNode(const Node& node) {
  if (full()) return;
  Place place(*this, "node `" + node.name + "`");
  for (ValueId id : node.after) {
    auto found = values_.find(id);
    if (found == values_.end() || !found->second.in_scope) {
      Fault("it waits for the value {}, which is not in its scope", static_cast<uint32_t>(id));
    }
  }
  std::visit([&](const auto& body) { CheckBody(node, body); }, node.body);
}

void Verifier::CheckArgs(const std::vector<Expr>& args, const std::vector<Param>& params, const char* what) {
  if (args.size() != params.size()) {
    return Fault("the {} takes {} arguments, not {}", what, params.size(), args.size());
  }
  for (size_t i = 0; i < args.size(); ++i) {
    if (params[i].type != nullptr) CheckExprIs(args[i], params[i].type, ("`" + params[i].name + "`").c_str());
  }
}

void Verifier::CheckInner(const std::unique_ptr<Region>& region, std::vector<TypeRef> params, TypeRef result) {
  if (region == nullptr) return Fault("a region is missing");
  if (region->params.size() != params.size()) {
    return Fault("a region has {} parameters, not {}", region->params.size(), params.size());
  }
  for (size_t i = 0; i < params.size(); ++i) {
    if (region->params[i].type != nullptr) CheckFits(params[i], region->params[i].type, "a region's parameter");
  }
  CheckRegion(*region, result);
}

void Verifier::CheckBody(const Node& node, const LetNode& body) { CheckExprIs(body.value, node.type, "its value"); }
void Verifier::CheckBody(const Node& node, const CheckpointNode& body) {
  CheckExprIs(body.value, node.type, "its value");
  Expect(node.type->record != nullptr, "a checkpoint is a record");
}
void Verifier::CheckBody(const Node&, const FailNode& body) {
  CheckExprIs(body.message, Simple(TypeKind::kString), "its message");
}
void Verifier::CheckBody(const Node& node, const SourceNode& body) {
  CheckExprIs(body.path, Simple(TypeKind::kString), "its path");
  CheckFits(Simple(body.directory ? TypeKind::kDir : TypeKind::kFile), node.type, "a source");
  Expect(!body.base_dir.empty() && body.base_dir[0] == '/', "its base directory is not absolute");
  const bool known = body.on.empty() || body.on == "here" || FindSite(module_, body.on) != nullptr;
  if (!known) Fault("`{}`, where it stays, is no site of the module", body.on);
}

void Verifier::CheckBody(const Node& node, const TaskNode& body) {
  auto task = tasks_.find(body.task);
  if (task == tasks_.end()) return Fault("`{}` is no task of the module", body.task);
  CheckArgs(body.args, task->second->params, "task");
  const TypeRef outputs = task->second->output_record;
  if (body.tried) {
    const bool gives = outputs != nullptr && outputs->kind != TypeKind::kUnit;
    const TypeRef value = CheckTried(*node.type, Tried::kTask, gives);
    if (value != nullptr) CheckFits(outputs, value, "the tried call's value");
  } else if (node.type->kind != TypeKind::kUnit) {
    CheckFits(outputs, node.type, "the task's value");
  }
  CheckPlacement(*task->second, body);
}

// `try` gives `ok(value)`, the outputs, or `failed(…)`. The type of the value; null if there is none to look at.
TypeRef Verifier::CheckTried(const Type& type, Tried what, bool gives) {
  if (!IsFailureTypeOf(what, &type)) {
    Fault("a tried call of type {}", ToString(&type));
    return nullptr;
  }
  const std::vector<FieldDef>& given = type.enumeration->variants[0].fields;
  Expect(given.empty() != gives, "`ok` of a tried call has the value of its outputs");
  return gives && !given.empty() ? given[0].type : nullptr;
}

void Verifier::CheckPlacement(const Task& task, const TaskNode& body) {
  const std::vector<std::string>& on = task.on;
  const bool one_of_them = on.empty() ? body.site == "here" : std::find(on.begin(), on.end(), body.site) != on.end();
  if (!body.site.empty() && !one_of_them) Fault("it runs on `{}`, which its task does not name", body.site);
  for (const TaskNode::Move& move : body.moves) {
    auto found = values_.find(move.value);
    if (found == values_.end() || !found->second.in_scope) {
      Fault("it moves the value {}, which is not in its scope", static_cast<uint32_t>(move.value));
    }
    if (!IsSite(move.from)) Fault("it moves a value from `{}`, which is no site of the module", move.from);
  }
  Expect(body.pack >= 0 && body.pack <= kMaxPack, "its `pack` is out of range");
}

void Verifier::CheckBody(const Node& node, const WorkflowNode& body) {
  auto workflow = workflows_.find(body.workflow);
  if (workflow == workflows_.end()) return Fault("`{}` is no workflow of the module", body.workflow);
  CheckArgs(body.args, workflow->second->region.params, "workflow");
  TypeRef value = node.type;
  if (body.tried) {
    value = CheckTried(*node.type, Tried::kWorkflow, !workflow->second->outputs.empty());
    if (value == nullptr) return;
  }
  if (value->record == nullptr) {
    return Expect(value->kind == TypeKind::kUnit || value->kind == TypeKind::kNever,
                  "a workflow's value is the record of its outputs");
  }
  for (const FieldDef& field : value->record->fields) {
    bool known = false;
    for (const FieldDef& output : workflow->second->outputs) {
      known = known || (output.name == field.name && Fits(output.type, field.type));
    }
    if (!known) Fault("the workflow does not give `{}`", field.name);
  }
}

void Verifier::CheckBody(const Node& node, const IfNode& body) {
  CheckExprIs(body.condition, Simple(TypeKind::kBool), "its condition");
  CheckInner(body.then_body, {}, node.type);
  if (body.else_body != nullptr) {
    CheckInner(body.else_body, {}, node.type);
  } else {
    Expect(node.type->kind == TypeKind::kUnit, "an `if` without `else` has type ()");
  }
}

void Verifier::CheckArm(const EnumDef& type, bool approved, const MatchArm& arm, TypeRef result) {
  Place place(*this, "arm `" + arm.variant + "`");
  std::vector<TypeRef> params;
  if (arm.variant.empty()) {
    Expect(arm.binds.empty(), "an arm for everything else binds nothing");
    return CheckInner(arm.body, {}, result);
  }
  const VariantDef* variant = type.Find(arm.variant);
  if (variant == nullptr) return Fault("{} has no such variant", type.name);
  for (const std::string& bind : arm.binds) {
    const FieldDef* field = variant->Find(bind);
    if (field == nullptr) return Fault("the variant has no field `{}`", bind);
    params.push_back(approved ? module_.types->Approved(field->type) : field->type);
  }
  CheckInner(arm.body, std::move(params), result);
}

void Verifier::CheckBody(const Node& node, const MatchNode& body) {
  size_t before = faults_.size();
  CheckExpr(body.subject);
  if (faults_.size() != before) return;
  // What is bound of an approved value is approved.
  bool approved = body.subject.type->kind == TypeKind::kApproved;
  const EnumDef* type = approved ? body.subject.type->element->enumeration : body.subject.type->enumeration;
  if (type == nullptr) return Fault("a `match` on {}, which is no enum", ToString(body.subject.type));
  std::unordered_set<std::string_view> taken;
  for (const MatchArm& arm : body.arms) {
    if (!taken.insert(arm.variant).second) Fault("two arms take `{}`", arm.variant);
    CheckArm(*type, approved, arm, node.type);
  }
  if (taken.contains("")) return;
  for (const VariantDef& variant : type->variants) {
    if (!taken.contains(variant.name)) Fault("no arm takes `{}`", variant.name);
  }
}

void Verifier::CheckBody(const Node& node, const ForNode& body) {
  size_t before = faults_.size();
  CheckExpr(body.list);
  if (faults_.size() != before) return;
  bool approved = body.list.type->kind == TypeKind::kApproved;
  TypeRef list = approved ? body.list.type->element : body.list.type;
  if (list->kind != TypeKind::kList) return Fault("a `for` over {}", ToString(body.list.type));
  if (node.type->kind != TypeKind::kList) return Fault("a `for` of type {}", ToString(node.type));
  TypeRef element = approved ? module_.types->Approved(list->element) : list->element;
  if (body.where != nullptr) CheckInner(body.where, {element}, Simple(TypeKind::kBool));
  CheckInner(body.body, {element}, node.type->element);
}

const Task* Verifier::Job(ValueId job) {
  auto found = values_.find(job);
  if (found == values_.end() || !found->second.in_scope || found->second.kind != Value::Kind::kTask) {
    Fault("its job {} is no task's call in its scope", static_cast<uint32_t>(job));
    return nullptr;
  }
  return found->second.task;
}

void Verifier::CheckBody(const Node& node, const WatchNode& body) {
  Expect(node.type->kind == TypeKind::kUnit, "a `watch` has type ()");
  const Task* task = Job(body.job);
  if (task == nullptr) return;
  for (const Stream& stream : task->streams) {
    if (stream.name != body.stream) continue;
    if (body.where != nullptr) CheckInner(body.where, {stream.record}, Simple(TypeKind::kBool));
    return CheckInner(body.body, {stream.record}, Simple(TypeKind::kUnit));
  }
  Fault("the task `{}` has no checkpoint `{}`", task->name, body.stream);
}

void Verifier::CheckBody(const Node& node, const SendNode& body) {
  Expect(node.type->kind == TypeKind::kUnit, "a `send` has type ()");
  const Task* task = Job(body.job);
  if (task == nullptr) return;
  for (const Message& message : task->accepts) {
    if (message.name != body.message) continue;
    if (message.fields.size() != body.args.size()) return Fault("`{}` takes other fields", body.message);
    for (size_t i = 0; i < body.args.size(); ++i) CheckExprIs(body.args[i], message.fields[i].type, "a field");
    return;
  }
  Fault("the task `{}` does not accept `{}`", task->name, body.message);
}

void Verifier::CheckBody(const Node& node, const CancelNode& body) {
  Expect(node.type->kind == TypeKind::kUnit, "a `cancel` has type ()");
  Job(body.job);
}

void Verifier::CheckPure(const Region& region, bool stub) {
  for (const Node& node : region.nodes) {
    if (const auto* branch = std::get_if<IfNode>(&node.body)) {
      if (branch->then_body != nullptr) CheckPure(*branch->then_body, stub);
      if (branch->else_body != nullptr) CheckPure(*branch->else_body, stub);
    } else if (const auto* match = std::get_if<MatchNode>(&node.body)) {
      for (const MatchArm& arm : match->arms) {
        if (arm.body != nullptr) CheckPure(*arm.body, stub);
      }
    } else if (const auto* loop = std::get_if<ForNode>(&node.body)) {
      if (loop->where != nullptr) CheckPure(*loop->where, stub);
      if (loop->body != nullptr) CheckPure(*loop->body, stub);
    } else if (stub && (std::holds_alternative<SourceNode>(node.body) || std::holds_alternative<FailNode>(node.body))) {
      continue;
    } else if (!std::holds_alternative<LetNode>(node.body)) {
      Fault("a function holds no `{}`", KindName(node));
    }
  }
}

}  // namespace hwf::ir::internal
