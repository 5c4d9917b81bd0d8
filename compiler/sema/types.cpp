#include "compiler/sema/types.h"

#include "compiler/sema/order.h"

namespace hwf::sema {
namespace {

struct SimpleName {
  StringRef name;
  TypeKind kind;
};
constexpr std::pair<const char*, TypeKind> kSimple[] = {
    {"Bool", TypeKind::kBool},     {"Int", TypeKind::kInt},           {"Float", TypeKind::kFloat},
    {"String", TypeKind::kString}, {"Duration", TypeKind::kDuration}, {"Bytes", TypeKind::kBytes},
    {"File", TypeKind::kFile},     {"Dir", TypeKind::kDir},
};

const Binding* FindName(const ModuleScope& scope, StringRef name, bool* known) {
  auto found = scope.names.find(name.str());
  *known = found != scope.names.end();
  return *known ? found->second : nullptr;
}

}  // namespace

TypeRef Types::Resolve(const TypeExpr* written, const ModuleScope& scope) {
  if (written == nullptr) return context_.Simple(TypeKind::kPoison);
  const TypeExpr* inner = written;
  while (inner->kind == TypeExpr::Kind::kOptional) inner = inner->args[0];
  const TypeRef type = ResolvePlain(*inner, scope);
  if (inner == written || type->kind == TypeKind::kPoison) return type;
  return context_.types().Optional(type);
}

TypeRef Types::ResolvePlain(const TypeExpr& written, const ModuleScope& scope) {
  switch (written.kind) {
    case TypeExpr::Kind::kUnit:
      return context_.Simple(TypeKind::kUnit);
    case TypeExpr::Kind::kList: {
      const TypeRef element = Resolve(written.args[0], scope);
      return element->kind == TypeKind::kPoison ? element : context_.types().List(element);
    }
    case TypeExpr::Kind::kMap: {
      const TypeRef key = Resolve(written.args[0], scope);
      const TypeRef value = Resolve(written.args[1], scope);
      if (key->kind == TypeKind::kPoison || value->kind == TypeKind::kPoison) return context_.Simple(TypeKind::kPoison);
      if (key->kind == TypeKind::kString || key->kind == TypeKind::kInt) return context_.types().Map(key, value);
      context_.Report(written.args[0]->range, diagnostics::kBadTypeHere, "the key of a map", TypeName(key))
          .Help("keys are String or Int");
      return context_.Simple(TypeKind::kPoison);
    }
    case TypeExpr::Kind::kOptional:
      return Resolve(&written, scope);
    case TypeExpr::Kind::kNamed:
      return ResolveNamed(written, scope);
  }
  HWF_UNREACHABLE();
}

TypeRef Types::ResolveNamed(const TypeExpr& written, const ModuleScope& scope) {
  if (written.name.text == "Approved") return ResolveApproved(written, scope);
  for (const TypeExpr* arg : written.args) Resolve(arg, scope);
  if (!written.args.empty()) {
    const StringRef name = written.name.text;
    auto report = context_.Report(written.range, diagnostics::kTypeArguments, name, "no types in brackets");
    if (name.equals_insensitive("list") || name.equals_insensitive("array")) report.Help("a list is written `[T]`");
    if (name.equals_insensitive("map") || name.equals_insensitive("dict")) report.Help("a map is written `[K: V]`");
    if (name.equals_insensitive("optional") || name.equals_insensitive("option"))
      report.Help("an optional is written `T?`");
    return context_.Simple(TypeKind::kPoison);
  }
  if (written.name.text == "Service") {
    context_.Report(written.range, diagnostics::kNotCarried, "`Service`");
    return context_.Simple(TypeKind::kPoison);
  }
  for (const auto& [name, kind] : kSimple) {
    if (written.name.text == name) return context_.Simple(kind);
  }
  return ResolvePath(written, scope);
}

TypeRef Types::ResolveApproved(const TypeExpr& written, const ModuleScope& scope) {
  if (written.args.size() == 1) {
    const TypeRef element = Resolve(written.args[0], scope);
    return element->kind == TypeKind::kPoison ? element : context_.types().Approved(element);
  }
  context_.Report(written.range, diagnostics::kTypeArguments, "Approved",
                  "one type in brackets, as in `Approved[File]`");
  return context_.Simple(TypeKind::kPoison);
}

// `Metrics`, `fit.epoch`, `m.Metrics`, `m.fit.epoch`
TypeRef Types::ResolvePath(const TypeExpr& written, const ModuleScope& scope) {
  auto [first, rest] = written.name.text.split('.');
  first = first.trim();
  bool known = false;
  const Binding* binding = FindName(scope, first, &known);
  if (known && binding != nullptr && binding->kind == Binding::Kind::kModule) {
    if (rest.empty()) {
      context_.Report(written.range, diagnostics::kNotAType, first, "a module");
      return context_.Simple(TypeKind::kPoison);
    }
    auto [member, stream] = rest.split('.');
    first = member.trim();
    rest = stream;
    const ModuleScope& target = *binding->module;
    binding = FindName(target, first, &known);
    // What could not be read of it has been reported.
    if (known ? binding == nullptr : context_.incomplete.contains(&target)) {
      return context_.Simple(TypeKind::kPoison);
    }
    known = known && binding->decl != nullptr && context_.home[binding->decl] == &target;
    if (!known) {
      ReportUnknown(written, first, target);
      return context_.Simple(TypeKind::kPoison);
    }
  }
  auto builtin = context_.builtins.find(first.str());
  if (!known && builtin != context_.builtins.end() && builtin->second->kind == Binding::Kind::kDecl) {
    return OfBinding(written, builtin->second, rest.trim());
  }
  if (!known) {
    // Of a path it is the whole that is not there: `Int.y` has an `Int` before it.
    if (!context_.incomplete.contains(&scope)) ReportUnknown(written, written.name.text, scope);
    return context_.Simple(TypeKind::kPoison);
  }
  if (binding == nullptr) return context_.Simple(TypeKind::kPoison);
  return OfBinding(written, binding, rest.trim());
}

TypeRef Types::OfBinding(const TypeExpr& written, const Binding* binding, StringRef stream) {
  const TypeRef poison = context_.Simple(TypeKind::kPoison);
  ++binding->uses;
  const auto* task = llvm::dyn_cast_or_null<TaskDecl>(binding->decl);
  if (task != nullptr && !stream.empty()) {
    context_.suggester.Begin(stream);
    for (const StreamClause& clause : task->streams) {
      if (clause.name.text == stream) return clause.sema_type;
      context_.suggester.Offer(clause.name.text);
    }
    if (task->broken) return poison;
    auto report = context_.Report(written.range, diagnostics::kUnknownStream, task->name.text, stream);
    report.Note(task->name.range, "the task is here");
    if (const StringRef best = context_.suggester.Best(); !best.empty())
      report.Help("did you mean " + Quoted(best) + "?");
    return poison;
  }
  auto nominal = context_.nominal.find(binding->decl);
  if (nominal != context_.nominal.end() && stream.empty()) return nominal->second;
  const bool declares = binding->decl != nullptr;
  if (nominal != context_.nominal.end()) {
    context_.Report(written.range, diagnostics::kUnknownType, written.name.text)
        .Note(binding->name.range,
              "only a task has types in it, its checkpoints; this is " + std::string(KindName(*binding->decl)));
    return poison;
  }
  auto report = context_.Report(written.range, diagnostics::kNotAType, written.name.text,
                                declares ? KindName(*binding->decl) : "not a declaration");
  if (declares) report.Note(binding->name.range, "declared here");
  return poison;
}

void Types::ReportUnknown(const TypeExpr& written, StringRef name, const ModuleScope& scope) {
  context_.suggester.Begin(name);
  for (const auto& [known, kind] : kSimple) context_.suggester.Offer(known);
  context_.suggester.Offer("Approved");
  for (const auto& [known, binding] : scope.names) {
    if (context_.suggester.spent()) break;
    if (binding != nullptr && context_.nominal.count(binding->decl) != 0) context_.suggester.Offer(known);
  }
  auto report = context_.Report(written.range, diagnostics::kUnknownType, name);
  const StringRef best = context_.suggester.Best();
  if (best.empty()) return;
  if (name == written.name.text) {
    report.Suggest("did you mean " + Quoted(best) + "?", written.name.range, best.str());
  } else {
    report.Help("did you mean " + Quoted(best) + "?");
  }
}

bool Types::HoldsApproved(TypeRef type) {
  auto [known, fresh] = holds_approved_.try_emplace(type, false);
  if (!fresh) return known->second;
  bool holds = type->kind == TypeKind::kApproved;
  if (type->element != nullptr) holds = holds || HoldsApproved(type->element);
  if (type->record != nullptr) {
    for (const ir::FieldDef& field : type->record->fields) holds = holds || HoldsApproved(field.type);
  }
  if (type->enumeration != nullptr) {
    for (const ir::VariantDef& variant : type->enumeration->variants) {
      for (const ir::FieldDef& field : variant.fields) holds = holds || HoldsApproved(field.type);
    }
  }
  holds_approved_[type] = holds;
  return holds;
}

int Types::Depth(TypeRef type) {
  auto [known, fresh] = depth_.try_emplace(type, 1);
  if (!fresh) return known->second;
  int depth = 0;
  if (type->element != nullptr) depth = std::max(depth, Depth(type->element));
  if (type->record != nullptr) {
    for (const ir::FieldDef& field : type->record->fields) depth = std::max(depth, Depth(field.type));
  }
  if (type->enumeration != nullptr) {
    for (const ir::VariantDef& variant : type->enumeration->variants) {
      for (const ir::FieldDef& field : variant.fields) depth = std::max(depth, Depth(field.type));
    }
  }
  return depth_[type] = depth + 1;
}

}  // namespace hwf::sema
