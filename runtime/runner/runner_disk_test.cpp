// A full disk, for real: the run directory is a small tmpfs. Needs to be root; says so where it is not.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "runtime/runner/testing/runner_harness.h"

namespace hwf::runner {
namespace {

using testing::Eventually;
using ::testing::HasSubstr;
using testing::RunnerHarness;

class FullDisk : public ::testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "only root can mount a tmpfs";
    if (mount("tmpfs", harness_.directory().c_str(), "tmpfs", 0, "size=4m,mode=0700") != 0) {
      GTEST_SKIP() << "no tmpfs can be mounted here";
    }
    mounted_ = true;
    for (const char* part : {"/runner", "/tasks"}) mkdir((harness_.directory() + part).c_str(), 0700);
    harness_.Launch();
    harness_.Connect();
    harness_.Wait<CaughtUp>();
  }
  void TearDown() override {
    if (!mounted_) return;
    kill(harness_.pid(), SIGTERM);
    EXPECT_TRUE(harness_.WaitForExit().has_value());
    EXPECT_EQ(umount2(harness_.directory().c_str(), MNT_DETACH), 0);
  }
  void Fill() {
    std::ofstream fill(harness_.directory() + "/fill", std::ios::binary);
    const std::string block(4096, 'x');
    while (fill.write(block.data(), static_cast<std::streamsize>(block.size())) && fill.flush()) {
    }
  }
  RunnerHarness harness_{HWF_RUNNER_PROGRAM};
  bool mounted_ = false;
};

TEST_F(FullDisk, WhatRunsIsRecordedNothingNewStarts) {
  const std::string flag = harness_.directory() + "/tasks/go";
  std::ofstream(flag + "-not") << "";
  std::vector<std::string> places;
  for (int i = 0; i < 4; ++i) {
    places.push_back(fmt::format("t{}", i));
    harness_.Send(harness_.Script(places.back(), fmt::format("while [ ! -e {} ]; do sleep 0.01; done", flag)));
    harness_.WaitOf<Started>(places.back());
  }
  Fill();
  // The runner looks at the room every 100 ms.
  const int64_t filled = testing::NowMs();
  EXPECT_TRUE(Eventually([&] { return testing::NowMs() > filled + 150; }));
  harness_.Send(harness_.Script("later", "echo later"));
  std::filesystem::rename(flag + "-not", flag);
  for (const std::string& place : places) EXPECT_FALSE(harness_.WaitEnded(place).failure) << place;
  EXPECT_THAT(harness_.Wait<Held>().why, HasSubstr("disk full"));
  EXPECT_EQ(harness_.All<Started>().size(), 4u);
  std::filesystem::remove(harness_.directory() + "/fill");
  const Ended later = harness_.WaitEnded("later");
  EXPECT_FALSE(later.failure) << later.message;
  EXPECT_EQ(later.out, "later\n");
  EXPECT_EQ(harness_.Wait<Held>().why, "") << "it says that it goes on";
}

}  // namespace
}  // namespace hwf::runner
