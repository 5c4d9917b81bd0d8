#include "calendar/calendar.h"

#include <date/tz.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

namespace hwf::calendar {
namespace {

using std::chrono::milliseconds;

constexpr int64_t kMostDays = 100'000;

const date::time_zone* ZoneNamed(const std::string& name) {
  try {
    return date::locate_zone(name);
  } catch (const std::exception&) {
    return nullptr;
  }
}

std::optional<date::local_days> DayOf(const std::string& text) {
  constexpr std::string_view kForm = "0000-00-00";
  if (text.size() != kForm.size()) return std::nullopt;
  for (size_t i = 0; i < kForm.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (kForm[i] == '0' ? !digit : text[i] != kForm[i]) return std::nullopt;
  }
  std::istringstream in(text);
  date::year_month_day day;
  if (!(in >> date::parse("%Y-%m-%d", day)) || !day.ok()) return std::nullopt;
  return date::local_days(day);
}

}  // namespace

struct WorkCalendar::Days {
  const date::time_zone* zone = nullptr;
  std::vector<int> weekdays;  // 1 Monday
  std::vector<date::local_days> holidays;

  bool IsWorkday(date::local_days day) const {
    const int weekday = static_cast<int>(date::weekday(day).iso_encoding());
    return std::find(weekdays.begin(), weekdays.end(), weekday) != weekdays.end() &&
           !std::binary_search(holidays.begin(), holidays.end(), day);
  }
  // There is one: holidays are only so many.
  date::local_days Next(date::local_days day) const {
    do day += date::days(1);
    while (!IsWorkday(day));
    return day;
  }
};

bool IsZone(const std::string& name) { return ZoneNamed(name) != nullptr; }
bool IsDate(const std::string& text) { return DayOf(text).has_value(); }

WorkCalendar::WorkCalendar(std::unique_ptr<Days> days) : days_(std::move(days)) {}
WorkCalendar::WorkCalendar(WorkCalendar&&) noexcept = default;
WorkCalendar& WorkCalendar::operator=(WorkCalendar&&) noexcept = default;
WorkCalendar::~WorkCalendar() = default;

ErrorOr<WorkCalendar> WorkCalendar::Read(const ir::Calendar& calendar) {
  auto days = std::make_unique<Days>();
  days->zone = ZoneNamed(calendar.zone);
  if (days->zone == nullptr) {
    return MakeError("calendar {}: this machine knows no time zone `{}`; zones come with the package tzdata",
                     calendar.name, calendar.zone);
  }
  days->weekdays = calendar.days.empty() ? std::vector<int>{1, 2, 3, 4, 5} : calendar.days;
  for (const std::string& holiday : calendar.holidays) {
    const std::optional<date::local_days> day = DayOf(holiday);
    if (!day) return MakeError("calendar {}: the holiday `{}` is no date", calendar.name, holiday);
    days->holidays.push_back(*day);
  }
  std::sort(days->holidays.begin(), days->holidays.end());
  return WorkCalendar(std::move(days));
}

ErrorOr<int64_t> WorkCalendar::After(int64_t from, int64_t count) const {
  if (count < 0 || count > kMostDays) return MakeError("{} working days cannot be counted", count);
  const auto local = days_->zone->to_local(date::sys_time<milliseconds>(milliseconds(from)));
  date::local_days day = date::floor<date::days>(local);
  milliseconds of_day = local - day;
  if (!days_->IsWorkday(day)) {
    day = days_->Next(day);
    of_day = milliseconds(0);
  }
  for (int64_t i = 0; i < count; ++i) day = days_->Next(day);
  return int64_t{days_->zone->to_sys(day + of_day, date::choose::latest).time_since_epoch().count()};
}

}  // namespace hwf::calendar
