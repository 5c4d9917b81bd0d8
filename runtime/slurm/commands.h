// Slurm's command lines and what they print, as text: nothing is run here. Text formats, not JSON: they are the same in
// all versions, and a hundred times cheaper to print. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "runtime/platform/command.h"
#include "runtime/runner/protocol.h"
#include "runtime/slurm/settings.h"

namespace hwf::slurm {

// What one job asks Slurm for. Equal ones can share an array.
struct Needs {
  int cpus = 1;  // of each node, as all below
  int gpus = 0;
  std::string gpu;
  int64_t memory = 0;
  int64_t disk = 0;
  int64_t time_limit_ms = 0;
  int nodes = 1;
  int ranks = 1;
  int ranks_per_node = 0;
  int pack = 1;
  bool allocation = false;  // whole nodes, for as long as the site allows, for whatever is brought to them

  auto Key() const {
    return std::tie(cpus, gpus, gpu, memory, disk, time_limit_ms, nodes, ranks, ranks_per_node, pack, allocation);
  }
};
inline bool operator<(const Needs& a, const Needs& b) { return a.Key() < b.Key(); }
Needs NeedsOf(const runner::Start& start, const Settings& settings);
// Whether such a job may be run inside an allocation of this site: on one node, within its time.
bool FitsAllocation(const Needs& needs, const Settings& settings);
// An allocation that is to have room for it, too: all GPUs of its nodes.
void AddGpus(const runner::Start& start, const Settings& settings, Needs& allocation);
// "each.*.fit" of "each.3.fit": what elements of a `for` have in common; empty: it is none.
std::string KindOf(const state::Place& place);

// The arguments of `sbatch` behind its options for the files: what it asks for.
std::vector<std::string> AskFor(const Needs& needs, const Settings& settings);
// Minutes, as Slurm takes them, with time for the runner to end things itself at its own limit; 0: not said.
int64_t MinutesFor(const Needs& needs, const Settings& settings);
// "0-99" or "0-99%8".
std::string ArraySpec(int elements, int throttle);

// What became of an `sbatch`.
struct Submitted {
  enum class Kind {
    kAccepted,
    kWait,       // it was not submitted, and may be later: the controller is down
    kLimit,      // the same, because there are too many jobs: fewer may be taken
    kWrong,      // it was not submitted, and never will be
    kAmbiguous,  // nobody knows
  };
  Kind kind = Kind::kAmbiguous;
  std::string job;
  std::string why;
};
Submitted ReadSubmitted(const platform::CommandResult& result);

enum class JobState {
  kPending,
  kRunning,    // also starting, completing, suspended
  kCompleted,  // with exit status 0
  kFailed,
  kCancelled,
  kTimeLimit,
  kOom,
  kNodeFail,  // also when its node could not boot
  kPreempted,
};
bool IsOver(JobState state);
JobState StateFromText(std::string_view text);

// A line of squeue, one for each element of an array.
struct JobRow {
  std::string job;  // of an array: the array's
  int index = 0;
  JobState state = JobState::kPending;
  std::string comment;
  bool placed = false;  // it has, or had, nodes
  std::string reason;
};
std::vector<std::string> QueueArguments(const std::string& user);
std::vector<JobRow> ReadQueue(std::string_view text);

// A line of sacct.
struct Account {
  std::string job;
  int index = 0;
  JobState state = JobState::kFailed;
  std::string exit;  // "7:0"
  bool ended = false;
};
std::vector<std::string> AccountArguments(const std::vector<std::string>& jobs);
std::vector<Account> ReadAccounts(std::string_view text);

// Why a pending job waits, for people, from Slurm's reason; empty: nothing that is worth a word (it has just come).
std::string PendingText(const std::string& job, const std::string& reason);

}  // namespace hwf::slurm
