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

TypeRef FailureType(TypeTable& types, std::string name, TypeRef outputs, TypeRef reason) {
  TypeRef type = types.NewEnum(std::move(name));
  VariantDef ok{"ok", {}};
  if (outputs->kind != TypeKind::kUnit) ok.fields.push_back({"value", outputs, false});
  VariantDef failed{"failed", {{"reason", reason, false}}};
  failed.fields.push_back({"exit", types.Optional(types.Simple(TypeKind::kInt)), true});
  failed.fields.push_back({"log", types.Simple(TypeKind::kFile), false});
  types.MutableEnum(type).variants = {std::move(ok), std::move(failed)};
  return type;
}

bool IsFailureType(TypeRef type) {
  const EnumDef* definition = type->enumeration;
  if (definition == nullptr || definition->variants.size() != 2) return false;
  // A declared enum may look the same; none is called by a reserved word.
  if (definition->name != "try" && !definition->name.starts_with("try ")) return false;
  const VariantDef &ok = definition->variants[0], &failed = definition->variants[1];
  const bool gives = ok.fields.empty() || (ok.fields.size() == 1 && ok.fields[0].name == "value");
  if (ok.name != "ok" || failed.name != "failed" || failed.fields.size() != 3 || !gives) return false;
  const FieldDef &reason = failed.fields[0], &exit = failed.fields[1], &log = failed.fields[2];
  if (reason.name != "reason" || exit.name != "exit" || log.name != "log") return false;
  const EnumDef* reasons = reason.type->enumeration;
  const bool known =
      reasons != nullptr && std::all_of(reasons->variants.begin(), reasons->variants.end(), [](const VariantDef& each) {
        return ReasonFromString(each.name) && each.fields.empty();
      });
  const bool all = known && reasons->variants.size() == static_cast<size_t>(Reason::kSite) + 1;
  return all && exit.type->kind == TypeKind::kOptional && exit.type->element->kind == TypeKind::kInt &&
         log.type->kind == TypeKind::kFile;
}

}  // namespace hwf::ir
