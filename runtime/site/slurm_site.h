// The site of a Slurm cluster: jobs are submitted by an agent of the run (runtime/slurm), here on this machine, whose
// file system the nodes share. With `login` it is on another one: runtime/ssh/slurm_login_site.h.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "ir/module.h"
#include "runtime/site/agent_site.h"
#include "runtime/site/site.h"

namespace hwf::site {

struct SlurmOptions {
  std::string name;
  // Of an agent here: the run's directory, or its own below `workdir`, and hwf-runner. The nodes see both.
  std::string root, runner;
  std::string settings;  // what the agent takes: a JSON text
  std::string containers;
  int64_t kill_grace_ms = 5000;
  int64_t idle_exit_ms = 60'000;
  int64_t least_poll_ms = 1000;
  int64_t record_grace_ms = 0;  // 0: as its file system needs
  int64_t allocation_idle_ms = 60'000;
};

// From a site's fields; an error names one that this version cannot use.
ErrorOr<SlurmOptions> SlurmOptionsFromFields(const ir::Site& site, const std::string& run_directory);

// What the agent is told, wherever it is, and what its site is beside its place.
std::vector<std::string> SlurmAgentWords(const SlurmOptions& options);
AgentOptions SlurmAgentOptions(const SlurmOptions& options);

std::unique_ptr<Site> MakeSlurmSite(const SlurmOptions& options, Listener& listener);

}  // namespace hwf::site
