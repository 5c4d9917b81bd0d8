#include "runtime/runner/machine.h"

#include <fmt/format.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <optional>
#include <string_view>

#include "runtime/runner/process_tree.h"

namespace hwf::runner {
namespace {

constexpr int kMaxCpus = 4096;

std::vector<int> AllowedCpus() {
  std::vector<int> ids;
  cpu_set_t* set = CPU_ALLOC(kMaxCpus);
  const size_t size = CPU_ALLOC_SIZE(kMaxCpus);
  CPU_ZERO_S(size, set);
  if (sched_getaffinity(0, size, set) == 0) {
    for (int id = 0; id < kMaxCpus; ++id) {
      if (CPU_ISSET_S(id, size, set)) ids.push_back(id);
    }
  }
  CPU_FREE(set);
  return ids;
}

// The directories of our cgroup for `controller`, from our own up to the root. Version 2 has one hierarchy.
std::vector<std::string> CgroupDirectories(std::string_view controller) {
  const std::string text = ReadSmall("/proc/self/cgroup");
  std::vector<std::string> directories;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line(text.data() + at, end - at);
    at = end + 1;
    const size_t first = line.find(':');
    const size_t second = line.find(':', first + 1);
    if (first == std::string_view::npos || second == std::string_view::npos) continue;
    const std::string names = fmt::format(",{},", line.substr(first + 1, second - first - 1));
    std::string mount;
    if (names == ",,") mount = "/sys/fs/cgroup";
    if (names.find(fmt::format(",{},", controller)) != std::string::npos) {
      mount = fmt::format("/sys/fs/cgroup/{}", controller);
    }
    if (mount.empty()) continue;
    for (std::string path(line.substr(second + 1));; path.resize(path.rfind('/'))) {
      directories.push_back(mount + path);
      if (path.rfind('/') == std::string::npos) break;
    }
  }
  return directories;
}

std::optional<double> NumberIn(const std::string& path) {
  const std::string text = ReadSmall(path.c_str());
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (end == text.c_str()) return std::nullopt;
  return value;
}

double QuotaCpus() {
  double least = std::numeric_limits<double>::infinity();
  for (const std::string& directory : CgroupDirectories("cpu")) {
    const std::string max = ReadSmall((directory + "/cpu.max").c_str());  // "max 100000" or "200000 100000"
    double quota = 0, period = 0;
    if (std::sscanf(max.c_str(), "%lf %lf", &quota, &period) == 2 && quota > 0 && period > 0) {
      least = std::min(least, quota / period);
    }
    const std::optional<double> old_quota = NumberIn(directory + "/cpu.cfs_quota_us");
    const std::optional<double> old_period = NumberIn(directory + "/cpu.cfs_period_us");
    if (old_quota && old_period && *old_quota > 0 && *old_period > 0) least = std::min(least, *old_quota / *old_period);
  }
  return least;
}

int64_t MemoryLimit() {
  double least = static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE));
  for (const std::string& directory : CgroupDirectories("memory")) {
    for (const char* name : {"/memory.max", "/memory.limit_in_bytes"}) {
      const std::optional<double> limit = NumberIn(directory + name);
      if (limit && *limit > 0) least = std::min(least, *limit);
    }
  }
  const char* slurm = std::getenv("SLURM_MEM_PER_NODE");  // MiB
  if (slurm != nullptr && std::atof(slurm) > 0) least = std::min(least, std::atof(slurm) * 1024 * 1024);
  return static_cast<int64_t>(least);
}

std::vector<std::string> SplitCommas(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    if (comma > 0) parts.emplace_back(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return parts;
}

std::vector<std::string> VisibleGpus() {
  for (const char* name : {"CUDA_VISIBLE_DEVICES", "SLURM_STEP_GPUS", "SLURM_JOB_GPUS"}) {
    const char* value = std::getenv(name);
    if (value != nullptr) return std::strcmp(value, "-1") == 0 ? std::vector<std::string>() : SplitCommas(value);
  }
  std::vector<std::string> ids;
  struct stat info {};
  for (int id = 0; id < 64; ++id) {
    if (stat(fmt::format("/dev/nvidia{}", id).c_str(), &info) == 0) ids.push_back(std::to_string(id));
  }
  return ids;
}

}  // namespace

Machine DetectMachine(const MachineLimits& limits) {
  Machine machine;
  machine.cpu_ids = AllowedCpus();
  machine.cpus = std::max(1.0, std::min(static_cast<double>(machine.cpu_ids.size()), QuotaCpus()));
  const char* slurm = std::getenv("SLURM_CPUS_ON_NODE");
  if (slurm != nullptr && std::atoi(slurm) > 0) machine.cpus = std::min<double>(machine.cpus, std::atoi(slurm));
  machine.gpu_ids = VisibleGpus();
  machine.memory = MemoryLimit();
  if (limits.cpus > 0) machine.cpus = limits.cpus;
  if (limits.memory > 0) machine.memory = limits.memory;
  if (limits.gpus >= 0) {
    const auto count = static_cast<size_t>(limits.gpus);
    for (size_t i = machine.gpu_ids.size(); i < count; ++i) machine.gpu_ids.push_back(std::to_string(i));
    machine.gpu_ids.resize(count);
  }
  return machine;
}

int64_t KernelOomKills() {
  for (const std::string& directory : CgroupDirectories("memory")) {
    for (const char* name : {"/memory.events", "/memory.oom_control"}) {
      const std::string text = ReadSmall((directory + name).c_str());
      const size_t at = text.find("oom_kill ");
      if (at != std::string::npos) return std::atoll(text.c_str() + at + 9);
    }
  }
  return 0;
}

}  // namespace hwf::runner
