#include "runtime/cli/option_text.h"

#include <fmt/format.h>

#include <algorithm>

namespace hwf::cli {
namespace {

using ir::TypeKind;
using ir::TypeRef;

constexpr int kMostDepth = 3;  // of an example

TypeRef Given(TypeRef type) { return type->kind == TypeKind::kOptional ? type->element : type; }

bool IsJson(TypeRef type) {
  return type->kind == TypeKind::kList || type->kind == TypeKind::kMap || type->kind == TypeKind::kRecord;
}

std::string ValueExample(TypeRef type, int depth);

std::string RecordExample(const ir::RecordDef& record, int depth) {
  std::string fields;
  for (const ir::FieldDef& field : record.fields) {
    fields += fmt::format("{}\"{}\": {}", fields.empty() ? "" : ", ", field.name, ValueExample(field.type, depth + 1));
  }
  return "{" + fields + "}";
}

std::string ValueExample(TypeRef type, int depth) {
  if (depth > kMostDepth) return "…";
  switch (type->kind) {
    case TypeKind::kBool:
      return "true";
    case TypeKind::kInt:
      return "1";
    case TypeKind::kFloat:
      return "0.5";
    case TypeKind::kString:
      return "\"text\"";
    case TypeKind::kDuration:
      return "\"90s\"";
    case TypeKind::kFile:
    case TypeKind::kDir:
      return "{\"path\": \"a/path\"}";
    case TypeKind::kOptional:
    case TypeKind::kApproved:
      return ValueExample(type->element, depth);
    case TypeKind::kList:
      return "[" + ValueExample(type->element, depth + 1) + "]";
    case TypeKind::kMap:
      return fmt::format("{{\"key\": {}}}", ValueExample(type->element, depth + 1));
    case TypeKind::kRecord:
      return RecordExample(*type->record, depth);
    case TypeKind::kEnum:
      return type->enumeration->variants.empty() ? "…" : "\"" + type->enumeration->variants.front().name + "\"";
    case TypeKind::kBytes:
    case TypeKind::kUnit:
    case TypeKind::kService:
    case TypeKind::kNone:
    case TypeKind::kEmpty:
    case TypeKind::kNever:
    case TypeKind::kPoison:
      return "…";
  }
  return "…";
}

std::string ValueWord(TypeRef type) {
  if (IsJson(type)) return "JSON";
  if (type->kind != TypeKind::kEnum) return ir::ToString(type);
  std::string names;
  for (const ir::VariantDef& variant : type->enumeration->variants) {
    if (!variant.fields.empty()) return ir::ToString(type);
    names += (names.empty() ? "" : "|") + variant.name;
  }
  return names;
}

}  // namespace

std::string Dashed(std::string name) {
  std::replace(name.begin(), name.end(), '_', '-');
  return name;
}

bool IsBool(TypeRef type) { return Given(type)->kind == TypeKind::kBool; }

std::string OptionText(const std::string& name, TypeRef type, std::string_view between) {
  const std::string dashed = Dashed(name);
  if (IsBool(type)) return fmt::format("--{0}{1}--no-{0}", dashed, between);
  return fmt::format("--{} {}", dashed, ValueWord(Given(type)));
}

std::string ValueHelp(TypeRef type) {
  const TypeRef given = Given(type);
  return IsJson(given) ? fmt::format("{}, such as '{}'", ir::ToString(given), ValueExample(given, 0)) : "";
}

}  // namespace hwf::cli
