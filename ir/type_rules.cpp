#include "ir/type_rules.h"

#include <algorithm>

#include "ir/module.h"

namespace hwf::ir {

TypeRef Join(TypeTable& types, TypeRef a, TypeRef b) {
  if (a->kind == TypeKind::kPoison || b->kind == TypeKind::kPoison) return types.Simple(TypeKind::kPoison);
  if (Converts(a, b)) return b;
  if (Converts(b, a)) return a;
  if (a->kind == TypeKind::kNone) return types.Optional(b);
  if (b->kind == TypeKind::kNone) return types.Optional(a);
  if (a->kind == TypeKind::kOptional || b->kind == TypeKind::kOptional) {
    TypeRef inner =
        Join(types, a->kind == TypeKind::kOptional ? a->element : a, b->kind == TypeKind::kOptional ? b->element : b);
    return inner == nullptr ? nullptr : types.Optional(inner);
  }
  if (a->kind == TypeKind::kApproved || b->kind == TypeKind::kApproved) {
    return Join(types, WithoutApproval(a), WithoutApproval(b));
  }
  if (a->kind == TypeKind::kList && b->kind == TypeKind::kList) {
    TypeRef inner = Join(types, a->element, b->element);
    return inner == nullptr ? nullptr : types.List(inner);
  }
  return nullptr;
}

bool HasOrder(TypeRef type) {
  switch (WithoutApproval(type)->kind) {
    case TypeKind::kInt:
    case TypeKind::kFloat:
    case TypeKind::kString:
    case TypeKind::kDuration:
    case TypeKind::kBytes:
      return true;
    default:
      return false;
  }
}

bool IsSimpleText(TypeRef type) {
  type = WithoutApproval(type);
  if (type->kind == TypeKind::kBool || HasOrder(type)) return true;
  if (type->kind != TypeKind::kEnum) return false;
  for (const VariantDef& variant : type->enumeration->variants) {
    if (!variant.fields.empty()) return false;
  }
  return true;
}

TypeRef ReasonType(TypeTable& types) {
  TypeRef type = types.NewEnum("Reason");
  for (int reason = 0; reason <= static_cast<int>(Reason::kSite); ++reason) {
    types.MutableEnum(type).variants.push_back({std::string(ToString(static_cast<Reason>(reason))), {}});
  }
  return type;
}

TypeRef FailureType(TypeTable& types, std::string name, Tried what, TypeRef outputs, TypeRef reason) {
  TypeRef type = types.NewEnum(std::move(name));
  VariantDef ok{"ok", {}};
  if (outputs->kind != TypeKind::kUnit) ok.fields.push_back({"value", outputs, false});
  VariantDef failed{"failed", {{"reason", reason, false}}};
  if (what == Tried::kTask) {
    failed.fields.push_back({"exit", types.Optional(types.Simple(TypeKind::kInt)), true});
    failed.fields.push_back({"log", types.Simple(TypeKind::kFile), false});
  } else {
    failed.fields.push_back({"message", types.Simple(TypeKind::kString), false});
  }
  types.MutableEnum(type).variants = {std::move(ok), std::move(failed)};
  return type;
}

namespace {

bool IsReason(TypeRef type) {
  const EnumDef* reasons = type->enumeration;
  return reasons != nullptr && reasons->variants.size() == static_cast<size_t>(Reason::kSite) + 1 &&
         std::all_of(reasons->variants.begin(), reasons->variants.end(),
                     [](const VariantDef& each) { return ReasonFromString(each.name) && each.fields.empty(); });
}

// Behind the reason.
bool TellsFailureOf(Tried what, const std::vector<FieldDef>& fields) {
  if (what == Tried::kWorkflow) {
    return fields.size() == 2 && fields[1].name == "message" && fields[1].type->kind == TypeKind::kString;
  }
  if (fields.size() != 3 || fields[1].name != "exit" || fields[2].name != "log") return false;
  const TypeRef exit = fields[1].type;
  return exit->kind == TypeKind::kOptional && exit->element->kind == TypeKind::kInt &&
         fields[2].type->kind == TypeKind::kFile;
}

}  // namespace

bool IsFailureTypeOf(Tried what, TypeRef type) {
  const EnumDef* definition = type->enumeration;
  if (definition == nullptr || definition->variants.size() != 2) return false;
  // A declared enum may look the same; none is called by a reserved word.
  if (definition->name != "try" && !definition->name.starts_with("try ")) return false;
  const VariantDef &ok = definition->variants[0], &failed = definition->variants[1];
  const bool gives = ok.fields.empty() || (ok.fields.size() == 1 && ok.fields[0].name == "value");
  const bool fails = failed.name == "failed" && !failed.fields.empty() && failed.fields[0].name == "reason";
  return ok.name == "ok" && gives && fails && IsReason(failed.fields[0].type) && TellsFailureOf(what, failed.fields);
}

}  // namespace hwf::ir
