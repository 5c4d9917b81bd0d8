// What a Slurm site's fields say, and what its controller says of itself. Plain values.
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"
#include "base/json.h"

namespace hwf::slurm {

struct Settings {
  std::string partition;  // all of these: empty: Slurm's own default
  std::string account;
  std::string qos;
  std::string features;  // --constraint
  std::string reservation;
  int64_t max_time_ms = 0;    // 0: not said
  int throttle = 0;           // elements of an array that run at a time; 0: no limit
  int max_jobs = 0;           // jobs (elements) that may be queued or run; 0: no limit
  int pack = 0;               // attempts that share a job, where the task does not say; 0: one
  int allocation = 0;         // nodes of the allocation that a `for` runs in; 0: none
  bool allocate_all = false;  // what comes alone is run there, too: for tests
  int gpus_per_node = 0;      // of an allocation's nodes
  std::string launch;         // of ranks; empty: srun
  std::string setup;          // shell text that a task's environment comes from
};

// From the JSON text that the agent is started with; refuses what it does not know.
ErrorOr<Settings> SettingsFromJson(const std::string& text);

// Of `scontrol show config`; what it does not say stays as here (Slurm's own defaults).
struct Limits {
  int max_array = 1000;              // elements: MaxArraySize - 1
  int64_t min_job_age_ms = 300'000;  // how long a finished job is remembered
  int64_t kill_wait_ms = 30'000;     // from SIGTERM to SIGKILL
  int64_t message_timeout_ms = 10'000;
};
Limits LimitsFromConfig(const std::string& text);

}  // namespace hwf::slurm
