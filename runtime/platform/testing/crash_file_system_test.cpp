#include "runtime/platform/testing/crash_file_system.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <set>

namespace hwf::platform::testing {
namespace {

using ::testing::ElementsAre;

TEST(CrashFileSystemTest, WhatWasSyncedStays) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    CrashFileSystem files;
    ASSERT_TRUE(files.WriteAtomically("/a", "old", 0600, true).ok());
    auto log = files.OpenAppend("/log", 0600);
    ASSERT_TRUE((*log)->Append("abc").ok());
    ASSERT_TRUE((*log)->Sync().ok());
    ASSERT_TRUE(files.SyncDirectory("/").ok());
    ASSERT_TRUE((*log)->Append("def").ok());
    files.PowerLoss(seed);
    EXPECT_EQ(*files.Read("/a", 10), "old");
    EXPECT_EQ(files.Read("/log", 10)->substr(0, 3), "abc");
    EXPECT_EQ((*log)->Append("x").error().code(), EBADF);
  }
}

TEST(CrashFileSystemTest, WhatWasNotSyncedMayBeLostInEveryWay) {
  std::set<std::string> seen;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    CrashFileSystem files;
    ASSERT_TRUE(files.WriteAtomically("/a", "old", 0600, true).ok());
    ASSERT_TRUE(files.WriteAtomically("/a", std::string(600, 'n'), 0600, false).ok());
    files.PowerLoss(seed);
    std::string left = *files.Read("/a", 1000);
    bool zeros = left.find('\0') != std::string::npos;
    seen.insert(left == "old" ? "undone" : left.size() < 600 ? "cut" : zeros ? "zeros" : "kept");
  }
  EXPECT_THAT(seen, ElementsAre("cut", "kept", "undone", "zeros"));
}

TEST(CrashFileSystemTest, DiesAtTheNthCallAndStaysDead) {
  CrashFileSystem files;
  files.FailAfter(2);
  EXPECT_TRUE(files.MakeDirectory("/a", 0700).ok());
  EXPECT_EQ(files.MakeDirectory("/b", 0700).error().code(), ECANCELED);
  EXPECT_EQ(files.Stat("/a").error().code(), ECANCELED);
  files.Restart();
  EXPECT_THAT(*files.List("/"), ElementsAre("a"));
}

TEST(CrashFileSystemTest, FillsUpButKeepsWhatWasReserved) {
  CrashFileSystem files;
  auto log = files.OpenAppend("/log", 0600);
  files.SetFreeBytes(10);
  ASSERT_TRUE((*log)->Reserve(6).ok());
  EXPECT_EQ(files.WriteAtomically("/other", "12345", 0600, false).error().code(), ENOSPC);
  EXPECT_TRUE((*log)->Append("123456").ok());
  EXPECT_EQ((*log)->Append("7").error().code(), ENOSPC);
}

TEST(CrashFileSystemTest, QuotaShowsAtClose) {
  CrashFileSystem files;
  files.SetErrorAtClose(EDQUOT);
  EXPECT_EQ(files.WriteAtomically("/a", "x", 0600, false).error().code(), EDQUOT);
  EXPECT_EQ(files.Stat("/a").error().code(), ENOENT);
}

}  // namespace
}  // namespace hwf::platform::testing
