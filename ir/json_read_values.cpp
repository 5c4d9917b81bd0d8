#include "ir/json.h"
#include "ir/json_reader.h"
#include "ir/names.h"

namespace hwf::ir::internal {

Expr Reader::ReadExpr(const Json& json, const Path& path) {
  Expr expr;
  expr.type = module_.types->Simple(TypeKind::kUnit);
  Level level(*this, path);
  if (!level.ok) return expr;
  std::optional<Op> op = OpFromString(Text(json, path, "op"));
  if (!op.has_value()) {
    Fail(Path{&path, "op"}, "unknown operation");
    return expr;
  }
  expr.op = *op;
  expr.type = Type(json, path, "type");
  if (expr.op == Op::kLiteral) {
    const Json* literal = Member(json, path, "literal", true);
    if (literal != nullptr) expr.literal = *literal;
  }
  if (expr.op == Op::kRef) expr.ref = Id(json, path, "ref");
  expr.name = Text(json, path, "name", false);
  expr.args = Exprs(json, path, "args");
  expr.labels = Texts(json, path, "labels");
  expr.span = SpanOf(json, path);
  return expr;
}

Expr Reader::ExprMember(const Json& object, const Path& path, std::string_view key) {
  const Json* member = Member(object, path, key, true);
  return ReadExpr(member != nullptr ? *member : Json(), Path{&path, key});
}

std::optional<Expr> Reader::OptionalExpr(const Json& object, const Path& path, std::string_view key) {
  const Json* member = Member(object, path, key, false);
  if (member == nullptr) return std::nullopt;
  return ReadExpr(*member, Path{&path, key});
}

std::vector<Expr> Reader::Exprs(const Json& object, const Path& path, std::string_view key) {
  return List<Expr>(object, path, key, false, [this](const Json& item, const Path& at) { return ReadExpr(item, at); });
}

std::vector<Param> Reader::Params(const Json& object, const Path& path) {
  return List<Param>(object, path, "params", false, [this](const Json& item, const Path& at) {
    Param param;
    param.id = Id(item, at, "id");
    param.name = Text(item, at, "name");
    param.type = Type(item, at, "type");
    param.default_value = OptionalExpr(item, at, "default");
    param.doc = Text(item, at, "doc", false);
    return param;
  });
}

}  // namespace hwf::ir::internal
