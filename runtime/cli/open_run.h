// What most commands begin with: the run's record, and whether an engine carries it out now.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "runtime/cli/locate.h"
#include "runtime/engine/run_record.h"
#include "runtime/platform/file_system.h"
#include "runtime/report/status.h"

namespace hwf::cli {

struct OpenedRun {
  std::string directory;
  std::unique_ptr<engine::RunRecord> record;
};
// From `--runs` and a positional; `exit` is 2 if no such run is named, 3 if it cannot be read.
struct OpenResult {
  OpenedRun run;
  int exit = 0;
};
// Complains itself.
OpenResult OpenRun(const Arguments& arguments, const std::string& name, Naming naming);

// Who owns the run, if that is somebody else: some things are theirs alone.
std::optional<std::string> OtherOwner(const std::string& run_directory);

report::EngineState EngineStateOf(const std::string& run_directory);

}  // namespace hwf::cli
