#include "runtime/platform/file_system.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "runtime/platform/paths.h"
#include "runtime/platform/testing/temp_dir.h"

namespace hwf::platform {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class FileSystemTest : public ::testing::Test {
 protected:
  testing::TempDir dir_;
  FileSystem& files_ = RealFileSystem();
};

TEST_F(FileSystemTest, ModesAreExactWhateverTheUmask) {
  for (mode_t mask : {0, 022, 077, 0777}) {
    mode_t before = umask(mask);
    std::string tag = std::to_string(mask);
    EXPECT_TRUE(files_.MakeDirectory(dir_ / ("shared" + tag), 03770).ok());
    EXPECT_TRUE(files_.WriteAtomically(dir_ / ("file" + tag), "x", 0664, false).ok());
    EXPECT_TRUE(files_.OpenAppend(dir_ / ("log" + tag), 0640).ok());
    umask(before);
    EXPECT_EQ(files_.Stat(dir_ / ("shared" + tag))->mode, 03770u);
    EXPECT_EQ(files_.Stat(dir_ / ("file" + tag))->mode, 0664u);
    EXPECT_EQ(files_.Stat(dir_ / ("log" + tag))->mode, 0640u);
  }
}

TEST_F(FileSystemTest, WriteAtomicallyReplacesAndLeavesNothingBeside) {
  ASSERT_TRUE(files_.WriteAtomically(dir_ / "a", "one", 0600, true).ok());
  ASSERT_TRUE(files_.WriteAtomically(dir_ / "a", "two", 0600, true).ok());
  EXPECT_EQ(*files_.Read(dir_ / "a", 100), "two");
  EXPECT_THAT(*files_.List(dir_.path()), ElementsAre("a"));
}

TEST_F(FileSystemTest, AFailedWriteLeavesTheOldFile) {
  ASSERT_TRUE(files_.MakeDirectory(dir_ / "taken", 0700).ok());
  ErrorOr<Success> wrote = files_.WriteAtomically(dir_ / "taken", "x", 0600, false);
  ASSERT_FALSE(wrote.ok());
  EXPECT_EQ(wrote.error().code(), EISDIR);
  EXPECT_THAT(*files_.List(dir_.path()), ElementsAre("taken"));
}

TEST_F(FileSystemTest, ReadRefusesWhatIsLargerThanItsLimit) {
  ASSERT_TRUE(files_.WriteAtomically(dir_ / "a", "12345", 0600, false).ok());
  EXPECT_EQ(*files_.Read(dir_ / "a", 5), "12345");
  EXPECT_EQ(files_.Read(dir_ / "a", 4).error().code(), EFBIG);
  EXPECT_EQ(*files_.ReadRange(dir_ / "a", 1, 3), "234");
  EXPECT_EQ(*files_.ReadRange(dir_ / "a", 9, 3), "");
  EXPECT_EQ(files_.Read(dir_ / "none", 4).error().code(), ENOENT);
  EXPECT_THAT(files_.Read(dir_ / "none", 4).error().message(), HasSubstr(dir_ / "none"));
}

TEST_F(FileSystemTest, AppendGoesOnBehindTheEnd) {
  {
    auto file = files_.OpenAppend(dir_ / "log", 0600);
    ASSERT_TRUE(file.ok());
    EXPECT_TRUE((*file)->Append("abc").ok());
  }
  auto file = files_.OpenAppend(dir_ / "log", 0600);
  ASSERT_TRUE(file.ok());
  EXPECT_EQ((*file)->size(), 3u);
  EXPECT_TRUE((*file)->Append("def").ok());
  EXPECT_TRUE((*file)->Sync().ok());
  EXPECT_TRUE((*file)->Truncate(4).ok());
  EXPECT_TRUE((*file)->Append("!").ok());
  EXPECT_EQ(*files_.Read(dir_ / "log", 100), "abcd!");
}

TEST_F(FileSystemTest, ReserveTakesBlocksWithoutChangingTheSize) {
  auto file = files_.OpenAppend(dir_ / "log", 0600);
  ASSERT_TRUE(file.ok());
  ErrorOr<Success> reserved = (*file)->Reserve(1 << 20);
  if (!reserved.ok() && reserved.error().code() == EOPNOTSUPP) GTEST_SKIP() << "no fallocate on this file system";
  ASSERT_TRUE(reserved.ok());
  struct stat status {};
  ASSERT_EQ(stat((dir_ / "log").c_str(), &status), 0);
  EXPECT_EQ(status.st_size, 0);
  EXPECT_GE(status.st_blocks * 512, 1 << 20);
}

TEST_F(FileSystemTest, AFullDiskKeepsItsCode) {
  auto file = files_.OpenAppend("/dev/full", 0600);
  ASSERT_TRUE(file.ok());
  EXPECT_EQ((*file)->Append("x").error().code(), ENOSPC);
}

TEST_F(FileSystemTest, AShortWriteIsGoneOnWithUntilItsError) {
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  auto old_handler = signal(SIGXFSZ, SIG_IGN);
  rlimit small = before;
  small.rlim_cur = 10;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  auto file = files_.OpenAppend(dir_ / "log", 0600);
  ErrorOr<Success> wrote = (*file)->Append("0123456789abcdef");
  ErrorOr<Success> atomic = files_.WriteAtomically(dir_ / "other", "0123456789abcdef", 0600, false);
  setrlimit(RLIMIT_FSIZE, &before);
  signal(SIGXFSZ, old_handler);
  EXPECT_EQ(wrote.error().code(), EFBIG);
  EXPECT_EQ((*file)->size(), 10u);
  EXPECT_EQ(atomic.error().code(), EFBIG);
  EXPECT_THAT(*files_.List(dir_.path()), ElementsAre("log"));
}

TEST_F(FileSystemTest, LinkRefusesAnExistingTarget) {
  ASSERT_TRUE(files_.WriteAtomically(dir_ / "a", "a", 0600, false).ok());
  ASSERT_TRUE(files_.Link(dir_ / "a", dir_ / "b").ok());
  EXPECT_EQ(files_.Stat(dir_ / "a")->links, 2u);
  EXPECT_EQ(files_.Link(dir_ / "a", dir_ / "b").error().code(), EEXIST);
}

TEST_F(FileSystemTest, StatDoesNotFollowLinks) {
  ASSERT_EQ(symlink("/etc", (dir_ / "link").c_str()), 0);
  EXPECT_EQ(files_.Stat(dir_ / "link")->kind, FileInfo::Kind::kSymlink);
  EXPECT_EQ(files_.OpenAppend(dir_ / "link", 0600).error().code(), ELOOP);
}

TEST_F(FileSystemTest, OnlyWhatTrulyLiesBelowIsRemoved) {
  namespace fs = std::filesystem;
  const std::string root = dir_ / "tasks", own = dir_ / "own";
  fs::create_directories(root + "/job/1");
  fs::create_directories(own);
  const auto make = [&](const std::string& path) { ASSERT_TRUE(files_.WriteAtomically(path, "x", 0600, false).ok()); };
  for (const char* name : {"/job/1/a", "/job/1/b", "/top"}) make(root + name);
  make(own + "/b");
  EXPECT_TRUE(RemoveBelow(root, root + "/job/1/a").ok());
  EXPECT_FALSE(fs::exists(root + "/job/1/a"));
  EXPECT_TRUE(RemoveBelow(root, root + "/job/1/a").ok());  // again
  EXPECT_TRUE(RemoveBelow(root, root + "/none/a").ok());
  // By a link, by a way up, and what lies in the directory itself or beside it.
  fs::create_directory_symlink(own, root + "/job/link");
  fs::create_directories(root + "-more");
  make(root + "-more/c");
  for (const std::string& path : {root + "/job/link/b", root + "/job/../../own/b", root + "/top", root + "-more/c"}) {
    EXPECT_TRUE(RemoveBelow(root, path).ok());
    EXPECT_TRUE(fs::exists(path)) << path;
  }
  // A link goes, and not what it leads to.
  fs::create_symlink(own + "/b", root + "/job/1/c");
  EXPECT_TRUE(RemoveBelow(root, root + "/job/1/c").ok());
  EXPECT_FALSE(fs::is_symlink(root + "/job/1/c"));
  EXPECT_TRUE(fs::exists(own + "/b"));
  EXPECT_EQ(RemoveBelow(root, root + "/job/1").error().code(), EISDIR);
}

TEST_F(FileSystemTest, DirectoriesAreMadeListedAndRemoved) {
  ASSERT_TRUE(MakeDirectories(files_, dir_ / "x/y/z", 0750).ok());
  ASSERT_TRUE(MakeDirectories(files_, dir_ / "x/y/z", 0750).ok());
  EXPECT_EQ(files_.Stat(dir_ / "x/y")->mode, 0750u);
  EXPECT_EQ(files_.MakeDirectory(dir_ / "x", 0700).error().code(), EEXIST);
  EXPECT_EQ(files_.RemoveDirectory(dir_ / "x").error().code(), ENOTEMPTY);
  EXPECT_TRUE(files_.RemoveDirectory(dir_ / "x/y/z").ok());
  EXPECT_THAT(*files_.List(dir_ / "x/y"), IsEmpty());
  EXPECT_TRUE(files_.SyncDirectory(dir_ / "x").ok());
  ASSERT_TRUE(files_.WriteAtomically(dir_ / "f", "", 0600, false).ok());
  EXPECT_EQ(MakeDirectories(files_, dir_ / "f/g", 0700).error().code(), ENOTDIR);
}

}  // namespace
}  // namespace hwf::platform
