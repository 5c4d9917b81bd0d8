// `calendar lab = workdays(zone: "Europe/Madrid", holidays: ["2026-12-25"])`: the days by which deadlines in `workdays`
// count. A program has one, in any of its files; that of the file of `--sites` takes its place. Fills program.calendar.
#pragma once

#include <optional>

#include "compiler/sema/context.h"

namespace hwf::sema {

void CheckCalendar(Context& context);

// "mon" is 1, "sun" 7.
std::optional<int> WeekdayNumber(llvm::StringRef name);

}  // namespace hwf::sema
