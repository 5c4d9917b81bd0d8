// One attempt that this runner has claimed, while anything of it lives or has to be recorded. Plain state of the
// runner's loop.
#pragma once

#include <sys/types.h>
#include <time.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/runner/boxes.h"
#include "runtime/runner/emissions.h"
#include "runtime/runner/ledger.h"
#include "runtime/runner/protocol.h"

namespace hwf::runner {

inline constexpr int64_t kNever = INT64_MAX;
// Attempts whose outputs are hashed or synced: each has two files open. Nothing else begins while there are so many.
inline constexpr size_t kMostEnding = 64;
// Between two looks at the emissions of an attempt.
inline constexpr int64_t kScanMs = 5000;      // behind inotify
inline constexpr int64_t kScanPollMs = 1000;  // instead of it

struct Attempt {
  enum class Kill { kNone, kCancelled, kTimeLimit, kOom, kPreempted };

  std::string key;
  Start start;
  std::optional<Share> share;  // of the machine, while anything of it lives
  int slot = -1;
  pid_t pid = -1;
  int64_t started_ms = 0;  // CLOCK_BOOTTIME, as all times here
  int64_t oom_kills = 0;   // of the kernel in our cgroup, when it started

  Kill kill = Kill::kNone;
  int64_t deadline_ms = kNever;  // of its time limit
  int64_t kill_at_ms = kNever;   // SIGKILL to what then lives
  int64_t sample_at_ms = kNever;
  int64_t scan_at_ms = kNever;  // of its emissions

  bool main_dead = false;
  int status = 0;  // of wait
  state::Usage usage;
  int64_t peak_bytes = 0;
  int64_t strays_until_ms = kNever;        // what outlives the main process is killed then
  std::map<pid_t, int64_t> members;        // processes seen to be its own, and when they started
  std::vector<std::string> killed_strays;  // "name (pid)": what had to be

  std::unique_ptr<Box> box;                    // of its container; null: it has none
  bool by_srun = false;                        // srun is its command, and starts the task's own
  bool forced = false;                         // srun was told to end all of it at once
  std::unique_ptr<FurnishedRanks> rank_boxes;  // of its containers, of a task that runs over nodes

  std::unique_ptr<Emissions> emissions;
  int watch = -1;              // inotify
  int jobs = 0;                // of the worker
  bool ending = false;         // all processes are dead; waiting for jobs
  int64_t doubt_until_ms = 0;  // whether its signal was meant for us as well
  bool resolving = false;

  ino_t command_inode = 0;  // of the file `command` as it was written
  timespec command_time{};
  std::string out_file;  // its standard output is already there, under this name
};

}  // namespace hwf::runner
