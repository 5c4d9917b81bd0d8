// What tasks and people do in a simulated world: the seam between the simulator, which has the clock, and those who
// know (the stubs of a test, a table of durations, an earlier run).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "runtime/scheduler/scheduler.h"

namespace hwf::simulate {

// How an attempt goes. What it shows comes at even times while it runs.
struct Outcome {
  int64_t duration_ms = 0;
  std::optional<ir::Reason> failure;  // absent: it succeeds
  std::string message;                // of a failure
  Json outputs;
  struct Shown {
    std::string stream;
    Json values;
  };
  std::vector<Shown> shown;
};

// An answer, by people who satisfy the review's rule, so long after the review has opened.
struct Reply {
  int64_t delay_ms = 0;
  std::string variant;
  Json fields;
};

class Behaviour {
 public:
  virtual ~Behaviour() = default;
  // An error ends the simulation: nobody knows how this goes.
  virtual ErrorOr<Outcome> Run(const scheduler::StartTask& start) = 0;
  // Nothing: nobody answers, and the review runs into its deadline.
  virtual ErrorOr<std::optional<Reply>> Answer(const scheduler::ReviewView& review) = 0;
};

}  // namespace hwf::simulate
