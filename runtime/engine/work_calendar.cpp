#include "runtime/engine/work_calendar.h"

#include <date/tz.h>

#include <algorithm>
#include <sstream>
#include <vector>

namespace hwf::engine {
namespace {

using std::chrono::milliseconds;
using LocalTime = date::local_time<milliseconds>;

constexpr int64_t kMostDays = 100'000;
constexpr size_t kMostReminders = 1'000;

// A calendar whose dates and zone have been read.
class WorkCalendar {
 public:
  static ErrorOr<WorkCalendar> Read(const ir::Calendar& calendar) {
    WorkCalendar read;
    try {
      read.zone_ = date::locate_zone(calendar.zone);
    } catch (const std::exception& error) {
      return MakeError(
          "this machine does not know the zone `{}` of calendar `{}` ({}); its tz database is the package tzdata",
          calendar.zone, calendar.name, error.what());
    }
    read.days_ = calendar.days.empty() ? std::vector<int>{1, 2, 3, 4, 5} : calendar.days;
    for (const std::string& holiday : calendar.holidays) {
      date::local_days day;
      std::istringstream text(holiday);
      if (!(text >> date::parse("%Y-%m-%d", day))) {
        return MakeError("calendar `{}`: `{}` is no date", calendar.name, holiday);
      }
      read.holidays_.push_back(day);
    }
    std::sort(read.holidays_.begin(), read.holidays_.end());
    return read;
  }

  ErrorOr<state::TimeMs> After(state::TimeMs from, int64_t count) const {
    if (count < 0 || count > kMostDays) return MakeError("{} working days are too many", count);
    const LocalTime local = zone_->to_local(date::sys_time<milliseconds>(milliseconds(from)));
    date::local_days day = date::floor<date::days>(local);
    milliseconds of_day = local - day;
    if (!IsWorkday(day)) {
      day = NextWorkday(day);
      of_day = milliseconds(0);
    }
    for (int64_t i = 0; i < count; ++i) day = NextWorkday(day);
    return zone_->to_sys(day + of_day, date::choose::latest).time_since_epoch().count();
  }

 private:
  bool IsWorkday(date::local_days day) const {
    const int weekday = static_cast<int>(date::weekday(day).iso_encoding());
    return std::find(days_.begin(), days_.end(), weekday) != days_.end() &&
           !std::binary_search(holidays_.begin(), holidays_.end(), day);
  }
  // There is one: holidays are dates, of which there are only so many.
  date::local_days NextWorkday(date::local_days day) const {
    do day += date::days(1);
    while (!IsWorkday(day));
    return day;
  }

  const date::time_zone* zone_ = nullptr;
  std::vector<int> days_;  // of the week, 1 Monday
  std::vector<date::local_days> holidays_;
};

}  // namespace

ErrorOr<state::TimeMs> AfterWorkdays(const ir::Calendar& calendar, state::TimeMs from, int64_t count) {
  HWF_ASSIGN(const WorkCalendar read, WorkCalendar::Read(calendar));
  return read.After(from, count);
}

ErrorOr<Json> WorkdayDues(const ir::Module& module, const scheduler::ReviewView& review, state::TimeMs now) {
  const scheduler::ReviewDelays& delays = review.delays;
  const ir::ReviewNode& node = *review.node;
  const auto counts = [](const ir::ReviewNode::Escalation& escalation) { return escalation.workdays; };
  const bool escalates = std::any_of(node.escalations.begin(), node.escalations.end(), counts);
  if (!node.within_workdays && !node.remind_workdays && !escalates) return Json();
  if (!module.calendar) return Error("the program counts working days and has no calendar");
  HWF_ASSIGN(const WorkCalendar calendar, WorkCalendar::Read(*module.calendar));
  Json due = Json::Object();
  state::TimeMs deadline = now + delays.within.value_or(0);
  if (node.within_workdays && delays.within) {
    HWF_ASSIGN(deadline, calendar.After(now, *delays.within / scheduler::kWorkdayMs));
    due.Set("expire", deadline);
  }
  if (node.remind_workdays && delays.remind) {
    const int64_t step = std::max<int64_t>(1, *delays.remind / scheduler::kWorkdayMs);
    Json reminders = Json::Array();
    for (int64_t days = step; reminders.AsArray().size() < kMostReminders; days += step) {
      HWF_ASSIGN(const state::TimeMs at, calendar.After(now, days));
      if (at >= deadline) break;
      reminders.Add(at);
    }
    due.Set("remind", std::move(reminders));
  }
  if (escalates) {
    Json escalations = Json::Array();
    for (size_t i = 0; i < node.escalations.size(); ++i) {
      Json at;
      if (node.escalations[i].workdays) {
        HWF_ASSIGN(const state::TimeMs time, calendar.After(now, delays.escalations[i] / scheduler::kWorkdayMs));
        at = time;
      }
      escalations.Add(std::move(at));
    }
    due.Set("escalate", std::move(escalations));
  }
  return due;
}

}  // namespace hwf::engine
