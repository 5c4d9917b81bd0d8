#include "runtime/platform/base64.h"

#include <gtest/gtest.h>

namespace hwf::platform {
namespace {

// The examples of RFC 4648, section 10, and bytes that are no text.
TEST(Base64, IsThatOfTheStandard) {
  EXPECT_EQ(Base64(""), "");
  EXPECT_EQ(Base64("f"), "Zg==");
  EXPECT_EQ(Base64("fo"), "Zm8=");
  EXPECT_EQ(Base64("foo"), "Zm9v");
  EXPECT_EQ(Base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(Base64(std::string("\0\xff\0", 3)), "AP8A");
}

}  // namespace
}  // namespace hwf::platform
