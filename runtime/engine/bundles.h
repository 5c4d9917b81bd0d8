// The files of a record are given to a task beside each other, whoever made them: an index lies beside what it indexes.
// Any thread.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "ir/module.h"

namespace hwf::engine {

// The files of the arguments that are records with two or more of them, by parameter (runner::Start::bundled); their
// paths in `arguments` become those where an attempt in `directory` sees them. Lists and maps in a record are left out,
// and a record whose files have a name in common stays as it is.
std::vector<std::pair<std::string, std::string>> BundleFiles(const ir::Task& task, const std::string& directory,
                                                             std::vector<Json>& arguments);

}  // namespace hwf::engine
