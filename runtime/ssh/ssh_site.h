// A site of kind ssh: tasks run on another machine, started by an hwf-runner there.
#pragma once

#include <memory>
#include <string>

#include "base/error.h"
#include "ir/module.h"
#include "runtime/site/site.h"
#include "runtime/ssh/far_place.h"

namespace hwf::ssh {

struct SshSiteOptions {
  double cpus = 0;         // 0: what the machine has
  int gpus = -1;           // -1: likewise
  int64_t memory = 0;      // 0: likewise
  std::string containers;  // the engine for tasks that have an image; empty: none
  std::string setup;       // shell text in front of each command
  std::string launch;      // what starts ranks, where a task does not say
  int64_t kill_grace_ms = 5000;
  // Without engine and work: a link may be down for a while, and a new runner reads its whole log.
  int64_t idle_exit_ms = 60'000;
};

// From a site's fields; what is mistyped is an error.
ErrorOr<SshSiteOptions> SshOptionsFromFields(const ir::Site& site);

ErrorOr<std::unique_ptr<site::Site>> MakeSshSite(const FarPlace& place, const SshSiteOptions& options,
                                                 site::Listener& listener);

}  // namespace hwf::ssh
