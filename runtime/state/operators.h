// Operators of the language on values. Int arithmetic is checked for overflow; Durations and Bytes are counts, so a
// product or quotient with a Float is rounded. Pure.
#pragma once

#include "runtime/state/evaluate.h"

namespace hwf::state {

Evaluation Negate(const ir::Expr& expr, const Json& value);

// Arithmetic, comparison, equality; not the short-circuit operators and not the index.
Evaluation Binary(const ir::Expr& expr, const Json& a, const Json& b);

}  // namespace hwf::state
