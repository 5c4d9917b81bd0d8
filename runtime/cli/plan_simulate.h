// `hwf plan FILE --simulate`: how long it would take, on what, and where people are waited for. Submits nothing. The
// main thread only.
#pragma once

#include "runtime/cli/program.h"
#include "runtime/report/text.h"

namespace hwf::cli {

// Prints, and gives the exit code.
int SimulatePlan(const Program& program, const Json& params, const Arguments& arguments, const report::Style& style);

}  // namespace hwf::cli
