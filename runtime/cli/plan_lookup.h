// What a run would do first: the scheduler asked for its commands, sources read, tasks looked up in the cache as the
// engine does, until nothing more is known without running something. Changes no run. The main thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "runtime/cli/from_run.h"
#include "runtime/cli/program.h"
#include "runtime/engine/trusted_results.h"

namespace hwf::cli {

struct PlannedTask {
  std::string place;
  std::string task;
  std::string from_run;     // its result is taken from there; empty: it would be started
  std::string compared_at;  // … if that site still has its files, unchanged; empty: it has none elsewhere
};
// A review whose answer would be carried over, if whoever gave it is still one who may.
struct PlannedAnswer {
  std::string place, variant, person, from_run;
};
struct PlanLookup {
  std::vector<PlannedTask> tasks;  // whose inputs are known, in the order in which they would start
  std::vector<PlannedAnswer> carried;
  std::vector<std::string> failures;
  std::map<std::string, int64_t> sources;  // bytes of what `file(…)` and `dir(…)` name, by place
};
PlanLookup LookUp(const Program& program, const Json& params, const std::string& runs, const FromRun& from,
                  const std::vector<engine::TrustedUser>& trust);

}  // namespace hwf::cli
