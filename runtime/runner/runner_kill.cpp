// Ending what was asked to be ended, or cannot go on: first a word, then, after its grace, force.
#include <signal.h>

#include <cstdlib>
#include <utility>

#include "runtime/platform/process.h"
#include "runtime/runner/runner.h"

namespace hwf::runner {
namespace {

constexpr int64_t kForceMs = 100;      // between two kills of what still lives
constexpr int64_t kSrunMs = 2000;      // for srun, to kill what it has started
constexpr int64_t kAskSlurmMs = 5000;  // the controller may not answer

}  // namespace

void Runner::KillAttempt(Attempt& attempt, Attempt::Kill why) {
  attempt.deadline_ms = kNever;
  const bool settled = attempt.ending && now_ms_ >= attempt.doubt_until_ms;
  if (attempt.kill != Attempt::Kill::kNone || settled) return;
  attempt.kill = why;
  if (attempt.ending) {
    attempt.scan_at_ms = now_ms_;
    return;
  }
  const bool at_once = why == Attempt::Kill::kOom || options_.kill_grace_ms == 0;
  const int64_t wait_ms = at_once ? ForceEnd(attempt) : options_.kill_grace_ms;
  if (!at_once) AskToEnd(attempt);
  if (!attempt.main_dead) attempt.kill_at_ms = now_ms_ + wait_ms;
  if (attempt.main_dead) attempt.strays_until_ms = now_ms_ + (at_once ? 0 : options_.kill_grace_ms);
}

void Runner::AskToEnd(Attempt& attempt) {
  if (attempt.box) return AskBoxToEnd(attempt);
  const bool alone = attempt.start.ranks > 1 || attempt.start.nodes > 1;  // in its job
  if (attempt.by_srun && alone) return AskRanksToEnd(attempt);
  SignalTree(attempt, SIGTERM);
}

// srun answers SIGTERM by killing all ranks: Slurm itself can ask them. The job has no other step, and the batch
// script, which is ours, is not asked.
void Runner::AskRanksToEnd(const Attempt& attempt) {
  const char* job = std::getenv("SLURM_JOB_ID");
  box_worker_.Add(
      [this, key = std::string(attempt.key), job = std::string(job == nullptr ? "" : job)]() -> Worker::Completion {
        platform::SpawnOptions options;
        options.argv = {"scancel", "--quiet", "--signal=TERM", job};
        options.inherit_env = true;
        const auto asked = platform::RunToEnd(options, "", {.timeout_ms = kAskSlurmMs});
        const bool done = asked.ok() && asked->exit_code == 0;
        return [this, key, done] {
          Attempt* still = FindRunning(key);
          if (!done && still != nullptr && !still->main_dead) (void)ForceEnd(*still);
        };
      });
}

// A step towards the end of what was asked or cannot be; the milliseconds until the next one.
int64_t Runner::ForceEnd(Attempt& attempt) {
  if (attempt.box) {
    KillBox(attempt);
    return kForceMs;
  }
  if (attempt.by_srun && !std::exchange(attempt.forced, true)) {
    SignalTree(attempt, SIGTERM);  // it kills what it has started on other machines too
    return kSrunMs;
  }
  SignalTree(attempt, SIGKILL);
  return kForceMs;
}

}  // namespace hwf::runner
