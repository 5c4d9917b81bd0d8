// The environment of a task in a container, and the start of its command there. Called by the process inside alone.
#pragma once

#include <string>
#include <vector>

#include "runtime/container/inside.h"

namespace hwf::container {

// What the image sets, without what the engine adds; over it the task's; hwf's tools in front of PATH.
std::vector<std::string> EnvironmentInside(const InsideSpec& spec);

// Replaces this process; argv[0] without a slash is looked up in the PATH of `environment`. Returns an errno.
int Execute(const std::vector<std::string>& argv, const std::vector<std::string>& environment);

}  // namespace hwf::container
