#include "compiler/source/source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

namespace hwf::source {
namespace {

using ::testing::HasSubstr;

class SourceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/hwf_source_XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    directory_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::string Path(const std::string& name) const { return (directory_ / name).string(); }
  std::string Write(const std::string& name, const std::string& text) const {
    std::ofstream(Path(name), std::ios::binary) << text;
    return Path(name);
  }
  std::string LoadError(const std::string& path) {
    auto id = sources_.Load(path);
    return id.ok() ? "" : id.error().message();
  }

  std::filesystem::path directory_;
  SourceManager sources_;
};

TEST_F(SourceTest, LoadsAndFindsPositions) {
  auto id = sources_.Load(Write("a.hwf", "hwf 1\r\nlet é = 1\n"));
  ASSERT_TRUE(id.ok());
  EXPECT_EQ(sources_.LineAt(*id, 0), "hwf 1");
  uint32_t equals = static_cast<uint32_t>(sources_.file(*id).text.find('='));
  EXPECT_EQ(sources_.PositionOf(*id, equals).line, 2u);
  EXPECT_EQ(sources_.PositionOf(*id, equals).column, 7u);  // é is one column
  EXPECT_EQ(sources_.LineAt(*id, equals), "let é = 1");
  EXPECT_EQ(sources_.Text({*id, 0, 3}), "hwf");
  uint32_t end = static_cast<uint32_t>(sources_.file(*id).text.size());
  EXPECT_EQ(sources_.PositionOf(*id, end).line, 3u);
  EXPECT_EQ(sources_.LineAt(*id, end), "");
}

TEST_F(SourceTest, FindsTheWordAtAPosition) {
  auto id = sources_.Add("a.hwf", "let é = fit_1(x)\nlast");
  ASSERT_TRUE(id.ok());
  const auto word = [&](uint32_t line, uint32_t column) { return sources_.Text(sources_.WordAt(*id, {line, column})); };
  EXPECT_EQ(word(1, 1), "let");
  EXPECT_EQ(word(1, 9), "fit_1");
  EXPECT_EQ(word(1, 14), "(");
  EXPECT_EQ(word(2, 1), "last");
  EXPECT_EQ(word(2, 5), "");
  EXPECT_EQ(word(2, 500), "");
  EXPECT_EQ(word(3, 1), "");
  EXPECT_EQ(word(0, 0), "");
}

// Half a million places of a line of 2 MB: counted from the line's start each, it would take minutes.
TEST_F(SourceTest, FindsThePlacesOfALongLine) {
  std::string text = "x\n";
  for (int i = 0; i < 500'000; ++i) text += "aé+";
  auto id = sources_.Add("long.hwf", text);
  ASSERT_TRUE(id.ok());
  for (uint32_t i = 0; i < 500'000; ++i) {
    ASSERT_EQ(sources_.PositionOf(*id, 2 + i * 4).column, 1 + i * 3);
    ASSERT_EQ(sources_.PositionOf(*id, 2 + i * 4 + 3).column, 3 + i * 3);
  }
  EXPECT_EQ(sources_.PositionOf(*id, 3).column, 2u);
  EXPECT_EQ(sources_.PositionOf(*id, 0).line, 1u);
  EXPECT_EQ(sources_.PositionOf(*id, 1u << 30).column, 1'500'001u);
}

TEST_F(SourceTest, RefusesWhatIsNoReadableFile) {
  EXPECT_THAT(LoadError(Path("none.hwf")), HasSubstr("No such file"));
  EXPECT_THAT(LoadError(directory_.string()), HasSubstr("it is a directory"));
  ASSERT_EQ(mkfifo(Path("fifo").c_str(), 0600), 0);
  EXPECT_THAT(LoadError(Path("fifo")), HasSubstr("not a regular file"));
}

TEST_F(SourceTest, RefusesLargeFilesWithoutReadingThem) {
  std::string path = Write("big.hwf", "hwf 1\n");
  ASSERT_EQ(truncate(path.c_str(), 100 << 20), 0);
  EXPECT_THAT(LoadError(path), HasSubstr("larger than 64 MiB"));
}

TEST_F(SourceTest, AByteOrderMarkIsNoText) {
  SourceManager sources;
  auto id = sources.Add("a.hwf", "\xEF\xBB\xBFhwf 1\n");
  ASSERT_TRUE(id.ok());
  EXPECT_EQ(sources.file(*id).text, "hwf 1\n");
  EXPECT_EQ(sources.PositionOf(*id, 4).column, 5u);
}

TEST_F(SourceTest, NamesLineAndByteOfWhatIsNoText) {
  EXPECT_THAT(LoadError(Write("nul", std::string("hwf 1\nab\0c", 10))), HasSubstr("line 2, byte 3 is a NUL byte"));
  EXPECT_THAT(LoadError(Write("latin", "hwf 1\n# caf\xE9\n")), HasSubstr("line 2, byte 6 is not UTF-8 (0xE9)"));
  for (const char* bad : {"\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82", "\x80", "\xFF"}) {
    EXPECT_FALSE(sources_.Add("x", bad).ok()) << bad;
  }
  EXPECT_TRUE(sources_.Add("x", "é € 😀").ok());
}

}  // namespace
}  // namespace hwf::source
