#include "ir/json_writer.h"
#include "ir/names.h"

namespace hwf::ir::internal {

Json SpanJson(const Span& span) { return Json(JsonArray{Json(span.file), Json(span.line), Json(span.column)}); }
void SetSpan(Json& object, const Span& span) {
  if (span.line != 0) object.Set("at", SpanJson(span));
}

// What a list, map, optional or approved is made of gets the lower index, so that a reader can build in one pass; the
// fields of records and enums may point forward.
int64_t Writer::TypeIndex(TypeRef type) {
  auto known = type_indices_.find(type);
  if (known != type_indices_.end()) return known->second;
  if (type->element != nullptr) TypeIndex(type->element);
  if (type->key != nullptr) TypeIndex(type->key);
  int64_t index = static_cast<int64_t>(types_.size());
  types_.push_back(type);
  type_indices_.emplace(type, index);
  return index;
}

Json Writer::WriteFields(const std::vector<FieldDef>& fields) {
  Json out = Json::Array();
  for (const FieldDef& field : fields) {
    Json item;
    item.Set("name", field.name).Set("type", TypeIndex(field.type));
    if (field.has_default) item.Set("default", true);
    out.Add(std::move(item));
  }
  return out;
}

Json Writer::WriteTypes() {
  Json out = Json::Array();
  for (size_t i = 0; i < types_.size(); ++i) {  // grows while records and enums are written
    const Type& type = *types_[i];
    Json item;
    switch (type.kind) {
      case TypeKind::kList:
        item.Set("list", TypeIndex(type.element));
        break;
      case TypeKind::kOptional:
        item.Set("optional", TypeIndex(type.element));
        break;
      case TypeKind::kApproved:
        item.Set("approved", TypeIndex(type.element));
        break;
      case TypeKind::kMap:
        item.Set("map", TypeIndex(type.element)).Set("key", TypeIndex(type.key));
        break;
      case TypeKind::kRecord:
        item.Set("record", type.record->name).Set("fields", WriteFields(type.record->fields));
        break;
      case TypeKind::kEnum: {
        Json variants = Json::Array();
        for (const VariantDef& variant : type.enumeration->variants) {
          Json entry;
          entry.Set("name", variant.name);
          if (!variant.fields.empty()) entry.Set("fields", WriteFields(variant.fields));
          variants.Add(std::move(entry));
        }
        item.Set("enum", type.enumeration->name).Set("variants", std::move(variants));
        break;
      }
      default:
        item = Json(ToString(type.kind));
    }
    out.Add(std::move(item));
  }
  return out;
}

Json Writer::WriteExpr(const Expr& expr) {
  Json out;
  out.Set("op", ToString(expr.op)).Set("type", TypeIndex(expr.type));
  if (expr.op == Op::kLiteral) out.Set("literal", expr.literal);
  if (expr.op == Op::kRef) out.Set("ref", IdJson(expr.ref));
  if (!expr.name.empty()) out.Set("name", expr.name);
  if (!expr.args.empty()) out.Set("args", WriteExprs(expr.args));
  if (!expr.labels.empty()) {
    Json labels = Json::Array();
    for (const std::string& label : expr.labels) labels.Add(label);
    out.Set("labels", std::move(labels));
  }
  SetSpan(out, expr.span);
  return out;
}

Json Writer::WriteExprs(const std::vector<Expr>& exprs) {
  Json out = Json::Array();
  for (const Expr& expr : exprs) out.Add(WriteExpr(expr));
  return out;
}

void Writer::SetExpr(Json& object, const char* key, const std::optional<Expr>& expr) {
  if (expr.has_value()) object.Set(key, WriteExpr(*expr));
}

Json Writer::WriteParams(const std::vector<Param>& params) {
  Json out = Json::Array();
  for (const Param& param : params) {
    Json item;
    item.Set("id", IdJson(param.id)).Set("name", param.name).Set("type", TypeIndex(param.type));
    SetExpr(item, "default", param.default_value);
    if (!param.doc.empty()) item.Set("doc", param.doc);
    out.Add(std::move(item));
  }
  return out;
}

}  // namespace hwf::ir::internal
