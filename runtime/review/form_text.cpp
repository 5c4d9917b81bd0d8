// Text to typed values and back.
#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "runtime/review/form.h"
#include "runtime/review/units.h"

namespace hwf::review {
namespace {

using ir::TypeKind;
using ir::TypeRef;

constexpr size_t kMaxText = 64 << 10;

Error NotA(std::string_view text, std::string_view wanted) { return MakeError("`{}` is not {}", text, wanted); }

ErrorOr<Json> ParseInt(std::string_view text) {
  int64_t value = 0;
  auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size()) return NotA(text, "an Int, such as 40");
  return Json(value);
}

ErrorOr<Json> ParseFloat(std::string_view text) {
  double value = 0;
  auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  bool whole = code == std::errc() && end == text.data() + text.size();
  if (!whole || !std::isfinite(value)) return NotA(text, "a Float, such as 0.05");
  return Json(value);
}

ErrorOr<Json> ParseJson(TypeRef type, std::string_view text) {
  ErrorOr<Json> json = Json::Parse(text);
  if (!json.ok()) return MakeError("`{}` is not the JSON of {}: {}", text, ir::ToString(type), json.error().message());
  return json;
}

// `a,b,c`, or a JSON array.
ErrorOr<Json> ParseList(TypeRef type, std::string_view text) {
  if (!text.empty() && text.front() == '[') return ParseJson(type, text);
  Json out = Json::Array();
  while (!text.empty()) {
    size_t comma = std::min(text.find(','), text.size());
    HWF_ASSIGN(Json item, ParseField(type->element, text.substr(0, comma)));
    out.Add(std::move(item));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return out;
}

ErrorOr<Json> ParseEnum(TypeRef type, std::string_view text) {
  if (!text.empty() && text.front() == '{') return ParseJson(type, text);
  if (type->enumeration->Find(text) != nullptr) {
    return Json::Object().Set("variant", text).Set("fields", Json::Object());
  }
  std::string names;
  for (const ir::VariantDef& variant : type->enumeration->variants) {
    names += (names.empty() ? "`" : ", `") + variant.name + "`";
  }
  return MakeError("`{}` is none of {}", text, names);
}

}  // namespace

ErrorOr<Json> ParseField(TypeRef type, std::string_view text) {
  if (text.size() > kMaxText) return MakeError("the text is longer than {} bytes", kMaxText);
  switch (type->kind) {
    case TypeKind::kBool:
      if (text == "true" || text == "yes") return Json(true);
      if (text == "false" || text == "no") return Json(false);
      return NotA(text, "`true` or `false`");
    case TypeKind::kInt:
      return ParseInt(text);
    case TypeKind::kFloat:
      return ParseFloat(text);
    case TypeKind::kString:
      return Json(text);
    case TypeKind::kDuration:
      if (std::optional<int64_t> ms = ParseDuration(text)) return Json(*ms);
      return NotA(text, "a Duration, such as 30s, 5min, 12h or 7d");
    case TypeKind::kBytes:
      if (std::optional<int64_t> bytes = ParseBytes(text)) return Json(*bytes);
      return NotA(text, "a size in Bytes, such as 512MiB or 2GB");
    case TypeKind::kList:
      return ParseList(type, text);
    case TypeKind::kOptional:
      if (text == "none" || (text.empty() && type->element->kind != TypeKind::kString)) return Json();
      return ParseField(type->element, text);
    case TypeKind::kEnum:
      return ParseEnum(type, text);
    case TypeKind::kApproved:
      return ParseField(type->element, text);
    case TypeKind::kMap:
    case TypeKind::kRecord:
    case TypeKind::kFile:
    case TypeKind::kDir:
      return ParseJson(type, text);
    case TypeKind::kUnit:
    case TypeKind::kNone:
    case TypeKind::kService:
    case TypeKind::kEmpty:
    case TypeKind::kNever:
    case TypeKind::kPoison:
      return MakeError("a {} cannot be given as text", ir::ToString(type));
  }
  HWF_UNREACHABLE();
}

std::string FormatField(TypeRef type, const Json& value) {
  if (value.is_null()) return "none";
  switch (type->kind) {
    case TypeKind::kDuration:
      return value.is_int() ? FormatDuration(value.AsInt()) : value.Dump();
    case TypeKind::kBytes:
      return value.is_int() ? FormatBytes(value.AsInt()) : value.Dump();
    case TypeKind::kFloat:
      return value.is_number() ? Json(value.AsDouble()).Dump() : value.Dump();
    case TypeKind::kString:
      return value.is_string() ? value.AsString() : value.Dump();
    case TypeKind::kOptional:
    case TypeKind::kApproved:
      return FormatField(type->element, value);
    case TypeKind::kEnum:
      return value["fields"].is_object() && !value["fields"].AsObject().empty() ? value.Dump()
                                                                                : value.StringOr("variant", "");
    case TypeKind::kFile:
    case TypeKind::kDir:
      return value.StringOr("path", value.Dump());
    case TypeKind::kList: {
      if (!value.is_array()) return value.Dump();
      std::string out;
      for (const Json& item : value.AsArray()) out += (out.empty() ? "" : ",") + FormatField(type->element, item);
      return out;
    }
    case TypeKind::kBool:
    case TypeKind::kInt:
    case TypeKind::kMap:
    case TypeKind::kRecord:
    case TypeKind::kUnit:
    case TypeKind::kNone:
    case TypeKind::kService:
    case TypeKind::kEmpty:
    case TypeKind::kNever:
    case TypeKind::kPoison:
      return value.Dump();
  }
  HWF_UNREACHABLE();
}

}  // namespace hwf::review
