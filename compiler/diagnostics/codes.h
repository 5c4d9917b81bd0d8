// One constant for each row of codes.def, as `emitter.Report(range, kUnknownName, name)` takes it: the text's
// placeholders are checked against the argument types when this header compiles.
#pragma once

#include <string_view>

#include "compiler/diagnostics/diagnostics.h"

namespace hwf::diagnostics {

#define HWF_CODE(constant, code, name, severity, text, ...) \
  inline constexpr Code<__VA_ARGS__> constant{{code, name, Severity::k##severity}, text};
#include "compiler/diagnostics/codes.def"
#undef HWF_CODE

}  // namespace hwf::diagnostics
