#include "runtime/report/review_text.h"

#include <gtest/gtest.h>

namespace hwf::report {
namespace {

scheduler::ReviewView Release() {
  scheduler::ReviewView review;
  review.id = "verdict.1";
  review.place = "verdict";
  review.question = "Release?";
  review.status = scheduler::ReviewStatus::kOpen;
  return review;
}

TEST(ReviewText, WhatIsCopiedFromAHintDecidesNothing) {
  ir::TypeTable types;
  scheduler::ReviewView review = Release();
  scheduler::FormFieldView why;
  why.name = "why";
  why.type = types.Simple(ir::TypeKind::kString);
  review.choices = {{"accept", {}, ""}, {"redo", {why}, ""}, {"halt", {}, ""}};
  EXPECT_EQ(AnswerHint(review, "20260504", "  "),
            "  hwf review answer 20260504 verdict.1\n"
            "    # accept, redo --why STRING, halt\n");
  scheduler::TaskView task;
  task.place = "publish";
  EXPECT_EQ(DoubtHint(task, "20260504", ""), "hwf doubt 20260504 publish\n  # happened, did-not\n");
}

}  // namespace
}  // namespace hwf::report
