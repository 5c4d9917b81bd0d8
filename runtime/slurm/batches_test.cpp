#include "runtime/slurm/batches.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <map>
#include <numeric>
#include <thread>

#include "runtime/platform/file_system.h"
#include "runtime/platform/testing/temp_dir.h"
#include "runtime/slurm/commands.h"
#include "runtime/slurm/job.h"

namespace hwf::slurm {
namespace {

using ::testing::HasSubstr;

class BatchesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* part : {"/work", "/0", "/0/work", "/1", "/1/work"}) {
      ASSERT_TRUE(files_.MakeDirectory(top_ + part, 0700).ok());
    }
  }
  Element StartsOf(int first, int count) {
    Element starts;
    for (int i = first; i < first + count; ++i) {
      runner::Start& start = starts.emplace_back();
      start.place = "each." + std::to_string(i) + ".fit";
      start.directory = "/run/tasks/" + start.place + "/1";
      start.argv = {"true"};
    }
    return starts;
  }
  void Give(int number, int first, int count) {
    ASSERT_TRUE(PrepareBatch(top_, number, {}, StartsOf(first, count)).ok());
    ASSERT_TRUE(PutBatch(top_, number).ok());
  }
  platform::testing::TempDir directory_;
  const std::string top_ = directory_.path();
  platform::FileSystem& files_ = platform::RealFileSystem();
};

