// What of somebody else's results counts, and what does not.
#include "runtime/engine/trusted_results.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "runtime/engine/evidence.h"
#include "runtime/engine/run_directory.h"
#include "runtime/engine/trusted_file.h"
#include "runtime/platform/testing/temp_dir.h"

namespace hwf::engine {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr uid_t kAna = 54321;
constexpr gid_t kTeam = 54322;
constexpr const char* kRun = "20260101-000000-aaaaaa";

class TrustedFileTest : public testing::Test {
 protected:
  TrustedFileTest() {
    umask(022);
    fs::create_directories(run_ + "/tasks/t/1/all/sub");
    std::ofstream(File()) << "weights";
    std::ofstream(run_ + "/tasks/t/1/all/a") << "a";
    std::ofstream(run_ + "/tasks/t/1/all/sub/b") << "b";
  }
  std::string File() const { return run_ + "/tasks/t/1/model"; }
  std::string All() const { return run_ + "/tasks/t/1/all"; }
  static Json ValueOf(const std::string& path) { return FileValue(path, fs::is_directory(path)).value(); }
  std::string Why(const Json& file) {
    const ErrorOr<Json> checked = CheckTrustedFile(real_, kRun, geteuid(), file);
    return checked.ok() ? "" : checked.error().message();
  }

