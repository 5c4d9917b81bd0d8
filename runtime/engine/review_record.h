// The record of a review as JSON: what stands in `reviews/<id>.json` for readers and what `--json` prints. Pure.
#pragma once

#include <string>

#include "base/json.h"
#include "runtime/scheduler/scheduler.h"

namespace hwf::engine {

Json ReviewJson(const scheduler::ReviewView& review, const std::string& run);
std::string_view ToString(scheduler::ReviewStatus status);  // "open", "answered", ...
std::string UtcText(state::TimeMs time);                    // "2026-05-04T12:03:22.123Z"

}  // namespace hwf::engine
