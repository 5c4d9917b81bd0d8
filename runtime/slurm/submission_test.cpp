#include "runtime/slurm/submission.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <thread>

#include "runtime/platform/file_system.h"
#include "runtime/platform/testing/temp_dir.h"
#include "runtime/slurm/claim.h"
#include "runtime/slurm/records.h"

namespace hwf::slurm {
namespace {

using ::testing::HasSubstr;

runner::Start StartOf(const std::string& place) {
  runner::Start start;
  start.place = place;
  start.directory = "/run/tasks/" + place + "/1";
  start.argv = {"echo", "odd\xff"};
  return start;
}

class SubmissionTest : public ::testing::Test {
 protected:
  platform::testing::TempDir directory_;
  platform::FileSystem& files_ = platform::RealFileSystem();
};

TEST_F(SubmissionTest, EachElementFindsItsOwn) {
  std::vector<Element> elements;
  for (int i = 0; i < 50; ++i) elements.push_back({StartOf("a" + std::to_string(i)), StartOf("b" + std::to_string(i))});
  Spec spec;
  spec.run_directory = "/run dir";
  spec.cpus = 3;
  spec.setup = "module load \"x\"\n";
  ASSERT_TRUE(WriteSubmission(directory_.path(), spec, elements).ok());
  for (const int index : {0, 17, 49}) {
    auto assignment = TakeAssignment(directory_.path(), index);
    ASSERT_TRUE(assignment.ok()) << assignment.error().message();
    EXPECT_EQ(assignment->spec.setup, spec.setup);
    ASSERT_EQ(assignment->starts.size(), 2u);
    EXPECT_EQ(assignment->starts[1].place, "b" + std::to_string(index));
    EXPECT_EQ(assignment->starts[1].argv[1], "odd\xff");
  }
  EXPECT_FALSE(TakeAssignment(directory_.path(), 50).ok());
  EXPECT_FALSE(TakeAssignment(directory_.path(), -1).ok());
  EXPECT_EQ(ReadElements(directory_.path())->size(), 50u);
}

TEST_F(SubmissionTest, SecretsAreApartAndGoneWhenTheyWereTaken) {
  Element element = {StartOf("plain"), StartOf("secret")};
  element[1].secrets = {{"TOKEN", "hush\nhush"}};
  ASSERT_TRUE(WriteSubmission(directory_.path(), {}, {element}).ok());
  EXPECT_THAT(*files_.Read(directory_.path() + "/spec", 1 << 20), ::testing::Not(HasSubstr("hush")));
  EXPECT_EQ(files_.Stat(directory_.path() + "/secrets-0")->mode, 0600u);
  auto assignment = TakeAssignment(directory_.path(), 0);
  ASSERT_TRUE(assignment.ok()) << assignment.error().message();
  EXPECT_TRUE(assignment->starts[0].secrets.empty());
  EXPECT_EQ(assignment->starts[1].secrets[0].second, "hush\nhush");
  EXPECT_FALSE(files_.Stat(directory_.path() + "/secrets-0").ok());
  EXPECT_THAT(TakeAssignment(directory_.path(), 0).error().message(), HasSubstr("taken before"));
}

TEST_F(SubmissionTest, WhatIsDamagedIsRefused) {
  ASSERT_TRUE(WriteSubmission(directory_.path(), {}, {{StartOf("a")}}).ok());
  const std::string whole = *files_.Read(directory_.path() + "/spec", 1 << 20);
  for (const std::string& text : {std::string(), whole.substr(0, 20), whole.substr(0, whole.size() - 5), "{}\n" + whole,
                                  std::string("{\"v\":1,\"begins\":[0,99999999]}\n[]\n")}) {
    ASSERT_TRUE(files_.WriteAtomically(directory_.path() + "/spec", text, 0600, false).ok());
    EXPECT_FALSE(TakeAssignment(directory_.path(), 0).ok()) << text;
  }
}

TEST_F(SubmissionTest, OneOfManyHasTheClaim) {
  std::vector<std::thread> threads;
  std::atomic<int> mine = 0;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      auto claim = TakeClaim(directory_.path(), "number " + std::to_string(i), false);
      if (claim.ok() && *claim) ++mine;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(mine, 1);
  EXPECT_THAT(ClaimOf(directory_.path()), HasSubstr("number "));
  // Who has it has it, also when it asks again.
  EXPECT_TRUE(*TakeClaim(directory_.path(), ClaimOf(directory_.path()), true));
  EXPECT_EQ(files_.List(directory_.path())->size(), 1u);
}

TEST_F(SubmissionTest, AMissingDirectoryCountsAsTaken) {
  EXPECT_FALSE(*TakeClaim(directory_.path() + "/absent", "me", true));
  EXPECT_EQ(ClaimOf(directory_.path() + "/absent"), "");
}

TEST_F(SubmissionTest, RecordsComeBackInOrder) {
  const std::string path = directory_.path() + "/submissions";
  {
    auto records = Records::Open(path);
    ASSERT_TRUE(records.ok());
    ASSERT_TRUE((*records)->Append(Intent{"t", {{{"a.b", 1}, {"c", 2}}, {{"d", 1}}}}, true).ok());
    ASSERT_TRUE((*records)->Append(Accepted{"t", "12"}, false).ok());
    ASSERT_TRUE((*records)->Append(Closed{"t"}, false).ok());
  }
  auto again = Records::Open(path);
  ASSERT_TRUE(again.ok());
  const auto replayed = (*again)->Replay();
  ASSERT_TRUE(replayed.ok());
  ASSERT_EQ(replayed->size(), 3u);
  const Intent& intent = std::get<Intent>((*replayed)[0]);
  EXPECT_EQ(intent.elements[0][1].place, "c");
  EXPECT_EQ(intent.elements[0][1].attempt, 2);
  EXPECT_EQ(std::get<Accepted>((*replayed)[1]).job, "12");
  EXPECT_EQ(std::get<Closed>((*replayed)[2]).tag, "t");
}

}  // namespace
}  // namespace hwf::slurm
