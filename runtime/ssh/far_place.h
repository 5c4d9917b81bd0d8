// Where a site is that is reached by ssh, as its fields say: of kind ssh `host`, `user` and `port`, of kind slurm
// `login`; of both `workdir`. What runs there is the site's own business (ssh_site.h, slurm_login_site.h). Any thread.
#pragma once

#include <string>

#include "base/error.h"
#include "ir/module.h"
#include "runtime/ssh/ssh_host.h"

namespace hwf::ssh {

struct FarPlace {
  std::string name;  // of the site
  HostOptions host;
  std::string workdir;        // absolute, or "~/…"
  bool shares_files = false;  // see site::Site::shares_files
  // Of the run and of this installation.
  std::string run_id;
  std::string program_directory, python_directory;
};

// Of a site that is not on this machine (ir::IsOnThisMachine); what is missing or mistyped is an error.
ErrorOr<FarPlace> FarPlaceFromFields(const ir::Site& site);
ErrorOr<SshHost> HostOf(const FarPlace& place);

}  // namespace hwf::ssh
