#include "runtime/runner/rank_box.h"

#include <gtest/gtest.h>

#include <limits>

namespace hwf::runner {
namespace {

TEST(RankBoxesTest, WhatIsToRunArrivesAsItWasSent) {
  RankBoxes boxes;
  boxes.engine = container::EngineKind::kCharliecloud;
  boxes.directory = "/run/box\xff";
  boxes.image.env = {"A=1", "B=\xfe"};
  boxes.start.place = "each.0.p";
  boxes.start.directory = "/run/tasks/each.0.p/1";
  boxes.start.argv = {"python3", "fit.py"};
  boxes.start.env = {{"NAME", "va\nlue"}};
  boxes.start.messages.push_back(Json()
                                     .Set("number", 1)
                                     .Set("message", "rate")
                                     .Set("fields", Json().Set("loss", std::numeric_limits<double>::quiet_NaN())));
  const auto read = DecodeRankBoxes(Encode(boxes));
  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_EQ(read->engine, boxes.engine);
  EXPECT_EQ(read->directory, boxes.directory);
  EXPECT_EQ(read->image.env, boxes.image.env);
  EXPECT_EQ(read->start.argv, boxes.start.argv);
  EXPECT_EQ(read->start.env, boxes.start.env);
  EXPECT_FALSE(DecodeRankBoxes("{}").ok());
}

}  // namespace
}  // namespace hwf::runner
