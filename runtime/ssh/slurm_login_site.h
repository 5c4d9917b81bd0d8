// A site of kind slurm with `login`: as site/slurm_site.h, and the agent that submits runs on the login node. What it
// needs of files is brought there, into a `workdir` that the nodes see.
#pragma once

#include <memory>

#include "base/error.h"
#include "runtime/site/site.h"
#include "runtime/site/slurm_site.h"
#include "runtime/ssh/far_place.h"

namespace hwf::ssh {

// `options.root` and `options.runner` are of no use here.
ErrorOr<std::unique_ptr<site::Site>> MakeSlurmLoginSite(const FarPlace& place, const site::SlurmOptions& options,
                                                        site::Listener& listener);

}  // namespace hwf::ssh
