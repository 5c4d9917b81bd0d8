// Numbers. Floats follow IEEE 754 (a NaN goes on, what is too great is infinite); what has no Int is an error.
#include <cmath>

#include "runtime/state/builtins_family.h"

namespace hwf::state {
namespace {

using Args = BuiltinArgs;

Evaluation LeastOrGreatest(const Args& args, bool least) {
  std::vector<Json> keys;
  const bool list = args.values.size() == 1;
  if (list && args.List(0).empty()) return Give(Json());
  for (size_t at = 0; list ? at < args.List(0).size() : at < args.values.size(); ++at) {
    keys.push_back(list ? args.List(0)[at] : args[at]);
    if (IsNan(keys.back())) return Give(keys.back());
  }
  return Give(keys[Extreme(keys, least)]);
}
Evaluation Min(const Args& args) { return LeastOrGreatest(args, true); }
Evaluation Max(const Args& args) { return LeastOrGreatest(args, false); }

Evaluation Sum(const Args& args) {
  if (args.expr.type != nullptr && args.expr.type->kind == ir::TypeKind::kFloat) {
    double total = 0;
    for (const Json& item : args.List(0)) total += item.AsDouble();
    return Give(Json(total));
  }
  int64_t total = 0;
  for (const Json& item : args.List(0)) {
    if (!item.is_int()) return args.Fail(fmt::format("cannot take {}", Brief(item)));
    if (__builtin_add_overflow(total, item.AsInt(), &total)) return args.PastRange();
  }
  return Give(Json(total));
}

Evaluation Abs(const Args& args) {
  if (args[0].is_double()) return Give(Json(std::fabs(args.Real(0))));
  if (args.Int(0) == INT64_MIN) return args.PastRange();
  return Give(Json(args.Int(0) < 0 ? -args.Int(0) : args.Int(0)));
}

Evaluation Whole(const Args& args, double (*rounded)(double)) {
  if (args[0].is_int()) return Give(args[0]);
  const double value = rounded(args.Real(0));
  if (value >= -9223372036854775808.0 && value < 9223372036854775808.0) return Give(Json(static_cast<int64_t>(value)));
  return args.Fail(fmt::format("of {} is past the range of Int", args[0].Dump()));
}
Evaluation Round(const Args& args) { return Whole(args, std::round); }
Evaluation Floor(const Args& args) { return Whole(args, std::floor); }
Evaluation Ceil(const Args& args) { return Whole(args, std::ceil); }

Evaluation Sqrt(const Args& args) { return Give(Json(std::sqrt(args.Real(0)))); }
Evaluation Exp(const Args& args) { return Give(Json(std::exp(args.Real(0)))); }
Evaluation Log(const Args& args) { return Give(Json(std::log(args.Real(0)))); }
Evaluation Pow(const Args& args) { return Give(Json(std::pow(args.Real(0), args.Real(1)))); }

Evaluation Mod(const Args& args) {
  if (args.Real(1) == 0) return args.Fail("by zero");
  double out = std::fmod(args.Real(0), args.Real(1));
  if (out != 0 && (out < 0) != (args.Real(1) < 0)) out += args.Real(1);
  return Give(Json(out));
}

Evaluation Clamp(const Args& args) {
  if (Before(args[2], args[1])) {
    return args.Fail(fmt::format("from {} to {}, which is lower", Brief(args[1]), Brief(args[2])));
  }
  if (IsNan(args[0])) return Give(args[0]);
  if (Before(args[0], args[1])) return Give(args[1]);
  return Give(Before(args[2], args[0]) ? args[2] : args[0]);
}

constexpr BuiltinEntry kNumbers[] = {{"min", Min},     {"max", Max},   {"sum", Sum},    {"abs", Abs}, {"round", Round},
                                     {"floor", Floor}, {"ceil", Ceil}, {"sqrt", Sqrt},  {"exp", Exp}, {"log", Log},
                                     {"pow", Pow},     {"mod", Mod},   {"clamp", Clamp}};

}  // namespace

BuiltinFamily NumberBuiltins() { return kNumbers; }

}  // namespace hwf::state
