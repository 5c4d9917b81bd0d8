#include "runtime/review/decision.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hwf::review {
namespace {

using ir::ByRule;
using scheduler::ChoiceView;
using scheduler::RuleView;
using state::Person;
using state::Vote;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const Person kStarter{"olga", 100, 1, "uid"};

RuleView Who(std::string who, int quorum = 1) {
  RuleView rule;
  rule.kind = ByRule::Kind::kWho;
  rule.who = std::move(who);
  rule.quorum = quorum;
  return rule;
}

RuleView Join(ByRule::Kind kind, std::vector<RuleView> parts) {
  RuleView rule;
  rule.kind = kind;
  rule.parts = std::move(parts);
  return rule;
}

Vote Cast(std::string name, int64_t uid, std::vector<std::string> groups, std::string variant = "approve",
          Json fields = Json::Object(), int level = 2) {
  Vote vote;
  vote.person = {std::move(name), uid, level, "socket"};
  vote.groups = std::move(groups);
  vote.variant = std::move(variant);
  vote.fields = std::move(fields);
  return vote;
}

class DecisionTest : public ::testing::Test {
 protected:
  DecisionTest() {
    ChoiceView approve;
    approve.name = "approve";
    approve.fields = {Field("note", types_.Optional(types_.Simple(ir::TypeKind::kString)), false)};
    ChoiceView retune;
    retune.name = "retune";
    retune.fields = {Field("rate", types_.Simple(ir::TypeKind::kFloat), true),
                     Field("why", types_.Simple(ir::TypeKind::kString), true)};
    choices_ = {approve, retune};
  }
  static scheduler::FormFieldView Field(std::string name, ir::TypeRef type, bool required) {
    scheduler::FormFieldView field;
    field.name = std::move(name);
    field.type = type;
    field.required = required;
    return field;
  }
  std::optional<size_t> Of(const RuleView& rule, const std::vector<Vote>& votes) {
    return Decide(rule, votes, choices_, kStarter);
  }

