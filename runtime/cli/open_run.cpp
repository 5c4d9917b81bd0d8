#include "runtime/cli/open_run.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/cli/commands.h"
#include "runtime/journal/lease.h"
#include "runtime/platform/users.h"

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

std::optional<std::string> OtherOwner(const std::string& run_directory) {
  struct stat info {};
  if (stat(run_directory.c_str(), &info) != 0 || info.st_uid == geteuid()) return std::nullopt;
  const std::optional<platform::User> user = platform::UserOf(info.st_uid);
  return user ? user->name : fmt::format("uid {}", info.st_uid);
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
