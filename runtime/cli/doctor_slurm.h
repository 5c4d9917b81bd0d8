// Whether Slurm, as this machine reaches it, is fit for a site. Submits nothing. The main thread only.
#pragma once

#include <string>

#include "ir/module.h"
#include "runtime/cli/doctor_ssh.h"

namespace hwf::cli {

// `runs`: where the runs' directories lie, unless the site has a `workdir`.
void CheckSlurmSite(const ir::Site& site, const std::string& runs, const SayCheck& say);

}  // namespace hwf::cli
