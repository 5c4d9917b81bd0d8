// What a container sees of this machine: binds, put in order. Any thread.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "runtime/container/engine.h"

namespace hwf::runner {

// The attempt's directory to write to, `shown` to read, each at its own path; nothing twice, and those above others
// first. The error names a path that cannot be shown.
ErrorOr<std::vector<container::Bind>> TaskBinds(const std::string& directory, const std::vector<std::string>& shown);

// hwf's own programs for tasks, where they lie beside this one.
std::vector<container::Bind> ToolBinds();

// Binds below /tmp are to places in the scratch directory: made here, as the user's own.
ErrorOr<Success> MakeScratchPoints(const std::string& scratch, const std::vector<container::Bind>& binds);

}  // namespace hwf::runner
