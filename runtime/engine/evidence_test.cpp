#include "runtime/engine/evidence.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <memory>
#include <set>

#include "runtime/platform/file_descriptor.h"
#include "runtime/platform/file_system.h"
#include "runtime/platform/testing/temp_dir.h"

namespace hwf::engine {
namespace {

using testing::HasSubstr;

// The machine's own, which notes the changes of directories that no sync has followed; dies at a sync on wish.
class NotingFileSystem : public platform::FileSystem {
 public:
  std::set<std::string> unsynced;
  int syncs_left = INT_MAX;

  ErrorOr<Success> MakeDirectory(const std::string& path, mode_t mode) override {
    return Noted(path, real_.MakeDirectory(path, mode));
  }
  ErrorOr<Success> Rename(const std::string& from, const std::string& to) override {
    return Noted(to, real_.Rename(from, to));
  }
  ErrorOr<Success> SyncDirectory(const std::string& path) override {
    if (syncs_left-- <= 0) return Error("killed", ECANCELED);
    unsynced.erase(path);
    return real_.SyncDirectory(path);
  }
  ErrorOr<std::unique_ptr<platform::AppendFile>> OpenAppend(const std::string& path, mode_t mode) override {
    return real_.OpenAppend(path, mode);
  }
  ErrorOr<std::string> Read(const std::string& path, uint64_t limit) override { return real_.Read(path, limit); }
  ErrorOr<std::string> ReadRange(const std::string& path, uint64_t offset, uint64_t limit) override {
    return real_.ReadRange(path, offset, limit);
  }
  ErrorOr<Success> WriteAtomically(const std::string& path, std::string_view bytes, mode_t mode, bool sync) override {
    return real_.WriteAtomically(path, bytes, mode, sync);
  }
  ErrorOr<Success> Link(const std::string& from, const std::string& to) override { return real_.Link(from, to); }
  ErrorOr<Success> Unlink(const std::string& path) override { return real_.Unlink(path); }
  ErrorOr<Success> RemoveDirectory(const std::string& path) override { return real_.RemoveDirectory(path); }
  ErrorOr<std::vector<std::string>> List(const std::string& path) override { return real_.List(path); }
  ErrorOr<platform::FileInfo> Stat(const std::string& path) override { return real_.Stat(path); }

 private:
  ErrorOr<Success> Noted(const std::string& path, ErrorOr<Success> done) {
    if (done.ok()) unsynced.insert(path.substr(0, path.find_last_of('/')));
    return done;
  }

  platform::FileSystem& real_ = platform::RealFileSystem();
};

class EvidenceTest : public testing::Test {
 protected:
  std::string Write(const std::string& name, const std::string& text) {
    const std::string path = dir_.path() + "/" + name;
    EXPECT_TRUE(platform::RealFileSystem().WriteAtomically(path, text, 0644, false).ok());
    return path;
  }
  void SetUp() override { ASSERT_TRUE(platform::RealFileSystem().MakeDirectory(folder_, 0700).ok()); }

  NotingFileSystem files_;
  platform::testing::TempDir dir_;
  std::string folder_ = dir_.path() + "/evidence";
};

TEST_F(EvidenceTest, FrozenBytesOutliveTheOriginal) {
  const std::string path = Write("model.pt", "weights");
  const Json file = FileValue(path, false).value();
  const ErrorOr<Json> frozen = FreezeEvidence(files_, {{"model", file}}, folder_, false);
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
  const Json frozen = FreezeEvidence(files_, {{"model", FileValue(path, false).value()}}, folder_, false).value();
  ASSERT_EQ(pwrite(writer.get(), "WEIGHTS", 7, 0), 7);
  const std::string copy = frozen.AsArray()[0]["value"].StringOr("path", "");
  EXPECT_EQ(platform::RealFileSystem().ReadRange(copy, 0, 7).value(), "weights");
  EXPECT_EQ(platform::RealFileSystem().Stat(copy)->mode, 0400u);
}

// Whenever the engine is killed: the record that names evidence is never on disk without it.
TEST_F(EvidenceTest, IsOnDiskBeforeItIsRecorded) {
  const Json file = FileValue(Write("model.pt", "weights"), false).value();
  for (int killed_at = 0; killed_at <= 2; ++killed_at) {
    files_.syncs_left = killed_at;
    const ErrorOr<Json> frozen = FreezeEvidence(files_, {{"model", file}}, folder_, false);
    EXPECT_EQ(frozen.ok(), killed_at == 2);
    EXPECT_EQ(files_.unsynced.empty(), killed_at == 2);
  }
}

TEST_F(EvidenceTest, WhatIsNotItsDigestIsNotFrozen) {
  const std::string path = Write("model.pt", "weights");
  const Json file = FileValue(path, false).value();
  Write("model.pt", "changed before the review opened");
  const ErrorOr<Json> frozen = FreezeEvidence(files_, {{"model", file}}, folder_, false);
  ASSERT_FALSE(frozen.ok());
  EXPECT_THAT(frozen.error().message(), HasSubstr("`model`"));
  EXPECT_THAT(frozen.error().message(), HasSubstr("has changed"));
}

TEST_F(EvidenceTest, TamperedEvidenceIsSeen) {
  const Json file = FileValue(Write("model.pt", "weights"), false).value();
  const Json frozen = FreezeEvidence(files_, {{"model", file}}, folder_, false).value();
  EvidenceChecker checker;
  ASSERT_TRUE(checker.Check(frozen).ok());
  const std::string copy = frozen.AsArray()[0]["value"].StringOr("path", "");
  ASSERT_TRUE(platform::RealFileSystem().WriteAtomically(copy, "WEIGHTS", 0400, false).ok());
  const ErrorOr<Success> checked = checker.Check(frozen);
  ASSERT_FALSE(checked.ok());
  EXPECT_THAT(checked.error().message(), HasSubstr("has changed"));
  // The approved copy is checked where it is used, too.
  EXPECT_FALSE(CheckedCopy(files_, file, folder_, false).ok());
}

// Nobody writes into it: opening it to read would wait for ever.
TEST_F(EvidenceTest, WhatHasBecomeAFifoIsRefused) {
  const std::string path = Write("model.pt", "weights");
  const Json file = FileValue(path, false).value();
  ASSERT_EQ(unlink(path.c_str()), 0);
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  const ErrorOr<Json> frozen = FreezeEvidence(files_, {{"model", file}}, folder_, false);
  ASSERT_FALSE(frozen.ok());
  EXPECT_THAT(frozen.error().message(), HasSubstr("is not a regular file"));
}

}  // namespace
}  // namespace hwf::engine
