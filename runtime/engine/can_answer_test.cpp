// Whether a review can be answered is asked of the rule as the votes would be: neither more nor less.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "runtime/engine/people.h"
#include "runtime/platform/file_system.h"
#include "runtime/platform/testing/temp_dir.h"

namespace hwf::engine {
namespace {

using ir::ByRule;
using scheduler::RuleView;
using testing::HasSubstr;

RuleView Who(std::string who, int quorum = 1, ByRule::Level level = ByRule::Level::kAny) {
  RuleView rule;
  rule.kind = ByRule::Kind::kWho;
  rule.who = std::move(who);
  rule.quorum = quorum;
  rule.level = level;
  return rule;
}

RuleView Join(ByRule::Kind kind, std::vector<RuleView> parts) {
  RuleView rule;
  rule.kind = kind;
  rule.parts = std::move(parts);
  return rule;
}

class CanAnswerTest : public testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() == 65534) GTEST_SKIP() << "nobody is nobody";
    for (const char* part : {"inbox", "replies"}) {
      ASSERT_TRUE(platform::RealFileSystem().MakeDirectory(dir_ / part, 0700).ok());
    }
    // The run's account without and with a key, two with keys and no account, one with neither.
    const std::string text = R"({"v":1,"people":[
      {"name":"me","uid":UID,"groups":["mine","all"]},
      {"name":"ana","groups":["board","all"],"keys":["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIana"]},
      {"name":"ben","groups":["board","all"],"keys":["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIben"]},
      {"name":"root-of-another-machine","groups":["lost"]}]})";
    std::string with_uid = text;
    with_uid.replace(with_uid.find("UID"), 3, std::to_string(geteuid()));
    people_ = *review::People::Parse(with_uid);
    starter_ = {"me", static_cast<int64_t>(geteuid()), 1, "uid"};
  }
  std::string Of(const RuleView& rule) {
    const ErrorOr<Success> can = CanAnswer(rule, module_, people_, dir_.path(), starter_);
    return can.ok() ? "yes" : can.error().message();
  }

  platform::testing::TempDir dir_;
  ir::Module module_;
  review::People people_;
  state::Person starter_;
};

TEST_F(CanAnswerTest, WhoCountsOnceAndForOnePart) {
  EXPECT_EQ(Of(Who("board", 2)), "yes");
  EXPECT_THAT(Of(Who("board", 3)), HasSubstr("names 2 who may, the rule wants 3"));
  EXPECT_EQ(Of(Join(ByRule::Kind::kAnd, {Who("ana"), Who("board")})), "yes");
  EXPECT_THAT(Of(Join(ByRule::Kind::kAnd, {Who("ana"), Who("ana")})), HasSubstr("names 1 who may"));
  EXPECT_THAT(Of(Join(ByRule::Kind::kAnd, {Who("mine"), Who("lost")})), HasSubstr("cannot answer"));
  EXPECT_EQ(Of(Join(ByRule::Kind::kOr, {Who("mine"), Who("lost")})), "yes");
  EXPECT_THAT(Of(Who("lost")), HasSubstr("names 0 who may"));
}

TEST_F(CanAnswerTest, TheLevelThatIsAskedForMustBeReached) {
  EXPECT_EQ(Of(Who("mine")), "yes");
  EXPECT_THAT(Of(Who("mine", 1, ByRule::Level::kUid)), HasSubstr("at uid"));
  EXPECT_EQ(Of(Who("ana", 1, ByRule::Level::kUid)), "yes");
  EXPECT_THAT(Of(Who("ana", 1, ByRule::Level::kService)), HasSubstr("at service"));
  RuleView owner;
  EXPECT_EQ(Of(owner), "yes");
  owner.level = ByRule::Level::kUid;
  EXPECT_THAT(Of(owner), HasSubstr("at uid"));
}

TEST_F(CanAnswerTest, TheStarterIsOutAlsoWithAKey) {
  RuleView all = Who("all", 2);
  all.not_starter = true;
  EXPECT_EQ(Of(all), "yes");
  all.quorum = 3;
  EXPECT_THAT(Of(all), HasSubstr("me started the run"));
  starter_ = {"ana", -1, 1, "uid"};
  all.quorum = 2;
  EXPECT_THAT(Of(all), HasSubstr("cannot answer"));
}

// An account of this machine that is called like somebody without one.
TEST_F(CanAnswerTest, ALoginDoesNotStandInForWhoIsCalledLikeIt) {
  people_ = *review::People::Parse(R"({"v":1,"people":[{"name":"root","groups":["board"]}]})");
  EXPECT_THAT(Of(Who("board")), HasSubstr("names 0 who may"));
  EXPECT_THAT(Of(Who("root")), HasSubstr("names 0 who may"));
}

}  // namespace
}  // namespace hwf::engine
