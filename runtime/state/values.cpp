#include "runtime/state/values.h"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <array>

#include "base/check.h"

namespace hwf::state {
namespace {

using ir::FieldDef;
using ir::TypeKind;
using ir::TypeRef;

void AppendSorted(const Json& value, std::string& out) {
  if (value.is_array()) {
    out += '[';
    for (const Json& item : value.AsArray()) {
      AppendSorted(item, out);
      out += ',';
    }
    out += ']';
  } else if (value.is_object()) {
    std::vector<const JsonMember*> members;
    for (const JsonMember& member : value.AsObject()) members.push_back(&member);
    std::sort(members.begin(), members.end(), [](auto* a, auto* b) { return a->key < b->key; });
    out += '{';
    for (const JsonMember* member : members) {
      out += JsonQuote(member->key) + ":";
      AppendSorted(member->value, out);
      out += ',';
    }
    out += '}';
  } else {
    value.DumpTo(out);
  }
}

std::string FieldsText(const Json& value, const std::vector<FieldDef>& fields) {
  std::string out = "(";
  for (const FieldDef& field : fields) {
    if (out.size() > 1) out += ", ";
    out += field.name + ": " + ToText(value[field.name], field.type);
  }
  return out + ")";
}

}  // namespace

Json Widen(Json value, TypeRef type) {
  if (value.is_null()) return value;
  switch (type->kind) {
    case TypeKind::kFloat:
      return value.is_int() ? Json(value.AsDouble()) : value;
    case TypeKind::kOptional:
    case TypeKind::kApproved:
      return Widen(std::move(value), type->element);
    case TypeKind::kList:
      if (!value.is_array() || type->element == nullptr) return value;
      for (Json& item : value.AsArray()) item = Widen(std::move(item), type->element);
      return value;
    case TypeKind::kMap:
      if (!value.is_object()) return value;
      for (JsonMember& member : value.AsObject()) member.value = Widen(std::move(member.value), type->element);
      return value;
    default:
      return value;  // nominal types hold what they hold; simple types have one form
  }
}

std::string ToText(const Json& value, TypeRef type) {
  if (value.is_null()) return type->kind == TypeKind::kUnit ? "()" : "none";
  switch (type->kind) {
    case TypeKind::kFloat:
      return value.is_int() ? Json(value.AsDouble()).Dump() : value.Dump();
    case TypeKind::kDuration: {
      if (!value.is_int()) return value.Dump();
      int64_t ms = value.AsInt();
      return ms % 1000 == 0 ? fmt::format("{}", ms / 1000) : fmt::format("{}", static_cast<double>(ms) / 1000.0);
    }
    case TypeKind::kFile:
    case TypeKind::kDir:
      return value.StringOr("path", "");
    case TypeKind::kOptional:
    case TypeKind::kApproved:
      return ToText(value, type->element);
    case TypeKind::kList: {
      std::string out = "[";
      for (const Json& item : value.is_array() ? value.AsArray() : JsonArray()) {
        out += (out.size() > 1 ? ", " : "") + ToText(item, type->element);
      }
      return out + "]";
    }
    case TypeKind::kMap: {
      std::string out = "[";
      for (const JsonMember& member : value.is_object() ? value.AsObject() : JsonObject()) {
        out += (out.size() > 1 ? ", " : "") + member.key + ": " + ToText(member.value, type->element);
      }
      return out.size() > 1 ? out + "]" : "[:]";
    }
    case TypeKind::kRecord:
      return type->record->name + FieldsText(value, type->record->fields);
    case TypeKind::kEnum: {
      std::string name = value.StringOr("variant", "");
      const ir::VariantDef* variant = type->enumeration->Find(name);
      return variant == nullptr || variant->fields.empty() ? name : name + FieldsText(value["fields"], variant->fields);
    }
    default:
      return value.is_string() ? value.AsString() : value.Dump();
  }
}

std::string Brief(const Json& value) {
  constexpr size_t kMost = 60;
  std::string text;
  if (value.is_string() && value.AsString().size() > kMost) {
    text = Json(value.AsString().substr(0, kMost)).Dump();
  } else {
    text = value.Dump();
  }
  if (text.size() <= kMost) return text;
  size_t cut = kMost - 3;
  while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80) --cut;
  return text.substr(0, cut) + "...";
}

bool Equal(const Json& a, const Json& b) {
  if (a.is_number() && b.is_number()) {
    return a.is_int() && b.is_int() ? a.AsInt() == b.AsInt() : a.AsDouble() == b.AsDouble();
  }
  if (a.is_array() && b.is_array()) {
    return std::equal(a.AsArray().begin(), a.AsArray().end(), b.AsArray().begin(), b.AsArray().end(), Equal);
  }
  if (a.is_object() && b.is_object()) {
    if (a.AsObject().size() != b.AsObject().size()) return false;
    return std::all_of(a.AsObject().begin(), a.AsObject().end(), [&](const JsonMember& member) {
      const Json* other = b.Find(member.key);
      return other != nullptr && Equal(member.value, *other);
    });
  }
  return a == b;
}

std::string DigestOf(const Json& value) {
  std::string text;
  AppendSorted(value, text);
  std::array<unsigned char, 32> hash{};
  crypto_generichash(hash.data(), hash.size(), reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                     nullptr, 0);
  std::string out = "b2:";
  for (unsigned char byte : hash) fmt::format_to(std::back_inserter(out), "{:02x}", byte);
  return out;
}

}  // namespace hwf::state
