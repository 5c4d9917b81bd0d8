// Making a run: its directory with exact modes, its program, its first event. What is half made when the machine dies
// has no RunStarted, is no run, and is removed by `hwf gc`. One thread.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "runtime/engine/run_record.h"

namespace hwf::engine {

struct NewRun {
  std::string runs;  // absolute directory of runs; made if it does not exist, with the rights of the one that it is in
  std::string ir;    // text of the program
  const ir::Module* module = nullptr;  // the same, read
  Json params;
  std::string people;   // file for the run's own copy of the people file; empty: none
  std::string from;     // absolute directory of the run that it begins from; empty: none
  std::string carried;  // that one's answers, as CarriedAnswers writes them
  std::string share;    // group that may read the run and write to its inbox; empty: nobody but the owner
  Json trust;           // as RunStarted has it
};

// The run's absolute directory; its last part is the id: UTC date and time, and chance. An error, too, if the program
// has a review that nobody could answer there.
ErrorOr<std::string> CreateRun(platform::FileSystem& files, const NewRun& run);

// Where results of runs in the same directory of runs are remembered, of this user: those of runs that are shared with
// `group` apart from those that nobody else may read.
std::string CacheDirectory(const std::string& run_directory, std::optional<gid_t> group = std::nullopt);
// The places there that `uid` shares with groups, by their names alone: whose they are is not looked at. Sorted.
std::vector<std::string> SharedCaches(const std::string& run_directory, uid_t uid);
// All that are there beside the run, the private one first, and then those beside the run that it began from (empty:
// none), some perhaps twice. Each is a directory of this user's: what somebody else calls so is left out.
std::vector<std::string> OwnCaches(const std::string& run_directory, const std::string& from = "");
// The name of an engine's log there; all of a run begin with its id and a dash.
std::string ResultLog(const std::string& run_id, int64_t epoch);

}  // namespace hwf::engine
