// Finding a review among runs. Reads only.
#pragma once

#include <string>

#include "runtime/cli/open_run.h"

namespace hwf::cli {

struct FoundReview {
  OpenedRun run;
  std::string review;  // id
  std::string choice;  // the positional behind it, or empty
  int exit = 0;        // not 0: it was complained
};
// From `[RUN] REVIEW [CHOICE]`: REVIEW is an id, a unique beginning of one, or the place of an open one. Without RUN
// all runs of the directory are looked through.
FoundReview FindReview(const Arguments& arguments);
// In the run that is named.
FoundReview FindReviewIn(const Arguments& arguments, const std::string& run, const std::string& text, Naming naming);

}  // namespace hwf::cli
