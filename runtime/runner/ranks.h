// A command of several ranks: what starts them, and what each finds in its environment, under the names that
// distributed training looks for: RANK, LOCAL_RANK, WORLD_SIZE, LOCAL_WORLD_SIZE, GROUP_RANK, MASTER_ADDR, MASTER_PORT.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "runtime/runner/protocol.h"

namespace hwf::runner {

struct Ranks {
  std::string launch;  // the site's way, where the task does not say: "srun", "mpirun", "torchrun"; empty: none
  std::string self;    // path of hwf-runner as all nodes, or the container, see it
  bool in_job = false;
};

// Whether the task's command is started by a launcher.
bool HasRanks(const Start& start);

// How a task's command is started: `here`, once, by `over_nodes` in each of its processes, from the first of its
// machines; without it on this machine alone.
struct TaskCommand {
  std::vector<std::string> over_nodes;
  std::vector<std::string> here;
};
// With what starts its ranks, if it has any: the launcher that is in the task's PATH once the site's setup is done, or
// the image's own. Adds MASTER_ADDR and MASTER_PORT to `env`. An error if there is no launcher for it here.
ErrorOr<TaskCommand> CommandOf(const Start& start, const Ranks& ranks, std::vector<std::string>& env);

// `hwf-runner rank COMMAND…`: one of them: sets its variables from what its launcher says, then becomes the command.
int RunRank(const std::vector<std::string>& command);

}  // namespace hwf::runner
