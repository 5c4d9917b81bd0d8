// Folds expressions of literals, so that what is wrong with numbers that stand in the source is refused before anything
// runs. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "compiler/sema/context.h"

namespace hwf::sema {

// A number that stands in the source: Int, Float, Duration (milliseconds) or Bytes.
struct Constant {
  TypeKind kind = TypeKind::kInt;
  double number = 0;  // exact up to 2^53, which is enough to compare what people write
  friend bool operator<(const Constant& a, const Constant& b) { return a.number < b.number; }
};

// The value of `expr`; nothing if it is not made of literals alone or would divide by zero. `attempt` is the number of
// the attempt that is asked about.
std::optional<Constant> Fold(const Expr* expr, int attempt = 1);

// A string without interpolation.
std::optional<std::string> ConstantString(const Expr* expr);

// As a user would write it: `16GiB`, `30min`, `0.5`.
std::string ToText(const Constant& constant);

}  // namespace hwf::sema
