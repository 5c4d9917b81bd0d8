// What the files of the built-in functions share: one file a family (builtins_lists.cpp, …), each a table from name to
// function. CallBuiltin has looked at the arguments' number and shape (a list where the signature says so, an Int, …),
// so that these functions need not. Internal to runtime/state; pure.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/state/builtins.h"
#include "runtime/state/values.h"

namespace hwf::state {

struct BuiltinArgs {
  const ir::Expr& expr;
  const std::vector<const Json*>& values;
  const ApplyFunction& apply;

  const Json& operator[](size_t at) const { return *values[at]; }
  const JsonArray& List(size_t at) const { return values[at]->AsArray(); }
  const JsonObject& Map(size_t at) const { return values[at]->AsObject(); }
  const std::string& Text(size_t at) const { return values[at]->AsString(); }
  int64_t Int(size_t at) const { return values[at]->AsInt(); }
  double Real(size_t at) const { return values[at]->AsDouble(); }

  // The message begins with the function's name: "mod() by zero".
  Evaluation Fail(std::string_view message) const {
    return {Json(), Failure{fmt::format("{}() {}", expr.name, message), expr.span}};
  }
  Evaluation PastRange() const { return Fail(fmt::format("is past the range of {}", ir::ToString(expr.type))); }
  Evaluation TooLong() const { return Fail(fmt::format("would make a list of more than {} elements", kMaxItems)); }
  Evaluation TooMuchText() const { return Fail(fmt::format("would make a text of more than {} bytes", kMaxTextBytes)); }
};

inline Evaluation Give(Json value) { return {std::move(value), std::nullopt}; }

using BuiltinFunction = Evaluation (*)(const BuiltinArgs& args);
struct BuiltinEntry {
  std::string_view name;
  BuiltinFunction function;
};
using BuiltinFamily = std::span<const BuiltinEntry>;

BuiltinFamily ListBuiltins();
BuiltinFamily MapBuiltins();
BuiltinFamily StringBuiltins();
BuiltinFamily PathBuiltins();
BuiltinFamily NumberBuiltins();
BuiltinFamily StatisticsBuiltins();
BuiltinFamily FormatBuiltins();

// The order that `sort`, `min` and their like go by: a NaN comes after all else.
bool Before(const Json& a, const Json& b);
bool IsNan(const Json& value);
// The index of the first least (greatest) of `keys`, which are not empty; a NaN only if there is nothing else.
size_t Extreme(const std::vector<Json>& keys, bool least);
// What equals has one hash: 1 and 1.0, objects in any order of their members.
size_t HashOf(const Json& value);
int64_t CodePoints(std::string_view text);

}  // namespace hwf::state
