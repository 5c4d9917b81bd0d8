#include "ir/test.h"

#include <gtest/gtest.h>

namespace hwf::ir {
namespace {

TEST(TestPlaces, NumbersMayBeLeftOut) {
  EXPECT_TRUE(MatchesPlace("verdict", "verdict"));
  EXPECT_TRUE(MatchesPlace("each.2.call", "each.2.call"));
  EXPECT_TRUE(MatchesPlace("each.call", "each.2.call"));
  EXPECT_TRUE(MatchesPlace("for.2.call", "for.2.3.call"));
  EXPECT_FALSE(MatchesPlace("each.2.call", "each.3.call"));
  EXPECT_FALSE(MatchesPlace("each", "each.2.call"));
  EXPECT_FALSE(MatchesPlace("call", "each.2.call.again"));
}

TEST(TestPlaces, TheNameOfTheRunMayBeLeftOut) {
  EXPECT_TRUE(MatchesPlace("verdict", "r.verdict"));
  EXPECT_TRUE(MatchesPlace("r.verdict", "r.verdict"));
  EXPECT_FALSE(MatchesPlace("s.verdict", "r.verdict"));
  EXPECT_FALSE(MatchesPlace("verdict", "r.sub.verdict"));
}

TEST(TestPlaces, AStarIsAnyNumber) {
  EXPECT_TRUE(MatchesPlace("watch.30.call", "r.watch.*.call"));
  EXPECT_TRUE(MatchesPlace("watch.call", "r.watch.*.call"));
  EXPECT_FALSE(MatchesPlace("watch.x.call", "r.watch.*.call"));
}

}  // namespace
}  // namespace hwf::ir
