#include "runtime/platform/hash.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <set>

#include "runtime/platform/file_system.h"
#include "runtime/platform/testing/temp_dir.h"
#include "runtime/platform/users.h"

namespace hwf::platform {
namespace {

TEST(HashTest, KnownDigest) {
  // b2sum -l 256
  EXPECT_EQ(Digest(""), "b2:0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
  EXPECT_EQ(Digest("abc"), "b2:bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
  EXPECT_TRUE(IsDigest(Digest("x")));
  EXPECT_FALSE(IsDigest("b2:0E"));
}

TEST(HashTest, FilesInPiecesAsInOne) {
  testing::TempDir dir;
  std::string bytes(1'000'003, 'q');
  ASSERT_TRUE(RealFileSystem().WriteAtomically(dir / "big", bytes, 0600, false).ok());
  auto file = DigestFile(dir / "big");
  EXPECT_EQ(file->digest, Digest(bytes));
  EXPECT_EQ(file->size, bytes.size());
  ASSERT_EQ(symlink("big", (dir / "link").c_str()), 0);
  EXPECT_EQ(DigestFile(dir / "link")->digest, Digest(bytes));
  EXPECT_EQ(DigestFile(dir / "link", false).error().code(), ELOOP);
  EXPECT_EQ(DigestFile(dir.path()).error().code(), EINVAL);
  ASSERT_EQ(mkfifo((dir / "fifo").c_str(), 0600), 0);
  EXPECT_EQ(DigestFile(dir / "fifo").error().code(), EINVAL);
  EXPECT_EQ(DigestFile(dir / "none").error().code(), ENOENT);
}

TEST(HashTest, EveryChangeOfADirectoryShows) {
  FileSystem& files = RealFileSystem();
  testing::TempDir dir;
  std::string root = dir / "d";
  ASSERT_TRUE(MakeDirectories(files, root + "/sub", 0700).ok());
  std::set<std::string> digests;
  auto changed = [&] {
    auto digest = DigestDirectory(root);
    ASSERT_TRUE(digest.ok()) << digest.error().message();
    EXPECT_TRUE(digests.insert(digest->digest).second);
  };
  changed();
  ASSERT_TRUE(files.WriteAtomically(root + "/a", "1", 0600, false).ok());
  changed();
  ASSERT_TRUE(files.Rename(root + "/a", root + "/sub/a").ok());
  changed();
  ASSERT_EQ(chmod((root + "/sub/a").c_str(), 0700), 0);
  changed();
  ASSERT_EQ(symlink("/etc", (root + "/out").c_str()), 0);
  changed();
  ASSERT_TRUE(MakeDirectories(files, root + "/empty", 0700).ok());
  changed();
  auto before = DigestDirectory(root);
  ASSERT_EQ(chmod((root + "/sub/a").c_str(), 0750), 0);  // neither modes beyond the owner's x nor times count
  EXPECT_EQ(DigestDirectory(root)->digest, before->digest);
  EXPECT_EQ(before->size, 1u);
  EXPECT_EQ(DigestDirectory(root + "/sub/a").error().code(), ENOTDIR);
}

TEST(HashTest, AStampShowsChangesWithoutReading) {
  FileSystem& files = RealFileSystem();
  testing::TempDir dir;
  const std::string root = dir / "d";
  ASSERT_TRUE(MakeDirectories(files, root + "/sub", 0700).ok());
  ASSERT_TRUE(files.WriteAtomically(root + "/sub/a", "12", 0600, false).ok());
  const std::string before = StampDirectory(root, 2).value();
  EXPECT_EQ(StampDirectory(root, 2).value(), before);
  EXPECT_EQ(StampDirectory(root, 1).error().code(), EFBIG);
  ASSERT_TRUE(files.WriteAtomically(root + "/sub/a", "123", 0600, false).ok());
  EXPECT_NE(StampDirectory(root, 2).value(), before);
  ASSERT_EQ(chmod((root + "/sub/a").c_str(), 0000), 0);
  EXPECT_TRUE(StampDirectory(root, 2).ok());
}

TEST(HashTest, WhatIsTooLargeIsKnownByItsSizesAndTimes) {
  namespace fs = std::filesystem;
  FileSystem& files = RealFileSystem();
  testing::TempDir dir;
  const std::string root = dir / "d", file = root + "/sub/a";
  ASSERT_TRUE(MakeDirectories(files, root + "/sub", 0700).ok());
  ASSERT_TRUE(files.WriteAtomically(file, "12", 0600, false).ok());
  const FileDigest before = DigestTimes(root, true).value();
  EXPECT_TRUE(IsDigest(before.digest));
  EXPECT_EQ(before.size, 2u);
  EXPECT_EQ(DigestTimes(file, false)->size, 2u);
  const auto changed = [&] { return DigestTimes(root, true)->digest != before.digest; };
  // Neither the content nor the mode is read: with the same size and time it is the same.
  const auto time = fs::last_write_time(file);
  ASSERT_TRUE(files.WriteAtomically(file, "34", 0600, false).ok());
  fs::last_write_time(file, time);
  ASSERT_EQ(chmod(file.c_str(), 0000), 0);
  EXPECT_FALSE(changed());
  fs::last_write_time(file, time + std::chrono::nanoseconds(1));
  EXPECT_TRUE(changed());
  fs::last_write_time(file, time);
  ASSERT_TRUE(files.WriteAtomically(root + "/b", "", 0600, false).ok());
  EXPECT_TRUE(changed());
  // Of the same times elsewhere nothing says that it is the same.
  fs::rename(root, dir / "e");
  EXPECT_NE(DigestTimes(dir / "e", true)->digest, before.digest);
  EXPECT_EQ(DigestTimes(root, true).error().code(), ENOENT);
  EXPECT_EQ(DigestTimes(dir / "e/b", true).error().code(), ENOTDIR);
  EXPECT_EQ(DigestTimes(dir / "e", false).error().code(), EINVAL);
}

TEST(UsersTest, KnowsRootAndNoStranger) {
  EXPECT_EQ(UserOf(0)->name, "root");
  EXPECT_EQ(UserNamed("root")->uid, 0u);
  EXPECT_FALSE(UserNamed("no-such-user-here"));
  EXPECT_EQ(NameOfGroup(*GroupNamed("root")), "root");
  EXPECT_FALSE(GroupsOfUser(*UserOf(0)).empty());
}

TEST(UsersTest, TheUidOfNobodyIsTheKernels) {
  uid_t expected = 0;
  ASSERT_TRUE(std::ifstream("/proc/sys/fs/overflowuid") >> expected);
  EXPECT_EQ(OverflowUid(), expected);
}

}  // namespace
}  // namespace hwf::platform
