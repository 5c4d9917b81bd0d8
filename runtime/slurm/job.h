// `hwf-runner job`: what a Slurm job runs. Takes the element of a submission that it was started for, and runs its
// attempts; ends when they have ended.
#pragma once

#include <string>
#include <vector>

namespace hwf::slurm {

// The exit code: 0 if the element's attempts have their ends in its log, or were another's. Arguments behind `job`.
int RunJob(const std::vector<std::string>& arguments);

}  // namespace hwf::slurm
