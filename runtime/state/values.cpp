#include "runtime/state/values.h"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/check.h"

namespace hwf::state {
namespace {

using ir::FieldDef;
using ir::TypeKind;
using ir::TypeRef;

// What an error says was found: "the text \"abc\"", "nothing".
std::string Found(const Json& value) {
  if (value.is_null()) return "null";
  if (value.is_string()) return "the text " + Brief(value);
  if (value.is_array()) return "a list";
  if (value.is_object()) return "an object";
  return Brief(value);
}

Error Mismatch(const std::string& path, TypeRef type, const Json& value) {
  return MakeError("{}: expected {}, found {}", path, ir::ToString(type), Found(value));
}

std::string NameList(const std::vector<FieldDef>& fields) {
  std::string out;
  for (const FieldDef& field : fields) out += (out.empty() ? "`" : ", `") + field.name + "`";
  return out.empty() ? "no fields" : out;
}

bool MayBeAbsent(TypeRef type) {
  if (type->kind == TypeKind::kApproved) return MayBeAbsent(type->element);
  return type->kind == TypeKind::kOptional || type->kind == TypeKind::kUnit;
}

class Converter {
 public:
  ErrorOr<Json> Value(const Json& value, TypeRef type, const std::string& path) {
    switch (type->kind) {
      case TypeKind::kUnit:
      case TypeKind::kNone:
        if (value.is_null()) return Json();
        break;
      case TypeKind::kBool:
        if (value.is_bool()) return value;
        break;
      case TypeKind::kInt:
      case TypeKind::kBytes:
        if (value.is_int()) return value;
        break;
      case TypeKind::kFloat:
        if (value.is_number()) return Json(value.AsDouble());
        break;
      case TypeKind::kString:
        if (value.is_string()) return value;
        break;
      case TypeKind::kDuration:
        return DurationValue(value, type, path);
      case TypeKind::kFile:
      case TypeKind::kDir:
        return FileValue(value, type, path);
      case TypeKind::kList:
        return ListValue(value, type, path);
      case TypeKind::kMap:
        return MapValue(value, type, path);
      case TypeKind::kOptional:
        if (value.is_null()) return Json();
        return Value(value, type->element, path);
      case TypeKind::kApproved:
        return Value(value, type->element, path);
      case TypeKind::kRecord:
        return Fields(value, type->record->fields, type, path);
      case TypeKind::kEnum:
        return EnumValue(value, type, path);
      case TypeKind::kService:
      case TypeKind::kEmpty:
      case TypeKind::kNever:
      case TypeKind::kPoison:
        return MakeError("{}: a value of type {} cannot come from outside", path, ir::ToString(type));
    }
    return Mismatch(path, type, value);
  }

  ErrorOr<Json> Fields(const Json& value, const std::vector<FieldDef>& fields, TypeRef type, const std::string& path) {
    if (!value.is_object()) {
      return MakeError("{}: expected {}, found {}", path,
                       type != nullptr ? ir::ToString(type) : "an object of " + NameList(fields), Found(value));
    }
    Json out = Json::Object();
    size_t used = 0;
    for (const FieldDef& field : fields) {
      const Json* member = value.Find(field.name);
      if (member != nullptr) ++used;
      if (member == nullptr && !MayBeAbsent(field.type)) {
        return MakeError("{}: the field `{}: {}` is missing", path, field.name, ir::ToString(field.type));
      }
      HWF_ASSIGN(Json converted, Value(member != nullptr ? *member : Json(), field.type, path + "." + field.name));
      out.AsObject().push_back({field.name, std::move(converted)});
    }
    if (used != value.AsObject().size()) return Unknown(value, fields, path);
    return out;
  }

 private:
  Error Unknown(const Json& value, const std::vector<FieldDef>& fields, const std::string& path) {
    for (const JsonMember& member : value.AsObject()) {
      bool known = std::any_of(fields.begin(), fields.end(), [&](const FieldDef& f) { return f.name == member.key; });
      if (!known)
        return MakeError("{}: there is no field {}; expected {}", path, Brief(Json(member.key)), NameList(fields));
    }
    return MakeError("{}: a field stands twice", path);
  }

  ErrorOr<Json> DurationValue(const Json& value, TypeRef type, const std::string& path) {
    if (value.is_int()) return value;
    if (value.is_string()) {
      ErrorOr<Json> parsed = ParseParameter(value.AsString(), type);
      if (parsed.ok()) return parsed;
    }
    return MakeError("{}: expected Duration (\"90s\", or whole milliseconds), found {}", path, Found(value));
  }

