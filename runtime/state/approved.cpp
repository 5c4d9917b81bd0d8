#include "runtime/state/approved.h"

#include <string_view>

namespace hwf::state {
namespace {

using ir::FieldDef;
using ir::TypeKind;
using ir::TypeRef;

template <typename AnyJson>
AnyJson* Member(AnyJson& object, std::string_view key) {
  if (!object.is_object()) return nullptr;
  for (auto& member : object.AsObject()) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}

template <typename AnyJson>
void CollectApproved(AnyJson* value, TypeRef type, std::vector<AnyJson*>& out);

template <typename AnyJson>
void CollectApproved(AnyJson* value, const std::vector<FieldDef>& fields, std::vector<AnyJson*>& out) {
  for (const FieldDef& field : fields) CollectApproved(Member(*value, field.name), field.type, out);
}

template <typename AnyJson>
void CollectApproved(AnyJson* value, TypeRef type, std::vector<AnyJson*>& out) {
  if (value == nullptr || value->is_null()) return;
  switch (type->kind) {
    case TypeKind::kApproved:
      out.push_back(value);
      return;
    case TypeKind::kOptional:
      return CollectApproved(value, type->element, out);
    case TypeKind::kList:
      if (!value->is_array()) return;
      for (AnyJson& item : value->AsArray()) CollectApproved(&item, type->element, out);
      return;
    case TypeKind::kMap:
      if (!value->is_object()) return;
      for (auto& member : value->AsObject()) CollectApproved(&member.value, type->element, out);
      return;
    case TypeKind::kRecord:
      return CollectApproved(value, type->record->fields, out);
    case TypeKind::kEnum: {
      const ir::VariantDef* variant = type->enumeration->Find(value->StringOr("variant", ""));
      AnyJson* fields = Member(*value, "fields");
      if (variant != nullptr && fields != nullptr) CollectApproved(fields, variant->fields, out);
      return;
    }
    default:
      return;
  }
}

}  // namespace

std::vector<const Json*> ApprovedParts(const Json& value, TypeRef type) {
  std::vector<const Json*> parts;
  CollectApproved(&value, type, parts);
  return parts;
}

std::vector<Json*> ApprovedParts(Json& value, TypeRef type) {
  std::vector<Json*> parts;
  CollectApproved(&value, type, parts);
  return parts;
}

}  // namespace hwf::state
