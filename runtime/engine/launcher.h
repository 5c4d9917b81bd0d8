// From the scheduler's StartTask to the runner's Start: the command, its exact environment, where outputs go, what it
// needs. Nothing is started here. One thread.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "runtime/engine/run_record.h"
#include "runtime/engine/secrets.h"
#include "runtime/runner/protocol.h"
#include "runtime/scheduler/scheduler.h"
#include "runtime/site/site.h"
#include "runtime/state/command.h"

namespace hwf::engine {

struct LaunchContext {
  const ir::Module* module = nullptr;
  std::string root;                  // of the site: below it lie the attempts' directories
  const Secrets* secrets = nullptr;  // of the site
  const site::Setting* setting = nullptr;
  bool on_nodes = false;  // of a cluster: not where the engine, or a login, is
  std::string run_id;
  std::string task_directory;    // of hwf-task, put in front of PATH
  std::string python_directory;  // of the Python module, put in front of PYTHONPATH; may be empty
};

// The error is the task's own (a value that cannot be passed, a path that leaves the directory): the attempt fails.
ErrorOr<runner::Start> BuildStart(const LaunchContext& context, const scheduler::StartTask& start);

// What it asks the site for.
void AskFor(const state::Needs& needs, runner::Start& start);

// How an output is read back.
runner::OutputSpec SpecOf(const ir::Output& output, const std::string& path);

// What the command sees as `~{out.x}`: absolute paths in `directory`.
Json OutPaths(const std::vector<state::OutputPath>& paths, const std::string& directory);

// A part of an argument whose type is Approved[…]; it may be the whole of it.
struct ApprovedArgument {
  const ir::Param* param;
  Json* value;  // inside the start's arguments
};
std::vector<ApprovedArgument> ApprovedArguments(scheduler::StartTask& start);

}  // namespace hwf::engine
