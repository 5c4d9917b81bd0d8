// That what a task wrote is on disk, with the names that lead to it, before anybody hears of it.
#include "runtime/runner/sync_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "runtime/platform/testing/temp_dir.h"
#include "runtime/runner/digest.h"

namespace {

std::vector<std::string> synced;
int refuse_with = 0;

int Sync(int fd, long call, const char* name) {
  char path[4096];
  const std::string link = "/proc/self/fd/" + std::to_string(fd);
  const ssize_t size = readlink(link.c_str(), path, sizeof path);
  synced.push_back(name + std::string(path, size < 0 ? 0 : static_cast<size_t>(size)));
  if (refuse_with != 0) {
    errno = refuse_with;
    return -1;
  }
  return static_cast<int>(syscall(call, fd));
}

}  // namespace

// In the place of the C library's.
extern "C" int fsync(int fd) { return Sync(fd, SYS_fsync, ""); }
extern "C" int syncfs(int fd) noexcept { return Sync(fd, SYS_syncfs, "all of "); }

namespace hwf::runner {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class SyncFilesTest : public testing::Test {
 protected:
  SyncFilesTest() {
    std::filesystem::create_directories(attempt_ + "/sub");
    std::ofstream(attempt_ + "/a") << "a";
    std::ofstream(attempt_ + "/sub/b") << "b";
    synced.clear();
    refuse_with = 0;
  }
  ErrorOr<Success> Sync(const std::string& path) { return SyncFiles({{attempt_ + "/" + path}}, run_).front(); }

  platform::testing::TempDir dir_;
  std::string run_ = std::filesystem::canonical(dir_.path());
  std::string attempt_ = run_ + "/tasks/p/1";
};

TEST_F(SyncFilesTest, AFileWithTheNamesThatLeadToIt) {
  ASSERT_TRUE(Sync("sub/b").ok());
  EXPECT_THAT(synced,
              ElementsAre(attempt_ + "/sub/b", attempt_ + "/sub", attempt_, run_ + "/tasks/p", run_ + "/tasks", run_));
}

TEST_F(SyncFilesTest, ADirectoryWithAllBelow) {
  ASSERT_TRUE(Sync("sub").ok());
  EXPECT_THAT(synced, ElementsAre("all of " + attempt_ + "/sub"));
}

TEST_F(SyncFilesTest, ManyAtOnce) {
  std::vector<std::vector<std::string>> groups;
  for (int i = 0; i < 100; ++i) {
    groups.push_back({attempt_ + "/f" + std::to_string(i)});
    std::ofstream(groups.back().front()) << i;
  }
  for (const ErrorOr<Success>& one : SyncFiles(groups, run_)) EXPECT_TRUE(one.ok());
  EXPECT_THAT(synced, ElementsAre("all of " + attempt_ + "/f0"));
}

TEST_F(SyncFilesTest, ALinksEnd) {
  std::filesystem::create_symlink("sub/b", attempt_ + "/l");
  ASSERT_TRUE(Sync("l").ok());
  EXPECT_THAT(synced, testing::IsSupersetOf({attempt_ + "/sub/b", attempt_ + "/sub", attempt_}));
}

TEST_F(SyncFilesTest, NamesOfSeveralGroupsOnce) {
  for (const ErrorOr<Success>& one : SyncFiles({{attempt_ + "/a"}, {attempt_ + "/sub/b"}}, run_)) EXPECT_TRUE(one.ok());
  EXPECT_THAT(synced, ElementsAre(attempt_ + "/a", attempt_, run_ + "/tasks/p", run_ + "/tasks", run_,
                                  attempt_ + "/sub/b", attempt_ + "/sub"));
}

TEST_F(SyncFilesTest, WhatFailsInOneIsNoneOfTheOthersFailure) {
  const auto results = SyncFiles({{attempt_ + "/gone"}, {attempt_ + "/a"}}, run_);
  EXPECT_THAT(results[0].error().message(), HasSubstr("/gone"));
  EXPECT_TRUE(results[1].ok());
}

TEST_F(SyncFilesTest, WhatTheDiskDoesNotTakeIsSaid) {
  refuse_with = ENOSPC;
  EXPECT_THAT(Sync("a").error().message(), HasSubstr("writing to disk: "));
  refuse_with = EINVAL;  // it cannot be asked for there
  EXPECT_TRUE(Sync("a").ok());
}

TEST_F(SyncFilesTest, AnEmissionsFiles) {
  const auto emission = ParseEmission(R"({"checkpoint":"epoch","values":{"n":1,"w":{"file":"b"}}})");
  ASSERT_TRUE(emission.ok());
  const auto content = ResolveEmission(*emission, attempt_ + "/sub", run_);
  ASSERT_TRUE(content.ok()) << content.error().message();
  EXPECT_EQ((*content)["values"]["w"].StringOr("path", ""), attempt_ + "/sub/b");
  EXPECT_THAT(synced, testing::IsSupersetOf({attempt_ + "/sub/b", attempt_ + "/sub", attempt_}));
}

}  // namespace
}  // namespace hwf::runner
