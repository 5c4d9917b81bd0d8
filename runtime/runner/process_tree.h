// What /proc knows of processes: who descends from whom, how much memory they hold, whose task they are. Reads only;
// everything may be gone a moment later, so a missing process is never an error. Any thread.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hwf::runner {

// Direct children of all its threads.
std::vector<pid_t> ChildrenOf(pid_t pid);
// `roots` and all that descend from them.
std::vector<pid_t> TreeOf(const std::vector<pid_t>& roots);

struct ProcessStat {
  pid_t pid = 0;
  pid_t group = 0;
  pid_t session = 0;
  int64_t started_ms = 0;  // CLOCK_BOOTTIME, to a clock tick of 10 ms
  bool dead = false;       // a zombie
};
// Nothing if it is gone.
std::optional<ProcessStat> StatOf(pid_t pid);
// All living processes of this uid, ourselves excepted.
std::vector<ProcessStat> OwnProcesses();

// When it started; nothing if it is gone or a zombie.
std::optional<int64_t> StartedAtBootMs(pid_t pid);
int64_t BootMs();

int64_t ResidentBytes(pid_t pid);
// Shared pages counted by share; dearer to ask. Falls back to ResidentBytes.
int64_t ProportionalBytes(pid_t pid);

// The value of a variable in the environment it was started with.
std::optional<std::string> EnvironmentValue(pid_t pid, std::string_view name);

// The file's first `limit` bytes; empty if it cannot be read. For /proc and /sys.
std::string ReadSmall(const char* path, size_t limit = 64 * 1024);

}  // namespace hwf::runner
