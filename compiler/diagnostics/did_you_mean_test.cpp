#include "compiler/diagnostics/did_you_mean.h"

#include <gtest/gtest.h>

namespace hwf::diagnostics {
namespace {

const llvm::StringRef kWords[] = {"task", "workflow", "record", "rate"};

TEST(DidYouMean, FindsSlips) {
  EXPECT_EQ(Nearest("tsak", kWords), "task");
  EXPECT_EQ(Nearest("worklow", kWords), "workflow");
  EXPECT_EQ(Nearest("rat", kWords), "rate");
  EXPECT_EQ(Nearest("recrod", kWords), "record");
}

TEST(DidYouMean, GivesNothingForWhatIsFar) {
  EXPECT_EQ(Nearest("banana", kWords), "");
  EXPECT_EQ(Nearest("x", kWords), "");
  EXPECT_EQ(Nearest("task", {}), "");
  EXPECT_EQ(Nearest(std::string(100000, 'a'), kWords), "");
}

}  // namespace
}  // namespace hwf::diagnostics
