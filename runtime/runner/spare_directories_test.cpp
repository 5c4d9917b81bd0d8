#include "runtime/runner/spare_directories.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/platform/testing/temp_dir.h"

namespace hwf::runner {
namespace {

class SpareTest : public testing::Test {
 protected:
  std::string Make(const std::string& place, const std::string& attempt = "1") {
    const std::string parent = dir_.path() + "/" + place;
    EXPECT_EQ(mkdir(parent.c_str(), 0700), 0);
    EXPECT_EQ(mkdir((parent + "/" + attempt).c_str(), 0700), 0);
    return parent + "/" + attempt;
  }
  static bool Exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }
  static void Touch(const std::string& path) { close(open(path.c_str(), O_CREAT | O_WRONLY, 0600)); }

  platform::testing::TempDir dir_;
  SpareDirectories spares_;
};

TEST_F(SpareTest, BecomesTheNextOnes) {
  const std::string a = Make("a"), b = dir_.path() + "/b/1";
  EXPECT_FALSE(spares_.Use(b));
  ASSERT_TRUE(spares_.Keep(a, 0700));
  ASSERT_TRUE(spares_.Use(b));
  EXPECT_TRUE(Exists(b));
  EXPECT_FALSE(Exists(dir_.path() + "/a"));
  EXPECT_FALSE(spares_.Use(dir_.path() + "/c/1"));
}

TEST_F(SpareTest, OnlyWhatIsAsNewIsKept) {
  const std::string file = Make("file");
  Touch(file + "/left");
  EXPECT_FALSE(spares_.Keep(file, 0700));
  const std::string beside = Make("beside");
  ASSERT_EQ(mkdir((dir_.path() + "/beside/2").c_str(), 0700), 0);
  EXPECT_FALSE(spares_.Keep(beside, 0700));
  const std::string mode = Make("mode");
  ASSERT_EQ(chmod(mode.c_str(), 0755), 0);
  EXPECT_FALSE(spares_.Keep(mode, 0700));
  EXPECT_FALSE(spares_.Keep(dir_.path() + "/missing/1", 0700));
  const std::string link = dir_.path() + "/link";
  ASSERT_EQ(mkdir(link.c_str(), 0700), 0);
  ASSERT_EQ(symlink(Make("target").c_str(), (link + "/1").c_str()), 0);
  EXPECT_FALSE(spares_.Keep(link + "/1", 0700));
}

TEST_F(SpareTest, WhatWasTouchedSinceIsNotUsed) {
  const std::string a = Make("a");
  ASSERT_TRUE(spares_.Keep(a, 0700));
  // Until the clock that stamps files has gone on.
  struct stat info {};
  ASSERT_EQ(stat(a.c_str(), &info), 0);
  const timespec before = info.st_ctim;
  for (int i = 0; i < 100'000 && info.st_ctim.tv_sec == before.tv_sec && info.st_ctim.tv_nsec == before.tv_nsec; ++i) {
    Touch(a + "/late");
    ASSERT_EQ(unlink((a + "/late").c_str()), 0);
    ASSERT_EQ(stat(a.c_str(), &info), 0);
  }
  Touch(a + "/late");
  EXPECT_FALSE(spares_.Use(dir_.path() + "/b/1"));
  EXPECT_TRUE(Exists(a + "/late"));
}

TEST_F(SpareTest, AnotherAttemptOfAPlaceIsNeverCovered) {
  const std::string a = Make("a"), b = Make("b", "2");
  Touch(b + "/output");
  ASSERT_TRUE(spares_.Keep(a, 0700));
  EXPECT_FALSE(spares_.Use(dir_.path() + "/b/1"));
  EXPECT_TRUE(Exists(b + "/output"));
  EXPECT_FALSE(spares_.Use(dir_.path() + "/c/2"));  // the spare is a first attempt's
  spares_.Remove();
  EXPECT_FALSE(Exists(dir_.path() + "/a"));
}

}  // namespace
}  // namespace hwf::runner
