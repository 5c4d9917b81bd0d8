#include "runtime/simulate/made_up.h"

#include "base/check.h"
#include "runtime/state/values.h"

namespace hwf::simulate {
namespace {

Json Fields(const Json& value, const std::vector<ir::FieldDef>& fields, std::string_view place) {
  Json out = Json::Object();
  for (const ir::FieldDef& field : fields) out.Set(field.name, Completed(value[field.name], field.type, place));
  return out;
}

Json BlankFields(const std::vector<ir::FieldDef>& fields, std::string_view place) {
  Json out = Json::Object();
  for (const ir::FieldDef& field : fields) out.Set(field.name, Blank(field.type, place));
  return out;
}

}  // namespace

Json MadeUpFile(std::string_view name, std::string_view place) {
  Json whole = Json::Array();
  whole.Add(std::string(place));
  whole.Add(std::string(name));
  const std::string path = name.substr(0, 1) == "/" ? std::string(name) : "/simulated/" + std::string(name);
  return Json().Set("path", path).Set("digest", state::DigestOf(whole)).Set("size", 0);
}

Json Completed(Json value, ir::TypeRef type, std::string_view place) {
  if (value.is_null() || !ir::HoldsFiles(type)) return value;
  switch (type->kind) {
    case ir::TypeKind::kFile:
    case ir::TypeKind::kDir:
      return value.StringOr("digest", "").empty() ? MadeUpFile(value.StringOr("path", ""), place) : value;
    case ir::TypeKind::kOptional:
    case ir::TypeKind::kApproved:
      return Completed(std::move(value), type->element, place);
    case ir::TypeKind::kList: {
      Json out = Json::Array();
      for (Json& item : value.AsArray()) out.Add(Completed(std::move(item), type->element, place));
      return out;
    }
    case ir::TypeKind::kMap: {
      Json out = Json::Object();
      for (JsonMember& member : value.AsObject()) {
        out.Set(member.key, Completed(std::move(member.value), type->element, place));
      }
      return out;
    }
    case ir::TypeKind::kRecord:
      return Fields(value, type->record->fields, place);
    case ir::TypeKind::kEnum: {
      const std::string variant = value.StringOr("variant", "");
      const ir::VariantDef* known = type->enumeration->Find(variant);
      return known == nullptr
                 ? value
                 : Json().Set("variant", variant).Set("fields", Fields(value["fields"], known->fields, place));
    }
    default:
      return value;
  }
}

Json Blank(ir::TypeRef type, std::string_view place) {
  switch (type->kind) {
    case ir::TypeKind::kBool:
      return Json(false);
    case ir::TypeKind::kInt:
    case ir::TypeKind::kDuration:
    case ir::TypeKind::kBytes:
      return Json(0);
    case ir::TypeKind::kFloat:
      return Json(0.0);
    case ir::TypeKind::kString:
      return Json("");
    case ir::TypeKind::kFile:
    case ir::TypeKind::kDir:
      return MadeUpFile("output", place);
    case ir::TypeKind::kList:
      return Json::Array();
    case ir::TypeKind::kMap:
      return Json::Object();
    case ir::TypeKind::kApproved:
      return Blank(type->element, place);
    case ir::TypeKind::kRecord:
      return BlankFields(type->record->fields, place);
    case ir::TypeKind::kEnum: {
      const ir::VariantDef& first = type->enumeration->variants.front();
      return Json().Set("variant", first.name).Set("fields", BlankFields(first.fields, place));
    }
    case ir::TypeKind::kOptional:
    case ir::TypeKind::kUnit:
    case ir::TypeKind::kService:
    case ir::TypeKind::kNone:
    case ir::TypeKind::kEmpty:
    case ir::TypeKind::kNever:
    case ir::TypeKind::kPoison:
      return Json();
  }
  HWF_UNREACHABLE();
}

}  // namespace hwf::simulate
