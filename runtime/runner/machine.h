// What this machine lets us use: CPUs by affinity, cgroup quota and Slurm; GPUs by what is visible; memory by the
// cgroup's limit. Read once, at start.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace hwf::runner {

struct Machine {
  double cpus = 1;
  std::vector<int> cpu_ids;          // that we may run on; tasks are bound to some of them only if there are enough
  std::vector<std::string> gpu_ids;  // as CUDA_VISIBLE_DEVICES takes them
  int64_t memory = 0;                // bytes
};
// From the site's fields; 0, -1 and 0: as the machine says.
struct MachineLimits {
  double cpus = 0;
  int gpus = -1;
  int64_t memory = 0;
};
Machine DetectMachine(const MachineLimits& limits);

// How often the kernel has killed for memory in our cgroup; 0 if it does not say.
int64_t KernelOomKills();

}  // namespace hwf::runner
