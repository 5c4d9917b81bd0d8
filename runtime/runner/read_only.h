// What was hashed is not to change any more: files lose their right to be written to. Any thread.
#pragma once

#include <string>

namespace hwf::runner {

// The file, or all files below the directory, that `path` leads to, if it lies in `directory` (absolute, without
// links). Directories keep their right, so that they can be removed; so does a file that has another name too, which
// may be somebody's data, and what is another's. What cannot be done is left: it is a precaution.
void MakeReadOnly(const std::string& path, const std::string& directory);

}  // namespace hwf::runner
