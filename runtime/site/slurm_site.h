// The site of a Slurm cluster: jobs are submitted by an agent of the run (runtime/slurm) on this machine, whose file
// system the nodes share.
#pragma once

#include <memory>
#include <string>

#include "base/error.h"
#include "ir/module.h"
#include "runtime/site/site.h"

namespace hwf::site {

struct SlurmOptions {
  std::string name;
  std::string root;      // absolute: the run's directory, or its own below `workdir`; the nodes see it, too
  std::string runner;    // path of hwf-runner; the nodes see it, too
  std::string settings;  // what the agent takes: a JSON text
  std::string containers;
  int64_t kill_grace_ms = 5000;
  int64_t idle_exit_ms = 60'000;
  int64_t least_poll_ms = 1000;
  int64_t record_grace_ms = 3000;
};

// From a site's fields; an error names one that this version cannot use.
ErrorOr<SlurmOptions> SlurmOptionsFromFields(const ir::Site& site, const std::string& run_directory);

std::unique_ptr<Site> MakeSlurmSite(const SlurmOptions& options, Listener& listener);

}  // namespace hwf::site
