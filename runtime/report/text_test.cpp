#include "runtime/report/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "runtime/report/plot.h"

namespace hwf::report {
namespace {

TEST(Text, SaysTheSiteUnlessItIsHere) {
  EXPECT_EQ(OnSite("edge"), "on edge");
  EXPECT_EQ(OnSite("here"), "");
  EXPECT_EQ(OnSite(""), "");
}

TEST(Text, Durations) {
  EXPECT_EQ(FormatDuration(0), "0 ms");
  EXPECT_EQ(FormatDuration(850), "850 ms");
  EXPECT_EQ(FormatDuration(1500), "1.5 s");
  EXPECT_EQ(FormatDuration(42'000), "42 s");
  EXPECT_EQ(FormatDuration(185'000), "3 min 5 s");
  EXPECT_EQ(FormatDuration(7'200'000), "2 h");
  EXPECT_EQ(FormatDuration(273'600'000), "3 d 4 h");
}

TEST(Text, Bytes) {
  EXPECT_EQ(FormatBytes(17), "17 B");
  EXPECT_EQ(FormatBytes(1536), "1.5 KiB");
  EXPECT_EQ(FormatBytes(int64_t{64} << 30), "64 GiB");
}

TEST(Text, ATaskCannotDrawOnTheScreen) {
  EXPECT_EQ(Printable("a\x1b[2Jb"), "a\xef\xbf\xbd[2Jb");
  EXPECT_EQ(Printable("a\nb"), "a⏎b");
  EXPECT_EQ(Printable("a\nb", true), "a\nb");
  EXPECT_EQ(Printable("\xff"), "\xef\xbf\xbd");
  EXPECT_EQ(Printable("schön"), "schön");
  EXPECT_EQ(Printable("a\u202eb"),
            "a\xef\xbf\xbd"
            "b");
}

TEST(Text, WidthCountsColumns) {
  EXPECT_EQ(Width("schön"), 5u);
  EXPECT_EQ(Width("\x1b[31mred\x1b[0m"), 3u);
  EXPECT_EQ(Width("漢字"), 4u);
  EXPECT_EQ(Fit("abcdef", 4), "abc…");
  EXPECT_EQ(Width(Fit("漢字漢字", 5)), 5u);
  EXPECT_EQ(Fit("\x1b[31mabcdef\x1b[0m", 4), "\x1b[31mabc…\x1b[0m");
}

TEST(Text, Values) {
  ir::TypeTable types;
  EXPECT_EQ(FormatValue(Json(int64_t{90'000}), types.Simple(ir::TypeKind::kDuration)), "1 min 30 s");
  EXPECT_EQ(FormatValue(Json(), types.Optional(types.Simple(ir::TypeKind::kInt))), "none");
  EXPECT_EQ(FormatValue(Json(0.1), nullptr), "0.1");
  EXPECT_EQ(FormatValue(Json(2.0), nullptr), "2.0");
  Json file;
  file.Set("path", "/a/b/model.pt").Set("digest", "b2:00").Set("size", 1);
  EXPECT_EQ(FormatValue(file, types.Simple(ir::TypeKind::kFile)), "model.pt");
}

TEST(Plot, EdgesTouch) {
  const std::vector<std::string> lines = LinePlot({0, 1, 2, 3}, 2, 1);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(Width(lines[0]), 2u);
  EXPECT_NE(LinePlot({0, 1}, 1, 1), LinePlot({1, 0}, 1, 1));
}

TEST(Plot, BoundedWhateverItIsGiven) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(LinePlot({}, 3, 2), (std::vector<std::string>{"   ", "   "}));
  EXPECT_EQ(LinePlot({nan, nan}, 2, 1), (std::vector<std::string>{"  "}));
  const std::vector<std::string> lines = LinePlot(std::vector<double>(10'000, 1.0), 10, 2);
  EXPECT_EQ(Width(lines[0]), 10u);
}

TEST(Text, ProseShortensLongNumbersAlone) {
  EXPECT_EQ(FormatProse("Epoch 20, loss 0.13571226833766714: go on?"), "Epoch 20, loss 0.135712: go on?");
  EXPECT_EQ(FormatProse("loss 1.2345678901e-09."), "loss 1.23457e-09.");
  EXPECT_EQ(FormatProse("-0.500000000001"), "-0.5");
  EXPECT_EQ(FormatProse("of 0.1234567 in 1.2.3"), "of 0.1234567 in 1.2.3");
  EXPECT_EQ(FormatProse("w0.123456789 0.123456789.pkl 0.123456789-x 1.123456789kg"),
            "w0.123456789 0.123456789.pkl 0.123456789-x 1.123456789kg");
  EXPECT_EQ(FormatProse("a\x1b[2J"), "a\xef\xbf\xbd[2J");
}

TEST(Text, FileNamesAsTheTaskGaveThem) {
  EXPECT_EQ(FileName("/a/b/model.pkl"), "model.pkl");
  EXPECT_EQ(FileName("/a/1795223600287502700-vm-r0-13775-19-0-weights-20.pkl"), "weights-20.pkl");
  EXPECT_EQ(FileName("1795223600287502700-my-r1-host-r0-13775-0-0-5-x.pkl"), "5-x.pkl");
  EXPECT_EQ(FileName("1795223600287502700-vm-r0-13775.json"), "1795223600287502700-vm-r0-13775.json");
  EXPECT_EQ(FileName("1795223600287502700-r0-1-2-3-"), "1795223600287502700-r0-1-2-3-");
}

TEST(Text, ShellWords) {
  EXPECT_EQ(ShellWord("/a/b-1.c"), "/a/b-1.c");
  EXPECT_EQ(ShellWord("a b'c$"), "'a b'\\''c$'");
  EXPECT_EQ(ShellWord(""), "''");
}

TEST(Text, AnotherDayHasItsDate) {
  constexpr state::TimeMs kNow = 1'777'900'000'000;
  const std::string day = FormatTime(kNow).substr(0, 10);
  EXPECT_EQ(day + " " + FormatNear(kNow, kNow), FormatTime(kNow));
  constexpr state::TimeMs kDays = 2 * 86'400'000;
  EXPECT_EQ(FormatNear(kNow + kDays, kNow), FormatTime(kNow + kDays));
}

}  // namespace
}  // namespace hwf::report
