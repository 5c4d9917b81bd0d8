// Which review takes over an answer: one that is equal in all that a person decides by, and no other.
#include "runtime/engine/carried_answers.h"

#include <gtest/gtest.h>

#include <functional>

namespace hwf::engine {
namespace {

using scheduler::ReviewStatus;
using scheduler::ReviewView;

class CarriedAnswersTest : public testing::Test {
 protected:
  CarriedAnswersTest() {
    module_.groups.push_back({"board", {"ana", "ben"}});
    speed_ = module_.types->NewEnum("Speed");
    module_.types->MutableEnum(speed_).variants = {{"slow", {}}, {"fast", {}}};
  }

  static Json File(const std::string& path, const std::string& digest) {
    return Json().Set("path", path).Set("digest", digest).Set("size", 3);
  }
  static Json Shown(const std::string& label, const Json& value) {
    return Json::Array().Add(Json().Set("label", label).Set("value", value));
  }

  // `retune(rate: Float in 0.0..1.0, speed: Speed) | approve grants model`, of the board, about a file.
  ReviewView Open(const std::string& id = "call") const {
    ReviewView review;
    review.id = review.place = id;
    review.question = "Go on?";
    review.status = ReviewStatus::kOpen;
    scheduler::FormFieldView rate;
    rate.name = "rate";
    rate.type = module_.types->Simple(ir::TypeKind::kFloat);
    rate.low = 0.0;
    rate.high = 1.0;
    scheduler::FormFieldView speed;
    speed.name = "speed";
    speed.type = speed_;
    review.choices = {{"retune", {rate, speed}, ""}, {"approve", {}, "model"}};
    review.rule.kind = ir::ByRule::Kind::kWho;
    review.rule.who = "board";
    review.evidence = Shown("model", File("/new/evidence/aa/m.bin", "b2:aa"));
    return review;
  }
  ReviewView Answered(const std::string& id = "call", const std::string& variant = "retune") const {
    ReviewView review = Open(id);
    review.evidence = Shown("model", File("/old/evidence/aa/m.bin", "b2:aa"));
    review.status = ReviewStatus::kAnswered;
    state::Vote other, vote;
    other.person.name = "ben";
    other.variant = vote.variant = variant;
    vote.person.name = "ana";
    vote.person.level = 2;
    vote.fields = Json::Object();
    if (variant == "retune") {
      vote.fields.Set("rate", 0.5).Set("speed", Json().Set("variant", "fast").Set("fields", Json::Object()));
    }
    other.fields = vote.fields;
    review.votes = {other, vote};
    review.answer = variant;
    review.closed_by = "ana";
    return review;
  }
  // As the new run reads it.
  CarriedAnswers From(const std::vector<ReviewView>& reviews, bool approvals = false) const {
    CarriedAnswers read;
    EXPECT_TRUE(read.Read(CarriedAnswers::Of(reviews, module_, "r0", approvals).Text()).ok());
    return read;
  }
  bool Carries(const CarriedAnswers& answers, const ReviewView& review) const {
    return answers.Find(review, module_).has_value();
  }

