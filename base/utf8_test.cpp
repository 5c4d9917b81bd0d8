#include "base/utf8.h"

#include <gtest/gtest.h>

namespace hwf {
namespace {

TEST(Utf8, IsRecognised) {
  for (const char* good : {"", "abc", "ü€😀", "\xf4\x8f\xbf\xbf", "longer than eight bytes, then ü"}) {
    EXPECT_TRUE(IsUtf8(good)) << good;
    EXPECT_EQ(ToUtf8(good), good);
  }
  for (const char* bad : {"\x80", "\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xe0\x80\x80", "\xf4\x90\x80\x80", "\xff",
                          "a\xc3(", "longer than eight\xff bytes"}) {
    EXPECT_FALSE(IsUtf8(bad));
    EXPECT_TRUE(IsUtf8(ToUtf8(bad)));
  }
}

TEST(Utf8, WhatIsNoCharacterIsReplaced) {
  EXPECT_EQ(ToUtf8("a\xff"
                   "b"),
            "a\uFFFD"
            "b");
  EXPECT_EQ(ToUtf8("\x96\x88█"), "\uFFFD\uFFFD█");  // cut in the middle of the one before
  EXPECT_EQ(ToUtf8("ü\xc3"), "ü\uFFFD");
}

TEST(Utf8Test, TheFirstWrongByteIsFound) {
  EXPECT_EQ(FirstNotUtf8(""), std::string_view::npos);
  EXPECT_EQ(FirstNotUtf8("gr\xc3\xbc\xc3\x9f"), std::string_view::npos);
  EXPECT_EQ(FirstNotUtf8("twelve bytes\xff"), 12u);
  EXPECT_EQ(FirstNotUtf8("a\xe2\x82"), 1u) << "torn at the end";
}

}  // namespace
}  // namespace hwf
