#include "runtime/state/builtins.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "ir/builtins.h"
#include "runtime/state/builtins_family.h"

namespace hwf::state {
namespace {

using ir::Pattern;

BuiltinFunction FunctionOf(std::string_view name) {
  const std::array families = {ListBuiltins(),   MapBuiltins(),        StringBuiltins(), PathBuiltins(),
                               NumberBuiltins(), StatisticsBuiltins(), FormatBuiltins()};
  for (const BuiltinFamily& family : families) {
    const auto found =
        std::find_if(family.begin(), family.end(), [&](const auto& entry) { return entry.name == name; });
    if (found != family.end()) return found->function;
  }
  return nullptr;
}

bool IsSimple(const Json& value, ir::TypeKind kind) {
  switch (kind) {
    case ir::TypeKind::kBool:
      return value.is_bool();
    case ir::TypeKind::kFloat:
      return value.is_number();
    case ir::TypeKind::kString:
      return value.is_string();
    case ir::TypeKind::kFile:
    case ir::TypeKind::kDir:
      return value["path"].is_string();
    default:
      return value.is_int();  // also Durations and Bytes
  }
}

// The outermost shape of a value, and that of the elements where those are simple.
// NOLINTNEXTLINE(misc-no-recursion): as deep as the table's types
bool HasShape(const Json& value, const Pattern& pattern) {
  switch (pattern.kind) {
    case Pattern::Kind::kSimple:
      return IsSimple(value, pattern.simple);
    case Pattern::Kind::kVariable:
      return true;
    case Pattern::Kind::kOptional:
      return value.is_null() || HasShape(value, pattern.inside[0]);
    case Pattern::Kind::kMap:
      return value.is_object();
    case Pattern::Kind::kList: {
      const Pattern& item = pattern.inside[0];
      if (!value.is_array() || item.kind == Pattern::Kind::kVariable) return value.is_array();
      return std::all_of(value.AsArray().begin(), value.AsArray().end(),
                         [&](const Json& each) { return HasShape(each, item); });
    }
  }
  return false;
}

// The IR is verified; what comes from a journal or a task need not be what its type says.
std::optional<Failure> WrongArguments(const ir::Expr& expr, const ir::Builtin& builtin,
                                      const std::vector<const Json*>& args) {
  const Json* odd = nullptr;
  for (const ir::Signature& signature : ir::SignaturesOf(builtin)) {
    if (signature.params.size() != args.size()) continue;
    size_t at = 0;
    while (at < args.size() && HasShape(*args[at], signature.params[at])) ++at;
    if (at == args.size()) return std::nullopt;
    odd = args[at];
  }
  if (odd == nullptr) return Failure{fmt::format("{}() with {} arguments", expr.name, args.size()), expr.span};
  return Failure{fmt::format("{}() cannot take {}", expr.name, Brief(*odd)), expr.span};
}

}  // namespace

bool IsNan(const Json& value) { return value.is_double() && std::isnan(value.AsDouble()); }

bool Before(const Json& a, const Json& b) {
  if (IsNan(a)) return false;
  if (IsNan(b)) return true;
  if (a.is_int() && b.is_int()) return a.AsInt() < b.AsInt();
  if (a.is_number() && b.is_number()) return a.AsDouble() < b.AsDouble();
  return a.is_string() && b.is_string() && a.AsString() < b.AsString();
}

size_t Extreme(const std::vector<Json>& keys, bool least) {
  size_t best = 0;
  for (size_t at = 1; at < keys.size(); ++at) {
    const bool nan = IsNan(keys[at]), best_nan = IsNan(keys[best]);
    const bool better = nan != best_nan ? best_nan
                        : least         ? Before(keys[at], keys[best])
                                        : Before(keys[best], keys[at]);
    if (better) best = at;
  }
  return best;
}

bool TakesFunction(std::string_view builtin) {
  const ir::Builtin* found = ir::FindBuiltin(builtin);
  return found != nullptr && ir::TakesFunction(*found);
}

Evaluation CallBuiltin(const ir::Expr& expr, const std::vector<const Json*>& args, const ApplyFunction& apply) {
  const ir::Builtin* builtin = ir::FindBuiltin(expr.name);
  auto fail = [&](std::string message) { return Evaluation{Json(), Failure{std::move(message), expr.span}}; };
  if (builtin == nullptr) return fail(fmt::format("there is no built-in `{}` in this version", expr.name));
  if (std::optional<Failure> wrong = WrongArguments(expr, *builtin, args)) return {Json(), std::move(wrong)};
  const BuiltinFunction function = FunctionOf(expr.name);
  if (function != nullptr) return function({expr, args, apply});
  const bool data = expr.name == "file" || expr.name == "dir";
  return fail(fmt::format("{}() stands only {}", expr.name, data ? "where the engine can resolve it" : "in a command"));
}

}  // namespace hwf::state
