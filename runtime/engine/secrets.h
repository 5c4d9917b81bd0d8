// The values of a site's secrets: read when the engine opens the site, kept in memory, given to the tasks that name
// them, and written nowhere. One thread.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "ir/module.h"

namespace hwf::engine {

using Secrets = std::vector<std::pair<std::string, std::string>>;

// Those of the site that tasks of the module name: from a variable of the engine, a file (0600 or stricter, of this
// user) or a command's standard output (its last newline aside; at most 20 s). The error names the secret, never a
// value.
ErrorOr<Secrets> ReadSecrets(const ir::Module& module, const ir::Site& site);

}  // namespace hwf::engine
