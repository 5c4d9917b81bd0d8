#include "runtime/engine/workday_dues.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "calendar/calendar.h"
#include "runtime/scheduler/scheduler.h"

namespace hwf::engine {
namespace {

constexpr size_t kMostReminders = 1'000;

// `2workdays`: a literal, which nothing else can be.
int64_t DaysOf(const ir::Expr& delay) {
  return delay.literal.is_int() ? delay.literal.AsInt() / scheduler::kWorkdayMs : 0;
}

}  // namespace

ErrorOr<Json> WorkdayDues(const ir::Module& module, const ir::ReviewNode& review, state::TimeMs now) {
  const bool within = review.within && review.within_workdays;
  const bool remind = review.remind && review.remind_workdays;
  const bool escalate = std::any_of(review.escalations.begin(), review.escalations.end(),
                                    [](const ir::ReviewNode::Escalation& each) { return each.workdays; });
  if (!within && !remind && !escalate) return Json();
  if (!module.calendar) return Error("its delays are in working days, and the program has no calendar");
  HWF_ASSIGN(const calendar::WorkCalendar days, calendar::WorkCalendar::Read(*module.calendar));
  Json due = Json::Object();
  int64_t deadline = std::numeric_limits<int64_t>::max();
  if (within) {
    HWF_ASSIGN(deadline, days.After(now, DaysOf(*review.within)));
    due.Set("expire", deadline);
  } else if (review.within && review.within->literal.is_int()) {
    deadline = now + review.within->literal.AsInt();
  }
  if (remind) {
    const int64_t step = std::max<int64_t>(DaysOf(*review.remind), 1);
    Json reminders = Json::Array();
    for (size_t i = 1; i <= kMostReminders; ++i) {
      const ErrorOr<int64_t> at = days.After(now, step * static_cast<int64_t>(i));
      if (!at.ok() || at.value() >= deadline) break;  // or later than the calendar counts
      reminders.Add(at.value());
    }
    due.Set("remind", std::move(reminders));
  }
  if (escalate) {
    Json escalations = Json::Array();
    for (const ir::ReviewNode::Escalation& each : review.escalations) {
      Json at;
      if (each.workdays) {
        HWF_ASSIGN(at, days.After(now, DaysOf(each.delay)));
      }
      escalations.Add(std::move(at));
    }
    due.Set("escalate", std::move(escalations));
  }
  return due;
}

}  // namespace hwf::engine
