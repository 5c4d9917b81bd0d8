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

// `expr` is the kBuiltin, `args` its values (of min_by and max_by only the first), `apply` their function.
Evaluation CallBuiltin(const ir::Expr& expr, const std::vector<const Json*>& args, const ApplyFunction& apply);

// Whether the second argument is the name of a function.
bool TakesFunction(std::string_view builtin);

}  // namespace hwf::state
