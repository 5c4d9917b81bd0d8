// Whether Slurm would take the jobs of a file's tasks. Submits nothing. The main thread only.
#pragma once

#include <string>

#include "ir/module.h"
#include "runtime/cli/doctor_ask.h"
#include "runtime/slurm/commands.h"
#include "runtime/slurm/settings.h"

namespace hwf::cli {

// One line for each task of the module that names the site in its `on`. What depends on a task's arguments is not known
// before a run, and said.
void CheckSlurmTasks(const ir::Module& module, const std::string& site, const slurm::Settings& settings,
                     const AskProgram& ask, const SayCheck& say);

// Whether Slurm would take a job that asks for that; else its words.
struct Opinion {
  bool taken = false;
  std::string why;
};
Opinion AskSlurm(const slurm::Needs& needs, const slurm::Settings& settings, const AskProgram& ask);

}  // namespace hwf::cli
