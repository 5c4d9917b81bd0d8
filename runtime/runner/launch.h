// Starting a task's process: vfork and exec with nothing in between that costs (a session of its own, its directory,
// its streams, its CPUs, default signals). posix_spawn cannot set an affinity; binding the runner itself for a moment,
// or the child after its start, would move one of them or come too late for libraries that count their CPUs.
// The caller's thread stands still until the exec has happened or failed.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace hwf::runner {

struct LaunchSpec {
  std::vector<std::string> argv;  // argv[0] without a slash is looked up in PATH of `env`
  std::vector<std::string> env;   // NAME=value
  std::string directory;
  int in = -1;  // -1: nothing
  int out = -1;
  int err = -1;
  std::vector<int> cpu_ids;  // empty: as ours
};
struct LaunchResult {
  pid_t pid = -1;
  int error = 0;          // errno of what failed
  const char* step = "";  // "exec", "chdir", "fork"
};
LaunchResult Launch(const LaunchSpec& spec);

}  // namespace hwf::runner
