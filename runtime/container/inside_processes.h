// The processes of a container, seen from within. Called by the process inside alone.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace hwf::container {

// "pid:[…]"; empty if it cannot be told.
std::string OwnPidNamespace();

// To all that lives in the container but this process. Without a pid namespace of its own (`isolated`) that would be
// the user's whole machine: then to the group of `main` (0: none) and to this process's children.
void SignalAllInside(bool isolated, pid_t main, int signal);

// "name (pid)" of this process's children.
std::vector<std::string> LeftInside();

// How often the kernel has killed for the memory limit of this process's cgroup; 0 if it cannot be told.
int64_t OomKillsHere();

}  // namespace hwf::container
