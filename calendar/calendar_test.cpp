#include "calendar/calendar.h"

#include <gtest/gtest.h>

#include <ctime>

namespace hwf::calendar {
namespace {

// "2026-03-27 15:00", UTC.
int64_t Utc(const char* text) {
  std::tm parts{};
  EXPECT_NE(strptime(text, "%Y-%m-%d %H:%M", &parts), nullptr) << text;
  return int64_t{timegm(&parts)} * 1000;
}

std::string After(const ir::Calendar& calendar, const char* from, int64_t count) {
  const ErrorOr<WorkCalendar> read = WorkCalendar::Read(calendar);
  if (!read.ok()) return read.error().message();
  const ErrorOr<int64_t> at = read->After(Utc(from), count);
  if (!at.ok()) return at.error().message();
  const std::time_t seconds = at.value() / 1000;
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M", gmtime(&seconds));
  return text;
}

const ir::Calendar kLab{"lab", "Europe/Madrid", {"2026-12-25", "2027-01-01"}, {}};

TEST(CalendarTest, TheSameTimeOfDayOnALaterWorkingDay) {
  EXPECT_EQ(After(kLab, "2026-11-24 10:30", 1), "2026-11-25 10:30");  // Tuesday
  EXPECT_EQ(After(kLab, "2026-11-27 10:30", 1), "2026-11-30 10:30");  // over a weekend
  EXPECT_EQ(After(kLab, "2026-11-26 10:30", 10), "2026-12-10 10:30");
  EXPECT_EQ(After(kLab, "2026-11-24 10:30", 0), "2026-11-24 10:30");
}

TEST(CalendarTest, HolidaysAndWeekendsDoNotCount) {
  EXPECT_EQ(After(kLab, "2026-12-24 09:00", 1), "2026-12-28 09:00");  // Friday is one, then the weekend
  EXPECT_EQ(After(kLab, "2026-12-24 09:00", 5), "2027-01-04 09:00");
  ir::Calendar sundays = kLab;
  sundays.days = {7, 1, 2, 3, 4};
  EXPECT_EQ(After(sundays, "2026-11-26 10:30", 1), "2026-11-29 10:30");
}

TEST(CalendarTest, OpenedOutsideOfThemItBeginsWithTheNextOne) {
  // Saturday noon: from Monday 0:00 there, which is 23:00 of Sunday in UTC, to Tuesday 0:00.
  EXPECT_EQ(After(kLab, "2026-11-28 12:00", 1), "2026-11-30 23:00");
  EXPECT_EQ(After(kLab, "2026-12-25 12:00", 2), "2026-12-29 23:00");
  // 23:30 of Friday in UTC is Saturday in Madrid already, and Friday still in New York.
  EXPECT_EQ(After(kLab, "2026-11-27 23:30", 1), "2026-11-30 23:00");
  ir::Calendar york = kLab;
  york.zone = "America/New_York";
  EXPECT_EQ(After(york, "2026-11-27 23:30", 1), "2026-11-30 23:30");
}

TEST(CalendarTest, TheLocalTimeStaysWhenClocksChange) {
  // Spain: one hour forward on Sunday 2026-03-29, back on 2026-10-25.
  EXPECT_EQ(After(kLab, "2026-03-27 15:00", 1), "2026-03-30 14:00");
  EXPECT_EQ(After(kLab, "2026-10-23 15:00", 1), "2026-10-26 16:00");
  ir::Calendar always = kLab;
  always.days = {1, 2, 3, 4, 5, 6, 7};
  // 2:30 is skipped that day: the moment of the change, 1:00 UTC. The other day it is there twice: the second.
  EXPECT_EQ(After(always, "2026-03-28 01:30", 1), "2026-03-29 01:00");
  EXPECT_EQ(After(always, "2026-10-24 00:30", 1), "2026-10-25 01:30");
}

TEST(CalendarTest, RefusesWhatIsNone) {
  ir::Calendar wrong = kLab;
  wrong.zone = "Europe/Atlantis";
  EXPECT_NE(After(wrong, "2026-11-24 10:30", 1).find("no time zone `Europe/Atlantis`"), std::string::npos);
  wrong = kLab;
  wrong.holidays = {"2026-02-30"};
  EXPECT_NE(After(wrong, "2026-11-24 10:30", 1).find("`2026-02-30` is no date"), std::string::npos);
  EXPECT_NE(After(kLab, "2026-11-24 10:30", -1).find("cannot be counted"), std::string::npos);
  EXPECT_NE(After(kLab, "2026-11-24 10:30", 100'001).find("cannot be counted"), std::string::npos);
  EXPECT_TRUE(IsZone("UTC"));
  EXPECT_FALSE(IsZone(""));
  EXPECT_FALSE(IsZone("../../etc/passwd"));
  EXPECT_TRUE(IsDate("2028-02-29"));
  for (const char* text : {"2027-02-29", "26-12-25", "2026-12-25 ", "2026/12/25", "", "2026-12-2x", "25-12-2026",
                           "2026-1-025", "2026-1-2-3", "2026-12-2-"}) {
    EXPECT_FALSE(IsDate(text)) << text;
  }
}

}  // namespace
}  // namespace hwf::calendar
