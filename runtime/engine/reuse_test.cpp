// The cache of results: what is found again, by whom, and what is not believed.
#include "runtime/engine/reuse.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <functional>

#include "runtime/platform/testing/temp_dir.h"

namespace hwf::engine {
namespace {

class ReuseTest : public testing::Test {
 protected:
  Reuse Engine(const std::string& name) { return Reuse(files_, folder_, name); }
  static ReuseEntry Result(const std::string& place, int value) {
    Json outputs;
    outputs.Set("n", value);
    return {"run", place, outputs};
  }
  std::vector<std::string> Names() { return files_.List(folder_).value(); }

  platform::testing::TempDir dir_;
  std::string folder_ = dir_.path() + "/cache";
  platform::FileSystem& files_ = platform::RealFileSystem();
};

TEST_F(ReuseTest, ALaterEngineFindsWhatManyTasksLeftInOneFile) {
  {
    Reuse one = Engine("a-000001");
    EXPECT_FALSE(one.Find("sha256:0").has_value());
    for (int i = 0; i < 1000; ++i) {
      ASSERT_TRUE(one.Store(fmt::format("sha256:{}", i), Result(fmt::format("p{}", i), i)).ok());
    }
    EXPECT_EQ(one.Find("sha256:999")->outputs.IntOr("n", -1), 999);
  }
  EXPECT_EQ(Names().size(), 1u);
  Reuse two = Engine("b-000001");
  for (int i = 0; i < 1000; ++i) {
    const std::optional<ReuseEntry> found = two.Find(fmt::format("sha256:{}", i));
    ASSERT_TRUE(found.has_value()) << i;
    EXPECT_EQ(found->place, fmt::format("p{}", i));
    EXPECT_EQ(found->outputs.IntOr("n", -1), i);
  }
  EXPECT_FALSE(two.Find("sha256:1000").has_value());
}

TEST_F(ReuseTest, TheNewestOfEqualKeysCounts) {
  ASSERT_TRUE(Engine("a-000001").Store("k", Result("old", 1)).ok());
  ASSERT_TRUE(Engine("b-000001").Store("k", Result("new", 2)).ok());
  Reuse later = Engine("c-000001");
  EXPECT_EQ(later.Find("k")->place, "new");
  ASSERT_TRUE(later.Store("k", Result("newest", 3)).ok());
  EXPECT_EQ(later.Find("k")->place, "newest");
}

TEST_F(ReuseTest, TheCacheOfTheRunItBeganFromCountsSecond) {
  const std::string other = dir_.path() + "/other";
  ASSERT_TRUE(Reuse(files_, other, "a-000001").Store("k", Result("there", 1)).ok());
  ASSERT_TRUE(Reuse(files_, other, "a-000001").Store("l", Result("there", 1)).ok());
  Reuse reuse(files_, folder_, "b-000001", {folder_, other, other});
  EXPECT_EQ(reuse.Find("k")->place, "there");
  ASSERT_TRUE(reuse.Store("k", Result("here", 2)).ok());
  EXPECT_EQ(reuse.Find("k")->place, "here");
  EXPECT_EQ(reuse.Find("l")->place, "there");
  std::filesystem::remove_all(other);
  EXPECT_FALSE(reuse.Find("l").has_value());
  EXPECT_EQ(Names().size(), 1u);
}

TEST_F(ReuseTest, AResumedEngineKnowsItsOwnLog) {
  ASSERT_TRUE(Engine("a-000001").Store("k", Result("p", 1)).ok());
  Reuse again = Engine("a-000001");
  EXPECT_TRUE(again.Find("k").has_value());
  ASSERT_TRUE(again.Store("l", Result("q", 2)).ok());
  EXPECT_TRUE(again.Find("k").has_value());
  EXPECT_EQ(again.Find("l")->place, "q");
}

TEST_F(ReuseTest, WhoseFilesHaveChangedIsNotBelieved) {
  const std::string path = dir_.path() + "/model";
  ASSERT_TRUE(files_.WriteAtomically(path, "weights", 0600, false).ok());
  ReuseEntry entry = Result("p", 1);
  Json file;
  file.Set("path", path).Set("digest", "sha256:0").Set("size", 7);
  entry.outputs.Set("model", file);
  ASSERT_TRUE(Reuse::HasFiles(entry.outputs));
  Reuse one = Engine("a-000001");
  ASSERT_TRUE(one.Store("k", entry).ok());
  EXPECT_TRUE(one.Find("k").has_value());
  ASSERT_TRUE(files_.WriteAtomically(path, "others!!", 0600, false).ok());
  EXPECT_FALSE(one.Find("k").has_value());
  EXPECT_FALSE(Engine("b-000001").Find("k").has_value());
}

TEST_F(ReuseTest, WhoseDirectoriesHaveChangedIsNotBelieved) {
  const std::string path = dir_.path() + "/d", file = path + "/sub/f";
  ReuseEntry entry = Result("p", 1);
  entry.outputs.Set("d", Json::Object().Set("path", path).Set("digest", "b2:0").Set("size", 5));
  const std::function<void()> changes[] = {
      [&] { ASSERT_TRUE(files_.WriteAtomically(file, "other", 0600, false).ok()); },
      [&] { std::ofstream(file, std::ios::app) << "more"; },
      [&] { ASSERT_TRUE(files_.Unlink(file).ok()); },
      [&] { std::ofstream(path + "/sub/g") << "new"; },
      [&] { std::filesystem::create_symlink("f", path + "/sub/l"); },
      [&] { std::filesystem::remove_all(path + "/sub"); },
      [&] { std::filesystem::remove_all(path); }};
  Reuse one = Engine("a-000001");
  for (const auto& change : changes) {
    std::filesystem::create_directories(path + "/sub");
    ASSERT_TRUE(files_.WriteAtomically(file, "bytes", 0600, false).ok());
    ASSERT_TRUE(one.Store("k", entry).ok());
    EXPECT_TRUE(one.Find("k").has_value());
    change();
    EXPECT_FALSE(one.Find("k").has_value());
  }
}

TEST_F(ReuseTest, ALogThatOthersCanWriteIsNotRead) {
  ASSERT_TRUE(Engine("a-000001").Store("k", Result("p", 1)).ok());
  Reuse before = Engine("b-000001");
  EXPECT_TRUE(before.Find("k").has_value());
  ASSERT_EQ(chmod((folder_ + "/a-000001.log").c_str(), 0620), 0);
  EXPECT_FALSE(before.Find("k").has_value());
  EXPECT_FALSE(Engine("c-000001").Find("k").has_value());
}

TEST_F(ReuseTest, ATornOrDamagedLogGivesWhatIsWhole) {
  ASSERT_TRUE(Engine("a-000001").Store("k", Result("p", 1)).ok());
  const std::string path = folder_ + "/a-000001.log";
  std::string bytes = files_.Read(path, 1 << 20).value();
  ASSERT_TRUE(files_.WriteAtomically(path, bytes + bytes.substr(16, 20), 0600, false).ok());
  EXPECT_TRUE(Engine("b-000001").Find("k").has_value());
  bytes[bytes.size() - 3] ^= 1;
  ASSERT_TRUE(files_.WriteAtomically(path, bytes, 0600, false).ok());
  EXPECT_FALSE(Engine("c-000001").Find("k").has_value());
  ASSERT_TRUE(files_.WriteAtomically(path, "no log at all", 0600, false).ok());
  EXPECT_FALSE(Engine("d-000001").Find("k").has_value());
}

TEST_F(ReuseTest, FilesThatWereDistantAndAreNotNowDoNotCount) {
  Json here, there, outputs;
  here.Set("path", "/a").Set("digest", "b2:0").Set("size", 7);
  there.Set("path", "/b").Set("digest", "b2:1").Set("size", 7).Set("site", "far");
  outputs.Set("a", here).Set("b", there);
  ir::Module module;
  EXPECT_FALSE(Reuse::FilesElsewhere(module, outputs).has_value()) << "no such site";
  module.sites.push_back({"far", "ssh", Json::Object()});
  const auto files = Reuse::FilesElsewhere(module, outputs);
  ASSERT_TRUE(files.has_value());
  ASSERT_EQ(files->size(), 1u);
  EXPECT_EQ(files->front()->StringOr("path", ""), "/b");
  module.sites.front().kind = "local";
  EXPECT_FALSE(Reuse::FilesElsewhere(module, outputs).has_value());
}

}  // namespace
}  // namespace hwf::engine
