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

TEST(ReviewText, ShowsWhereTheFrozenFilesAreAndWhatWasVotedFor) {
  ir::TypeTable types;
  scheduler::ReviewView review = Release();
  scheduler::FormFieldView rate;
  rate.name = "rate";
  rate.type = types.Simple(ir::TypeKind::kFloat);
  review.choices = {{"retune", {rate}, ""}, {"halt", {}, ""}};
  const auto file = [](const char* path) { return Json().Set("path", path).Set("digest", "b2:00"); };
  review.show = {{"m", Json().Set("model", file("/tasks/m.bin"))}, {"loss", Json(0.5)}};
  review.evidence = Json::Array();
  review.evidence.Add(Json().Set("label", "m").Set("value", Json().Set("model", file("/evidence/m.bin"))));
  review.evidence.Add(Json().Set("label", "loss").Set("value", Json(0.5)));
  state::Vote vote;
  vote.variant = "retune";
  vote.fields = Json().Set("rate", 0.05);
  vote.person.name = "ana";
  vote.person.proof = "uid";
  vote.person.level = 2;
  review.votes = {vote};
  const std::string text = ReviewText(review, "20260504", Style(false), 0);
  EXPECT_NE(text.find("      /evidence/m.bin\n"), std::string::npos) << text;
  EXPECT_EQ(text.find("/tasks/"), text.rfind("/tasks/")) << text;
  EXPECT_NE(text.find("vote: retune(rate: 0.05) by ana (uid)\n"), std::string::npos) << text;
}

}  // namespace
}  // namespace hwf::report
