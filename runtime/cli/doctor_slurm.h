// Whether Slurm, as this machine or a login node reaches it, is fit for a site. Submits nothing. The main thread only.
#pragma once

#include <string>

#include "ir/module.h"
#include "runtime/cli/doctor_ask.h"

namespace hwf::cli {

// `module`: whose tasks are to run there. `ask`: where Slurm's commands are. `directory`: of runs, on that machine.
void CheckSlurmSite(const ir::Module& module, const ir::Site& site, const AskProgram& ask, const std::string& directory,
                    const SayCheck& say);

// The directory of runs on this machine.
void CheckSlurmDirectory(const std::string& directory, const SayCheck& say);

}  // namespace hwf::cli
