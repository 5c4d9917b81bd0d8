#include "runtime/engine/evidence.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "runtime/platform/file_descriptor.h"
#include "runtime/platform/file_system.h"
#include "runtime/platform/testing/temp_dir.h"

namespace hwf::engine {
namespace {

using testing::HasSubstr;

class EvidenceTest : public testing::Test {
 protected:
  std::string Write(const std::string& name, const std::string& text) {
    const std::string path = dir_.path() + "/" + name;
    EXPECT_TRUE(platform::RealFileSystem().WriteAtomically(path, text, 0644, false).ok());
    return path;
  }
  void SetUp() override { ASSERT_TRUE(platform::RealFileSystem().MakeDirectory(folder_, 0700).ok()); }

  platform::testing::TempDir dir_;
  std::string folder_ = dir_.path() + "/evidence";
};

TEST_F(EvidenceTest, FrozenBytesOutliveTheOriginal) {
  const std::string path = Write("model.pt", "weights");
  const Json file = FileValue(path, false).value();
  const ErrorOr<Json> frozen = FreezeEvidence({{"model", file}}, folder_, false);
  ASSERT_TRUE(frozen.ok()) << frozen.error().message();
  Write("model.pt", "other");
  const std::string copy = (*frozen).AsArray()[0]["value"].StringOr("path", "");
  EXPECT_NE(copy, path);
  EXPECT_EQ(platform::RealFileSystem().Read(copy, 100).value(), "weights");
  EXPECT_EQ(platform::RealFileSystem().Stat(copy)->mode, 0400u);
  EvidenceChecker checker;
  EXPECT_TRUE(checker.Check(frozen.value()).ok());
}

// Whatever its size: a task may still have the file open when the review shows it.
TEST_F(EvidenceTest, WhatATaskStillWritesIntoIsFrozen) {
  const std::string path = Write("model.pt", "weights");
  ASSERT_EQ(truncate(path.c_str(), (off_t{256} << 20) + 1), 0);
  const platform::FileDescriptor writer(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  const Json frozen = FreezeEvidence({{"model", FileValue(path, false).value()}}, folder_, false).value();
  ASSERT_EQ(pwrite(writer.get(), "WEIGHTS", 7, 0), 7);
  const std::string copy = frozen.AsArray()[0]["value"].StringOr("path", "");
  EXPECT_EQ(platform::RealFileSystem().ReadRange(copy, 0, 7).value(), "weights");
  EXPECT_EQ(platform::RealFileSystem().Stat(copy)->mode, 0400u);
}

TEST_F(EvidenceTest, WhatIsNotItsDigestIsNotFrozen) {
  const std::string path = Write("model.pt", "weights");
  const Json file = FileValue(path, false).value();
  Write("model.pt", "changed before the review opened");
  const ErrorOr<Json> frozen = FreezeEvidence({{"model", file}}, folder_, false);
  ASSERT_FALSE(frozen.ok());
  EXPECT_THAT(frozen.error().message(), HasSubstr("`model`"));
  EXPECT_THAT(frozen.error().message(), HasSubstr("has changed"));
}

TEST_F(EvidenceTest, TamperedEvidenceIsSeen) {
  const Json file = FileValue(Write("model.pt", "weights"), false).value();
  const Json frozen = FreezeEvidence({{"model", file}}, folder_, false).value();
  EvidenceChecker checker;
  ASSERT_TRUE(checker.Check(frozen).ok());
  const std::string copy = frozen.AsArray()[0]["value"].StringOr("path", "");
  ASSERT_TRUE(platform::RealFileSystem().WriteAtomically(copy, "WEIGHTS", 0400, false).ok());
  const ErrorOr<Success> checked = checker.Check(frozen);
  ASSERT_FALSE(checked.ok());
  EXPECT_THAT(checked.error().message(), HasSubstr("has changed"));
  // The approved copy is checked where it is used, too.
  EXPECT_FALSE(CheckedCopy(file, folder_, false).ok());
}

}  // namespace
}  // namespace hwf::engine
