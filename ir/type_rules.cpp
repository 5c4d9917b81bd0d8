#include "ir/type_rules.h"

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

}  // namespace hwf::ir