  ErrorOr<Json> FileValue(const Json& value, TypeRef type, const std::string& path) {
    if (!value.is_object() || !value["path"].is_string()) return Mismatch(path, type, value);
    for (const JsonMember& member : value.AsObject()) {
      bool good = (member.key == "path" || member.key == "digest") ? member.value.is_string()
                                                                   : member.key == "size" && member.value.is_int();
      if (!good)
        return MakeError("{}: a {} has no member {} of that kind", path, ir::ToString(type), Brief(Json(member.key)));
    }
    return value;
  }

  ErrorOr<Json> ListValue(const Json& value, TypeRef type, const std::string& path) {
    if (!value.is_array()) return Mismatch(path, type, value);
    JsonArray out;
    out.reserve(value.AsArray().size());
    for (size_t i = 0; i < value.AsArray().size(); ++i) {
      HWF_ASSIGN(Json item, Value(value.AsArray()[i], type->element, fmt::format("{}[{}]", path, i)));
      out.push_back(std::move(item));
    }
    return Json(std::move(out));
  }

  ErrorOr<Json> MapValue(const Json& value, TypeRef type, const std::string& path) {
    if (!value.is_object()) return Mismatch(path, type, value);
    Json out = Json::Object();
    for (const JsonMember& member : value.AsObject()) {
      int64_t number = 0;
      const char* end = member.key.data() + member.key.size();
      auto [stop, code] = std::from_chars(member.key.data(), end, number);
      if (type->key->kind == TypeKind::kInt && (code != std::errc() || stop != end)) {
        return MakeError("{}: the key {} is no Int", path, Brief(Json(member.key)));
      }
      HWF_ASSIGN(Json item, Value(member.value, type->element, fmt::format("{}[{}]", path, Brief(Json(member.key)))));
      out.AsObject().push_back({member.key, std::move(item)});
    }
    return out;
  }

