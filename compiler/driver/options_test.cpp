#include "compiler/driver/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hwf::driver {
namespace {

using ::testing::ElementsAre;

const std::vector<Option> kKnown = {{"--format", true, {"text", "json"}}, {"--quiet", false}};

Options Read(const std::vector<std::string_view>& arguments) { return ReadOptions(arguments, kKnown); }

TEST(Options, ReadsFilesAndOptionsInAnyOrder) {
  Options options = Read({"a", "--format", "json", "b", "--quiet", "--format=text", "--", "--c"});
  EXPECT_EQ(options.error, "");
  EXPECT_THAT(options.files, ElementsAre("a", "b", "--c"));
  EXPECT_EQ(options.ValueOr("--format", ""), "text");
  EXPECT_TRUE(options.Has("--quiet"));
  EXPECT_EQ(options.ValueOr("--color", "auto"), "auto");
}

TEST(Options, SaysWhatIsWrong) {
  EXPECT_EQ(Read({"--fromat", "json"}).error, "unknown option `--fromat`; did you mean `--format`?");
  EXPECT_EQ(Read({"--format"}).error, "`--format` needs a value");
  EXPECT_EQ(Read({"--format=xml"}).error, "`--format` is one of text, json, not `xml`");
  EXPECT_EQ(Read({"--quiet=1"}).error, "`--quiet` takes no value");
}

}  // namespace
}  // namespace hwf::driver
