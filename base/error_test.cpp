#include "base/error.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace hwf {
namespace {

ErrorOr<int> Half(int n) {
  if (n % 2 != 0) return MakeError("{} is odd", n);
  return n / 2;
}

ErrorOr<int> Quarter(int n) {
  HWF_ASSIGN(int half, Half(n));
  return Half(half);
}

TEST(ErrorOrTest, AssignPassesValuesAndErrors) {
  EXPECT_EQ(*Quarter(8), 2);
  ASSERT_FALSE(Quarter(6).ok());
  EXPECT_EQ(Quarter(6).error().message(), "3 is odd");
}

TEST(ErrorTest, ContextKeepsTheCode) {
  Error error = ErrnoError(ENOSPC, "write journal").WithContext("run r1");
  EXPECT_EQ(error.code(), ENOSPC);
  EXPECT_EQ(error.message(), "run r1: write journal: No space left on device");
}

}  // namespace
}  // namespace hwf
