#include "runtime/state/literal.h"

#include <algorithm>
#include <charconv>

#include "runtime/state/values.h"

namespace hwf::state {
namespace {

using ir::TypeKind;
using ir::TypeRef;
using languages::Literal;

// What all values of a type are; kNone if that differs, or is not simple.
Literal::Kind KindOf(TypeRef type) {
  switch (type->kind) {
    case TypeKind::kBool:
      return Literal::Kind::kBool;
    case TypeKind::kInt:
    case TypeKind::kBytes:
      return Literal::Kind::kInt;
    case TypeKind::kFloat:
    case TypeKind::kDuration:
      return Literal::Kind::kFloat;
    case TypeKind::kString:
    case TypeKind::kFile:
    case TypeKind::kDir:
      return Literal::Kind::kString;
    case TypeKind::kApproved:
      return KindOf(type->element);
    default:
      return Literal::Kind::kNone;
  }
}

Literal Fields(const Json& value, const std::vector<ir::FieldDef>& fields) {
  Literal out = Literal::Map();
  for (const ir::FieldDef& field : fields)
    out.Add(Literal::String(field.name), ToLiteral(value[field.name], field.type));
  return out;
}

Literal Enum(const Json& value, const ir::EnumDef& enumeration) {
  const std::string name = value.StringOr("variant", "");
  const auto& variants = enumeration.variants;
  const bool plain =
      std::all_of(variants.begin(), variants.end(), [](const ir::VariantDef& v) { return v.fields.empty(); });
  if (plain) return Literal::String(name);
  const ir::VariantDef* variant = enumeration.Find(name);
  Literal out = Literal::Map();
  out.Add(Literal::String("variant"), Literal::String(name));
  out.Add(Literal::String("fields"), variant != nullptr ? Fields(value["fields"], variant->fields) : Literal::Map());
  return out;
}

Literal Key(const std::string& key, TypeRef type) {
  int64_t whole = 0;
  const char* end = key.data() + key.size();
  const bool number = type->kind == TypeKind::kInt && std::from_chars(key.data(), end, whole).ptr == end;
  return number ? Literal::Int(whole) : Literal::String(key);
}

// Whole seconds are a whole number, as in a shell's words.
Literal Seconds(const Json& value) {
  const int64_t ms = value.is_int() ? value.AsInt() : 0;
  return ms % 1000 == 0 ? Literal::Int(ms / 1000) : Literal::Float(static_cast<double>(ms) / 1000.0);
}

}  // namespace

Literal ToLiteral(const Json& value, TypeRef type) {
  if (value.is_null()) return Literal::None();
  switch (type->kind) {
    case TypeKind::kBool:
      return Literal::Bool(value.is_bool() && value.AsBool());
    case TypeKind::kInt:
    case TypeKind::kBytes:
      return Literal::Int(value.is_int() ? value.AsInt() : 0);
    case TypeKind::kFloat:
      return Literal::Float(value.is_number() ? value.AsDouble() : 0);
    case TypeKind::kDuration:
      return Seconds(value);
    case TypeKind::kOptional:
    case TypeKind::kApproved:
      return ToLiteral(value, type->element);
    case TypeKind::kList: {
      std::vector<Literal> items;
      for (const Json& item : value.is_array() ? value.AsArray() : JsonArray()) {
        items.push_back(ToLiteral(item, type->element));
      }
      return Literal::List(std::move(items), KindOf(type->element));
    }
    case TypeKind::kMap: {
      Literal out = Literal::Map();
      for (const JsonMember& member : value.is_object() ? value.AsObject() : JsonObject()) {
        out.Add(Key(member.key, type->key), ToLiteral(member.value, type->element));
      }
      return out;
    }
    case TypeKind::kRecord:
      return Fields(value, type->record->fields);
    case TypeKind::kEnum:
      return Enum(value, *type->enumeration);
    default:
      return Literal::String(ToText(value, type));
  }
}

}  // namespace hwf::state
