// Whether a directory's file system, with its quotas, still takes what a task's start needs. Any thread.
#pragma once

#include <string>

#include "base/error.h"

namespace hwf::engine {

// Writes, syncs and removes a file of 256 KiB: free blocks alone say nothing of quotas, and a network file system tells
// of them only at the sync or the close.
ErrorOr<Success> TryRoom(const std::string& directory);

}  // namespace hwf::engine
