// Parts of paths. Pure.
#pragma once

#include <string>

namespace hwf::platform {

// What stands behind the last slash; the whole of it where there is none.
inline std::string BaseName(const std::string& path) { return path.substr(path.find_last_of('/') + 1); }

}  // namespace hwf::platform
