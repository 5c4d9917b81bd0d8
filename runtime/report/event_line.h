// Events for those who follow a run: one line each for people and logs, or one JSON object a line for programs.
// Called by the engine's thread after the event was applied. Pure.
#pragma once

#include <string>

#include "runtime/report/text.h"
#include "runtime/scheduler/scheduler.h"

namespace hwf::report {

// Without a newline; empty for events that people need not see.
std::string EventLine(const state::Event& event, const scheduler::Scheduler& scheduler, const std::string& run,
                      const Style& style);

// {"time","event",…} without a newline: the event as in the journal.
std::string EventJsonLine(const state::Event& event, const std::string& run);

}  // namespace hwf::report
