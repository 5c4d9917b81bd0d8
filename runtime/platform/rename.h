// rename() where its report is not the last word: a network file system that sends a request again, because the answer
// to the first was lost, says ENOENT or EIO of what it has done. Thread-safe.
#pragma once

#include <string>

namespace hwf::platform {

// As rename(): 0 or an errno; after an error it looks whether the thing has its new name.
int RenameAndLook(const std::string& from, const std::string& to);

}  // namespace hwf::platform
