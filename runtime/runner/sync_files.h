// Puts what a task wrote onto the disk before anything records that it is there. Any thread; may take long.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"

namespace hwf::runner {

// Of each group: its files and directories (absolute paths) with all below them, and the names that lead to them, up to
// `run_directory` for what lies in it; of others the last name alone. One result for each group: what fails in one is
// none of the others' failure.
std::vector<ErrorOr<Success>> SyncFiles(const std::vector<std::vector<std::string>>& groups,
                                        const std::string& run_directory);

}  // namespace hwf::runner
