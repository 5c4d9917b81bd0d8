#include "runtime/runner/ledger.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

namespace hwf::runner {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class LedgerTest : public ::testing::Test {
 protected:
  LedgerTest() {
    std::string pattern = ::testing::TempDir() + "hwf-ledger-XXXXXX";
    directory_ = mkdtemp(pattern.data());
    machine_.cpus = 4;
    machine_.cpu_ids = {0, 2, 4, 6};
    machine_.gpu_ids = {"GPU-a", "GPU-b"};
    machine_.memory = 1000;
  }
  ~LedgerTest() override { std::filesystem::remove_all(directory_); }
  std::unique_ptr<Ledger> Open() {
    auto ledger = Ledger::Open(machine_, directory_);
    EXPECT_TRUE(ledger.ok()) << ledger.error().message();
    return *std::move(ledger);
  }
  std::string directory_;
  Machine machine_;
};

TEST_F(LedgerTest, GivesDistinctCpusAndGpus) {
  auto ledger = Open();
  Share a, b, c;
  EXPECT_TRUE(ledger->Take({2, 1, 400}, true, 0, a));
  EXPECT_TRUE(ledger->Take({1, 1, 0}, true, 0, b));
  EXPECT_THAT(a.cpu_ids, ElementsAre(0, 2));
  EXPECT_THAT(b.cpu_ids, ElementsAre(4));
  EXPECT_THAT(a.gpu_ids, ElementsAre("GPU-a"));
  EXPECT_THAT(b.gpu_ids, ElementsAre("GPU-b"));
  EXPECT_FALSE(ledger->Take({2, 0, 0}, true, 0, c));
  ledger->Give(a);
  EXPECT_TRUE(ledger->Take({2, 0, 0}, true, 0, c));
  EXPECT_THAT(c.cpu_ids, ElementsAre(0, 2));
}

TEST_F(LedgerTest, MemoryAndPartsOfCpusAreCounted) {
  auto ledger = Open();
  std::vector<Share> shares(8);
  for (Share& share : shares) {
    EXPECT_TRUE(ledger->Take({0.5, 0, 100}, true, 0, share));
    EXPECT_TRUE(share.cpu_ids.empty());
  }
  Share more;
  EXPECT_FALSE(ledger->Take({0.5, 0, 0}, true, 0, more));
  ledger->Give(shares[0]);
  EXPECT_FALSE(ledger->Take({0.5, 0, 301}, true, 0, more));
  EXPECT_TRUE(ledger->Take({0.5, 0, 300}, true, 0, more));
}

TEST_F(LedgerTest, MoreThanThereIsIsRefused) {
  auto ledger = Open();
  EXPECT_THAT(ledger->Admit({5, 0, 0}).error().message(), HasSubstr("5 CPUs"));
  EXPECT_THAT(ledger->Admit({1, 3, 0}).error().message(), HasSubstr("3 GPUs"));
  EXPECT_FALSE(ledger->Admit({1, 0, 1001}).ok());
  EXPECT_TRUE(ledger->Admit({4, 2, 1000}).ok());
}

TEST_F(LedgerTest, ACountAboveTheMachinesBindsNothing) {
  machine_.cpus = 8;
  auto ledger = Open();
  Share share;
  EXPECT_TRUE(ledger->Take({6, 0, 0}, true, 0, share));
  EXPECT_TRUE(share.cpu_ids.empty());
}

// Two runners of one user, in one process here: each sees what the other holds, and keeps to the line.
TEST_F(LedgerTest, RunnersShareAndStandInLine) {
  auto one = Open(), two = Open();
  Share a, b, c;
  EXPECT_TRUE(one->Take({3, 0, 0}, true, 0, a));
  EXPECT_FALSE(two->Take({2, 0, 0}, true, 0, b));
  one->Give(a);
  // The first in line fits now: others leave it its share, and may have what is left.
  Share three;
  EXPECT_FALSE(one->Take({3, 0, 0}, true, 1, three));
  EXPECT_TRUE(two->Take({2, 0, 0}, true, 1, b));
  EXPECT_FALSE(one->Take({3, 0, 0}, true, 1, three));
  EXPECT_TRUE(one->Take({2, 0, 0}, false, 1, c));
}

TEST_F(LedgerTest, TheFirstInLineIsNotPassedForEver) {
  auto one = Open(), two = Open();
  Share a, big, small;
  EXPECT_TRUE(one->Take({1, 0, 0}, true, 0, a));
  EXPECT_FALSE(two->Take({4, 0, 0}, true, 0, big));
  EXPECT_TRUE(one->Take({1, 0, 0}, true, kMaxPassedMs, small));
  one->Give(small);
  EXPECT_FALSE(one->Take({1, 0, 0}, true, kMaxPassedMs + 1, small));
  one->Give(a);
  EXPECT_TRUE(two->Take({4, 0, 0}, true, kMaxPassedMs + 2, big));
}

TEST_F(LedgerTest, WhatADeadRunnerHeldIsFree) {
  const pid_t child = fork();
  if (child == 0) {
    auto ledger = Ledger::Open(machine_, directory_);
    Share share;
    const bool taken = ledger.ok() && (*ledger)->Take({4, 2, 1000}, true, 0, share);
    if (!taken) _exit(1);
    raise(SIGKILL);
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status));
  auto ledger = Open();
  Share share;
  EXPECT_TRUE(ledger->Take({4, 2, 1000}, true, 0, share));
}

