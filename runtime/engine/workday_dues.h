// When a review's delays in working days are over: worked out as it opens, and recorded, so that a replay looks nothing
// up. Any thread.
#pragma once

#include "base/error.h"
#include "base/json.h"
#include "ir/module.h"
#include "runtime/state/events.h"

namespace hwf::engine {

// state::ReviewOpened::due of one that opens at `now`; null if it has none. An error if this machine does not know the
// calendar's zone.
ErrorOr<Json> WorkdayDues(const ir::Module& module, const ir::ReviewNode& review, state::TimeMs now);

}  // namespace hwf::engine
