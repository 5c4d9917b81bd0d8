// `hwf-runner slurm`: the agent of a Slurm site.
#pragma once

#include <string>
#include <vector>

namespace hwf::slurm {

// Arguments behind `slurm`; the exit code.
int RunAgent(const std::vector<std::string>& arguments);

}  // namespace hwf::slurm
