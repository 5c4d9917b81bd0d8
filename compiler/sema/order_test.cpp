#include "compiler/sema/order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hwf::sema {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(OrderTest, PutsWhatIsNeededFirst) {
  const Order order = OrderOf({{1}, {2}, {}});
  EXPECT_THAT(order.nodes, ElementsAre(2, 1, 0));
  EXPECT_THAT(order.cycles, IsEmpty());
}

TEST(OrderTest, NamesAWholeCycleOnce) {
  const Order order = OrderOf({{1}, {2, 3}, {0}, {}});
  ASSERT_EQ(order.cycles.size(), 1u);
  EXPECT_THAT(order.cycles[0], ElementsAre(0, 1, 2));
  EXPECT_EQ(order.nodes.size(), 4u);
}

TEST(OrderTest, ANodeThatNeedsItselfIsACycle) { EXPECT_THAT(OrderOf({{0}}).cycles, ElementsAre(ElementsAre(0))); }

TEST(OrderTest, TwoCyclesAreTwo) {
  EXPECT_THAT(OrderOf({{1}, {0}, {3}, {2, 0}}).cycles, ElementsAre(ElementsAre(0, 1), ElementsAre(2, 3)));
}

TEST(OrderTest, ALongChainNeedsNoStack) {
  Needs needs(1'000'000);
  for (uint32_t node = 0; node + 1 < needs.size(); ++node) needs[node].push_back(node + 1);
  const Order order = OrderOf(needs);
  EXPECT_EQ(order.nodes.front(), needs.size() - 1);
  EXPECT_EQ(order.nodes.back(), 0u);
}

}  // namespace
}  // namespace hwf::sema
