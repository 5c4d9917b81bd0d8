// Nobody's approval is gone round: every way of a value to an `Approved` parameter of a task goes through the answer of
// a review that grants it. The types say so where they are written; here the values are followed through the whole
// module, from all that makes one otherwise (a literal, a task, the command line), with the reviews taken out: no such
// parameter may be reached.
#include <algorithm>
#include <map>

#include "ir/graph.h"
#include "ir/verifier.h"
#include "ir/walk.h"

namespace hwf::ir::internal {
namespace {

constexpr uint32_t kElsewhere = 0;  // the vertex of all that makes values, but for reviews

class Ways {
 public:
  // With the definitions by their names, which outlive it.
  Ways(const Module& module, const std::unordered_map<std::string_view, const Task*>& tasks,
       const std::unordered_map<std::string_view, const Workflow*>& workflows,
       const std::unordered_map<std::string_view, const Function*>& functions)
      : module_(module), tasks_(tasks), workflows_(workflows), functions_(functions) {
    graph_.count = 1;
  }

  // One line for each parameter that another value may come to.
  std::vector<std::string> Run() {
    const bool asked = std::any_of(module_.tasks.begin(), module_.tasks.end(), [this](const Task& task) {
      return std::any_of(task.params.begin(), task.params.end(),
                         [this](const Param& each) { return Holds(each.type); });
    });
    if (!asked) return {};
    for (const Function& function : module_.functions) {
      definition_ = &function;
      OfRegion(function.region, Vertex(&function, ValueId::kNone));
    }
    for (const Workflow& workflow : module_.workflows) {
      definition_ = &workflow;
      OfRegion(workflow.region, Vertex(&workflow, ValueId::kNone));
      if (workflow.name != module_.entry) continue;
      for (const Param& param : workflow.region.params) Edge(kElsewhere, Vertex(param.id));
    }
    std::vector<std::string> faults;
    for (const uint32_t vertex : Dependants(graph_, kElsewhere)) {
      auto wanted = wanted_.find(vertex);
      if (wanted != wanted_.end()) faults.push_back(wanted->second);
    }
    return faults;
  }

 private:
  uint32_t NewVertex() { return graph_.count++; }
  uint32_t Vertex(const void* definition, ValueId id) {
    auto [at, fresh] = vertices_.try_emplace({definition, id}, graph_.count);
    if (fresh) ++graph_.count;
    return at->second;
  }
  uint32_t Vertex(ValueId id) { return Vertex(definition_, id); }
  void Edge(uint32_t from, uint32_t to) { graph_.edges.push_back({from, to}); }

  // Whether there is an approved value in one of this type.
  bool Holds(TypeRef type) {
    if (type->kind == TypeKind::kApproved) return true;
    if (type->element != nullptr) return Holds(type->element);
    if (type->record == nullptr && type->enumeration == nullptr) return false;
    auto known = holds_.find(type);
    if (known != holds_.end()) return known->second;
    bool holds = false;
    const auto look = [&](const std::vector<FieldDef>& fields) {
      for (const FieldDef& field : fields) holds = holds || Holds(field.type);
    };
    if (type->record != nullptr) look(type->record->fields);
    if (type->enumeration != nullptr) {
      for (const VariantDef& variant : type->enumeration->variants) look(variant.fields);
    }
    return holds_[type] = holds;
  }
  // `none`, `[]`, what never comes.
  static bool HoldsNothing(const Expr& expr) {
    TypeRef type = expr.type;
    while (type->element != nullptr) type = type->element;
    return type->kind == TypeKind::kNone || type->kind == TypeKind::kEmpty || type->kind == TypeKind::kNever ||
           (expr.op == Op::kLiteral && expr.literal.is_null());
  }

  // The ways of what is approved in `expr`, or ought to be, to `to`.
  void Follow(const Expr& expr, uint32_t to) {
    if (HoldsNothing(expr)) return;
    if (!Holds(expr.type)) return Edge(kElsewhere, to);
    switch (expr.op) {
      case Op::kRef:
        return Edge(Vertex(expr.ref), to);
      case Op::kField:
      case Op::kOptField:
      case Op::kIndex:
      case Op::kWiden:
        return Follow(expr.args[0], to);
      case Op::kCoalesce:
        Follow(expr.args[0], to);
        return Follow(expr.args[1], to);
      case Op::kAdd:
      case Op::kList:
      case Op::kMap:
      case Op::kRecord:
      case Op::kEnum:
        return FollowParts(expr, to);
      case Op::kBuiltin:
        return FollowHolders(expr, to);
      case Op::kCall:
        return FollowCall(expr, to);
      default:
        return Edge(kElsewhere, to);
    }
  }

