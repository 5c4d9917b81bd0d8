#include "runtime/journal/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "runtime/journal/frame.h"
#include "runtime/platform/testing/crash_file_system.h"
#include "runtime/platform/testing/temp_dir.h"

namespace hwf::journal {
namespace {

using platform::testing::CrashFileSystem;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

ErrorOr<std::vector<std::string>> ReadAll(platform::FileSystem& files, const std::string& path) {
  std::vector<std::string> records;
  LogReader reader(files, path);
  HWF_TRY(reader.Read([&](std::string_view payload, uint64_t) -> ErrorOr<Success> {
    records.emplace_back(payload);
    return Success();
  }));
  return records;
}

std::string Record(int i) { return "record " + std::to_string(i) + std::string(static_cast<size_t>(i % 7) * 90, 'x'); }

// A log of `count` records in /log; synced after every `sync_each`-th (0: never but at creation).
void WriteLog(CrashFileSystem& files, int count, int sync_each) {
  auto log = LogWriter::Open(files, "/log", 0640);
  ASSERT_TRUE(log.ok()) << log.error().message();
  for (int i = 0; i < count; ++i) {
    ASSERT_TRUE((*log)->Append(Record(i)).ok());
    if (sync_each > 0 && (i + 1) % sync_each == 0) {
      ASSERT_TRUE((*log)->Sync().ok());
    }
  }
}

// The number of records if they are the first ones of WriteLog, in order; -1 otherwise.
int PrefixLength(const std::vector<std::string>& records) {
  for (size_t i = 0; i < records.size(); ++i) {
    if (records[i] != Record(static_cast<int>(i))) return -1;
  }
  return static_cast<int>(records.size());
}

TEST(LogTest, RecordsComeBackInOrderOnTheRealFileSystem) {
  platform::testing::TempDir dir;
  platform::FileSystem& files = platform::RealFileSystem();
  {
    auto log = LogWriter::Open(files, dir / "journal", 0640);
    ASSERT_TRUE(log.ok());
    uint64_t end = *(*log)->Append("one");
    EXPECT_EQ(end, (*log)->size());
    (*log)->SyncSoon();
    ASSERT_TRUE((*log)->Append("two").ok());
    ASSERT_TRUE((*log)->Sync().ok());
    ASSERT_TRUE((*log)->Reserve(1 << 16).ok());
  }
  auto log = LogWriter::Open(files, dir / "journal", 0640);
  ASSERT_TRUE((*log)->Append(std::string(3 << 20, 'z')).ok());
  ASSERT_TRUE((*log)->Append("last").ok());
  EXPECT_THAT(*ReadAll(files, dir / "journal"), ElementsAre("one", "two", std::string(3 << 20, 'z'), "last"));
  EXPECT_EQ(files.Stat(dir / "journal")->mode, 0640u);
}

TEST(LogTest, AReaderGoesOnWhereItStopped) {
  CrashFileSystem files;
  LogReader reader(files, "/log");
  std::vector<std::string> records;
  auto take = [&](std::string_view payload, uint64_t) -> ErrorOr<Success> {
    records.emplace_back(payload);
    return Success();
  };
  ASSERT_TRUE(reader.Read(take).ok());  // no file yet
  auto log = LogWriter::Open(files, "/log", 0600);
  ASSERT_TRUE((*log)->Append("a").ok());
  ASSERT_TRUE(reader.Read(take).ok());
  ASSERT_TRUE((*log)->Sync().ok());
  ASSERT_TRUE((*log)->Append("b").ok());
  ASSERT_TRUE((*log)->Append("c").ok());
  ASSERT_TRUE(reader.Read(take).ok());
  EXPECT_THAT(records, ElementsAre("a", "b", "c"));
  EXPECT_EQ(reader.offset(), (*log)->size());
}

TEST(LogTest, AnErrorOfTheTakerLeavesTheReaderBeforeThatRecord) {
  CrashFileSystem files;
  WriteLog(files, 3, 0);
  LogReader reader(files, "/log");
  int calls = 0;
  auto refuse_second = [&](std::string_view, uint64_t) -> ErrorOr<Success> {
    if (++calls == 2) return Error("no");
    return Success();
  };
  EXPECT_EQ(reader.Read(refuse_second).error().message(), "no");
  int more = 0;
  ASSERT_TRUE(reader.Read([&](std::string_view, uint64_t) -> ErrorOr<Success> { return ++more, Success(); }).ok());
  EXPECT_EQ(more, 2);
}

TEST(LogTest, RecordsThatAreEmptyOrTooLargeAreRefused) {
  CrashFileSystem files;
  auto log = LogWriter::Open(files, "/log", 0600);
  EXPECT_FALSE((*log)->Append("").ok());
  EXPECT_FALSE((*log)->Append(std::string(kMaxRecordBytes + 1, 'x')).ok());
  EXPECT_TRUE((*log)->Append(std::string(kMaxRecordBytes, 'x')).ok());
  EXPECT_EQ(ReadAll(files, "/log")->size(), 1u);
}

TEST(LogTest, EveryCutLeavesTheWholeRecordsAndTheLogGoesOn) {
  CrashFileSystem whole;
  WriteLog(whole, 6, 2);
  std::string bytes = *whole.Read("/log", 1 << 20);
  int most = 0;
  for (size_t cut = 0; cut <= bytes.size(); ++cut) {
    CrashFileSystem files;
    WriteLog(files, 6, 2);
    files.Corrupt("/log", [&](std::string& data) { data.resize(cut); });
    auto before = ReadAll(files, "/log");
    ASSERT_TRUE(before.ok()) << "cut at " << cut << ": " << before.error().message();
    int count = PrefixLength(*before);
    ASSERT_GE(count, most) << "cut at " << cut;
    most = count;
    auto log = LogWriter::Open(files, "/log", 0600);
    ASSERT_TRUE(log.ok()) << "cut at " << cut << ": " << log.error().message();
    ASSERT_TRUE((*log)->Append(Record(count)).ok());
    ASSERT_EQ(PrefixLength(*ReadAll(files, "/log")), count + 1) << "cut at " << cut;
  }
  EXPECT_EQ(most, 6);
}

TEST(LogTest, EveryFlippedBitIsFoundAndNeverCutsWhatWasSynced) {
  CrashFileSystem whole;
  WriteLog(whole, 4, 1);
  std::string bytes = *whole.Read("/log", 1 << 20);
  for (size_t bit = 0; bit < bytes.size() * 8; bit += 3) {
    CrashFileSystem files;
    WriteLog(files, 4, 1);
    files.Corrupt("/log", [&](std::string& data) { data[bit / 8] = static_cast<char>(data[bit / 8] ^ 1 << bit % 8); });
    auto records = ReadAll(files, "/log");
    if (!records.ok()) {
      EXPECT_FALSE(LogWriter::Open(files, "/log", 0600).ok());
      EXPECT_EQ(files.Read("/log", 1 << 20)->size(), bytes.size()) << "nothing is cut";
      continue;
    }
    // The last frame of all has nothing behind it: it can only look torn. A flip in it costs that record.
    ASSERT_EQ(PrefixLength(*records), 3) << "bit " << bit;
    ASSERT_GE(bit / 8, bytes.size() - kFrameHead - Record(3).size() - kNoteSize);
  }
}

TEST(LogTest, DamageInTheMiddleSaysWhere) {
  CrashFileSystem files;
  WriteLog(files, 4, 1);
  files.Corrupt("/log", [&](std::string& data) { data[30] = static_cast<char>(data[30] ^ 4); });
  auto records = ReadAll(files, "/log");
  ASSERT_FALSE(records.ok());
  EXPECT_THAT(records.error().message(), HasSubstr("/log is damaged: the record at byte 16"));
}

TEST(LogTest, AZeroedSectorThatWasSyncedIsDamageOneThatWasNotIsCut) {
  for (int sync_each : {0, 1}) {
    CrashFileSystem files;
    WriteLog(files, 20, sync_each);
    files.Corrupt("/log", [&](std::string& data) { std::fill(data.begin() + 1024, data.begin() + 1536, '\0'); });
    auto records = ReadAll(files, "/log");
    if (sync_each == 1) {
      EXPECT_FALSE(records.ok());
    } else {
      ASSERT_TRUE(records.ok()) << records.error().message();
      EXPECT_GT(PrefixLength(*records), 0);
      EXPECT_LT(PrefixLength(*records), 20);
    }
  }
}

TEST(LogTest, PowerLossKeepsAllThatWasSyncedAndAPrefixOfTheRest) {
  for (uint64_t seed = 0; seed < 600; ++seed) {
    CrashFileSystem files;
    int count = static_cast<int>(seed % 25), synced = static_cast<int>(seed % 5) == 0 ? 0 : count / 5 * 5;
    WriteLog(files, count, synced == 0 ? 0 : 5);
    files.PowerLoss(seed);
    auto log = LogWriter::Open(files, "/log", 0600);
    ASSERT_TRUE(log.ok()) << "seed " << seed << ": " << log.error().message();
    auto records = ReadAll(files, "/log");
    ASSERT_TRUE(records.ok()) << "seed " << seed << ": " << records.error().message();
    int left = PrefixLength(*records);
    ASSERT_GE(left, synced) << "seed " << seed;
    ASSERT_LE(left, count) << "seed " << seed;
    ASSERT_TRUE((*log)->Append(Record(left)).ok());
    ASSERT_EQ(PrefixLength(*ReadAll(files, "/log")), left + 1) << "seed " << seed;
  }
}

TEST(LogTest, DeathAtEveryCallLosesNothingThatAppendReturned) {
  for (int64_t n = 1; n < 60; ++n) {
    CrashFileSystem files;
    files.FailAfter(n);
    int returned = 0;
    if (auto log = LogWriter::Open(files, "/log", 0600); log.ok()) {
      for (int i = 0; i < 10; ++i) {
        if (!(*log)->Append(Record(i)).ok()) break;
        ++returned;
        if (i % 3 == 0 && !(*log)->Sync().ok()) break;
      }
    }
    files.Restart();
    auto log = LogWriter::Open(files, "/log", 0600);
    ASSERT_TRUE(log.ok()) << "call " << n << ": " << log.error().message();
    int left = PrefixLength(*ReadAll(files, "/log"));
    ASSERT_GE(left, returned) << "call " << n;
    ASSERT_LE(left, returned + 1) << "call " << n;
  }
}

TEST(LogTest, AFullDiskLeavesAWholeLogAndAppendsGoOnWithSpace) {
  CrashFileSystem files;
  auto log = LogWriter::Open(files, "/log", 0600);
  files.SetFreeBytes(20);
  ErrorOr<uint64_t> full = (*log)->Append(std::string(100, 'x'));
  ASSERT_FALSE(full.ok());
  EXPECT_EQ(full.error().code(), ENOSPC);
  EXPECT_THAT(*ReadAll(files, "/log"), IsEmpty());
  files.SetFreeBytes(std::nullopt);
  EXPECT_TRUE((*log)->Append("now").ok());
  EXPECT_THAT(*ReadAll(files, "/log"), ElementsAre("now"));
}

TEST(LogTest, ReservedSpaceIsThereOnAFullDisk) {
  CrashFileSystem files;
  auto log = LogWriter::Open(files, "/log", 0600);
  files.SetFreeBytes(6000);
  ASSERT_TRUE((*log)->Reserve(1000).ok());
  EXPECT_EQ((*log)->Reserve(1 << 20).error().code(), ENOSPC);
  files.SetFreeBytes(0);
  EXPECT_TRUE((*log)->Append(std::string(992, 'x')).ok());
}

TEST(LogTest, AFailedSyncIsFinal) {
  CrashFileSystem files;
  auto log = LogWriter::Open(files, "/log", 0600);
  ASSERT_TRUE((*log)->Append("a").ok());
  files.SetErrorAtClose(EDQUOT);
  EXPECT_EQ((*log)->Sync().error().code(), EDQUOT);
  files.SetErrorAtClose(0);
  EXPECT_EQ((*log)->Sync().error().code(), EDQUOT);
  EXPECT_EQ((*log)->Append("b").error().code(), EDQUOT);
}

TEST(LogTest, AnErrorOfTheSecondThreadReachesTheWriter) {
  CrashFileSystem files;
  auto log = LogWriter::Open(files, "/log", 0600);
  ASSERT_TRUE((*log)->Append("a").ok());
  files.SetErrorAtClose(EIO);
  (*log)->SyncSoon();
  EXPECT_EQ((*log)->Sync().error().code(), EIO);  // waits for the thread, or meets the same error
}

TEST(LogTest, SyncSoonIsDoneBeforeTheWriterGoes) {
  CrashFileSystem files;
  {
    auto log = LogWriter::Open(files, "/log", 0600);
    for (int i = 0; i < 50; ++i) {
      ASSERT_TRUE((*log)->Append(Record(i)).ok());
      (*log)->SyncSoon();
    }
  }
  files.PowerLoss(1);
  EXPECT_EQ(PrefixLength(*ReadAll(files, "/log")), 50);
}

TEST(LogTest, WhatIsNoLogIsRefusedUntouched) {
  CrashFileSystem files;
  ASSERT_TRUE(files.WriteAtomically("/log", "something else entirely", 0600, true).ok());
  EXPECT_THAT(LogWriter::Open(files, "/log", 0600).error().message(), HasSubstr("is not a log of hwf"));
  ASSERT_TRUE(files.WriteAtomically("/log", std::string("hwf-log 2\n\0\0\0\0\0\0", 16), 0600, true).ok());
  EXPECT_THAT(ReadAll(files, "/log").error().message(), HasSubstr("newer hwf"));
  EXPECT_EQ(files.Read("/log", 100)->size(), 16u);
}

}  // namespace
}  // namespace hwf::journal
