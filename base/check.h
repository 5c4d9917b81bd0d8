// HWF_CHECK: a bug of ours ends the process with the place and the broken assumption. Never for bad input, never for
// a failing world; those have their own roads (diagnostics, ErrorOr, events).
#pragma once

namespace hwf {

[[noreturn]] void CheckFailed(const char* file, int line, const char* what);

}  // namespace hwf

#define HWF_CHECK(condition)                                              \
  do {                                                                    \
    if (!(condition)) ::hwf::CheckFailed(__FILE__, __LINE__, #condition); \
  } while (false)

#define HWF_UNREACHABLE() ::hwf::CheckFailed(__FILE__, __LINE__, "unreachable")
