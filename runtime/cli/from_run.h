// `--from RUN` of `hwf run` and `hwf plan`: the earlier run whose results and answers the new one takes over. The main
// thread.
#pragma once

#include <string>
#include <vector>

#include "runtime/cli/command.h"
#include "runtime/engine/carried_answers.h"

namespace hwf::cli {

struct FromRun {
  std::string directory;  // absolute; empty: there is none
  engine::CarriedAnswers answers;
  int exit = kExitDone;  // of what it has complained about
};

std::vector<OptionSpec> FromOptions();
// Changes nothing. Complains itself: of a run that is not there, is somebody else's or cannot be read.
FromRun ReadFrom(const Arguments& arguments);
// A line about it for people; empty if there is none.
std::string FromText(const FromRun& from);

}  // namespace hwf::cli
