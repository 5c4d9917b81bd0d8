// Writing what a command makes: to a file, whole or not at all, or to standard output. One thread.
#pragma once

#include <string>
#include <string_view>

namespace hwf::driver {

// `-` is standard output. A file is written beside its target and renamed. False after saying on stderr what failed.
bool WriteOutput(const std::string& path, std::string_view text);

}  // namespace hwf::driver
