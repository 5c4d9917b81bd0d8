// The heads of declarations. A record or enum that contains itself, also through others, has no finite value and is
// refused; so is one that nests too deep, which lets every walk of a type recurse.
#include "compiler/sema/order.h"
#include "compiler/sema/types.h"

namespace hwf::sema {
namespace {

void RefuseDuplicates(Context& context, ArrayRef<Field> fields, std::string_view where) {
  llvm::DenseMap<StringRef, Range> seen;
  for (const Field& field : fields) {
    auto [known, fresh] = seen.try_emplace(field.name.text, field.name.range);
    if (fresh || !field.name) continue;
    context.Report(field.name.range, diagnostics::kDuplicateMember, field.name.text, where)
        .Note(known->second, "first here");
  }
}

// The nominal type inside `type`, which lists, maps and optionals may wrap.
void AddNominal(TypeRef type, const llvm::DenseMap<TypeRef, uint32_t>& index, std::vector<uint32_t>& needs) {
  while (type->element != nullptr) type = type->element;
  if (auto found = index.find(type); found != index.end()) needs.push_back(found->second);
}

}  // namespace

void Types::ResolveFields(ArrayRef<Field> fields, const ModuleScope& scope, std::string_view where) {
  RefuseDuplicates(context_, fields, where);
  for (const Field& field : fields) {
    TypeRef type = Resolve(field.type, scope);
    if (type->kind == TypeKind::kUnit) {
      context_.Report(field.type->range, diagnostics::kBadTypeHere, "a field or parameter", "()");
      type = context_.Simple(TypeKind::kPoison);
    }
    Mutable(field).sema_type = type;
  }
}

std::vector<ir::FieldDef> Types::Define(ArrayRef<Field> fields) {
  std::vector<ir::FieldDef> definitions;
  definitions.reserve(fields.size());
  for (const Field& field : fields) {
    const bool has_default = field.default_value != nullptr || field.sema_type->kind == TypeKind::kOptional;
    definitions.push_back({field.name.text.str(), field.sema_type, has_default});
  }
  return definitions;
}

void Types::ResolveTask(const TaskDecl& task, const ModuleScope& scope) {
  ResolveFields(task.params, scope, "the parameters");
  std::vector<ir::FieldDef> outputs;
  std::vector<ir::FieldDef> paths;
  llvm::DenseMap<StringRef, Range> seen;
  for (const Output& output : task.outputs) {
    Mutable(output).sema_type = Resolve(output.type, scope);
    outputs.push_back({output.name.text.str(), output.sema_type, false});
    paths.push_back({output.name.text.str(), context_.Simple(TypeKind::kString), false});
    auto [known, fresh] = seen.try_emplace(output.name.text, output.name.range);
    if (fresh) continue;
    context_.Report(output.name.range, diagnostics::kDuplicateMember, output.name.text, "the outputs")
        .Note(known->second, "first here");
  }
  TypeRef record = context_.Simple(TypeKind::kUnit);
  if (!outputs.empty()) {
    record = context_.types().NewRecord("");
    context_.types().MutableRecord(record).fields = std::move(outputs);
  }
  context_.program.output_types[&task] = record;

  std::vector<ir::FieldDef> previous;
  for (const StreamClause& stream : task.streams) {
    ResolveFields(stream.fields, scope, "the checkpoint");
    context_.types().MutableRecord(stream.sema_type).fields = Define(stream.fields);
    previous.push_back({stream.name.text.str(), context_.types().Optional(stream.sema_type), true});
  }
  for (const MessageClause& message : task.accepts) ResolveFields(message.fields, scope, "the message");
  auto& [out_type, previous_type] = context_.task_records[&task];
  out_type = context_.types().NewRecord("out");
  context_.types().MutableRecord(out_type).fields = std::move(paths);
  previous_type = context_.types().NewRecord("previous");
  context_.types().MutableRecord(previous_type).fields = std::move(previous);
}

void Types::ResolveDecl(const Decl& decl, const ModuleScope& scope) {
  if (const auto* record = llvm::dyn_cast<RecordDecl>(&decl)) {
    ResolveFields(record->fields, scope, "the record");
    if (record->name) context_.types().MutableRecord(context_.nominal[record]).fields = Define(record->fields);
  } else if (const auto* enumeration = llvm::dyn_cast<EnumDecl>(&decl)) {
    llvm::DenseMap<StringRef, Range> seen;
    for (const EnumDecl::Variant& variant : enumeration->variants) {
      ResolveFields(variant.fields, scope, "the variant");
      auto [known, fresh] = seen.try_emplace(variant.name.text, variant.name.range);
      if (!fresh) {
        context_.Report(variant.name.range, diagnostics::kDuplicateMember, variant.name.text, "the enum")
            .Note(known->second, "first here");
        continue;
      }
      if (!enumeration->name) continue;
      context_.types()
          .MutableEnum(context_.nominal[enumeration])
          .variants.push_back({variant.name.text.str(), Define(variant.fields)});
    }
  } else if (const auto* fn = llvm::dyn_cast<FnDecl>(&decl)) {
    ResolveFields(fn->params, scope, "the parameters");
    context_.program.output_types[fn] = Resolve(fn->result, scope);
  } else if (const auto* task = llvm::dyn_cast<TaskDecl>(&decl)) {
    ResolveTask(*task, scope);
  } else if (const auto* workflow = llvm::dyn_cast<WorkflowDecl>(&decl)) {
    ResolveFields(workflow->params, scope, "the parameters");
    ResolveFields(workflow->outputs, scope, "the outputs");
    TypeRef outputs = context_.Simple(TypeKind::kUnit);
    if (!workflow->outputs.empty()) {
      outputs = context_.types().NewRecord("");
      context_.types().MutableRecord(outputs).fields = Define(workflow->outputs);
    }
    context_.program.output_types[workflow] = outputs;
  }
}

void Types::ResolveHeads() {
  for (const ModuleScope& scope : context_.program.scopes) {
    for (const Decl* decl : scope.module->decls) ResolveDecl(*decl, scope);
  }
  RefuseCycles();
}

void Types::RefuseCycles() {
  std::vector<std::pair<Ident, TypeRef>> nodes;
  llvm::DenseMap<TypeRef, uint32_t> index;
  auto add = [&](Ident name, TypeRef type) {
    index[type] = static_cast<uint32_t>(nodes.size());
    nodes.emplace_back(name, type);
  };
  for (const ModuleScope& scope : context_.program.scopes) {
    for (const Decl* decl : scope.module->decls) {
      if (auto found = context_.nominal.find(decl); found != context_.nominal.end()) add(decl->name, found->second);
      const auto* task = llvm::dyn_cast<TaskDecl>(decl);
      if (task == nullptr) continue;
      for (const StreamClause& stream : task->streams) add(stream.name, stream.sema_type);
    }
  }
  Needs needs(nodes.size());
  for (size_t node = 0; node < nodes.size(); ++node) {
    const TypeRef type = nodes[node].second;
    if (type->record != nullptr) {
      for (const ir::FieldDef& field : type->record->fields) AddNominal(field.type, index, needs[node]);
    } else {
      for (const ir::VariantDef& variant : type->enumeration->variants) {
        for (const ir::FieldDef& field : variant.fields) AddNominal(field.type, index, needs[node]);
      }
    }
  }
  const Order order = OrderOf(needs);
  const TypeRef poison = context_.Simple(TypeKind::kPoison);
  auto cut = [&](TypeRef type) {
    if (type->record != nullptr) {
      for (ir::FieldDef& field : context_.types().MutableRecord(type).fields) field.type = poison;
    } else {
      for (ir::VariantDef& variant : context_.types().MutableEnum(type).variants) {
        for (ir::FieldDef& field : variant.fields) field.type = poison;
      }
    }
  };
  for (const std::vector<uint32_t>& cycle : order.cycles) {
    std::string way;
    for (const uint32_t node : cycle) way += nodes[node].first.text.str() + " → ";
    way += nodes[cycle.front()].first.text.str();
    auto report = context_.Report(nodes[cycle.front()].first.range, diagnostics::kTypeCycle,
                                  nodes[cycle.front()].first.text, way);
    for (size_t at = 1; at < cycle.size(); ++at) report.Note(nodes[cycle[at]].first.range, "through this");
  }
  for (const std::vector<uint32_t>& knot : order.knots) {
    for (const uint32_t node : knot) cut(nodes[node].second);
  }
  for (const uint32_t node : order.nodes) {
    if (Depth(nodes[node].second) > kMaxDepth) {
      context_.Report(nodes[node].first.range, diagnostics::kTypeTooDeep, kMaxDepth);
      cut(nodes[node].second);
      depth_[nodes[node].second] = 1;
    }
  }
}

}  // namespace hwf::sema
