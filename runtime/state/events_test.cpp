#include "runtime/state/events.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hwf::state {
namespace {

using testing::HasSubstr;

Person Ana() { return {.name = "ana", .uid = 1001, .level = 2, .proof = "socket"}; }

std::vector<EventBody> OneOfEach() {
  AttemptEnded ended;
  ended.place = "job";
  ended.attempt = 2;
  ended.failure = ir::Reason::kOom;
  ended.exit_code = 137;
  ended.signal = 9;
  ended.message = "out of memory\nlast line";
  ended.outputs = *Json::Parse(R"({"loss":0.5})");
  ended.usage = {.wall_ms = 1, .cpu_ms = 2, .max_rss = 3};
  return {RunStarted{"r1", "b2:00", *Json::Parse(R"({"rate":0.1})"), Ana(), "/runs/r1", "b2:22", "/runs/r0",
                     *Json::Parse(R"([{"name":"ben","uid":1002}])")},
          EngineStarted{"login1", 77},
          SourceResolved{"data", Json::Object(), "no such file"},
          AttemptSubmitted{"job", 1, "here", "b2:11"},
          AttemptStarted{"job", 1, "n1", 4},
          ended,
          TaskReused{"job", "b2:11", "r0", "job", Json::Object()},
          Emission{"job", 1, "epoch", "a.json", *Json::Parse(R"({"n":1})"), 2},
          EmissionRefused{"job", 1, "b.json", "torn"},
          EmissionsCoalesced{"job", "epoch", 12},
          ReviewOpened{"verdict", Json::Array(), *Json::Parse(R"({"expire":9})")},
          Vote{"verdict", Ana(), {"ml-team"}, "approve", Json::Object(), "req"},
          FormOpened{"verdict", Ana()},
          ClockFired{"verdict", Clock::kEscalate, 1},
          ReviewVoided{"verdict", "evidence changed"},
          MessageDelivered{"job", 1, 3},
          CancelRequested{Ana(), "job", "req"},
          DoubtResolved{"publish", 1, true, Ana(), "req"},
          RunFinished{true, Json::Object(), ""},
          AttemptWaiting{"job", 1, "job 812: Resources"},
          SiteTroubled{"edge", "no route"},
          AnswerCarried{"verdict", "r0", "verdict", {"verdict", Ana(), {"ml-team"}, "approve", Json::Object(), "req"}},
          ReviewWithdrawn{"verdict", Ana(), "req", "asked too early"},
          RewindRequested{"trained", *Json::Parse(R"({"rate":0.2})"), true, Ana(), "req"}};
}

std::string ErrorOf(std::string_view text) {
  ErrorOr<Event> event = EventFromJson(*Json::Parse(text));
  return event.ok() ? "accepted" : event.error().message();
}

TEST(EventsTest, EveryKindReadsBackToTheSameText) {
  std::vector<EventBody> bodies = OneOfEach();
  ASSERT_EQ(bodies.size(), std::variant_size_v<EventBody>);
  for (size_t i = 0; i < bodies.size(); ++i) {
    ASSERT_EQ(bodies[i].index(), i);
    Json json = ToJson({.time = 5, .epoch = 2, .body = bodies[i]});
    ErrorOr<Event> back = EventFromJson(*Json::Parse(json.Dump()));
    ASSERT_TRUE(back.ok()) << back.error().message();
    EXPECT_EQ(ToJson(*back).Dump(), json.Dump());
    EXPECT_EQ(back->body.index(), i);
  }
}

TEST(EventsTest, MembersSurvive) {
  Json json = ToJson({.time = 5, .epoch = 2, .body = OneOfEach()[5]});
  EXPECT_EQ(
      json.Dump(),
      R"({"v":1,"epoch":2,"t":5,"kind":"attempt_ended","place":"job","attempt":2,"failure":"oom","exit_code":137,)"
      R"("signal":9,"message":"out of memory\nlast line","outputs":{"loss":0.5},)"
      R"("usage":{"wall_ms":1,"cpu_ms":2,"max_rss":3}})");
}

TEST(EventsTest, RefusesNamingTheMember) {
  EXPECT_THAT(ErrorOf("[]"), HasSubstr("not a JSON object"));
  EXPECT_THAT(ErrorOf(R"({"v":2,"t":1,"epoch":1,"kind":"vote"})"), HasSubstr("version 2"));
  EXPECT_THAT(ErrorOf(R"({"v":1,"t":1,"epoch":1,"kind":"dance"})"), HasSubstr("`dance`"));
  EXPECT_THAT(ErrorOf(R"({"v":1,"epoch":1,"kind":"vote"})"), HasSubstr("event.t"));
  EXPECT_THAT(ErrorOf(R"({"v":1,"t":1,"epoch":1,"kind":"engine_started","host":"a"})"),
              HasSubstr("`engine_started.pid` is missing"));
  EXPECT_THAT(ErrorOf(R"({"v":1,"t":1,"epoch":1,"kind":"engine_started","host":1,"pid":2})"),
              HasSubstr("`engine_started.host` is not a string"));
  EXPECT_THAT(ErrorOf(R"({"v":1,"t":1,"epoch":1,"kind":"engine_started","host":"a","pid":2,"x":1})"),
              HasSubstr("`engine_started.x` is unknown"));
  EXPECT_THAT(ErrorOf(R"({"v":1,"t":1,"epoch":1,"kind":"form_opened","review":"a","person":{"name":3}})"),
              HasSubstr("`form_opened.person.name` is not a string"));
  EXPECT_THAT(ErrorOf(R"({"v":1,"t":1,"epoch":1,"kind":"attempt_started","place":"a","attempt":99999999999})"),
              HasSubstr("out of range"));
  EXPECT_THAT(ErrorOf(R"({"v":1,"t":1,"epoch":1,"kind":"clock_fired","review":"a","clock":"bell"})"),
              HasSubstr("is no clock"));
}

}  // namespace
}  // namespace hwf::state
