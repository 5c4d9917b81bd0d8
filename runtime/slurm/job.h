// What Slurm's jobs run: `hwf-runner job` claims and runs the attempts of one element of a submission, `hwf-runner
// node` those that it takes on its node of an allocation. Neither needs the engine or the agent. Each is a process of
// its own.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "runtime/runner/runner.h"
#include "runtime/slurm/submission.h"

namespace hwf::slurm {

// The exit codes of the subcommands `job` and `node`.
int RunJob(const std::vector<std::string>& arguments);
int RunNode(const std::vector<std::string>& arguments);

// ---- what both have

// Once, by whoever is first: a requeued job, or one that was submitted twice, finds the directory and leaves.
ErrorOr<bool> TakeElement(const std::string& directory);
runner::RunnerOptions OptionsOfJob(const Spec& spec, const std::string& state);
// For claims: unique to this process.
std::string WhoWeAre(const std::string& tag, int index);
std::string TagOf(const std::string& submission);
// Slurm's "[days-][[hours:]minutes:]seconds" in milliseconds; -1: it is something else.
int64_t DurationOf(const std::string& text);

}  // namespace hwf::slurm