  ir::Module module_;
  ir::TypeRef speed_ = nullptr;
};

TEST_F(CarriedAnswersTest, AnEqualReviewTakesTheDecidingVote) {
  const auto carried = From({Answered()}).Find(Open(), module_);
  ASSERT_TRUE(carried.has_value());
  EXPECT_EQ(carried->review, "call");
  EXPECT_EQ(carried->from_run, "r0");
  EXPECT_EQ(carried->from_review, "call");
  EXPECT_EQ(carried->vote.person.name, "ana");
  EXPECT_EQ(carried->vote.person.level, 2);
  EXPECT_EQ(carried->vote.variant, "retune");
  EXPECT_EQ(carried->vote.fields.DoubleOr("rate", 0), 0.5);
}

TEST_F(CarriedAnswersTest, WhatDiffersInAnythingIsAskedAgain) {
  const CarriedAnswers answers = From({Answered()});
  const std::pair<const char*, std::function<void(ReviewView&)>> changes[] = {
      {"question", [](ReviewView& r) { r.question = "Go on now?"; }},
      {"another choice",
       [](ReviewView& r) {
         r.choices.push_back({"halt", {}, ""});
       }},
      {"a choice less", [](ReviewView& r) { r.choices.pop_back(); }},
      {"name of a choice", [](ReviewView& r) { r.choices[1].name = "accept"; }},
      {"what it grants", [](ReviewView& r) { r.choices[1].grants = ""; }},
      {"range", [](ReviewView& r) { r.choices[0].fields[0].high = 2.0; }},
      {"list", [](ReviewView& r) { r.choices[0].fields[0].one_of = Json::Array().Add(0.5); }},
      {"default", [](ReviewView& r) { r.choices[0].fields[0].default_value = 0.1; }},
      {"optional", [](ReviewView& r) { r.choices[0].fields[0].required = false; }},
      {"type",
       [&](ReviewView& r) {
         r.choices[0].fields[0].type = module_.types->Optional(module_.types->Simple(ir::TypeKind::kFloat));
       }},
      {"another field", [](ReviewView& r) { r.choices[0].fields.pop_back(); }},
      {"who", [](ReviewView& r) { r.rule.who = "team"; }},
      {"owner", [](ReviewView& r) { r.rule.kind = ir::ByRule::Kind::kOwner; }},
      {"quorum", [](ReviewView& r) { r.rule.quorum = 2; }},
      {"not starter", [](ReviewView& r) { r.rule.not_starter = true; }},
      {"level", [](ReviewView& r) { r.rule.level = ir::ByRule::Level::kService; }},
      {"evidence", [](ReviewView& r) { r.evidence = Shown("model", File("/old/evidence/aa/m.bin", "b2:bb")); }},
      {"its name", [](ReviewView& r) { r.evidence = Shown("model", File("/old/evidence/aa/n.bin", "b2:aa")); }},
      {"label", [](ReviewView& r) { r.evidence = Shown("other", File("/old/evidence/aa/m.bin", "b2:aa")); }},
      {"more evidence", [](ReviewView& r) { r.evidence.Add(Json().Set("label", "loss").Set("value", 0.1)); }}};
  for (const auto& [what, change] : changes) {
    ReviewView review = Open();
    change(review);
    EXPECT_FALSE(Carries(answers, review)) << what;
  }
  EXPECT_TRUE(Carries(answers, Open()));
  module_.types->MutableEnum(speed_).variants.push_back({"medium", {}});
  EXPECT_FALSE(Carries(answers, Open())) << "variants of a field";
  module_.types->MutableEnum(speed_).variants.pop_back();
  module_.groups[0].members.pop_back();
  EXPECT_FALSE(Carries(answers, Open())) << "members of the group";
}

TEST_F(CarriedAnswersTest, OnlyWhatPeopleDecidedByTheRuleCounts) {
  ReviewView open = Answered(), expired = Answered(), superseded = Answered(), escalated = Answered();
  open.status = ReviewStatus::kOpen;
  expired.status = ReviewStatus::kExpired;
  expired.closed_by = "policy (no answer within 1 h)";
  superseded.superseded = true;
  scheduler::RuleView both;
  both.kind = ir::ByRule::Kind::kOr;
  both.parts = {escalated.rule, escalated.rule};
  escalated.rule = both;
  for (const ReviewView& review : {open, expired, superseded, escalated}) {
    EXPECT_FALSE(Carries(From({review}), Open()));
  }
}

TEST_F(CarriedAnswersTest, ApprovalsOnlyWhereThatIsSaid) {
  const ReviewView approved = Answered("call", "approve");
  EXPECT_FALSE(Carries(From({approved}), Open()));
  EXPECT_TRUE(Carries(From({approved}, /*approvals=*/true), Open()));
  EXPECT_EQ(CarriedAnswers::Of({approved, Answered("b")}, module_, "r0", false).left_out(), 1u);
}

TEST_F(CarriedAnswersTest, AtAnotherPlaceOnceAndOnlyWhereNoOtherAskedTheSame) {
  CarriedAnswers alone = From({Answered("old.call")});
  EXPECT_TRUE(Carries(alone, Open("new.call")));
  alone.NoteTaken("old.call");
  EXPECT_FALSE(Carries(alone, Open("new.call")));

  // A round that was answered does not answer the next, which waits.
  const CarriedAnswers rounds =
      From({Answered("round.0.call"), Answered("round.1.call", "approve"), Open("round.2.call")}, true);
  const auto first = rounds.Find(Open("round.0.call"), module_), second = rounds.Find(Open("round.1.call"), module_);
  ASSERT_TRUE(first.has_value() && second.has_value());
  EXPECT_EQ(first->vote.variant, "retune");
  EXPECT_EQ(second->vote.variant, "approve");
  EXPECT_FALSE(Carries(rounds, Open("round.2.call")));
  EXPECT_FALSE(Carries(rounds, Open("elsewhere")));
}

TEST_F(CarriedAnswersTest, WhatIsNoneIsRefused) {
  for (const char* text :
       {"", "[]", "{}", R"({"v":2,"answers":[]})", R"({"v":1,"answers":[{}]})",
        R"({"v":1,"answers":[{"event":{"v":1,"epoch":1,"t":1,"kind":"engine_started","host":"h","pid":1}}]})"}) {
    CarriedAnswers answers;
    EXPECT_FALSE(answers.Read(text).ok()) << text;
  }
}

}  // namespace
}  // namespace hwf::engine
