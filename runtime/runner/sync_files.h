// Puts what a task wrote onto the disk before anything records that it is there. Any thread; may take long.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"

namespace hwf::runner {

// The files and directories at these absolute paths, with all below them, and the names that lead to them: up to the
// run's directory for what lies in the attempt's, `directory`; of others the last name alone.
ErrorOr<Success> SyncFiles(const std::vector<std::string>& paths, const std::string& directory);

}  // namespace hwf::runner
