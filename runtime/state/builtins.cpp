#include "runtime/state/builtins.h"

#include <fmt/format.h>

#include <cmath>

#include "runtime/state/values.h"

namespace hwf::state {
namespace {

enum class Builtin {
#define HWF_BUILTIN(name, arguments) k_##name,
#include "stdlib/builtins.def"
#undef HWF_BUILTIN
};

std::optional<Builtin> BuiltinFromName(std::string_view text) {
#define HWF_BUILTIN(name, arguments) \
  if (text == #name) return Builtin::k_##name;
#include "stdlib/builtins.def"
#undef HWF_BUILTIN
  return std::nullopt;
}

size_t ArgumentsOf(Builtin builtin) {
  switch (builtin) {
#define HWF_BUILTIN(name, arguments) \
  case Builtin::k_##name:            \
    return arguments;
#include "stdlib/builtins.def"
#undef HWF_BUILTIN
  }
  return 0;
}

Evaluation Fail(const ir::Expr& expr, std::string message) { return {Json(), Failure{std::move(message), expr.span}}; }
Evaluation Give(Json value) { return {std::move(value), std::nullopt}; }
Evaluation WrongKind(const ir::Expr& expr, const Json& value) {
  return Fail(expr, fmt::format("{}() cannot take {}", expr.name, Brief(value)));
}

int64_t CodePoints(const std::string& text) {
  int64_t count = 0;
  for (char c : text) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return count;
}

// The largest list that range() makes; a `for` over it would be far past what a run can hold.
constexpr int64_t kMaxRange = 10'000'000;

Evaluation Range(const ir::Expr& expr, const Json& n) {
  if (!n.is_int()) return WrongKind(expr, n);
  if (n.AsInt() > kMaxRange) return Fail(expr, fmt::format("range({}) is longer than {}", n.AsInt(), kMaxRange));
  JsonArray out;
  for (int64_t i = 0; i < n.AsInt(); ++i) out.push_back(Json(i));
  return Give(Json(std::move(out)));
}

Evaluation Len(const ir::Expr& expr, const Json& value) {
  if (value.is_array()) return Give(Json(static_cast<int64_t>(value.AsArray().size())));
  if (value.is_object()) return Give(Json(static_cast<int64_t>(value.AsObject().size())));
  if (value.is_string()) return Give(Json(CodePoints(value.AsString())));
  return WrongKind(expr, value);
}

Evaluation Basename(const ir::Expr& expr, const Json& value) {
  std::string path = value.StringOr("path", "");
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  if (path.empty()) return WrongKind(expr, value);
  return Give(Json(path.substr(path.find_last_of('/') + 1)));
}

Evaluation Join(const ir::Expr& expr, const Json& list, const Json& between) {
  if (!list.is_array() || !between.is_string()) return WrongKind(expr, list);
  std::string out;
  bool first = true;
  for (const Json& item : list.AsArray()) {
    if (!item.is_string()) return WrongKind(expr, item);
    if (!first) out += between.AsString();
    out += item.AsString();
    first = false;
  }
  return Give(Json(std::move(out)));
}

Evaluation Extreme(const ir::Expr& expr, const Json& a, const Json& b, bool least) {
  if (!a.is_number() || !b.is_number()) return WrongKind(expr, a.is_number() ? b : a);
  if (a.is_int() && b.is_int()) return Give((a.AsInt() < b.AsInt()) == least ? a : b);
  double x = a.AsDouble(), y = b.AsDouble();
  if (std::isnan(x) || std::isnan(y)) return Give(Json(std::nan("")));
  return Give(Json((x < y) == least ? x : y));
}

Evaluation Abs(const ir::Expr& expr, const Json& value) {
  if (!value.is_number()) return WrongKind(expr, value);
  if (value.is_double()) return Give(Json(std::fabs(value.AsDouble())));
  if (value.AsInt() == INT64_MIN) return Fail(expr, "abs() is past the range of Int");
  return Give(Json(value.AsInt() < 0 ? -value.AsInt() : value.AsInt()));
}

Evaluation Round(const ir::Expr& expr, const Json& value) {
  if (!value.is_number()) return WrongKind(expr, value);
  if (value.is_int()) return Give(value);
  double rounded = std::round(value.AsDouble());
  if (!(rounded >= -9223372036854775808.0 && rounded < 9223372036854775808.0)) {
    return Fail(expr, fmt::format("round({}) is past the range of Int", value.Dump()));
  }
  return Give(Json(static_cast<int64_t>(rounded)));
}

Evaluation Sum(const ir::Expr& expr, const Json& list) {
  if (!list.is_array()) return WrongKind(expr, list);
  bool whole = expr.type == nullptr || expr.type->kind != ir::TypeKind::kFloat;
  int64_t total = 0;
  double real = 0;
  for (const Json& item : list.AsArray()) {
    if (!item.is_number()) return WrongKind(expr, item);
    real += item.AsDouble();
    if (!item.is_int()) whole = false;
    if (whole && __builtin_add_overflow(total, item.AsInt(), &total))
      return Fail(expr, "sum() is past the range of Int");
  }
  return Give(whole ? Json(total) : Json(real));
}

bool Before(const Json& a, const Json& b) {
  if (a.is_number() && b.is_number()) {
    return a.is_int() && b.is_int() ? a.AsInt() < b.AsInt() : a.AsDouble() < b.AsDouble();
  }
  return a.is_string() && b.is_string() && a.AsString() < b.AsString();
}

// A NaN is never the extreme unless there is nothing else.
Evaluation ExtremeBy(const ir::Expr& expr, const Json& list, const ApplyFunction& apply, bool least) {
  if (!list.is_array()) return WrongKind(expr, list);
  const Json* best = nullptr;
  Json best_key;
  for (const Json& item : list.AsArray()) {
    Evaluation key = apply(item);
    if (!key.ok()) return key;
    bool best_is_nan = best_key.is_double() && std::isnan(best_key.AsDouble());
    bool nan = key.value.is_double() && std::isnan(key.value.AsDouble());
    bool better = least ? Before(key.value, best_key) : Before(best_key, key.value);
    if (best != nullptr && !better && !(best_is_nan && !nan)) continue;
    best = &item;
    best_key = std::move(key.value);
  }
  return Give(best != nullptr ? *best : Json());
}

}  // namespace

bool TakesFunction(std::string_view builtin) { return builtin == "min_by" || builtin == "max_by"; }

Evaluation CallBuiltin(const ir::Expr& expr, const std::vector<const Json*>& args, const ApplyFunction& apply) {
  std::optional<Builtin> builtin = BuiltinFromName(expr.name);
  if (!builtin) return Fail(expr, fmt::format("there is no built-in `{}` in this version", expr.name));
  size_t values = ArgumentsOf(*builtin) - (TakesFunction(expr.name) ? 1 : 0);
  if (args.size() != values) return Fail(expr, fmt::format("{}() with {} arguments", expr.name, args.size()));
  switch (*builtin) {
    case Builtin::k_file:
    case Builtin::k_dir:
      return Fail(expr, fmt::format("{}() stands only where the engine can resolve it", expr.name));
    case Builtin::k_flag:
    case Builtin::k_raw:
      return Fail(expr, fmt::format("{}() stands only in a command", expr.name));
    case Builtin::k_range:
      return Range(expr, *args[0]);
    case Builtin::k_len:
      return Len(expr, *args[0]);
    case Builtin::k_str:
      return Give(Json(ToText(*args[0], expr.args[0].type)));
    case Builtin::k_basename:
      return Basename(expr, *args[0]);
    case Builtin::k_join:
      return Join(expr, *args[0], *args[1]);
    case Builtin::k_min:
      return Extreme(expr, *args[0], *args[1], true);
    case Builtin::k_max:
      return Extreme(expr, *args[0], *args[1], false);
    case Builtin::k_abs:
      return Abs(expr, *args[0]);
    case Builtin::k_round:
      return Round(expr, *args[0]);
    case Builtin::k_sum:
      return Sum(expr, *args[0]);
    case Builtin::k_min_by:
      return ExtremeBy(expr, *args[0], apply, true);
    case Builtin::k_max_by:
      return ExtremeBy(expr, *args[0], apply, false);
  }
  HWF_UNREACHABLE();
}

}  // namespace hwf::state