  platform::testing::TempDir dir_;
  std::string real_ = fs::canonical(dir_.path()).string();
  std::string run_ = real_ + "/" + kRun;
};

TEST_F(TrustedFileTest, TheirOwnUnchangedFilesCountByTheirRealPath) {
  EXPECT_EQ(Why(ValueOf(File())), "");
  EXPECT_EQ(Why(ValueOf(All())), "");
  fs::create_directory_symlink(run_, real_ + "/link");
  Json through = ValueOf(real_ + "/link/tasks/t/1/model");
  EXPECT_EQ(CheckTrustedFile(real_, kRun, geteuid(), through)->StringOr("path", ""), File());
}

TEST_F(TrustedFileTest, WhatIsAnothersOrMayBeChangedByOthersDoesNotCount) {
  const Json file = ValueOf(File()), all = ValueOf(All());
  EXPECT_THAT(CheckTrustedFile(real_, kRun, geteuid() + 1, file).error().message(), HasSubstr("is not theirs"));
  const std::string places[] = {File(), run_ + "/tasks/t", run_};
  for (const std::string& place : places) {
    struct stat info {};
    ASSERT_EQ(stat(place.c_str(), &info), 0);
    for (const mode_t more : {0020, 0002}) {
      ASSERT_EQ(chmod(place.c_str(), (info.st_mode & 0777) | more), 0);
      EXPECT_THAT(Why(file), HasSubstr(place + " can be written to by others"));
    }
    ASSERT_EQ(chmod(place.c_str(), info.st_mode & 0777), 0);
  }
  EXPECT_EQ(Why(file), "");
  for (const std::string& place : {All() + "/sub", All() + "/sub/b"}) {
    ASSERT_EQ(chmod(place.c_str(), 0775), 0);
    EXPECT_THAT(Why(all), HasSubstr(place + " can be written to by others"));
    ASSERT_EQ(chmod(place.c_str(), 0755), 0);
  }
}

TEST_F(TrustedFileTest, OtherContentOfTheSameSizeAndTimeDoesNotCount) {
  const Json file = ValueOf(File()), all = ValueOf(All());
  const auto change = [](const std::string& path, const std::string& text) {
    const fs::file_time_type time = fs::last_write_time(path);
    std::ofstream(path) << text;
    fs::last_write_time(path, time);
  };
  change(File(), "WEIGHTS");
  change(All() + "/sub/b", "B");
  EXPECT_THAT(Why(file), HasSubstr("is not what it was"));
  EXPECT_THAT(Why(all), HasSubstr("is not what it was"));
  Json other = ValueOf(File());
  EXPECT_EQ(Why(other), "");
  EXPECT_THAT(Why(other.Set("size", 8)), HasSubstr("is not what it was"));
}

TEST_F(TrustedFileTest, WhatLeadsOutOfTheRunDoesNotCount) {
  const std::string outside = real_ + "/model";
  fs::copy_file(File(), outside);
  EXPECT_THAT(Why(ValueOf(outside)), HasSubstr("outside of that run"));
  EXPECT_THAT(Why(ValueOf(run_ + "/../model")), HasSubstr("outside of that run"));
  fs::create_symlink(outside, run_ + "/tasks/t/model");
  EXPECT_THAT(Why(ValueOf(run_ + "/tasks/t/model")), HasSubstr("outside of that run"));
  fs::create_symlink(File(), run_ + "/tasks/t/other");
  EXPECT_THAT(Why(ValueOf(run_ + "/tasks/t/other")), HasSubstr("is a link to"));
  fs::create_symlink("sub/b", All() + "/inner");
  EXPECT_EQ(Why(ValueOf(All())), "");
  for (const std::string& target : {outside, std::string("../model"), std::string("nowhere")}) {
    fs::create_symlink(target, All() + "/outer");
    EXPECT_THAT(Why(ValueOf(All())), HasSubstr("/outer is a link that leads out")) << target;
    fs::remove(All() + "/outer");
  }
}

TEST_F(TrustedFileTest, ARunThatLiesElsewhereDoesNotCount) {
  const Json file = ValueOf(File());
  fs::create_directory(real_ + "/elsewhere");
  fs::rename(run_, real_ + "/elsewhere/run");
  fs::create_directory_symlink(real_ + "/elsewhere/run", run_);
  EXPECT_THAT(Why(file), HasSubstr("outside of that run"));
}

TEST_F(TrustedFileTest, WhatIsNoFileHereDoesNotCount) {
  Json file = ValueOf(File());
  fs::remove(File());
  EXPECT_THAT(Why(file), HasSubstr("No such file"));
  ASSERT_EQ(mkfifo(File().c_str(), 0644), 0);
  EXPECT_NE(Why(file), "");
  EXPECT_THAT(Why(file.Set("site", "far")), HasSubstr("at a distant site"));
  EXPECT_NE(Why(Json::Object()), "");
}

// As ana's runs leave them, found by somebody else: made here, and then given to ana.
class TrustedResultsTest : public testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "giving files to somebody else needs root";
    task_.name = "t";
    ir::Output output;
    output.name = "n";
    output.type = types_.Simple(ir::TypeKind::kInt);
    task_.outputs.push_back(output);
  }
  static Json Entry(int value) {
    Json entry;
    entry.Set("v", 2).Set("run", kRun).Set("place", "t");
    return entry.Set("outputs", Json::Object().Set("n", value)).Set("files", Json::Array());
  }
  // The only one that is there then.
  void Add(const std::string& key, const Json& entry) {
    fs::remove_all(place_);
    ResultCache cache(files_, place_, "a-000001", kTeam);
    ASSERT_TRUE(cache.Add(key, entry).ok());
    Give(kAna);
  }
  void Give(uid_t uid) {
    ASSERT_EQ(chown(place_.c_str(), uid, kTeam), 0);
    ASSERT_EQ(chown(Log().c_str(), uid, kTeam), 0);
  }
  std::string Log() const { return place_ + "/a-000001.log"; }
  std::optional<ReuseEntry> Find(const std::string& key, uid_t uid = kAna) {
    TrustedResults results(files_, runs_ + "/run", {{"ana", uid}});
    why_ = "none";
    return results.Find(task_, key, why_);
  }

  platform::testing::TempDir dir_;
  platform::FileSystem& files_ = platform::RealFileSystem();
  std::string runs_ = dir_.path();
  std::string place_ = runs_ + "/.cache-54321.54322";
  ir::TypeTable types_;
  ir::Task task_;
  std::string why_;
};

