#include "runtime/journal/lease.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <set>
#include <thread>

#include "runtime/platform/testing/crash_file_system.h"
#include "runtime/platform/testing/temp_dir.h"

namespace hwf::journal {
namespace {

using platform::Liveness;
using platform::testing::CrashFileSystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int64_t kNow = 1'700'000'000'000;

EngineId Engine(int64_t pid, std::string host = "login2") {
  return {std::move(host), {"boot-" + host, pid, 100 + pid}};
}

class LeaseTest : public ::testing::Test {
 protected:
  LeaseTest() {
    EXPECT_TRUE(files_.MakeDirectory("/run", 0700).ok());
    files_.SetTime(kNow);
  }
  ErrorOr<std::unique_ptr<Lease>> Acquire(const EngineId& engine, bool take_over = false, int64_t above = 0) {
    LeaseOptions options;
    options.take_over = take_over;
    options.above_epoch = above;
    options.now_ms = kNow;
    options.liveness = [this](const platform::ProcessIdentity&) { return liveness_; };
    return Lease::Acquire(files_, "/run", engine, options);
  }

  CrashFileSystem files_;
  Liveness liveness_ = Liveness::kAlive;
};

TEST_F(LeaseTest, OneHoldsItAndTheOtherIsToldWho) {
  setenv("TZ", "UTC", 1);
  auto first = Acquire(Engine(4242));
  ASSERT_TRUE(first.ok()) << first.error().message();
  EXPECT_EQ((*first)->epoch(), 1);
  auto second = Acquire(Engine(7), true);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code(), EBUSY);
  EXPECT_THAT(second.error().message(), HasSubstr("engine pid 4242 on login2 since 22:13"));
  EXPECT_TRUE(*(*first)->StillMine());
  EXPECT_THAT(*files_.List("/run"), ElementsAre("lease.1"));
}

TEST_F(LeaseTest, EpochsRiseAlsoAfterARelease) {
  for (int64_t epoch = 1; epoch < 12; ++epoch) {
    auto lease = Acquire(Engine(epoch));
    ASSERT_TRUE(lease.ok());
    EXPECT_EQ((*lease)->epoch(), epoch);
    ASSERT_TRUE((*lease)->Heartbeat().ok());
    ASSERT_TRUE((*lease)->Release(kNow + 1).ok());
  }
  EXPECT_LE(files_.List("/run")->size(), 8u);
  auto view = *ReadLease(files_, "/run");
  EXPECT_FALSE(view->held());
  EXPECT_THAT(Describe(*view, kNow), HasSubstr("no engine since 22:13 on login2"));
  EXPECT_EQ((*Acquire(Engine(1), false, 500))->epoch(), 501);
}

TEST_F(LeaseTest, AGoneProcessLosesItAtOnce) {
  auto first = Acquire(Engine(1));
  liveness_ = Liveness::kGone;
  auto second = Acquire(Engine(2));
  ASSERT_TRUE(second.ok());
  EXPECT_EQ((*second)->epoch(), 2);
  EXPECT_FALSE(*(*first)->StillMine());
  EXPECT_EQ((*first)->Heartbeat().error().code(), EBUSY);
  EXPECT_TRUE((*first)->Release(kNow).ok());  // leaves the other's alone
  EXPECT_TRUE(*(*second)->StillMine());
}

TEST_F(LeaseTest, AnotherHostLosesItOnlyAfterSilenceAndWhenAsked) {
  auto first = Acquire(Engine(1));
  liveness_ = Liveness::kUnknown;
  files_.SetTime(kNow + 50'000);
  ASSERT_TRUE((*first)->Heartbeat().ok());
  files_.SetTime(kNow + 100'000);
  auto early = Acquire(Engine(2, "login1"), true);
  ASSERT_FALSE(early.ok());
  EXPECT_THAT(early.error().message(), HasSubstr("heartbeat is 50 s old"));
  files_.SetTime(kNow + 111'000);
  auto unasked = Acquire(Engine(2, "login1"));
  ASSERT_FALSE(unasked.ok());
  EXPECT_THAT(unasked.error().message(), HasSubstr("--take-over"));
  auto asked = Acquire(Engine(2, "login1"), true);
  ASSERT_TRUE(asked.ok());
  EXPECT_FALSE(*(*first)->StillMine());
}

TEST_F(LeaseTest, AfterARestartOfTheHostSilenceIsEnough) {
  ASSERT_TRUE(Acquire(Engine(1)).ok());
  liveness_ = Liveness::kUnknown;
  EngineId restarted = Engine(2);
  restarted.process.boot = "boot-after";
  files_.SetTime(kNow + 59'000);
  EXPECT_EQ(Acquire(restarted).error().code(), EBUSY);
  files_.SetTime(kNow + 61'000);
  EXPECT_TRUE(Acquire(restarted).ok());
}

TEST_F(LeaseTest, AnOldHolderNeverThinksItStillHolds) {
  auto first = Acquire(Engine(1));
  liveness_ = Liveness::kGone;
  for (int64_t pid = 2; pid < 20; ++pid) {
    ASSERT_TRUE(Acquire(Engine(pid)).ok());
    EXPECT_FALSE(*(*first)->StillMine()) << pid;
  }
}

TEST_F(LeaseTest, ALinkThatReportsFailureButWasDoneCounts) {
  files_.SetLinkReportsFailure(true);
  auto lease = Acquire(Engine(1));
  ASSERT_TRUE(lease.ok()) << lease.error().message();
  EXPECT_EQ((*lease)->epoch(), 1);
}

TEST_F(LeaseTest, DeathOrPowerLossAtAnyCallLeavesItToBeTakenAndNoEpochTwice) {
  for (bool power : {false, true}) {
    for (int64_t n = 1; n < 30; ++n) {
      CrashFileSystem files;
      ASSERT_TRUE(files.MakeDirectory("/run", 0700).ok());
      ASSERT_TRUE(files.SyncDirectory("/").ok());
      LeaseOptions options;
      options.now_ms = kNow;
      options.liveness = [](const platform::ProcessIdentity&) { return Liveness::kGone; };
      files.FailAfter(n);
      int64_t had = 0;
      if (auto lease = Lease::Acquire(files, "/run", Engine(1), options); lease.ok()) had = (*lease)->epoch();
      power ? files.PowerLoss(static_cast<uint64_t>(n)) : files.Restart();
      auto next = Lease::Acquire(files, "/run", Engine(2), options);
      ASSERT_TRUE(next.ok()) << n << ": " << next.error().message();
      EXPECT_GT((*next)->epoch(), had) << n;
    }
  }
}

TEST_F(LeaseTest, AnUnreadableLeaseIsNotFree) {
  ASSERT_TRUE(files_.WriteAtomically("/run/lease.3", "", 0600, true).ok());
  EXPECT_EQ(Acquire(Engine(1)).error().code(), EBUSY);
  files_.SetTime(kNow + 61'000);
  EXPECT_EQ((*Acquire(Engine(1), true))->epoch(), 4);
}

TEST_F(LeaseTest, OfManyAtOnceEachEpochHasOneWinner) {
  platform::testing::TempDir dir;
  constexpr int kThreads = 8;
  std::mutex mutex;
  std::multiset<int64_t> epochs;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      LeaseOptions options;
      options.now_ms = kNow;
      options.liveness = [](const platform::ProcessIdentity&) { return Liveness::kGone; };
      for (int round = 0; round < 10; ++round) {
        auto lease = Lease::Acquire(platform::RealFileSystem(), dir.path(), Engine(i), options);
        if (!lease.ok()) continue;
        std::lock_guard lock(mutex);
        epochs.insert((*lease)->epoch());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GE(epochs.size(), 10u);
  for (int64_t epoch : epochs) EXPECT_EQ(epochs.count(epoch), 1u) << epoch;
}

TEST(LeaseProcessTest, ARealProcessThatDiedIsTakenOverALivingOneIsNot) {
  platform::testing::TempDir dir;
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  pid_t pid = fork();
  if (pid == 0) {
    LeaseOptions options;
    bool ok = Lease::Acquire(platform::RealFileSystem(), dir.path(), OwnEngineId(), options).ok();
    [[maybe_unused]] ssize_t wrote = write(ready[1], ok ? "y" : "n", 1);
    pause();
    _exit(0);
  }
  char answer = 0;
  ASSERT_EQ(read(ready[0], &answer, 1), 1);
  EXPECT_EQ(answer, 'y');
  LeaseOptions options;
  auto refused = Lease::Acquire(platform::RealFileSystem(), dir.path(), OwnEngineId(), options);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message(), HasSubstr("engine pid " + std::to_string(pid)));
  kill(pid, SIGKILL);
  waitpid(pid, nullptr, 0);
  auto taken = Lease::Acquire(platform::RealFileSystem(), dir.path(), OwnEngineId(), options);
  ASSERT_TRUE(taken.ok()) << taken.error().message();
  EXPECT_EQ((*taken)->epoch(), 2);
  close(ready[0]);
  close(ready[1]);
}

}  // namespace
}  // namespace hwf::journal
