// The built-in functions on values (stdlib/builtins.def). Pure.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/state/evaluate.h"

namespace hwf::state {

// What an expression makes at most: far past what a run can use, and small enough to be refused in time.
inline constexpr int64_t kMaxItems = 10'000'000;
inline constexpr size_t kMaxTextBytes = size_t{64} << 20;

// Applies a function of the program to one argument: what min_by, max_by and sort_by are given.
using ApplyFunction = std::function<Evaluation(const Json& argument)>;

// `expr` is the kBuiltin, `args` its values, `apply` their function.
Evaluation CallBuiltin(const ir::Expr& expr, const std::vector<const Json*>& args, const ApplyFunction& apply);

// Whether it is given a function besides, by name: Expr::labels[0].
bool TakesFunction(std::string_view builtin);

}  // namespace hwf::state