TEST_F(TrustedResultsTest, WhatIsSharedIsFoundByWhoTrustsItsOwner) {
  Add("k", Entry(3));
  struct stat info {};
  ASSERT_EQ(stat(place_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 02750u);
  ASSERT_EQ(stat(Log().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0640u);
  EXPECT_EQ(info.st_gid, kTeam);
  const auto found = Find("k");
  ASSERT_TRUE(found.has_value()) << why_;
  EXPECT_EQ(found->outputs.IntOr("n", 0), 3);
  EXPECT_EQ(why_, "");
  EXPECT_FALSE(Find("l").has_value());
  EXPECT_EQ(why_, "none");
  EXPECT_FALSE(Find("k", kAna + 1).has_value());
  EXPECT_EQ(why_, "none");
  EXPECT_TRUE(TrustedResults(files_, runs_ + "/run", {{"me", geteuid()}}).empty());
}

TEST_F(TrustedResultsTest, WhatOthersMayHaveWrittenIsNotRead) {
  Add("k", Entry(3));
  ASSERT_EQ(chown(Log().c_str(), kAna + 1, kTeam), 0);
  EXPECT_FALSE(Find("k").has_value());
  EXPECT_THAT(why_, HasSubstr("a-000001.log is not ana's alone"));
  Give(kAna);
  ASSERT_EQ(chmod(Log().c_str(), 0660), 0);
  EXPECT_FALSE(Find("k").has_value());
  ASSERT_EQ(chmod(Log().c_str(), 0640), 0);
  ASSERT_EQ(chmod(place_.c_str(), 02770), 0);
  EXPECT_FALSE(Find("k").has_value());
  EXPECT_THAT(why_, HasSubstr(".cache-54321.54322 is not ana's alone"));
  ASSERT_EQ(chmod(place_.c_str(), 02750), 0);
  ASSERT_EQ(chown(place_.c_str(), kAna + 1, kTeam), 0);
  EXPECT_FALSE(Find("k").has_value());
  Give(kAna);
  ASSERT_TRUE(Find("k").has_value()) << why_;
  fs::rename(Log(), runs_ + "/elsewhere");
  fs::create_symlink(runs_ + "/elsewhere", Log());
  EXPECT_FALSE(Find("k").has_value());
  fs::remove(Log());
  fs::rename(runs_ + "/elsewhere", Log());
  fs::rename(place_, runs_ + "/there");
  fs::create_directory_symlink(runs_ + "/there", place_);
  EXPECT_FALSE(Find("k").has_value());
}

TEST_F(TrustedResultsTest, AnEntryThatDoesNotFitDoesNotCount) {
  for (const char* run : {"", "..", "../x", ".cache-1", "a/b"}) {
    Add("k", Entry(3).Set("run", run));
    EXPECT_FALSE(Find("k").has_value()) << run;
    EXPECT_THAT(why_, HasSubstr("of a run of ana does not count: it names no run"));
  }
  Add("k", Entry(3).Set("v", 1));
  EXPECT_FALSE(Find("k").has_value());
  for (const Json& outputs : {Json(), Json::Array(), Json::Object(), Json::Object().Set("n", "three")}) {
    Add("k", Entry(3).Set("outputs", outputs));
    EXPECT_FALSE(Find("k").has_value()) << outputs.Dump();
  }
  Add("k", Json::Array());
  EXPECT_FALSE(Find("k").has_value());
}

TEST(Trust, IsReadAsItWasWritten) {
  EXPECT_TRUE(TrustJson({}).is_null());
  const std::vector<TrustedUser> users = TrustedUsers(TrustJson({{"ana", 7}, {"ben", 8}}));
  ASSERT_EQ(users.size(), 2u);
  EXPECT_EQ(users[1].name, "ben");
  EXPECT_EQ(users[1].uid, 8u);
  for (const char* text : {"null", "3", "[3]", R"([{"name":"x"}])", R"([{"uid":-1}])", R"([{"uid":4294967295}])"}) {
    EXPECT_TRUE(TrustedUsers(*Json::Parse(text)).empty()) << text;
  }
}

TEST(SharedCaches, AreFoundByUidAndGroup) {
  platform::testing::TempDir dir;
  for (const char* name : {".cache-7", ".cache-7.", ".cache-7.8", ".cache-7.9", ".cache-7.x", ".cache-77.8"}) {
    fs::create_directory(dir.path() + "/" + name);
  }
  const std::vector<std::string> expected = {dir.path() + "/.cache-7.8", dir.path() + "/.cache-7.9"};
  EXPECT_EQ(SharedCaches(dir.path() + "/run", 7), expected);
}

// `hwf gc` removes files in them.
TEST(OwnCaches, AreDirectoriesOfOnesOwn) {
  platform::testing::TempDir dir;
  const std::string run = dir.path() + "/run", own = CacheDirectory(run), shared = CacheDirectory(run, 8);
  EXPECT_EQ(shared, own + ".8");
  fs::create_directory(dir.path() + "/docs");
  fs::create_directory_symlink(dir.path() + "/docs", own);
  fs::create_directory_symlink(dir.path() + "/docs", own + ".9");
  fs::create_directory(shared);
  EXPECT_EQ(OwnCaches(run), std::vector<std::string>{shared});
  fs::remove(own);
  fs::create_directory(own);
  EXPECT_EQ(OwnCaches(run), (std::vector<std::string>{own, shared}));
  EXPECT_EQ(OwnCaches(dir.path() + "/elsewhere/run", run), (std::vector<std::string>{own, shared}));
}

}  // namespace
}  // namespace hwf::engine
