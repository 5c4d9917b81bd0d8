// The built-in functions on values (stdlib/builtins.def). Pure.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/state/evaluate.h"

namespace hwf::state {

// Applies a function of the program to one argument: what min_by and max_by are given.
using ApplyFunction = std::function<Evaluation(const Json& argument)>;

// `expr` is the kBuiltin, `args` its values, `apply` their function.
Evaluation CallBuiltin(const ir::Expr& expr, const std::vector<const Json*>& args, const ApplyFunction& apply);

// Whether it is given a function besides, by name: Expr::labels[0].
bool TakesFunction(std::string_view builtin);

}  // namespace hwf::state