  // Nothing that is put together is approved as a whole.
  void FollowParts(const Expr& expr, uint32_t to) {
    if (expr.type->kind == TypeKind::kApproved) return Edge(kElsewhere, to);
    if (expr.type->record != nullptr) return FollowFields(expr, expr.type->record->fields, to);
    if (expr.type->enumeration != nullptr) {
      const VariantDef* variant = expr.type->enumeration->Find(expr.name);
      return variant != nullptr ? FollowFields(expr, variant->fields, to) : Edge(kElsewhere, to);
    }
    const bool values_only = expr.op == Op::kMap && !Holds(expr.type->key);
    for (size_t i = 0; i < expr.args.size(); ++i) {
      if (!values_only || i % 2 == 1) Follow(expr.args[i], to);
    }
  }
  void FollowFields(const Expr& expr, const std::vector<FieldDef>& fields, uint32_t to) {
    for (const FieldDef& field : fields) {
      if (!Holds(field.type)) continue;
      bool given = field.type->kind == TypeKind::kOptional;
      for (size_t i = 0; i < expr.args.size() && i < expr.labels.size(); ++i) {
        if (expr.labels[i] != field.name) continue;
        given = true;
        Follow(expr.args[i], to);
      }
      // Only a review adds what it grants.
      if (!given) Edge(kElsewhere, to);
    }
  }
  void FollowHolders(const Expr& expr, uint32_t to) {
    bool any = false;
    for (const Expr& arg : expr.args) {
      if (!Holds(arg.type)) continue;
      any = true;
      Follow(arg, to);
    }
    if (!any) Edge(kElsewhere, to);
  }
  void FollowCall(const Expr& expr, uint32_t to) {
    const auto found = functions_.find(expr.name);
    if (found == functions_.end()) return Edge(kElsewhere, to);
    FollowArgs(expr.args, found->second->region.params, found->second);
    Edge(Vertex(found->second, ValueId::kNone), to);
  }
  void FollowArgs(const std::vector<Expr>& args, const std::vector<Param>& params, const void* definition) {
    for (size_t i = 0; i < args.size() && i < params.size(); ++i) {
      if (Holds(params[i].type)) Follow(args[i], Vertex(definition, params[i].id));
    }
  }

  // Its result goes to `to`.
  void OfRegion(const Region& region, uint32_t to) {
    for (const Node& node : region.nodes) {
      std::visit([&](const auto& body) { OfBody(node, body, Vertex(node.id)); }, node.body);
    }
    if (region.result.has_value() && Holds(region.result->type)) Follow(*region.result, to);
  }
  void Bind(const Param& param, const Expr& from) {
    if (Holds(param.type)) Follow(from, Vertex(param.id));
  }

  void OfBody(const Node&, const LetNode& body, uint32_t to) {
    if (Holds(body.value.type)) Follow(body.value, to);
  }
  void OfBody(const Node&, const CheckpointNode& body, uint32_t to) {
    if (Holds(body.value.type)) Follow(body.value, to);
  }
  void OfBody(const Node& node, const TaskNode& body, uint32_t to) {
    Edge(kElsewhere, to);
    const auto found = tasks_.find(body.task);
    const Task* task = found == tasks_.end() ? nullptr : found->second;
    for (size_t i = 0; task != nullptr && i < body.args.size() && i < task->params.size(); ++i) {
      if (!Holds(task->params[i].type)) continue;
      const uint32_t wanted = NewVertex();
      wanted_[wanted] = fmt::format("node `{}`: a value that no review approved may come to `{}` of task `{}`",
                                    node.name, task->params[i].name, task->name);
      Follow(body.args[i], wanted);
    }
  }
  void OfBody(const Node&, const WorkflowNode& body, uint32_t to) {
    const auto found = workflows_.find(body.workflow);
    if (found == workflows_.end()) return;
    FollowArgs(body.args, found->second->region.params, found->second);
    Edge(Vertex(found->second, ValueId::kNone), to);
  }
  void OfBody(const Node&, const IfNode& body, uint32_t to) {
    OfRegion(*body.then_body, to);
    if (body.else_body != nullptr) OfRegion(*body.else_body, to);
  }
  void OfBody(const Node&, const MatchNode& body, uint32_t to) {
    for (const MatchArm& arm : body.arms) {
      for (const Param& param : arm.body->params) Bind(param, body.subject);
      OfRegion(*arm.body, to);
    }
  }
  void OfBody(const Node&, const ForNode& body, uint32_t to) {
    for (const Param& param : body.body->params) Bind(param, body.list);
    OfRegion(*body.body, to);
  }
  void OfBody(const Node&, const LoopNode& body, uint32_t to) {
    const std::vector<Param>& params = body.body->params;
    for (size_t i = 0; i < params.size() && i < body.init.size(); ++i) Bind(params[i], body.init[i]);
    for (const Param& param : params) {
      if (Holds(param.type)) Edge(to, Vertex(param.id));
    }
    OfRegion(*body.body, to);
  }
  // What it grants is approved; a field of its form that people fill in is not.
  void OfBody(const Node&, const ReviewNode& body, uint32_t to) {
    for (const Choice& choice : body.choices) {
      for (const FormField& field : choice.fields) {
        if (Holds(field.type)) Edge(kElsewhere, to);
      }
    }
  }
  void OfBody(const Node&, const WatchNode& body, uint32_t to) {
    for (const Param& param : body.body->params) Edge(kElsewhere, Vertex(param.id));
    OfRegion(*body.body, to);
  }
  void OfBody(const Node&, const SourceNode&, uint32_t to) { Edge(kElsewhere, to); }
  void OfBody(const Node&, const SendNode&, uint32_t) {}
  void OfBody(const Node&, const CancelNode&, uint32_t) {}
  void OfBody(const Node&, const FailNode&, uint32_t) {}

  const Module& module_;
  const std::unordered_map<std::string_view, const Task*>& tasks_;
  const std::unordered_map<std::string_view, const Workflow*>& workflows_;
  const std::unordered_map<std::string_view, const Function*>& functions_;
  const void* definition_ = nullptr;  // the function or workflow at hand
  Graph graph_;
  std::map<std::pair<const void*, ValueId>, uint32_t> vertices_;  // ValueId::kNone: what the definition gives
  std::map<uint32_t, std::string> wanted_;                        // parameters of calls, with what is wrong if reached
  std::unordered_map<TypeRef, bool> holds_;
};

}  // namespace

void Verifier::CheckApprovals() {
  for (const std::string& fault : Ways(module_, tasks_, workflows_, functions_).Run()) Note(fault);
}

}  // namespace hwf::ir::internal
