// The tree as text, for tests and for looking at it. No state; any thread.
#pragma once

#include <string>

#include "compiler/syntax/ast.h"

namespace hwf::syntax {

// `(+ 1 (* 2 3))`.
std::string Dump(const Expr& expression);

}  // namespace hwf::syntax