  ir::TypeTable types_;
  std::vector<ChoiceView> choices_;
};

TEST_F(DecisionTest, OnlyTheOwnerWithoutARule) {
  RuleView owner;
  EXPECT_EQ(Of(owner, {Cast("ana", 101, {})}), std::nullopt);
  EXPECT_EQ(Of(owner, {Cast("olga", 100, {}, "approve", Json::Object(), 1)}), 0u);
  EXPECT_EQ(Of(owner, {Cast("olga", -1, {})}), std::nullopt);  // somebody of that name, by signature
}

TEST_F(DecisionTest, AGroupOrAPersonByName) {
  EXPECT_EQ(Of(Who("ml"), {Cast("ana", 101, {"ml"})}), 0u);
  EXPECT_EQ(Of(Who("ana"), {Cast("ana", 101, {})}), 0u);
  EXPECT_EQ(Of(Who("ml"), {Cast("ana", 101, {"other"})}), std::nullopt);
  EXPECT_EQ(Of(Who(""), {Cast("", 101, {""})}), std::nullopt);
}

TEST_F(DecisionTest, AQuorumCountsThoseWhoAgree) {
  RuleView rule = Who("board", 2);
  EXPECT_EQ(Of(rule, {Cast("a", 1, {"board"})}), std::nullopt);
  EXPECT_EQ(Of(rule, {Cast("a", 1, {"board"}), Cast("b", 2, {"board"}, "reject")}), std::nullopt);
  EXPECT_EQ(Of(rule, {Cast("a", 1, {"board"}), Cast("x", 9, {}), Cast("b", 2, {"board"})}), 2u);
}

TEST_F(DecisionTest, AgreementIgnoresFreeTextsAlone) {
  auto retune = [](double rate, const char* why) { return Json::Object().Set("rate", rate).Set("why", why); };
  RuleView rule = Who("board", 2);
  EXPECT_EQ(Of(rule, {Cast("a", 1, {"board"}, "retune", retune(0.1, "x")),
                      Cast("b", 2, {"board"}, "retune", retune(0.2, "x"))}),
            std::nullopt);
  EXPECT_EQ(Of(rule, {Cast("a", 1, {"board"}, "retune", retune(0.1, "x")),
                      Cast("b", 2, {"board"}, "retune", retune(0.1, "y"))}),
            1u);
  EXPECT_EQ(Of(rule, {Cast("a", 1, {"board"}, "approve", Json::Object().Set("note", "fine")),
                      Cast("b", 2, {"board"}, "approve")}),
            1u);
  // Nobody need give these, and the answer has them all the same.
  ChoiceView scale;
  scale.name = "scale";
  scale.fields = {Field("n", types_.Simple(ir::TypeKind::kInt), false),
                  Field("to", types_.Optional(types_.Simple(ir::TypeKind::kString)), false)};
  scale.fields[1].one_of = *Json::Parse(R"(["test","production"])");
  choices_.push_back(scale);
  const auto votes = [](const char* a, const char* b) -> std::vector<Vote> {
    return {Cast("a", 1, {"board"}, "scale", *Json::Parse(a)), Cast("b", 2, {"board"}, "scale", *Json::Parse(b))};
  };
  EXPECT_EQ(Of(rule, votes(R"({"n":1,"to":null})", R"({"n":2,"to":null})")), std::nullopt);
  EXPECT_EQ(Of(rule, votes(R"({"n":1,"to":"test"})", R"({"n":1,"to":"production"})")), std::nullopt);
  EXPECT_EQ(Of(rule, votes(R"({"n":1,"to":"test"})", R"({"n":1,"to":"test"})")), 1u);
}

TEST_F(DecisionTest, NotStarterTakesNeitherTheStarterNorAnUnprovenVote) {
  RuleView rule = Who("board");
  rule.not_starter = true;
  EXPECT_EQ(Of(rule, {Cast("olga", 100, {"board"})}), std::nullopt);
  EXPECT_EQ(Of(rule, {Cast("olga", -1, {"board"})}), std::nullopt);  // by signature, the same name
  EXPECT_EQ(Of(rule, {Cast("ana", 101, {"board"}, "approve", Json::Object(), 1)}), std::nullopt);
  EXPECT_EQ(Of(rule, {Cast("ana", 101, {"board"})}), 0u);
}

TEST_F(DecisionTest, LevelsAreAsked) {
  RuleView rule = Who("board");
  rule.level = ByRule::Level::kUid;
  EXPECT_EQ(Of(rule, {Cast("ana", 101, {"board"}, "approve", Json::Object(), 1)}), std::nullopt);
  EXPECT_EQ(Of(rule, {Cast("ana", 101, {"board"})}), 0u);
  rule.level = ByRule::Level::kService;
  EXPECT_EQ(Of(rule, {Cast("ana", 101, {"board"})}), std::nullopt);
  EXPECT_EQ(Of(rule, {Cast("ana", 101, {"board"}, "approve", Json::Object(), 3)}), 0u);
}

TEST_F(DecisionTest, OnePersonFillsOneLeafOfAnAnd) {
  RuleView rule = Join(ByRule::Kind::kAnd, {Who("ml"), Who("safety")});
  EXPECT_EQ(Of(rule, {Cast("ana", 1, {"ml", "safety"})}), std::nullopt);
  // Ana is needed for safety, so the seat of ml must be found for ben.
  EXPECT_EQ(Of(rule, {Cast("ana", 1, {"ml", "safety"}), Cast("ben", 2, {"ml"})}), 1u);
  EXPECT_EQ(Of(rule, {Cast("ana", 1, {"ml"}), Cast("ben", 2, {"ml"})}), std::nullopt);
}

TEST_F(DecisionTest, OrTakesEitherSide) {
  RuleView rule = Join(ByRule::Kind::kOr, {Who("head"), Join(ByRule::Kind::kAnd, {Who("ml"), Who("safety")})});
  EXPECT_EQ(Of(rule, {Cast("h", 1, {"head"})}), 0u);
  EXPECT_EQ(Of(rule, {Cast("a", 1, {"ml"}), Cast("b", 2, {"safety"})}), 1u);
  EXPECT_EQ(Of(rule, {Cast("a", 1, {"ml"})}), std::nullopt);
}

TEST_F(DecisionTest, ExplainsWhatAVoteDoes) {
  RuleView rule = Who("board", 2);
  EXPECT_EQ(Explain(rule, {}, choices_, kStarter, Cast("a", 1, {"board"})), "1 of 2 votes of board");
  EXPECT_EQ(Explain(rule, {Cast("a", 1, {"board"})}, choices_, kStarter, Cast("b", 2, {"board"})),
            "decides: 2 of 2 votes of board");
  EXPECT_EQ(Explain(rule, {Cast("a", 1, {"board"}, "reject")}, choices_, kStarter, Cast("a", 1, {"board"})),
            "1 of 2 votes of board");
}

TEST_F(DecisionTest, SaysWhyOneIsNotEntitled) {
  RuleView rule = Who("board", 2);
  rule.not_starter = true;
  EXPECT_EQ(*WhyNotEntitled(rule, {"eve", 7, 2, "uid"}, {}, kStarter), "eve is not in board");
  EXPECT_THAT(*WhyNotEntitled(rule, kStarter, {"board"}, kStarter), HasSubstr("olga started the run"));
  EXPECT_EQ(WhyNotEntitled(rule, {"ana", 7, 2, "uid"}, {"board"}, kStarter), std::nullopt);
  EXPECT_EQ(ToString(rule), "\"board\" quorum 2 not starter");
  EXPECT_THAT(NamesIn(Join(ByRule::Kind::kOr, {Who("b"), Who("a"), Who("b")})), ElementsAre("a", "b"));
}

}  // namespace
}  // namespace hwf::review
