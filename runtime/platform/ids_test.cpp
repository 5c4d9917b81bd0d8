#include "runtime/platform/ids.h"

#include <gtest/gtest.h>

#include <set>

namespace hwf::platform {
namespace {

TEST(IdsTest, TimeComesFirstSoThatIdsSort) {
  EXPECT_EQ(NewId(0).substr(0, 10), "0000000000");
  EXPECT_EQ(NewId(1).substr(0, 10), "0000000001");
  EXPECT_EQ(NewId(32).substr(0, 10), "0000000010");
  EXPECT_LT(NewId(1'700'000'000'000), NewId(1'700'000'000'001));
}

TEST(IdsTest, ManyOfOneMillisecondDiffer) {
  std::set<std::string> ids;
  for (int i = 0; i < 1000; ++i) ids.insert(NewId(5));
  EXPECT_EQ(ids.size(), 1000u);
}

TEST(IdsTest, OnlyIdsAreIds) {
  EXPECT_TRUE(IsId(NewId()));
  EXPECT_FALSE(IsId(""));
  EXPECT_FALSE(IsId("../../../../../etc/passwd.."));
  EXPECT_FALSE(IsId("0123456789ABCDEFGHJKMNPQRU"));  // U is not of the alphabet
  EXPECT_FALSE(IsId("0123456789abcdefghjkmnpqrs"));
}

}  // namespace
}  // namespace hwf::platform
