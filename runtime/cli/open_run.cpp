#include "runtime/cli/open_run.h"

#include "runtime/cli/commands.h"
#include "runtime/journal/lease.h"

namespace hwf::cli {

OpenResult OpenRun(const Arguments& arguments, const std::string& name, Naming naming) {
  OpenResult result;
  const ErrorOr<std::string> runs = RunsDirectory(arguments);
  const ErrorOr<std::string> directory = runs.ok() ? FindRun(runs.value(), name, naming) : runs;
  if (!directory.ok()) {
    Complain(directory.error().message());
    result.exit = kExitUsage;
    return result;
  }
  auto record = engine::RunRecord::Load(platform::RealFileSystem(), directory.value());
  if (!record.ok()) {
    Complain(record.error().message());
    result.exit = kExitWorld;
    return result;
  }
  result.run.directory = directory.value();
  result.run.record = std::move(record).value();
  return result;
}

report::EngineState EngineStateOf(const std::string& run_directory) {
  report::EngineState state;
  const auto lease = journal::ReadLease(platform::RealFileSystem(), run_directory);
  if (!lease.ok() || !lease.value()) return state;
  const journal::LeaseView& view = **lease;
  state.host = view.engine.host;
  state.pid = view.engine.process.pid;
  state.heartbeat = view.released_ms != 0 ? view.released_ms : view.last_sign_ms;
  if (!view.held()) return state;
  state.alive = view.liveness == platform::Liveness::kAlive;
  state.unknown = !state.alive;
  return state;
}

}  // namespace hwf::cli
