// The `uses` of a task for a site that does not see this machine's files: copies in one directory, which goes there as
// one content. They stay beside each other, so that a script finds the modules it imports where Python looks for them:
// beside the file that its link leads to. Touches files only: runs on any thread.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "base/json.h"

namespace hwf::engine {

// The Dir value of DIRECTORY/<hex of its digest>/uses, made if it is not there yet. The error names what cannot be
// read.
ErrorOr<Json> BundleUses(const std::vector<std::string>& paths, const std::string& directory);

// Where one of them is in the bundle that lies at `bundle`.
std::string InBundle(const std::string& bundle, const std::string& path);

}  // namespace hwf::engine
