#include "base/check.h"

#include <cstdio>
#include <cstdlib>
#include <system_error>

#include "base/error.h"

namespace hwf {

void CheckFailed(const char* file, int line, const char* what) {
  std::fprintf(stderr, "hwf: internal error at %s:%d: %s\n", file, line, what);
  std::abort();
}

Error ErrnoError(int code, const std::string& what) {
  return Error(what + ": " + std::generic_category().message(code), code);
}

}  // namespace hwf
