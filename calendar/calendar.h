// Working days by a program's calendar: its zone, its days of the week, its holidays. What a zone is comes from the
// machine's tz database (the package tzdata), which is read once. Both halves ask here: the compiler whether a zone and
// a date are any, the engine when a deadline is over. Any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/error.h"
#include "ir/module.h"

namespace hwf::calendar {

// Whether this machine knows the zone: "Europe/Madrid".
bool IsZone(const std::string& name);
// Whether it is a day of the calendar as "2026-12-25".
bool IsDate(const std::string& text);

class WorkCalendar {
 public:
  // An error if this machine does not know the zone, or a date is none.
  static ErrorOr<WorkCalendar> Read(const ir::Calendar& calendar);

  // The moment `count` working days after `from`, both in milliseconds of UTC since 1970: on the count-th working day
  // behind, at the same local time of day. Outside of working days time begins to count with the next one. Of a time of
  // day that is skipped that day, when clocks are put forward, it is the moment at which they are; of one that there is
  // twice, the second. An error if `count` is below 0 or above 100,000.
  ErrorOr<int64_t> After(int64_t from, int64_t count) const;

  WorkCalendar(WorkCalendar&&) noexcept;
  WorkCalendar& operator=(WorkCalendar&&) noexcept;
  ~WorkCalendar();

 private:
  struct Days;
  explicit WorkCalendar(std::unique_ptr<Days> days);

  std::unique_ptr<Days> days_;
};

}  // namespace hwf::calendar