// As a runner in another container would look: its pid is nobody's here.
TEST_F(LedgerTest, ALivingRunnerIsKnownByItsLock) {
  auto one = Open();
  Share a, b;
  EXPECT_TRUE(one->Take({4, 0, 0}, true, 0, a));
  const int fd = open((directory_ + "/ledger.2").c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  int32_t pid = 0;
  const off_t at = 16;  // behind the magic number and the next ticket
  ASSERT_EQ(pread(fd, &pid, sizeof pid, at), static_cast<ssize_t>(sizeof pid));
  ASSERT_EQ(pid, getpid());
  pid = 0x7ffffff0;
  ASSERT_EQ(pwrite(fd, &pid, sizeof pid, at), static_cast<ssize_t>(sizeof pid));
  close(fd);
  auto two = Open();
  EXPECT_FALSE(two->Take({1, 0, 0}, true, 1000, b));
}

// A login has XDG_RUNTIME_DIR, cron and `su` have not.
TEST_F(LedgerTest, ThePlaceIsTheUsersWhateverTheEnvironment) {
  machine_.cpus = 4096;  // others of this user may run
  machine_.cpu_ids.clear();
  setenv("XDG_RUNTIME_DIR", directory_.c_str(), 1);
  auto login = Ledger::Open(machine_, "");
  unsetenv("XDG_RUNTIME_DIR");
  ASSERT_TRUE(login.ok()) << login.error().message();
  EXPECT_TRUE(std::filesystem::is_empty(directory_));
  struct stat info {};
  EXPECT_EQ(stat(fmt::format("/tmp/hwf-{}/ledger.2", getuid()).c_str(), &info), 0);
}

TEST_F(LedgerTest, ADirectoryOfSomeoneElseIsRefused) {
  chmod(directory_.c_str(), 0777);
  auto open = Ledger::Open(machine_, directory_);
  ASSERT_FALSE(open.ok());
  EXPECT_THAT(open.error().message(), HasSubstr("0700"));
  chmod(directory_.c_str(), 0700);
  const std::string link = directory_ + "-link";
  ASSERT_EQ(symlink(directory_.c_str(), link.c_str()), 0);
  EXPECT_FALSE(Ledger::Open(machine_, link).ok());
  unlink(link.c_str());
}

}  // namespace
}  // namespace hwf::runner
