// How a value that nobody approved came to where an approved one is wanted: from there back over names, parameters and
// their callers, fields, branches and arms, to what made it. One thread.
#pragma once

#include <string>
#include <vector>

#include "compiler/sema/program.h"

namespace hwf::sema {

struct PathStep {
  source::Range range;
  std::string text;
};

// At most ten steps; of several ways, one.
std::vector<PathStep> UnapprovedPath(const Program& program, const syntax::Expr& expr);

}  // namespace hwf::sema
