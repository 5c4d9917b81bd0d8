// Parts of paths, and what they lead to.
#pragma once

#include <string>

#include "base/error.h"

namespace hwf::platform {

// What stands behind the last slash; the whole of it where there is none. Pure.
inline std::string BaseName(const std::string& path) { return path.substr(path.find_last_of('/') + 1); }

// The absolute path, without links, of what is there. Any thread.
ErrorOr<std::string> RealPath(const std::string& path);
// The same, or `other` if nothing is there.
std::string RealPathOr(const std::string& path, const std::string& other);

// Removes a file whose directory truly lies below `root`, whatever links lead there; what is not there, or lies
// elsewhere, is left alone. Any thread.
ErrorOr<Success> RemoveBelow(const std::string& root, const std::string& file);

}  // namespace hwf::platform
