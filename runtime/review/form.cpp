#include "runtime/review/form.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "runtime/review/units.h"

namespace hwf::review {
namespace {

using ir::TypeKind;
using ir::TypeRef;
using scheduler::ChoiceView;
using scheduler::FormFieldView;

constexpr int kMaxDepth = 64;

std::string Joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "`" : ", `") + word + "`";
  return out;
}

// What the value is, for "is X, but must be Y".
std::string Shown(const Json& value) {
  std::string text = value.Dump();
  return text.size() <= 60 ? text : text.substr(0, 57) + "...";
}

Error Wrong(const std::string& path, const Json& value, const std::string& wanted) {
  return MakeError("`{}` is {}, but must be {}", path, Shown(value), wanted);
}

ErrorOr<Json> Fit(TypeRef type, const Json& value, const std::string& path, int depth);

ErrorOr<Json> FitList(TypeRef type, const Json& value, const std::string& path, int depth) {
  if (!value.is_array()) return Wrong(path, value, "a list: " + ir::ToString(type));
  Json out = Json::Array();
  for (size_t i = 0; i < value.AsArray().size(); ++i) {
    HWF_ASSIGN(Json item, Fit(type->element, value.AsArray()[i], fmt::format("{}[{}]", path, i), depth + 1));
    out.Add(std::move(item));
  }
  return out;
}

ErrorOr<Json> FitMap(TypeRef type, const Json& value, const std::string& path, int depth) {
  if (!value.is_object()) return Wrong(path, value, "a map: " + ir::ToString(type));
  Json out = Json::Object();
  for (const JsonMember& member : value.AsObject()) {
    if (type->key != nullptr && type->key->kind == TypeKind::kInt) {
      ErrorOr<Json> key = ParseField(type->key, member.key);
      if (!key.ok()) return MakeError("`{}`: the key `{}` is no Int", path, member.key);
    }
    HWF_ASSIGN(Json item, Fit(type->element, member.value, path + "." + member.key, depth + 1));
    out.Set(member.key, std::move(item));
  }
  return out;
}

ErrorOr<Json> FitFields(const std::vector<ir::FieldDef>& fields, const Json& value, const std::string& path,
                        int depth) {
  if (!value.is_object()) return Wrong(path, value, "an object with the record's fields");
  for (const JsonMember& member : value.AsObject()) {
    auto same = [&](const ir::FieldDef& field) { return field.name == member.key; };
    if (std::none_of(fields.begin(), fields.end(), same)) return MakeError("`{}` has no field `{}`", path, member.key);
  }
  Json out = Json::Object();
  for (const ir::FieldDef& field : fields) {
    const Json* given = value.Find(field.name);
    bool optional = field.type->kind == TypeKind::kOptional;
    if (given == nullptr && !optional) return MakeError("`{}` lacks the field `{}`", path, field.name);
    HWF_ASSIGN(Json item, Fit(field.type, given != nullptr ? *given : Json(), path + "." + field.name, depth + 1));
    out.Set(field.name, std::move(item));
  }
  return out;
}

ErrorOr<Json> FitEnum(TypeRef type, const Json& value, const std::string& path, int depth) {
  std::string variant = value.is_string() ? value.AsString() : value.StringOr("variant", "");
  const ir::VariantDef* def = type->enumeration->Find(variant);
  if (def == nullptr) {
    std::vector<std::string> names;
    for (const ir::VariantDef& one : type->enumeration->variants) names.push_back(one.name);
    return Wrong(path, value, "one of " + Joined(names));
  }
  HWF_ASSIGN(Json fields,
             FitFields(def->fields, value.Find("fields") != nullptr ? value["fields"] : Json::Object(), path, depth));
  return Json::Object().Set("variant", variant).Set("fields", std::move(fields));
}

ErrorOr<Json> FitFloat(const Json& value, const std::string& path) {
  if (!value.is_number()) return Wrong(path, value, "a Float");
  if (!std::isfinite(value.AsDouble())) return Wrong(path, value, "a finite number");
  return Json(value.AsDouble());
}

ErrorOr<Json> Fit(TypeRef type, const Json& value, const std::string& path, int depth) {
  if (depth > kMaxDepth) return MakeError("`{}` is nested deeper than {}", path, kMaxDepth);
  switch (type->kind) {
    case TypeKind::kBool:
      return value.is_bool() ? ErrorOr<Json>(value) : Wrong(path, value, "`true` or `false`");
    case TypeKind::kInt:
      return value.is_int() ? ErrorOr<Json>(value) : Wrong(path, value, "an Int");
    case TypeKind::kFloat:
      return FitFloat(value, path);
    case TypeKind::kString:
      return value.is_string() ? ErrorOr<Json>(value) : Wrong(path, value, "a String");
    case TypeKind::kDuration:
      return value.is_int() ? ErrorOr<Json>(value) : Wrong(path, value, "a Duration (milliseconds)");
    case TypeKind::kBytes:
      return value.is_int() ? ErrorOr<Json>(value) : Wrong(path, value, "Bytes (a count)");
    case TypeKind::kList:
      return FitList(type, value, path, depth);
    case TypeKind::kMap:
      return FitMap(type, value, path, depth);
    case TypeKind::kOptional:
      return value.is_null() ? ErrorOr<Json>(value) : Fit(type->element, value, path, depth);
    case TypeKind::kRecord:
      return FitFields(type->record->fields, value, path, depth);
    case TypeKind::kEnum:
      return FitEnum(type, value, path, depth);
    case TypeKind::kUnit:
    case TypeKind::kNone:
      return value.is_null() ? ErrorOr<Json>(value) : Wrong(path, value, "nothing");
    case TypeKind::kFile:
    case TypeKind::kDir:
    case TypeKind::kApproved:
    case TypeKind::kService:
    case TypeKind::kEmpty:
    case TypeKind::kNever:
    case TypeKind::kPoison:
      return MakeError("`{}` is a {}, which no answer can give", path, ir::ToString(type));
  }
  HWF_UNREACHABLE();
}

