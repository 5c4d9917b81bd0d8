#include "runtime/engine/tried_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "runtime/platform/hash.h"
#include "runtime/platform/testing/temp_dir.h"

namespace hwf::engine {
namespace {

using ::testing::EndsWith;
using ::testing::StartsWith;

class TriedLogTest : public ::testing::Test {
 protected:
  std::string Text(const Written& written) {
    return TriedLogText(files_, written, directory_.path(), "exit code 1").value();
  }
  platform::testing::TempDir directory_;
  platform::FileSystem& files_ = platform::RealFileSystem();
};

TEST_F(TriedLogTest, HoldsWhatWasWritten) {
  EXPECT_EQ(Text({"torn: no newline", "", "here"}), "torn: no newline");
  EXPECT_EQ(Text({"", "", "here"}), "exit code 1\n");
  std::ofstream(directory_.path() + "/stderr") << "a long one\n";
  EXPECT_EQ(Text({"", "stderr", "here"}), "a long one\n");
  EXPECT_EQ(Text({"", "stderr.2", "edge"}),
            "all that it wrote is in `stderr.2` of its attempt's directory on site `edge`; its end:\nexit code 1\n");
}

TEST_F(TriedLogTest, KeepsTheEndOfWhatIsTooLong) {
  std::ofstream(directory_.path() + "/stderr") << std::string(kMaxTriedLog, 'x') << "the end\n";
  const std::string text = Text({"", "stderr", "here"});
  EXPECT_THAT(text, StartsWith("(8 bytes before this are left out"));
  EXPECT_THAT(text, EndsWith("xthe end\n"));
}

TEST_F(TriedLogTest, IsAReadOnlyFileByItsDigest) {
  const std::string store = directory_.path() + "/store";
  const Json log = KeepTriedLog(files_, "oops\n", store, false).value();
  EXPECT_EQ(log.StringOr("digest", ""), platform::Digest("oops\n"));
  EXPECT_EQ(log.IntOr("size", 0), 5);
  const std::string path = log.StringOr("path", "");
  EXPECT_EQ(platform::DigestFile(path).value().digest, platform::Digest("oops\n"));
  struct stat info {};
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0400u);
  // Again, as after a crash.
  EXPECT_EQ(KeepTriedLog(files_, "oops\n", store, false).value(), log);
  // A directory that cannot be made is said.
  EXPECT_FALSE(KeepTriedLog(files_, "oops\n", path + "/store", false).ok());
}

}  // namespace
}  // namespace hwf::engine
