// All that a descriptor gives until its end. Blocks; any thread.
#pragma once

#include <cstddef>
#include <string>

#include "base/error.h"

namespace hwf::platform {

// More than `most` bytes are an error; `what` is being read, for the messages.
ErrorOr<std::string> ReadToEnd(int fd, size_t most, const std::string& what);

}  // namespace hwf::platform