TypeRef Bare(TypeRef type) { return type->kind == TypeKind::kOptional ? type->element : type; }

bool AtMost(const Json& a, const Json& b) {
  if (a.is_int() && b.is_int()) return a.AsInt() <= b.AsInt();
  return a.AsDouble() <= b.AsDouble();
}

// The value, or each element of a list, against the range.
ErrorOr<Success> CheckRange(const FormFieldView& field, TypeRef type, const Json& value) {
  if (field.low.is_null() || field.high.is_null() || value.is_null()) return Success();
  if (type->kind == TypeKind::kList) {
    for (const Json& item : value.AsArray()) HWF_TRY(CheckRange(field, Bare(type->element), item));
    return Success();
  }
  if (!value.is_number() || !field.low.is_number() || !field.high.is_number()) return Success();
  if (AtMost(field.low, value) && AtMost(value, field.high)) return Success();
  return MakeError("`{}` is {}, but must lie in {}..{}", field.name, FormatField(type, value),
                   FormatField(type, field.low), FormatField(type, field.high));
}

bool IsOneOf(const Json& list, const Json& value) {
  return list.is_array() && std::find(list.AsArray().begin(), list.AsArray().end(), value) != list.AsArray().end();
}

ErrorOr<Success> CheckOneOf(const FormFieldView& field, TypeRef type, const Json& value) {
  if (value.is_null()) return Success();
  auto refuse = [&](const Json& item) {
    std::string options;
    for (const Json& option : field.one_of.AsArray()) {
      if (options.size() > 200) {
        options += ", ...";
        break;
      }
      options += (options.empty() ? "" : ", ") + Shown(option);
    }
    return MakeError("`{}` is {}, but must be one of: {}", field.name, Shown(item), options);
  };
  if (!field.one_of.is_array() || IsOneOf(field.one_of, value)) return Success();
  if (type->kind != TypeKind::kList || !value.is_array()) return refuse(value);
  for (const Json& item : value.AsArray()) {
    if (!IsOneOf(field.one_of, item)) return refuse(item);
  }
  return Success();
}

const ChoiceView* FindChoice(const scheduler::ReviewView& review, std::string_view variant) {
  for (const ChoiceView& choice : review.choices) {
    if (choice.name == variant) return &choice;
  }
  return nullptr;
}

ErrorOr<Success> CheckNames(const ChoiceView& choice, const Json& fields) {
  if (!fields.is_object() && !fields.is_null()) return MakeError("the answer's fields are not an object");
  if (fields.is_null()) return Success();
  for (const JsonMember& member : fields.AsObject()) {
    auto same = [&](const FormFieldView& field) { return field.name == member.key; };
    if (std::any_of(choice.fields.begin(), choice.fields.end(), same)) continue;
    if (choice.fields.empty()) return MakeError("`{}` has no field `{}`; it takes none", choice.name, member.key);
    std::vector<std::string> names;
    for (const FormFieldView& field : choice.fields) names.push_back(field.name);
    return MakeError("`{}` has no field `{}`; it has {}", choice.name, member.key, Joined(names));
  }
  return Success();
}

}  // namespace

ErrorOr<Json> CheckField(const FormFieldView& field, const Json& value) {
  TypeRef type = Bare(field.type);
  // A value picked from a list that the review itself offers may hold what nobody can type: files.
  bool picks = field.one_of.is_array() && (IsOneOf(field.one_of, value) || ir::HoldsFiles(field.type));
  Json fitted = value;
  if (!picks) {
    HWF_ASSIGN(fitted, Fit(field.type, value, field.name, 0));
  }
  HWF_TRY(CheckRange(field, type, fitted));
  HWF_TRY(CheckOneOf(field, type, fitted));
  return fitted;
}

ErrorOr<Json> CheckAnswer(const scheduler::ReviewView& review, std::string_view variant, const Json& fields) {
  const ChoiceView* choice = FindChoice(review, variant);
  if (choice == nullptr) {
    std::vector<std::string> names;
    for (const ChoiceView& one : review.choices) names.push_back(one.name);
    return MakeError("`{}` is no answer of this review; it has {}", variant, Joined(names));
  }
  HWF_TRY(CheckNames(*choice, fields));
  Json out = Json::Object();
  for (const FormFieldView& field : choice->fields) {
    const Json* given = fields.Find(field.name);
    if (given == nullptr && !field.default_value.is_null()) {
      out.Set(field.name, field.default_value);
      continue;
    }
    if (given == nullptr && (field.required || field.type->kind != TypeKind::kOptional)) {
      return MakeError("`{}` needs the field `{}`: {}", variant, field.name, ir::ToString(field.type));
    }
    HWF_ASSIGN(Json value, CheckField(field, given != nullptr ? *given : Json()));
    out.Set(field.name, std::move(value));
  }
  return out;
}

}  // namespace hwf::review
