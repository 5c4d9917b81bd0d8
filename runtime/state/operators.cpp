#include "runtime/state/operators.h"

#include <fmt/format.h>

#include <cmath>

#include "runtime/state/values.h"

namespace hwf::state {
namespace {

using ir::Expr;
using ir::Op;
using ir::TypeKind;

Evaluation Fail(const Expr& expr, std::string message) { return {Json(), Failure{std::move(message), expr.span}}; }
Evaluation Result(Json value) { return {std::move(value), std::nullopt}; }

template <typename T>
bool Ordered(Op op, const T& a, const T& b) {
  if (op == Op::kLt) return a < b;
  if (op == Op::kLe) return a <= b;
  return op == Op::kGt ? a > b : a >= b;
}

Evaluation Compare(const Expr& expr, const Json& a, const Json& b) {
  if (a.is_int() && b.is_int()) return Result(Json(Ordered(expr.op, a.AsInt(), b.AsInt())));
  if (a.is_number() && b.is_number()) return Result(Json(Ordered(expr.op, a.AsDouble(), b.AsDouble())));
  if (a.is_string() && b.is_string()) return Result(Json(Ordered(expr.op, a.AsString(), b.AsString())));
  return Fail(expr, fmt::format("{} and {} have no order", Brief(a), Brief(b)));
}

double Real(Op op, double a, double b) {
  switch (op) {
    case Op::kAdd:
      return a + b;
    case Op::kSub:
      return a - b;
    case Op::kMul:
      return a * b;
    case Op::kMod:
      return std::fmod(a, b);
    default:
      return a / b;
  }
}

Evaluation Whole(const Expr& expr, int64_t a, int64_t b) {
  int64_t out = 0;
  bool overflow = false;
  if (expr.op == Op::kMod) {
    if (b == 0) return Fail(expr, "`%` by zero");
    out = b == -1 ? 0 : a % b;
    if (out != 0 && (out < 0) != (b < 0)) out += b;  // the sign of the divisor, as in Python
  } else if (expr.op == Op::kAdd) {
    overflow = __builtin_add_overflow(a, b, &out);
  } else if (expr.op == Op::kSub) {
    overflow = __builtin_sub_overflow(a, b, &out);
  } else {
    overflow = __builtin_mul_overflow(a, b, &out);
  }
  if (overflow) return Fail(expr, fmt::format("the result is past the range of {}", ir::ToString(expr.type)));
  return Result(Json(out));
}

Evaluation Arithmetic(const Expr& expr, const Json& a, const Json& b) {
  if (!a.is_number() || !b.is_number()) {
    return Fail(expr, fmt::format("{} and {} cannot be calculated with", Brief(a), Brief(b)));
  }
  TypeKind kind = expr.type != nullptr ? expr.type->kind : TypeKind::kFloat;
  bool count = kind == TypeKind::kDuration || kind == TypeKind::kBytes;
  bool whole = a.is_int() && b.is_int() && expr.op != Op::kDiv && (kind == TypeKind::kInt || count);
  if (whole) return Whole(expr, a.AsInt(), b.AsInt());
  double result = Real(expr.op, a.AsDouble(), b.AsDouble());
  if (!count && kind != TypeKind::kInt) return Result(Json(result));
  double rounded = std::round(result);
  if (!(rounded >= -9223372036854775808.0 && rounded < 9223372036854775808.0)) {
    return Fail(expr, fmt::format("{} is past the range of {}", Json(result).Dump(), ir::ToString(expr.type)));
  }
  return Result(Json(static_cast<int64_t>(rounded)));
}

Json Joined(const Json& a, const Json& b) {
  JsonArray out = a.AsArray();
  out.insert(out.end(), b.AsArray().begin(), b.AsArray().end());
  return Json(std::move(out));
}

}  // namespace

Evaluation Negate(const Expr& expr, const Json& value) {
  if (value.is_double()) return Result(Json(-value.AsDouble()));
  int64_t out = 0;
  if (!value.is_int()) return Fail(expr, "`-` of what is no number");
  if (__builtin_sub_overflow(int64_t{0}, value.AsInt(), &out)) return Fail(expr, "`-` is past the range of Int");
  return Result(Json(out));
}

Evaluation Binary(const Expr& expr, const Json& a, const Json& b) {
  switch (expr.op) {
    case Op::kEq:
      return Result(Json(Equal(a, b)));
    case Op::kNe:
      return Result(Json(!Equal(a, b)));
    case Op::kLt:
    case Op::kLe:
    case Op::kGt:
    case Op::kGe:
      return Compare(expr, a, b);
    case Op::kAdd:
      if (a.is_string() && b.is_string()) return Result(Json(a.AsString() + b.AsString()));
      if (a.is_array() && b.is_array()) return Result(Joined(a, b));
      return Arithmetic(expr, a, b);
    case Op::kMul:
    case Op::kDiv:
    case Op::kMod:
    case Op::kSub:
      return Arithmetic(expr, a, b);
    default:
      return Fail(expr, "an operator that takes one operand has two");
  }
}

}  // namespace hwf::state
