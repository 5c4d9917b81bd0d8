#include "runtime/engine/uses_bundle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "runtime/platform/testing/temp_dir.h"

namespace hwf::engine {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class UsesBundle : public testing::Test {
 protected:
  std::string Write(const std::string& name, const std::string& text) {
    const std::string path = temp_.path() + "/" + name;
    fs::create_directories(fs::path(path).parent_path());
    std::ofstream(path) << text;
    return path;
  }
  static std::string Read(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::string Store() const { return temp_.path() + "/uses"; }

  platform::testing::TempDir temp_;
};

TEST_F(UsesBundle, HoldsFilesAndDirectoriesBesideEachOther) {
  const std::string script = Write("scripts/run.sh", "#!/bin/sh\n");
  ASSERT_EQ(chmod(script.c_str(), 0750), 0);
  const std::string part = Write("lib/deep/part.py", "x = 1\n");
  const std::string lib = temp_.path() + "/lib/";
  const auto bundle = UsesBundles(Store()).Of({script, lib});
  ASSERT_TRUE(bundle.ok()) << bundle.error().message();
  const std::string path = (*bundle)["path"].AsString();
  EXPECT_TRUE(path.ends_with("/uses"));
  EXPECT_EQ(Read(InBundle(path, script)), "#!/bin/sh\n");
  EXPECT_EQ(Read(InBundle(path, lib) + "/deep/part.py"), "x = 1\n");
  EXPECT_NE(fs::status(InBundle(path, script)).permissions() & fs::perms::owner_exec, fs::perms::none);
}

// What they lead to may be large, or not there.
TEST_F(UsesBundle, LinksInsideOfADirectoryStayLinks) {
  Write("real/part.py", "x = 1\n");
  fs::create_symlink("/nowhere/at/all", temp_.path() + "/real/data");
  fs::create_symlink(".", temp_.path() + "/real/self");
  fs::create_symlink("real", temp_.path() + "/lib");
  const auto bundle = UsesBundles(Store()).Of({temp_.path() + "/lib"});
  ASSERT_TRUE(bundle.ok()) << bundle.error().message();
  const std::string lib = InBundle((*bundle)["path"].AsString(), temp_.path() + "/lib");
  EXPECT_FALSE(fs::is_symlink(lib)) << "that one is what was asked for";
  EXPECT_EQ(fs::read_symlink(lib + "/data"), "/nowhere/at/all");
  EXPECT_EQ(fs::read_symlink(lib + "/self"), ".");
  EXPECT_EQ(Read(lib + "/self/part.py"), "x = 1\n");
}

TEST_F(UsesBundle, IsMadeOncePerContentAndAnewWhenTorn) {
  const std::string script = Write("run.sh", "one\n");
  const auto first = UsesBundles(Store()).Of({script});
  ASSERT_TRUE(first.ok());
  const std::string copy = InBundle((*first)["path"].AsString(), script);
  std::ofstream(copy, std::ios::trunc) << "o";
  const auto again = UsesBundles(Store()).Of({script});
  ASSERT_TRUE(again.ok());
  EXPECT_EQ((*again)["path"].AsString(), (*first)["path"].AsString());
  EXPECT_EQ(Read(copy), "one\n");
  Write("run.sh", "two\n");
  const auto second = UsesBundles(Store()).Of({script});
  ASSERT_TRUE(second.ok());
  EXPECT_NE((*second)["path"].AsString(), (*first)["path"].AsString());
  EXPECT_EQ(Read(copy), "one\n");
  // Nothing is left beside them.
  EXPECT_EQ(std::distance(fs::directory_iterator(Store()), fs::directory_iterator()), 2);
}

TEST_F(UsesBundle, WhatIsUntouchedIsNotReadAgain) {
  const std::string script = Write("run.sh", "one\n");
  Write("lib/part.py", "x = 1\n");
  const std::string lib = temp_.path() + "/lib";
  UsesBundles bundles(Store());
  const auto first = bundles.Of({script, lib});
  ASSERT_TRUE(first.ok());
  const std::string copy = InBundle((*first)["path"].AsString(), script);
  std::ofstream(copy, std::ios::trunc) << "o";
  ASSERT_TRUE(bundles.Of({script, lib}).ok());
  EXPECT_EQ(Read(copy), "o") << "it was made again";
  Write("lib/part.py", "x = 2\n");
  const auto second = bundles.Of({script, lib});
  ASSERT_TRUE(second.ok());
  EXPECT_NE((*second)["path"].AsString(), (*first)["path"].AsString());
  EXPECT_EQ(Read(InBundle((*second)["path"].AsString(), lib) + "/part.py"), "x = 2\n");
}

TEST_F(UsesBundle, WhatADeathLeftGoes) {
  Write("uses/.torn/uses/run.sh", "tor");
  const std::string script = Write("run.sh", "one\n");
  ASSERT_TRUE(UsesBundles(Store()).Of({script}).ok());
  EXPECT_FALSE(fs::exists(Store() + "/.torn"));
}

TEST_F(UsesBundle, SaysWhatIsNotThere) {
  const auto bundle = UsesBundles(Store()).Of({temp_.path() + "/none.py"});
  ASSERT_FALSE(bundle.ok());
  EXPECT_THAT(bundle.error().message(), HasSubstr("none.py"));
  EXPECT_EQ(std::distance(fs::directory_iterator(Store()), fs::directory_iterator()), 0);
}

}  // namespace
}  // namespace hwf::engine
