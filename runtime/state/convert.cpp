// One walk over the type; each message names the member by its path from the root.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "runtime/state/values.h"

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
      const bool text = member.key == "path" || member.key == "digest" || member.key == "site";
      const bool good =
          text ? member.value.is_string()
               : (member.key == "size" && member.value.is_int()) || (member.key == "stays" && member.value.is_bool());
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

}  // namespace

ErrorOr<Json> Convert(const Json& value, TypeRef type, std::string_view what) {
  return Converter().Value(value, type, std::string(what));
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

}  // namespace hwf::state