  ErrorOr<Json> EnumValue(const Json& value, TypeRef type, const std::string& path) {
    const Json& name = value.is_string() ? value : value["variant"];
    if (!name.is_string()) return Mismatch(path, type, value);
    const ir::VariantDef* variant = type->enumeration->Find(name.AsString());
    if (variant == nullptr) {
      std::string all;
      for (const ir::VariantDef& v : type->enumeration->variants) all += (all.empty() ? "`" : ", `") + v.name + "`";
      return MakeError("{}: {} is no variant of {}; expected {}", path, Brief(name), ir::ToString(type), all);
    }
    for (const JsonMember& member : value.is_object() ? value.AsObject() : JsonObject()) {
      if (member.key != "variant" && member.key != "fields") {
        return MakeError("{}: a value of {} has no member {}", path, ir::ToString(type), Brief(Json(member.key)));
      }
    }
    Json none = Json::Object();
    const Json& given = value["fields"].is_null() ? none : value["fields"];
    HWF_ASSIGN(Json fields, Fields(given, variant->fields, nullptr, path + "." + variant->name));
    Json out = Json::Object();
    out.AsObject().push_back({"variant", name});
    out.AsObject().push_back({"fields", std::move(fields)});
    return out;
  }
};

struct Unit {
  std::string_view name;
  double factor;
};
constexpr std::array<Unit, 5> kDurationUnits = {{{"ms", 1}, {"s", 1e3}, {"min", 6e4}, {"h", 3.6e6}, {"d", 8.64e7}}};
constexpr std::array<Unit, 11> kByteUnits = {{{"B", 1},
                                              {"kB", 1e3},
                                              {"KB", 1e3},
                                              {"MB", 1e6},
                                              {"GB", 1e9},
                                              {"TB", 1e12},
                                              {"KiB", 1024.0},
                                              {"MiB", 1048576.0},
                                              {"GiB", 1073741824.0},
                                              {"TiB", 1099511627776.0},
                                              {"PiB", 1125899906842624.0}}};

template <size_t N>
std::optional<int64_t> WithUnit(std::string_view text, const std::array<Unit, N>& units) {
  double number = 0;
  auto [stop, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  std::string_view rest(stop, static_cast<size_t>(text.data() + text.size() - stop));
  if (code != std::errc() || !std::isfinite(number) || number < 0) return std::nullopt;
  for (const Unit& unit : units) {
    double value = number * unit.factor;
    if (rest == unit.name && value < 9e18) return static_cast<int64_t>(std::llround(value));
  }
  return std::nullopt;
}

ErrorOr<Json> JsonParameter(std::string_view text, TypeRef type) {
  ErrorOr<Json> json = Json::Parse(text, Json::Limits{.allow_nan = true});
  if (!json.ok()) return MakeError("expected {} as JSON: {}", ir::ToString(type), json.error().message());
  return Convert(*json, type, "value");
}

Error NotA(std::string_view text, std::string_view what) {
  return MakeError("expected {}, found {}", what, Brief(Json(text)));
}

ErrorOr<Json> NumberParameter(std::string_view text, TypeRef type) {
  const char* end = text.data() + text.size();
  if (type->kind == TypeKind::kInt) {
    int64_t whole = 0;
    auto [stop, code] = std::from_chars(text.data(), end, whole);
    if (code == std::errc::result_out_of_range) return NotA(text, "an Int of 64 bits");
    if (code != std::errc() || stop != end) return NotA(text, "Int");
    return Json(whole);
  }
  double number = 0;
  auto [stop, code] = std::from_chars(text.data(), end, number);
  if (code != std::errc() || stop != end) return NotA(text, "Float");
  return Json(number);
}

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

ErrorOr<Json> Convert(const Json& value, TypeRef type, std::string_view what) {
  return Converter().Value(value, type, std::string(what));
}

ErrorOr<Json> ParseParameter(std::string_view text, TypeRef type) {
  switch (type->kind) {
    case TypeKind::kBool:
      if (text == "true" || text == "false") return Json(text == "true");
      return NotA(text, "`true` or `false`");
    case TypeKind::kInt:
    case TypeKind::kFloat:
      return NumberParameter(text, type);
    case TypeKind::kString:
      return Json(text);
    case TypeKind::kDuration:
      if (std::optional<int64_t> value = WithUnit(text, kDurationUnits)) return Json(*value);
      return NotA(text, "a Duration such as `30s`, `5min`, `12h`, `7d`");
    case TypeKind::kBytes:
      if (std::optional<int64_t> value = WithUnit(text, kByteUnits)) return Json(*value);
      return NotA(text, "Bytes such as `512MiB`, `2GB`");
    case TypeKind::kFile:
    case TypeKind::kDir:
      if (text.empty()) return NotA(text, "a path");
      return Json(Json::Object().Set("path", Json(text)));
    case TypeKind::kOptional:
      if (text == "none") return Json();
      return ParseParameter(text, type->element);
    case TypeKind::kApproved:
      return MakeError("an {} comes from a review alone", ir::ToString(type));
    case TypeKind::kEnum:
      if (!text.empty() && text.front() != '{') return Convert(Json(text), type, "value");
      return JsonParameter(text, type);
    case TypeKind::kList:
    case TypeKind::kMap:
    case TypeKind::kRecord:
      return JsonParameter(text, type);
    case TypeKind::kUnit:
    case TypeKind::kService:
    case TypeKind::kNone:
    case TypeKind::kEmpty:
    case TypeKind::kNever:
    case TypeKind::kPoison:
      break;
  }
  return MakeError("a value of type {} cannot be given as a parameter", ir::ToString(type));
}

ErrorOr<Json> CheckOutputs(const ir::Task& task, const Json& outputs) {
  Json out = Json::Object();
  size_t used = 0;
  for (const ir::Output& output : task.outputs) {
    const Json* value = outputs.Find(output.name);
    if (value != nullptr) ++used;
    if ((value == nullptr || value->is_null()) && !MayBeAbsent(output.type)) {
      return MakeError("output `{}: {}` is missing", output.name, ir::ToString(output.type));
    }
    HWF_ASSIGN(Json converted,
               Convert(value != nullptr ? *value : Json(), output.type, "output `" + output.name + "`"));
    out.AsObject().push_back({output.name, std::move(converted)});
  }
  if (outputs.is_object() && used != outputs.AsObject().size()) {
    return MakeError("task `{}` has no such output among {}", task.name, Brief(outputs));
  }
  return out;
}

ErrorOr<Json> CheckEmission(const ir::Stream& stream, const Json& values) {
  return Convert(values, stream.record, "checkpoint `" + stream.name + "`");
}

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

std::string DurationText(int64_t milliseconds) {
  struct Part {
    int64_t ms;
    std::string_view unit;
  };
  constexpr std::array<Part, 4> kParts = {{{86400000, "d"}, {3600000, "h"}, {60000, "min"}, {1000, "s"}}};
  for (const Part& part : kParts) {
    if (milliseconds != 0 && milliseconds % part.ms == 0) return fmt::format("{}{}", milliseconds / part.ms, part.unit);
  }
  return milliseconds == 0 ? "0s" : fmt::format("{}ms", milliseconds);
}

std::string BytesText(int64_t bytes) {
  constexpr std::array<std::string_view, 5> kUnits = {"TiB", "GiB", "MiB", "KiB", "B"};
  int64_t factor = int64_t{1} << 40;
  for (std::string_view unit : kUnits) {
    if (bytes >= factor && bytes % factor == 0) return fmt::format("{}{}", bytes / factor, unit);
    factor >>= 10;
  }
  return fmt::format("{}B", bytes);
}

}  // namespace hwf::state
