#include "runtime/platform/rename.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

#include "runtime/platform/testing/temp_dir.h"

namespace hwf::platform {
namespace {

// What a rename that was done and reported as failed looks like is shown by the suites that run on hwf_lazy.
TEST(Rename, FailsWhereItWasNotDone) {
  const testing::TempDir top;
  const std::string a = top.path() + "/a", b = top.path() + "/b";
  EXPECT_EQ(RenameAndLook(a, b), ENOENT);
  std::ofstream(a) << "a";
  std::filesystem::create_directory(b);
  std::ofstream(b + "/in") << "b";
  EXPECT_EQ(RenameAndLook(a, b), EISDIR);
  EXPECT_EQ(RenameAndLook(a, top.path() + "/none/c"), ENOENT);
  EXPECT_EQ(RenameAndLook(a, top.path() + "/c"), 0);
  EXPECT_FALSE(std::filesystem::exists(a));
}

}  // namespace
}  // namespace hwf::platform
