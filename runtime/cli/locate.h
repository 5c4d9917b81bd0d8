// Finding runs: the directory of runs, one run by a beginning of its id, the newest. Reads directories only.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "runtime/cli/command.h"

namespace hwf::cli {

// `--runs`, or `.hwf/runs` here; absolute. It need not exist.
ErrorOr<std::string> RunsDirectory(const Arguments& arguments);

// Ids of the runs in it, oldest first. Directories without a journal are none.
std::vector<std::string> ListRuns(const std::string& runs);

enum class Naming {
  kLooking,  // `latest` and nothing at all mean the newest
  kActing    // a run is named, or the only unfinished one meant where that is said
};
// The absolute directory of the run that `text` names: an id, a unique beginning of one, or the path of its directory.
ErrorOr<std::string> FindRun(const std::string& runs, const std::string& text, Naming naming);

// What names a run in a command given here: its id if it is one of `.hwf/runs`, else its directory, quoted for a shell.
std::string RunWord(const std::string& directory);

}  // namespace hwf::cli
