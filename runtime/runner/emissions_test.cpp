#include "runtime/runner/emissions.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

namespace hwf::runner {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class EmissionsTest : public ::testing::Test {
 protected:
  EmissionsTest() {
    std::string pattern = ::testing::TempDir() + "hwf-emissions-XXXXXX";
    directory_ = mkdtemp(pattern.data());
  }
  ~EmissionsTest() override { std::filesystem::remove_all(directory_); }
  void Put(const std::string& name, const std::string& text) { std::ofstream(directory_ + "/" + name) << text; }
  void PutN(const std::string& name, int n, const std::string& stream = "epoch") {
    Put(name, "{\"checkpoint\":\"" + stream + "\",\"values\":{\"n\":" + std::to_string(n) + "}}");
  }
  std::vector<ReadyEmission> Scan(Emissions& emissions, int64_t now_ms, bool last = false) {
    std::vector<ReadyEmission> ready;
    again_ = emissions.Scan(now_ms, last, ready);
    return ready;
  }
  std::string directory_;
  int again_ = 0;
};

TEST_F(EmissionsTest, TheFirstGoesAtOnceABurstIsCoalesced) {
  Emissions emissions(directory_, {"epoch"}, {}, {});
  PutN("1.json", 1);
  auto ready = Scan(emissions, 1000);
  ASSERT_THAT(ready, SizeIs(1));
  EXPECT_EQ(ready[0].dropped, 0);
  for (int n = 2; n <= 4; ++n) {
    PutN(std::to_string(n) + ".json", n);
    EXPECT_THAT(Scan(emissions, 1000 + n), SizeIs(0));
  }
  EXPECT_EQ(again_, 196);
  ready = Scan(emissions, 1200);
  ASSERT_THAT(ready, SizeIs(1));
  EXPECT_EQ(ready[0].file, "4.json");
  EXPECT_EQ(ready[0].dropped, 2);
  EXPECT_FALSE(std::filesystem::exists(directory_ + "/2.json"));
}

// A listing made while names come may show a later one and not an earlier.
TEST_F(EmissionsTest, WhatComesDuringAListingKeepsItsOrder) {
  constexpr int kCount = 3000;
  const std::string longer(200, 'x');
  for (int n = 0; n < 1000; ++n) Put("." + std::to_string(n) + longer, "");
  Emissions emissions(directory_, {"epoch"}, {}, {});
  std::atomic<bool> ended = false;
  std::thread writer([&] {
    for (int n = 0; n < kCount; ++n) {
      PutN(".t", n);
      std::filesystem::rename(directory_ + "/.t", directory_ + "/" + std::to_string(10'000 + n) + longer + ".json");
    }
    ended = true;
  });
  std::vector<int64_t> numbers;
  for (int64_t now = 0;; now += kEmissionGapMs) {
    const bool last = ended;
    for (const ReadyEmission& one : Scan(emissions, now, last)) {
      numbers.push_back(one.emission.content["values"]["n"].AsInt());
      emissions.Done(one.file);
    }
    if (last) break;
  }
  writer.join();
  EXPECT_TRUE(std::is_sorted(numbers.begin(), numbers.end()));
  EXPECT_EQ(numbers.back(), kCount - 1);
}

TEST_F(EmissionsTest, NothingIsHandedOutTwiceAndDoneRemoves) {
  Emissions emissions(directory_, {"epoch"}, {"epoch"}, {"old.json"});
  PutN("old.json", 1);
  PutN("new.json", 2);
  ASSERT_THAT(Scan(emissions, 0), SizeIs(1));
  EXPECT_THAT(Scan(emissions, 1000), SizeIs(0));
  EXPECT_TRUE(std::filesystem::exists(directory_ + "/new.json"));
  emissions.Done("new.json");
  EXPECT_FALSE(std::filesystem::exists(directory_ + "/new.json"));
}

TEST_F(EmissionsTest, ATornFileMayBecomeWhole) {
  Emissions emissions(directory_, {"epoch"}, {}, {});
  Put("1.json", "{\"checkpoint\":\"ep");
  EXPECT_THAT(Scan(emissions, 0), SizeIs(0));
  EXPECT_GT(again_, 0);
  PutN("1.json", 1);
  ASSERT_THAT(Scan(emissions, 100), SizeIs(1));
}

// A file's time is its server's, which may be ahead of this machine's or behind.
TEST_F(EmissionsTest, ATornFileHasItsTimeWhateverTheClockOfItsFiles) {
  Emissions emissions(directory_, {"epoch"}, {}, {});
  for (const auto& [name, hours] : {std::pair("ahead.json", 5), std::pair("behind.json", -5)}) {
    Put(name, "{\"checkpoint\":\"ep");
    const auto path = std::filesystem::path(directory_) / name;
    std::filesystem::last_write_time(path, std::filesystem::last_write_time(path) + std::chrono::hours(hours));
  }
  EXPECT_THAT(Scan(emissions, 0), SizeIs(0));
  EXPECT_THAT(Scan(emissions, 900), SizeIs(0));
  EXPECT_THAT(Scan(emissions, 1100), SizeIs(2));
}

TEST_F(EmissionsTest, AtTheEndATornFileIsRefused) {
  Emissions emissions(directory_, {"epoch"}, {}, {});
  Put("1.json", "{");
  auto ready = Scan(emissions, 0, true);
  ASSERT_THAT(ready, SizeIs(1));
  EXPECT_THAT(ready[0].bad, HasSubstr("JSON"));
}

TEST_F(EmissionsTest, CoalescedFilesGoWithTheirEmission) {
  Emissions emissions(directory_, {"epoch"}, {}, {});
  std::filesystem::create_directory(directory_ + "/files");
  for (int n = 1; n <= 3; ++n) {
    Put("files/w" + std::to_string(n), "w");
    Put(std::to_string(n) + ".json",
        "{\"checkpoint\":\"epoch\",\"values\":{\"w\":{\"file\":\"files/w" + std::to_string(n) + "\"}}}");
    Scan(emissions, n);
  }
  EXPECT_TRUE(std::filesystem::exists(directory_ + "/files/w1"));
  EXPECT_FALSE(std::filesystem::exists(directory_ + "/files/w2"));
  EXPECT_TRUE(std::filesystem::exists(directory_ + "/files/w3"));
}

TEST_F(EmissionsTest, AnEmissionThatIsWrongDisplacesNone) {
  const auto check = [](const Emission& emission) -> ErrorOr<Success> {
    if (!emission.content["values"]["n"].is_int()) return MakeError("expected Int");
    return Success{};
  };
  Emissions emissions(directory_, {"epoch"}, {}, {}, check);
  PutN("1.json", 1);
  EXPECT_THAT(Scan(emissions, 1000), SizeIs(1));
  PutN("2.json", 2);
  EXPECT_THAT(Scan(emissions, 1001), SizeIs(0));
  Put("3.json", R"({"checkpoint":"epoch","values":{"n":"abc"}})");
  auto ready = Scan(emissions, 1002);
  ASSERT_THAT(ready, SizeIs(1));
  EXPECT_EQ(ready[0].bad, "expected Int");
  Put("4.json", R"({"checkpoint":"epoch","values":{"n":4,"w":{"file":"gone"}}})");
  ready = Scan(emissions, 1003);
  ASSERT_THAT(ready, SizeIs(1));
  EXPECT_THAT(ready[0].bad, HasSubstr("`gone`"));
  ready = Scan(emissions, 1200);
  ASSERT_THAT(ready, SizeIs(1));
  EXPECT_EQ(ready[0].file, "2.json");
  EXPECT_EQ(ready[0].dropped, 0);
}

// Several emissions may name one file: it stays while one of them is recorded or waits.
TEST_F(EmissionsTest, FilesThatOthersUseStay) {
  Emissions emissions(directory_, {"epoch", "best"}, {}, {});
  auto put = [&](int n, const std::string& file, const std::string& stream = "epoch") {
    Put(file, "w");
    Put(std::to_string(n) + ".json",
        "{\"checkpoint\":\"" + stream + "\",\"values\":{\"w\":{\"file\":\"" + file + "\"}}}");
  };
  put(1, "recorded");
  EXPECT_THAT(Scan(emissions, 1000), SizeIs(1));
  put(2, "recorded");
  Scan(emissions, 1001);
  put(3, "shared");
  Scan(emissions, 1002);
  put(4, "shared");
  Scan(emissions, 1003);
  put(5, "lonely");
  put(6, "other", "best");
  EXPECT_THAT(Scan(emissions, 1004), SizeIs(1));
  EXPECT_FALSE(std::filesystem::exists(directory_ + "/shared"));
  put(7, "lonely", "best");
  put(8, "last");
  Scan(emissions, 1005);
  for (const char* kept : {"recorded", "lonely", "other", "last"}) {
    EXPECT_TRUE(std::filesystem::exists(directory_ + "/" + kept)) << kept;
  }
}

TEST_F(EmissionsTest, ADirectoryIsNoFile) {
  Emissions emissions(directory_, {"epoch"}, {}, {});
  std::filesystem::create_directory(directory_ + "/d");
  Put("1.json", R"({"checkpoint":"epoch","values":{"w":{"file":"d"}}})");
  auto ready = Scan(emissions, 1000);
  ASSERT_THAT(ready, SizeIs(1));
  EXPECT_THAT(ready[0].bad, HasSubstr("not a regular file"));
}

TEST_F(EmissionsTest, FloodsOfNonsenseAreCounted) {
  Emissions emissions(directory_, {"epoch"}, {}, {});
  for (int n = 0; n < 50; ++n) Put(std::to_string(n) + ".json", "[]");
  EXPECT_THAT(Scan(emissions, 5000), SizeIs(0)) << "young ones may be torn";
  ASSERT_THAT(Scan(emissions, 5000, true).size(), 16u) << "the first are told one by one";
  Put("more.json", "[]");
  auto ready = Scan(emissions, 6000, true);
  ASSERT_EQ(ready.size(), 1u);
  EXPECT_THAT(ready[0].bad, HasSubstr("34 more"));
}

TEST_F(EmissionsTest, ManyAreTakenInTheirOrder) {
  constexpr int kCount = 5000;
  for (int n = kCount; n-- > 0;) {  // the last is made first
    PutN(std::to_string(n) + ".json", n);
    const timespec when[] = {{0, UTIME_OMIT}, {1'000'000 + n, 0}};
    ASSERT_EQ(utimensat(AT_FDCWD, (directory_ + "/" + std::to_string(n) + ".json").c_str(), when, 0), 0);
  }
  Emissions emissions(directory_, {"epoch"}, {"epoch"}, {});
  int next = 0;
  do {
    for (const ReadyEmission& one : Scan(emissions, 0, true)) {
      ASSERT_EQ(one.emission.content["values"]["n"].AsInt(), next++);
      emissions.Done(one.file);
    }
  } while (again_ == 0);
  EXPECT_EQ(next, kCount);
}

TEST(ParseEmissionTest, FilesAreFoundAnywhereInValues) {
  auto emission = ParseEmission(
      R"({"checkpoint":"e","values":{"a":{"file":"x"},"list":[{"file":"d/y"}],"not":{"file":"z","more":1}}})");
  ASSERT_TRUE(emission.ok()) << emission.error().message();
  EXPECT_THAT(emission->files, ElementsAre("x", "d/y"));
  EXPECT_EQ(emission->content["taken"].AsInt(), 0);
}

TEST(ParseEmissionTest, PlainPaths) {
  for (const char* good : {"a", "a/b", "a.json", "..a", "a..", ".a"}) EXPECT_TRUE(IsPlainRelativePath(good)) << good;
  for (const char* bad : {"", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "./a", "a/b/c/d/e/f/g/h/i"}) {
    EXPECT_FALSE(IsPlainRelativePath(bad)) << bad;
  }
  EXPECT_FALSE(IsPlainRelativePath(std::string_view("a\0b", 3)));
}

}  // namespace
}  // namespace hwf::runner
