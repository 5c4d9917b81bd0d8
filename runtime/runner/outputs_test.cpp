// What a task's outputs are, and that they are on disk before anybody hears of them.
#include "runtime/runner/outputs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "runtime/platform/testing/temp_dir.h"

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
using Kind = OutputSpec::Kind;

class OutputsTest : public testing::Test {
 protected:
  OutputsTest() {
    request_.directory = run_ + "/tasks/p/1";
    std::filesystem::create_directories(request_.directory + "/sub");
    std::ofstream(request_.directory + "/a") << "a";
    std::ofstream(request_.directory + "/sub/b") << "b";
    synced.clear();
    refuse_with = 0;
  }
  ErrorOr<Json> Resolve(Kind kind, const std::string& path) {
    request_.outputs = {{"x", kind, path, false}};
    return ResolveOutputs(request_);
  }
  std::string Below(const std::string& path) const { return run_ + path; }

  platform::testing::TempDir dir_;
  std::string run_ = std::filesystem::canonical(dir_.path());
  OutputsRequest request_;
};

TEST_F(OutputsTest, AFileIsOnDiskWithTheNamesThatLeadToIt) {
  ASSERT_TRUE(Resolve(Kind::kFile, "sub/b").ok());
  EXPECT_THAT(synced, ElementsAre(Below("/tasks/p/1/sub/b"), Below("/tasks/p/1/sub"), Below("/tasks/p/1"),
                                  Below("/tasks/p"), Below("/tasks"), run_));
}

TEST_F(OutputsTest, ADirectoryIsOnDiskWithAllBelow) {
  ASSERT_TRUE(Resolve(Kind::kDir, "sub").ok());
  EXPECT_THAT(synced, ElementsAre("all of " + Below("/tasks/p/1/sub")));
}

TEST_F(OutputsTest, ManyFilesAreSyncedAtOnce) {
  for (int i = 0; i < 100; ++i) std::ofstream(request_.directory + "/f" + std::to_string(i)) << i;
  ASSERT_TRUE(Resolve(Kind::kGlobFiles, "f*").ok());
  EXPECT_THAT(synced, ElementsAre("all of " + Below("/tasks/p/1/f0")));
}

TEST_F(OutputsTest, ALinksEndIsOnDiskToo) {
  std::filesystem::create_symlink("sub/b", request_.directory + "/l");
  ASSERT_TRUE(Resolve(Kind::kFile, "l").ok());
  EXPECT_THAT(synced, testing::IsSupersetOf({Below("/tasks/p/1/sub/b"), Below("/tasks/p/1/sub"), Below("/tasks/p/1")}));
}

TEST_F(OutputsTest, ValuesNeedNoSync) {
  ASSERT_TRUE(Resolve(Kind::kText, "a").ok());
  EXPECT_THAT(synced, ElementsAre());
  EXPECT_FALSE(OutputsAreHeavy(request_));
}

TEST_F(OutputsTest, WhatTheDiskDoesNotTakeIsNoOutput) {
  refuse_with = ENOSPC;
  EXPECT_THAT(Resolve(Kind::kFile, "a").error().message(), HasSubstr("its outputs: writing to disk: "));
  refuse_with = EINVAL;  // it cannot be asked for there
  EXPECT_TRUE(Resolve(Kind::kFile, "a").ok());
}

}  // namespace
}  // namespace hwf::runner
