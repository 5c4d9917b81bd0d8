// The fields of an answer's form: `retune(rate: Float in 0.0001..1.0 = rate)`.
#include "compiler/sema/checker.h"

namespace hwf::sema {
namespace {

// `"fast"`, `0.5`; empty for what is no constant.
std::string ConstantText(const Expr& expr) {
  if (const auto text = ConstantString(&expr)) return "\"" + *text + "\"";
  const auto number = Fold(&expr);
  return number ? ToText(*number) : "";
}

bool AreEqual(const Expr& a, const Expr& b) {
  const auto left = Fold(&a), right = Fold(&b);
  if (left && right) return !(*left < *right) && !(*right < *left);
  return ConstantText(a) == ConstantText(b);
}

// Whether a constant is none of a list of constants.
bool IsOutside(const ListExpr& list, const Expr& given) {
  if (ConstantText(given).empty()) return false;
  return llvm::all_of(list.items,
                      [&](const Expr* item) { return !ConstantText(*item).empty() && !AreEqual(*item, given); });
}

}  // namespace

// What a form can ask for: a simple value, an enum of bare names, an optional of these; or, from a list that is given
// (`in trials`), some of it.
bool Checker::IsFormType(TypeRef type, bool listed) {
  switch (type->kind) {
    case TypeKind::kBool:
    case TypeKind::kInt:
    case TypeKind::kFloat:
    case TypeKind::kString:
    case TypeKind::kDuration:
    case TypeKind::kBytes:
    case TypeKind::kPoison:
      return true;
    case TypeKind::kEnum:
      for (const ir::VariantDef& variant : type->enumeration->variants) {
        if (!variant.fields.empty()) return false;
      }
      return true;
    case TypeKind::kOptional:
      return IsFormType(type->element, false);
    case TypeKind::kList:
      return listed && !types_.HoldsApproved(type);
    default:
      return false;
  }
}

void Checker::CheckFormField(const Choice::FormField& field) {
  const bool listed = field.in != nullptr &&
                      !(llvm::isa<BinaryExpr>(field.in) && llvm::cast<BinaryExpr>(field.in)->op == BinaryOp::kRange);
  TypeRef type = types_.Resolve(field.type, scope_);
  if (!IsFormType(type, listed)) {
    auto report = Report(field.type->range, diagnostics::kBadFormType, TypeName(type));
    report.Help(
        type->kind == TypeKind::kList
            ? "say from what: `" + field.name.text.str() + ": " + TypeName(type) + " in xs`"
            : "a form asks for Bool, Int, Float, String, Duration, Bytes, enums without fields, or `T?` of these");
    type = Poison();
  }
  Mutable(field).sema_type = type;
  CheckFormIn(field);
  PassOn(field.in);
  if (field.default_value == nullptr) return;
  const bool fits = CheckAs(field.default_value, type, "for the default of " + Quoted(field.name.text));
  PassOn(field.default_value);
  if (fits) CheckInRange(field, *field.default_value);
}

// A default, or what `else` gives, must be what a person could answer.
void Checker::CheckInRange(const Choice::FormField& field, const Expr& given) {
  if (const auto* list = llvm::dyn_cast_or_null<ListExpr>(field.in); list != nullptr && IsOutside(*list, given)) {
    Report(given.range, diagnostics::kWrongWord, ConstantText(given), "one of what can be chosen")
        .Note(list->range, "the list is here");
    return;
  }
  const auto* range = llvm::dyn_cast_or_null<BinaryExpr>(field.in);
  if (range == nullptr || range->op != BinaryOp::kRange) return;
  const auto low = Fold(range->left);
  const auto high = Fold(range->right);
  const auto value = Fold(&given);
  if (!low || !high || !value || *high < *low || !(*value < *low || *high < *value)) return;
  Report(given.range, diagnostics::kDefaultOutOfRange, ToText(*value), ToText(*low), ToText(*high))
      .Note(range->range, "the range is here");
}

void Checker::CheckFormIn(const Choice::FormField& field) {
  if (field.in == nullptr) return;
  const TypeRef type = field.sema_type;
  auto* range = llvm::dyn_cast<BinaryExpr>(field.in);
  if (range != nullptr && range->op == BinaryOp::kRange) return CheckRange(*range, type, field);
  const TypeRef list = Check(field.in);
  if (IsPoison(type) || IsPoison(list)) return;
  TypeRef item = type->kind == TypeKind::kOptional ? type->element : type;
  if (item->kind == TypeKind::kList) item = item->element;
  Coerce(field.in, context_.types().List(item), "for `in`");
}

void Checker::CheckRange(BinaryExpr& range, TypeRef type, const Choice::FormField& field) {
  Check(range.left);
  Check(range.right);
  range.type = Poison();
  if (IsPoison(type)) return;
  const TypeRef plain = type->kind == TypeKind::kOptional ? type->element : type;
  const bool ordered = plain->kind == TypeKind::kInt || plain->kind == TypeKind::kFloat ||
                       plain->kind == TypeKind::kDuration || plain->kind == TypeKind::kBytes;
  if (!ordered) {
    Report(range.range, diagnostics::kBadRangeType, TypeName(type)).Note(field.type->range, "its type is here");
    return;
  }
  range.type = context_.types().List(plain);
  if (!Coerce(range.left, plain, "for the range") || !Coerce(range.right, plain, "for the range")) return;
  const auto low = Fold(range.left);
  const auto high = Fold(range.right);
  if (low && high && *high < *low) {
    Report(range.range, diagnostics::kEmptyRange, ToText(*low), ToText(*high));
  }
}

}  // namespace hwf::sema