TEST(BatchSizesTest, ManyToAFileAndFewAtTheEnd) {
  const std::vector<size_t> sizes = BatchSizes(10'000, 10'000, 2);
  EXPECT_EQ(std::accumulate(sizes.begin(), sizes.end(), size_t{0}), 10'000u);
  EXPECT_LT(sizes.size(), 120u) << "files are dear where they are shared";
  EXPECT_EQ(sizes.front(), 256u);
  EXPECT_EQ(sizes.back(), 1u) << "so that no node waits long for another";
  EXPECT_EQ(BatchSizes(3, 3, 4), (std::vector<size_t>{1, 1, 1}));
  EXPECT_EQ(BatchSizes(300, 10'000, 2).size(), 2u) << "there is much behind them";
  EXPECT_TRUE(BatchSizes(0, 0, 2).empty());
}

TEST_F(BatchesTest, EachBatchIsTakenOnceInOrder) {
  Give(0, 0, 3);
  Give(1, 3, 2);
  BatchTaker one(top_, 0), two(top_, 1);
  EXPECT_EQ((*one.Take()->starts)[2].place, "each.2.fit");
  EXPECT_EQ(two.Take()->starts->size(), 2u);
  auto none = one.Take();
  ASSERT_TRUE(none.ok());
  EXPECT_FALSE(none->starts.has_value());
  EXPECT_FALSE(none->over) << "more may come";
  EXPECT_EQ(ReadBatch(top_, 1, 2)->front().place, "each.3.fit") << "the agent finds it, whoever has it";
}

TEST_F(BatchesTest, AllOfALargeBatchHaveTheirSecrets) {
  Element starts = StartsOf(0, 256);
  for (runner::Start& start : starts) start.secrets = {{"TOKEN", std::string(8192, 's')}};
  ASSERT_TRUE(PrepareBatch(top_, 0, {}, starts).ok());
  ASSERT_TRUE(PutBatch(top_, 0).ok());
  const auto taken = BatchTaker(top_, 0).Take();
  ASSERT_TRUE(taken.ok()) << taken.error().message();
  ASSERT_EQ(taken->starts->size(), 256u);
  EXPECT_EQ(taken->starts->back().secrets.front().second.size(), 8192u);
}

TEST_F(BatchesTest, WhatCameBeforeTheEndIsTakenAndThenItIsOver) {
  BatchTaker taker(top_, 0);
  Give(0, 0, 1);
  ASSERT_TRUE(CloseBatches(top_).ok());
  EXPECT_TRUE(taker.Take()->starts.has_value());
  EXPECT_TRUE(taker.Take()->over);
}

TEST_F(BatchesTest, ASubmissionThatWasTakenAwayIsOver) {
  BatchTaker taker(top_, 0);
  ASSERT_EQ(rmdir((top_ + "/work").c_str()), 0);
  EXPECT_TRUE(taker.Take()->over);
}

TEST_F(BatchesTest, ABatchIsThereOnlyWhenItWasPut) {
  ASSERT_TRUE(PrepareBatch(top_, 0, {}, StartsOf(0, 1)).ok());
  BatchTaker taker(top_, 0);
  EXPECT_FALSE(taker.Take()->starts.has_value());
  PutBatchIfPrepared(top_, 0);  // as an agent does that comes after one that died
  PutBatchIfPrepared(top_, 0);
  EXPECT_TRUE(taker.Take()->starts.has_value());
}

TEST_F(BatchesTest, WhatOthersMayWriteIsNotTaken) {
  Give(0, 0, 1);
  Give(1, 1, 1);
  Give(2, 2, 1);
  chmod((top_ + "/work/00000000").c_str(), 0770);
  chmod((top_ + "/work/00000001/spec").c_str(), 0660);
  if (geteuid() == 0) {
    ASSERT_EQ(chown((top_ + "/work/00000002/spec").c_str(), 65534, 65534), 0);
  }
  BatchTaker taker(top_, 0);
  for (int i = 0; i < (geteuid() == 0 ? 3 : 2); ++i) {
    const auto taken = taker.Take();
    ASSERT_FALSE(taken.ok()) << i;
    EXPECT_THAT(taken.error().message(), HasSubstr("is not taken"));
  }
}

TEST_F(BatchesTest, ALostAnswerLosesNoBatch) {
  Give(0, 0, 1);
  EXPECT_TRUE(PutBatch(top_, 0).ok()) << "it was done before";
  Give(1, 1, 1);
  BatchTaker taker(top_, 0);
  EXPECT_EQ(taker.Take()->starts->front().place, "each.0.fit");
  // Seen in the listing, and moved into our directory behind our back, as by a rename whose answer says that it failed.
  ASSERT_EQ(rename((top_ + "/work/00000001").c_str(), (top_ + "/0/work/00000001").c_str()), 0);
  EXPECT_EQ(taker.Take()->starts->front().place, "each.1.fit");
  EXPECT_FALSE(taker.Take()->starts.has_value());
}

TEST_F(BatchesTest, ManyTakersShareThemWithoutOverlap) {
  constexpr int kBatches = 60;
  for (int i = 0; i < kBatches; ++i) Give(i, 2 * i, 2);
  ASSERT_TRUE(CloseBatches(top_).ok());
  std::vector<std::vector<std::string>> got(4);
  std::vector<std::thread> threads;
  for (int node = 0; node < 4; ++node) {
    ASSERT_TRUE(platform::MakeDirectories(files_, top_ + "/" + std::to_string(node) + "/work", 0700).ok());
    threads.emplace_back([&, node] {
      BatchTaker taker(top_, node);
      for (int turn = 0; turn < 2 * kBatches; ++turn) {
        const auto taken = taker.Take();
        if (!taken.ok() || taken->over) return;
        if (!taken->starts) continue;
        for (const runner::Start& start : *taken->starts) got[static_cast<size_t>(node)].push_back(start.place);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::map<std::string, int> times;
  for (const auto& places : got) {
    for (const std::string& place : places) ++times[place];
  }
  EXPECT_EQ(times.size(), 2u * kBatches);
  for (const auto& [place, count] : times) EXPECT_EQ(count, 1) << place;
}

TEST_F(BatchesTest, ALookIsAskedForOnce) {
  BatchTaker taker(top_, 0);
  EXPECT_FALSE(taker.IsAskedToLook());
  ASSERT_TRUE(AskToLook(top_).ok());
  EXPECT_TRUE(taker.IsAskedToLook());
  EXPECT_FALSE(taker.IsAskedToLook());
  ASSERT_TRUE(AskToLook(top_).ok());
  EXPECT_TRUE(taker.IsAskedToLook());
}

TEST(DurationTest, AsSqueueSaysIt) {
  EXPECT_EQ(DurationOf("7:00"), 420'000);
  EXPECT_EQ(DurationOf("59"), 59'000);
  EXPECT_EQ(DurationOf("1:02:03"), 3'723'000);
  EXPECT_EQ(DurationOf("2-00:00:01"), 172'801'000);
  for (const char* other : {"", "UNLIMITED", "INVALID", "1:", ":1", "1-", "1:2:3:4", "-1", "999999999999999999"}) {
    EXPECT_EQ(DurationOf(other), -1) << other;
  }
}

TEST(KindTest, ElementsOfAForAreOfOneKind) {
  EXPECT_EQ(KindOf("each.3.fit"), "each.*.fit");
  EXPECT_EQ(KindOf("each.10.inner.2"), "each.*.inner.*");
  EXPECT_EQ(KindOf("train"), "");
}

TEST(FitsAllocationTest, OneNodeWithinItsTime) {
  Settings settings;
  Needs needs;
  EXPECT_FALSE(FitsAllocation(needs, settings)) << "there is none";
  settings.allocation = 2;
  settings.max_time_ms = 3'600'000;
  EXPECT_TRUE(FitsAllocation(needs, settings));
  needs.time_limit_ms = 3'600'000;
  EXPECT_FALSE(FitsAllocation(needs, settings)) << "no allocation would ever have the time";
  needs.time_limit_ms = 60'000;
  EXPECT_TRUE(FitsAllocation(needs, settings));
  needs.nodes = 2;
  EXPECT_FALSE(FitsAllocation(needs, settings));
}

}  // namespace
}  // namespace hwf::slurm
