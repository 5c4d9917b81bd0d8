#include "ir/seats.h"

#include <gtest/gtest.h>

#include <string>

namespace hwf::ir {
namespace {

SeatRule Leaf(size_t leaf, int quorum = 1) { return {SeatRule::Kind::kLeaf, leaf, quorum, {}}; }
SeatRule And(std::vector<SeatRule> parts) { return {SeatRule::Kind::kAnd, 0, 1, std::move(parts)}; }
SeatRule Or(std::vector<SeatRule> parts) { return {SeatRule::Kind::kOr, 0, 1, std::move(parts)}; }

// Each leaf's members as letters; the people are a, b, c, …
bool Fills(const SeatRule& rule, size_t people, const std::vector<std::string>& members) {
  return CanBeFilled(rule, people, [&](size_t leaf, size_t person) {
    return members[leaf].find(static_cast<char>('a' + person)) != std::string::npos;
  });
}

TEST(Seats, AQuorumNeedsAsManyPeople) {
  EXPECT_TRUE(Fills(Leaf(0, 2), 2, {"ab"}));
  EXPECT_FALSE(Fills(Leaf(0, 3), 2, {"ab"}));
  EXPECT_FALSE(Fills(Leaf(0), 0, {"ab"}));
  EXPECT_FALSE(Fills(Leaf(0, 2000000000), 2, {"ab"}));
}

TEST(Seats, EveryoneTakesOneSeat) {
  EXPECT_FALSE(Fills(And({Leaf(0, 2), Leaf(1)}), 2, {"ab", "b"}));
  EXPECT_TRUE(Fills(And({Leaf(0, 2), Leaf(1)}), 3, {"ab", "bc"}));
  EXPECT_FALSE(Fills(And({Leaf(0), Leaf(1)}), 2, {"a", "a"}));
}

// c is the only one for the last leaf: those who sat down first have to move.
TEST(Seats, PeopleMoveToOtherSeats) {
  EXPECT_TRUE(Fills(And({Leaf(0), Leaf(1), Leaf(2)}), 3, {"abc", "ac", "a"}));
  EXPECT_FALSE(Fills(And({Leaf(0), Leaf(1), Leaf(2)}), 3, {"ac", "ac", "a"}));
}

TEST(Seats, OneAlternativeIsEnough) {
  EXPECT_TRUE(Fills(Or({And({Leaf(0), Leaf(1)}), Leaf(2)}), 1, {"a", "a", "a"}));
  EXPECT_FALSE(Fills(Or({And({Leaf(0), Leaf(1)}), Leaf(2)}), 1, {"a", "a", "b"}));
  EXPECT_FALSE(Fills(And({}), 1, {}));
  EXPECT_FALSE(Fills(Or({}), 1, {}));
}

TEST(Seats, MoreAlternativesThanAnyWrittenRuleHas) {
  const SeatRule either = Or({Leaf(0), Leaf(0)});
  EXPECT_FALSE(Fills(And(std::vector<SeatRule>(20, either)), 26, {"abcdefghijklmnopqrstuvwxyz"}));
}

}  // namespace
}  // namespace hwf::ir
