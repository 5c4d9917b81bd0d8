#include "runtime/runner/store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "runtime/platform/testing/temp_dir.h"
#include "runtime/runner/keep.h"

namespace hwf::runner {
namespace {

namespace fs = std::filesystem;

class StoreTest : public testing::Test {
 protected:
  StoreTest() { std::ofstream(path_) << "content"; }
  int Do(const std::string& verb, const std::string& directory, const std::string& name) const {
    return Store({"--marker", "m", verb, directory, digest_, name});
  }

  platform::testing::TempDir temp_;
  const std::string path_ = temp_.path() + "/a file";
  const std::string digest_ = platform::Digest("content");
};

TEST_F(StoreTest, WhatIsLaidHereIsKeptThere) {
  const std::string laid = temp_.path() + "/.out-1", there = temp_.path() + "/there";
  ASSERT_EQ(Do("look", there, "a file"), 0);
  ASSERT_EQ(Do("lay", laid, path_), 0);
  fs::copy(laid, there, fs::copy_options::recursive | fs::copy_options::update_existing);
  ASSERT_EQ(Do("keep", there, "a file"), 0);
  EXPECT_TRUE(fs::is_regular_file(there + "/" + PlaceInStore(digest_, "a file")));
  EXPECT_FALSE(fs::exists(there + "/" + ArrivalInStore(digest_, "a file")));
}

// A copy whose link was cut ends late, with a part of the file: before, while or after the other's is looked at.
TEST_F(StoreTest, WhatComesLateDoesNotReplaceWhatWasChecked) {
  for (int i = 0; i < 200; ++i) {
    const std::string from = fmt::format("{}/{}/in", temp_.path(), i),
                      to = fmt::format("{}/{}/kept/tree", temp_.path(), i);
    fs::create_directories(from + "/tree");
    for (const int part : {0, 1, 2, 3}) std::ofstream(fmt::format("{}/tree/{}", from, part)) << std::string(9000, 'x');
    std::ofstream(from + "/part") << "a part";
    const auto digest = platform::DigestDirectory(from + "/tree");
    ASSERT_TRUE(digest.ok());
    const int in_it = open((from + "/tree").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    std::thread late([&, i] {
      std::this_thread::sleep_for(std::chrono::microseconds(10 * i));
      renameat(AT_FDCWD, (from + "/part").c_str(), in_it, "3");
    });
    const auto word = PutInPlace({{digest->digest, from + "/tree", to}}, temp_.path()).front();
    late.join();
    close(in_it);
    ASSERT_TRUE(word.ok()) << word.error().message();
    if (*word != "ok") continue;  // it came before
    EXPECT_EQ(platform::DigestDirectory(to)->digest, digest->digest) << i;
    EXPECT_EQ(std::distance(fs::directory_iterator(fs::path(to).parent_path()), fs::directory_iterator()), 1);
  }
}

TEST_F(StoreTest, LayingRemovesWhatWasForgotten) {
  const std::string forgotten = temp_.path() + "/.out-1", recent = temp_.path() + "/.out-2";
  for (const std::string& directory : {forgotten, recent, temp_.path() + "/.in-3"}) fs::create_directory(directory);
  for (const std::string& directory : {forgotten, temp_.path() + "/.in-3"}) {
    fs::last_write_time(directory, fs::file_time_type::clock::now() - std::chrono::hours(25));
  }
  ASSERT_EQ(Do("lay", temp_.path() + "/.out-4", path_), 0);
  EXPECT_FALSE(fs::exists(forgotten));
  EXPECT_TRUE(fs::exists(recent));
  EXPECT_TRUE(fs::exists(temp_.path() + "/.in-3")) << "it is not one of them";
  EXPECT_TRUE(fs::exists(temp_.path() + "/.out-4"));
}

TEST_F(StoreTest, SaysHowLargeAndOldThingsAre) {
  testing::internal::CaptureStdout();
  EXPECT_EQ(Store({"--marker", "m", "times", "/", "file", path_, "dir", temp_.path() + "/not\nthere"}), 0);
  const std::string out = testing::internal::GetCapturedStdout();
  EXPECT_NE(out.find(fmt::format("m 0 is {} 7\n", platform::DigestTimes(path_, false)->digest)), std::string::npos);
  EXPECT_NE(out.find("not there: No such file"), std::string::npos) << out;
}

TEST_F(StoreTest, WhatIsNoDigestIsRefused) {
  EXPECT_EQ(Store({"--marker", "m", "look", temp_.path(), "b2:../..", "x"}), 2);
  EXPECT_EQ(Store({"--marker", "m", "look", temp_.path(), "dir", "x"}), 2);
  EXPECT_EQ(Store({"--marker", "m", "times", temp_.path(), digest_, "x"}), 2);
}

}  // namespace
}  // namespace hwf::runner
