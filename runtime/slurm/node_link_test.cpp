#include "runtime/slurm/node_link.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>

#include "runtime/platform/file_system.h"
#include "runtime/platform/testing/temp_dir.h"
#include "runtime/runner/record_log.h"

namespace hwf::slurm {
namespace {

// A node of one CPU; what a runner would do is done by hand.
class NodeLinkTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* part : {"/spool", "/tasks", "/job", "/job/work", "/job/0", "/job/0/work"}) {
      ASSERT_TRUE(files_.MakeDirectory(top_ + part, 0700).ok());
    }
    NodeLink::Options options;
    options.tag = "tag";
    options.directory = top_ + "/job";
    options.spool = top_ + "/spool";
    options.who = "tag 0";
    options.idle_ms = 1'000'000;
    options.ends_ms = INT64_MAX;
    runner::FrontCallbacks callbacks;
    callbacks.request = [this](runner::Request request) {
      if (auto* start = std::get_if<runner::Start>(&request)) request_(std::move(*start));
      cancels_ += std::holds_alternative<runner::Cancel>(request) ? 1 : 0;
    };
    link_ = std::make_unique<NodeLink>(std::move(options), std::move(callbacks));
  }
  void Give(int number) {
    runner::Start start;
    start.place = "each." + std::to_string(number) + ".p";
    start.directory = top_ + "/tasks/" + std::to_string(number);
    start.argv = {"true"};
    ASSERT_TRUE(files_.MakeDirectory(start.directory, 0700).ok());
    ASSERT_TRUE(PrepareBatch(top_ + "/job", number, {}, {start}).ok());
    ASSERT_TRUE(PutBatch(top_ + "/job", number).ok());
  }
  void Turn() { link_->Flush(now_ms_ += 2000); }
  void End(const runner::Start& start) {
    runner::Ended ended;
    ended.place = start.place;
    ended.attempt = start.attempt;
    ended.outputs = Json::Object();
    link_->OnAppended(0, 0, runner::ToJson(runner::Report(ended)).Dump());
  }
  platform::testing::TempDir directory_;
  const std::string top_ = directory_.path();
  platform::FileSystem& files_ = platform::RealFileSystem();
  std::function<void(runner::Start)> request_;
  std::unique_ptr<NodeLink> link_;
  int64_t now_ms_ = 0;
  int cancels_ = 0;
};

// As where a batch came to be there though putting it had failed, and its attempts were in another one meanwhile.
TEST_F(NodeLinkTest, WhatComesOnceMoreBehindItsEndHoldsNothingUp) {
  Give(0);
  Give(1);
  int handed = 0;
  request_ = [&](const runner::Start& start) {
    ++handed;
    if (start.place == "each.0.p") link_->Repeat(0);
  };
  Turn();
  EXPECT_EQ(handed, 1);
  Turn();
  EXPECT_EQ(handed, 2);
}

TEST_F(NodeLinkTest, ACancelIsSeenAlsoWhereNobodyCouldAskToLook) {
  request_ = [&](const runner::Start& start) { EXPECT_TRUE(*link_->Claim(start)); };
  Give(0);
  Turn();
  ASSERT_TRUE(AskToCancel(top_ + "/tasks/0").ok());
  for (int turns = 0; turns < 20 && cancels_ == 0; ++turns) Turn();
  EXPECT_EQ(cancels_, 1);
}

// Its allocation counts as ended, and the agent has removed what was its: as where only Slurm's daemon on it died.
TEST_F(NodeLinkTest, AGivenUpNodeBeginsNothingAndEndsWhatRuns) {
  int claimed = 0;
  request_ = [&](const runner::Start& start) { claimed += *link_->Claim(start) ? 1 : 0; };
  Give(0);
  Turn();
  ASSERT_EQ(claimed, 1);
  runner::Start next;
  next.place = "each.1.p";
  next.directory = top_ + "/tasks/1";
  ASSERT_TRUE(files_.MakeDirectory(next.directory, 0700).ok());
  std::filesystem::remove_all(top_ + "/job");
  EXPECT_FALSE(*link_->Claim(next));
  Turn();
  Turn();
  EXPECT_EQ(cancels_, 1);
}

TEST_F(NodeLinkTest, PartsOfACpuLeaveItFree) {
  std::vector<runner::Start> begun;
  request_ = [&](runner::Start start) {
    EXPECT_TRUE(*link_->Claim(start));
    begun.push_back(std::move(start));
  };
  // 0.2 + 0.1 + 0.9, each taken off again in that order, leaves more than nothing.
  std::vector<runner::Start> parts(3);
  const double cpus[] = {0.2, 0.1, 0.9};
  for (size_t i = 0; i < parts.size(); ++i) {
    parts[i].place = "part." + std::to_string(i);
    parts[i].directory = top_ + "/tasks/part" + std::to_string(i);
    parts[i].cpus = cpus[i];
    ASSERT_TRUE(files_.MakeDirectory(parts[i].directory, 0700).ok());
    ASSERT_TRUE(*link_->Claim(parts[i]));
  }
  for (const runner::Start& part : parts) End(part);
  Give(0);
  Turn();
  EXPECT_EQ(begun.size(), 1u);
}

}  // namespace
}  // namespace hwf::slurm
