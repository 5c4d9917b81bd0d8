#include "ir/type.h"

#include "base/check.h"
#include "ir/find.h"

namespace hwf::ir {
namespace {

std::string FieldsToString(const std::vector<FieldDef>& fields) {
  std::string out = "(";
  for (const FieldDef& field : fields) {
    if (out.size() > 1) out += ", ";
    out += field.name + ": " + ToString(field.type);
  }
  return out + ")";
}

}  // namespace

const FieldDef* RecordDef::Find(std::string_view field) const { return FindByName(fields, field); }
const FieldDef* VariantDef::Find(std::string_view field) const { return FindByName(fields, field); }
const VariantDef* EnumDef::Find(std::string_view variant) const { return FindByName(variants, variant); }

TypeTable::TypeTable() {
  for (int kind = 0; kind <= static_cast<int>(TypeKind::kPoison); ++kind) {
    Intern(static_cast<TypeKind>(kind), nullptr, nullptr);
  }
}

TypeRef TypeTable::Intern(TypeKind kind, TypeRef element, TypeRef key) {
  auto [place, fresh] = interned_.try_emplace({kind, element, key}, nullptr);
  if (fresh) {
    Type type{.kind = kind};
    type.element = element;
    type.key = key;
    place->second = &types_.emplace_back(type);
  }
  return place->second;
}

TypeRef TypeTable::Simple(TypeKind kind) const { return interned_.at({kind, nullptr, nullptr}); }
TypeRef TypeTable::List(TypeRef element) { return Intern(TypeKind::kList, element, nullptr); }
TypeRef TypeTable::Map(TypeRef key, TypeRef value) { return Intern(TypeKind::kMap, value, key); }
TypeRef TypeTable::Optional(TypeRef element) {
  return element->kind == TypeKind::kOptional ? element : Intern(TypeKind::kOptional, element, nullptr);
}
TypeRef TypeTable::Approved(TypeRef element) {
  return element->kind == TypeKind::kApproved ? element : Intern(TypeKind::kApproved, element, nullptr);
}

TypeRef TypeTable::NewRecord(std::string name) {
  records_.push_back({std::move(name), {}});
  Type type{.kind = TypeKind::kRecord};
  type.record = &records_.back();
  return record_types_.emplace_back(&types_.emplace_back(type));
}

TypeRef TypeTable::NewEnum(std::string name) {
  enums_.push_back({std::move(name), {}});
  Type type{.kind = TypeKind::kEnum};
  type.enumeration = &enums_.back();
  return enum_types_.emplace_back(&types_.emplace_back(type));
}

RecordDef& TypeTable::MutableRecord(TypeRef type) {
  HWF_CHECK(type->kind == TypeKind::kRecord);
  return const_cast<RecordDef&>(*type->record);
}
EnumDef& TypeTable::MutableEnum(TypeRef type) {
  HWF_CHECK(type->kind == TypeKind::kEnum);
  return const_cast<EnumDef&>(*type->enumeration);
}

std::string ToString(TypeRef type) {
  switch (type->kind) {
    case TypeKind::kUnit:
      return "()";
    case TypeKind::kBool:
      return "Bool";
    case TypeKind::kInt:
      return "Int";
    case TypeKind::kFloat:
      return "Float";
    case TypeKind::kString:
      return "String";
    case TypeKind::kDuration:
      return "Duration";
    case TypeKind::kBytes:
      return "Bytes";
    case TypeKind::kFile:
      return "File";
    case TypeKind::kDir:
      return "Dir";
    case TypeKind::kList:
      return "[" + (type->element ? ToString(type->element) : "?") + "]";
    case TypeKind::kMap:
      return "[" + ToString(type->key) + ": " + ToString(type->element) + "]";
    case TypeKind::kOptional:
      return ToString(type->element) + "?";
    case TypeKind::kRecord:
      return type->record->name.empty() ? FieldsToString(type->record->fields) : type->record->name;
    case TypeKind::kEnum:
      return type->enumeration->name;
    case TypeKind::kApproved:
      return "Approved[" + ToString(type->element) + "]";
    case TypeKind::kService:
      return "Service";
    case TypeKind::kNone:
      return "none";
    case TypeKind::kEmpty:
      return "?";
    case TypeKind::kNever:
      return "never";
    case TypeKind::kPoison:
      return "<error>";
  }
  HWF_UNREACHABLE();
}

bool Converts(TypeRef from, TypeRef to) {
  if (from == to) return true;
  switch (from->kind) {
    case TypeKind::kNever:
    case TypeKind::kEmpty:
    case TypeKind::kPoison:
      return true;
    case TypeKind::kNone:
      return to->kind == TypeKind::kOptional || to->kind == TypeKind::kPoison;
    default:
      break;
  }
  switch (to->kind) {
    case TypeKind::kPoison:
      return true;
    case TypeKind::kOptional:
      return Converts(from->kind == TypeKind::kOptional ? from->element : from, to->element);
    case TypeKind::kFloat:
      if (from->kind == TypeKind::kInt) return true;
      break;
    case TypeKind::kList:
      if (from->kind == TypeKind::kList) return Converts(from->element, to->element);
      break;
    case TypeKind::kMap:
      if (from->kind == TypeKind::kMap) return Converts(from->key, to->key) && Converts(from->element, to->element);
      break;
    case TypeKind::kApproved:
      return from->kind == TypeKind::kApproved && Converts(from->element, to->element);
    default:
      break;
  }
  return from->kind == TypeKind::kApproved && Converts(from->element, to);
}

bool HoldsFiles(TypeRef type) {
  switch (type->kind) {
    case TypeKind::kFile:
    case TypeKind::kDir:
      return true;
    case TypeKind::kList:
    case TypeKind::kMap:
    case TypeKind::kOptional:
    case TypeKind::kApproved:
      return type->element != nullptr && HoldsFiles(type->element);
    case TypeKind::kRecord:
      for (const FieldDef& field : type->record->fields) {
        if (HoldsFiles(field.type)) return true;
      }
      return false;
    case TypeKind::kEnum:
      for (const VariantDef& variant : type->enumeration->variants) {
        for (const FieldDef& field : variant.fields) {
          if (HoldsFiles(field.type)) return true;
        }
      }
      return false;
    default:
      return false;
  }
}

}  // namespace hwf::ir
