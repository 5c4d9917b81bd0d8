// When so many working days are over, by the calendar of a program: its zone, its days of the week, its holidays. What
// a zone is comes from the machine's tz database. Plain values; any thread.
#pragma once

#include <string>

#include "base/error.h"
#include "ir/module.h"
#include "runtime/scheduler/scheduler.h"

namespace hwf::engine {

// The moment `count` working days (0 to 100,000) after `from`: on the count-th working day behind, at the same local
// time of day. Outside of working days time begins to count when the next one does. Where the clocks are put forward
// over that time it is the moment at which they are; of one that there is twice it is the second. An error if this
// machine does not know the zone, or the calendar is none.
ErrorOr<state::TimeMs> AfterWorkdays(const ir::Calendar& calendar, state::TimeMs from, int64_t count);

// What ReviewOpened::due is for a review that opens at `now`; null if it has no delay in working days.
ErrorOr<Json> WorkdayDues(const ir::Module& module, const scheduler::ReviewView& review, state::TimeMs now);

}  // namespace hwf::engine
