#include "runtime/platform/testing/lazy_clients.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hwf::platform::testing {
namespace {

using std::chrono::milliseconds;

TEST(LazyClients, WhatAClientHasSeenHoldsForAWhileAndForItAlone) {
  LazyClients clients(milliseconds(100));
  const LazyClients::Time start;
  clients.SawListing(1, 7, {"a"}, start);
  clients.SawAbsent(1, 7, "b", start);
  EXPECT_THAT(*clients.Listing(1, 7, start + milliseconds(99)), ::testing::ElementsAre("a"));
  EXPECT_TRUE(clients.BelievesAbsent(1, 7, "b", start + milliseconds(99)));
  EXPECT_FALSE(clients.Listing(1, 7, start + milliseconds(100)).has_value());
  EXPECT_FALSE(clients.BelievesAbsent(1, 7, "b", start + milliseconds(100)));
  EXPECT_FALSE(clients.Listing(2, 7, start).has_value());
  EXPECT_FALSE(clients.BelievesAbsent(1, 8, "b", start));
}

TEST(LazyClients, AClientLooksAgainWhereItChangedSomething) {
  LazyClients clients(milliseconds(100));
  const LazyClients::Time start;
  clients.SawListing(1, 7, {"a"}, start);
  clients.SawAbsent(1, 7, "b", start);
  clients.Changed(2, 7);
  EXPECT_TRUE(clients.Listing(1, 7, start).has_value());
  clients.Changed(1, 7);
  EXPECT_FALSE(clients.Listing(1, 7, start).has_value());
  EXPECT_FALSE(clients.BelievesAbsent(1, 7, "b", start));
}

}  // namespace
}  // namespace hwf::platform::testing
