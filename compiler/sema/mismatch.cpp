#include "compiler/sema/mismatch.h"

#include <fmt/format.h>
#include <llvm/ADT/StringExtras.h>

#include "compiler/sema/walk.h"
#include "ir/type_rules.h"

namespace hwf::sema {
namespace {

using ir::TypeKind;
using ir::TypeRef;

// The text of a literal without interpolations; empty for all else.
std::string Literal(const syntax::Expr& expr) {
  const auto* text = llvm::dyn_cast<syntax::StringExpr>(&expr);
  const bool plain = text != nullptr && text->parts.size() == 1 && text->parts[0].value == nullptr;
  return plain ? text->parts[0].text.str() : "";
}

// A record where one of its fields is meant: mostly the outputs of a call.
std::string FieldHelp(const syntax::Expr& expr, TypeRef want) {
  for (const ir::FieldDef& field : expr.type->record->fields) {
    if (field.type == nullptr || !ir::Converts(field.type, want)) continue;
    const auto* call = llvm::dyn_cast<syntax::CallExpr>(&expr);
    const syntax::Decl* callee = call == nullptr ? nullptr : CalledDecl(*call);
    if (callee == nullptr) return fmt::format("it is a record; its field is `.{}`", field.name);
    return fmt::format("a call's value is the record of its outputs: `{}(…).{}`", callee->name.text.str(), field.name);
  }
  return "";
}

std::string UnitHelp(const syntax::Expr& expr, TypeKind want) {
  const auto* number = llvm::dyn_cast<syntax::IntExpr>(&expr);
  const std::string count = number == nullptr ? "4" : std::to_string(number->value);
  return want == TypeKind::kBytes ? fmt::format("a size has a unit: `{0}GiB`, `{0}MiB`", count)
                                  : fmt::format("a time has a unit: `{0}s`, `{0}min`, `{0}h`", count);
}

}  // namespace

std::string MismatchHelp(const syntax::Expr& expr, TypeRef want) {
  const TypeRef found = expr.type;
  if (found->kind == TypeKind::kOptional && ir::Converts(found->element, want))
    return "it may be `none`: give a default with `??`, or use it inside `if x != none { … }`";
  if (found->kind == TypeKind::kFloat && want->kind == TypeKind::kInt) return "`round(x)` gives the nearest Int";
  if (found->kind == TypeKind::kRecord && found->record != nullptr) return FieldHelp(expr, want);
  const bool sized = want->kind == TypeKind::kBytes || want->kind == TypeKind::kDuration;
  if (found->kind == TypeKind::kInt && sized) return UnitHelp(expr, want->kind);
  if (found->kind == TypeKind::kString && !Literal(expr).empty()) {
    if (want->kind == TypeKind::kFile) return fmt::format("a file is named by `file(\"{}\")`", Literal(expr));
    if (want->kind == TypeKind::kDir) return fmt::format("a directory is named by `dir(\"{}\")`", Literal(expr));
    const bool counted = sized || want->kind == TypeKind::kInt || want->kind == TypeKind::kFloat;
    if (counted && llvm::isDigit(Literal(expr)[0]))
      return fmt::format("numbers, sizes and times stand without quotes: `{}`", Literal(expr));
  }
  const bool number = found->kind == TypeKind::kInt || found->kind == TypeKind::kFloat;
  if (want->kind == TypeKind::kString && number) return "`\"~{x}\"` makes text of it";
  return "";
}

}  // namespace hwf::sema
