#include "runtime/runner/protocol.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "runtime/runner/protocol_text.h"

namespace hwf::runner {
namespace {

using testing::HasSubstr;

Json Parse(const std::string& text) {
  Json::Limits limits;
  limits.allow_nan = true;
  auto json = Json::Parse(text, limits);
  EXPECT_TRUE(json.ok()) << text;
  return json.ok() ? *json : Json();
}

Start SampleStart() {
  Start start;
  start.place = "each.3.render";
  start.attempt = 2;
  start.effect = true;
  start.directory = "/run/tasks/each.3.render/2";
  start.argv = {"sh", "-c", "echo \xff\xfe $(rm) \"'\n"};
  start.env = {{"A", "1"}, {"ODD", std::string("\x80\n=x", 4)}, {"EMPTY", ""}};
  start.script = "echo ü\n";
  start.links = {"/src/a.py", "/src/lib"};
  start.bundled = {{"pair", "/src/a=1.bam"}, {"pair", "/other/a=1.bam.bai"}};
  start.outputs = {{"model", OutputSpec::Kind::kFile, "model.pt", false},
                   {"shards", OutputSpec::Kind::kGlobFiles, "s/*.npz", true},
                   {"text", OutputSpec::Kind::kStdoutText, "", false}};
  start.streams = {"epoch"};
  start.every_all = {"epoch"};
  start.stream_types = "{}";
  start.accepts_messages = true;
  start.messages = {Parse(R"({"number":1,"message":"retune","fields":{"rate":0.05}})")};
  start.cpus = 0.5;
  start.gpus = 2;
  start.memory = int64_t{16} << 30;
  start.time_limit_ms = 1000;
  start.image = "docker://pytorch:2.3";
  start.inputs = {"/data/a b", "/data/\xff"};
  start.gpu = "a100";
  start.disk = int64_t{1} << 40;
  start.nodes = 2;
  start.ranks = 8;
  start.ranks_per_node = 4;
  start.launch = "torchrun";
  start.pack = 16;
  start.priority = 14'400'000;
  start.secrets = {{"TOKEN", "x y\n"}};
  return start;
}

void ExpectRoundTrip(const Request& request) {
  const std::string text = ToJson(request).Dump();
  auto again = RequestFromJson(Parse(text));
  ASSERT_TRUE(again.ok()) << again.error().message() << "\n" << text;
  EXPECT_EQ(ToJson(*again).Dump(), text);
  EXPECT_EQ(again->index(), request.index());
}

void ExpectRoundTrip(const Report& report) {
  const std::string text = ToJson(report).Dump();
  auto again = EnvelopeFromText(EnvelopeText(77, text));
  ASSERT_TRUE(again.ok()) << again.error().message() << "\n" << text;
  EXPECT_EQ(again->end, 77u);
  EXPECT_EQ(ToJson(again->report).Dump(), text);
  EXPECT_EQ(again->report.index(), report.index());
}

TEST(Protocol, RequestsComeBackAsTheyWere) {
  ExpectRoundTrip(Request(Hello{3, 4096}));
  ExpectRoundTrip(Request(SampleStart()));
  ExpectRoundTrip(Request(Message{"job", 1, 2, Parse(R"({"number":2,"message":"halt","fields":{}})")}));
  ExpectRoundTrip(Request(Cancel{"job", 1}));
  ExpectRoundTrip(Request(Drain{}));
  ExpectRoundTrip(Request(Finish{}));
  ExpectRoundTrip(Request(WantImage{"images/a b.sif"}));
}

TEST(Protocol, OddBytesAreExact) {
  auto again = RequestFromJson(Parse(ToJson(Request(SampleStart())).Dump()));
  ASSERT_TRUE(again.ok());
  const Start& start = std::get<Start>(*again);
  EXPECT_EQ(start.argv, SampleStart().argv);
  EXPECT_EQ(start.env, SampleStart().env);
}

TEST(Protocol, ReportsComeBackAsTheyWere) {
  Ended ended;
  ended.place = "job";
  ended.failure = ir::Reason::kOom;
  ended.exit_code = 137;
  ended.signal = 9;
  ended.message = "killed\nlast line";
  ended.outputs = Json::Object().Set("loss", std::nan(""));
  ended.usage = {12, 34, 56};
  ended.out = std::string("\0\xff", 2);
  ended.err_file = "stderr.2";
  ExpectRoundTrip(Report(Claimed{"job", 1}));
  ExpectRoundTrip(Report(Started{"job", 1, 99, 0, 123456, "0b-1/pid:[4]"}));
  ExpectRoundTrip(Report(Emitted{"job", 1, "e-1.json", Json::Object().Set("checkpoint", "epoch"), 4}));
  ExpectRoundTrip(Report(EmissionBad{"job", 1, "e.json", "torn"}));
  ExpectRoundTrip(Report(MessagePlaced{"job", 1, 1}));
  ExpectRoundTrip(Report(ended));
  ExpectRoundTrip(Report(Unstarted{"job", 1}));
  ExpectRoundTrip(Report(Superseded{9}));
  ExpectRoundTrip(Report(CaughtUp{}));
  ExpectRoundTrip(Report(Held{"disk full"}));
  ExpectRoundTrip(Report(Waiting{"job", 1, "job 812: Resources"}));
  ExpectRoundTrip(Report(ImageReady{"a.sif", "sha256:00", ""}));
}

// Every member taken away, mistyped or doubled is refused; nothing crashes.
TEST(Protocol, EveryMemberIsNeededAndTyped) {
  const Json good = ToJson(Request(SampleStart()));
  const Json usual = ToJson(Request(Start{}));
  for (const JsonMember& member : good.AsObject()) {
    Json without = Json::Object();
    for (const JsonMember& other : good.AsObject()) {
      if (other.key != member.key) without.Set(other.key, other.value);
    }
    EXPECT_EQ(RequestFromJson(without).ok(), usual.Find(member.key) == nullptr) << member.key;
    for (const Json& wrong : {Json(), Json(JsonArray{Json(1)}), Json(-1), Json(1e300), Json::Object()}) {
      EXPECT_FALSE(RequestFromJson(Json(good).Set(member.key, wrong)).ok()) << member.key << wrong.Dump();
    }
  }
  EXPECT_FALSE(RequestFromJson(Json(good).Set("surprise", 1)).ok());
}

TEST(Protocol, WhatCannotBeDoneIsRefused) {
  const Json good = ToJson(Request(SampleStart()));
  const std::pair<const char*, const char*> cases[] = {{"attempt", "0"},
                                                       {"directory", "\"relative\""},
                                                       {"argv", "[]"},
                                                       {"argv", "[\"a\\u0000b\"]"},
                                                       {"env", "[[\"A\"]]"},
                                                       {"env", "[[\"A=B\",\"x\"]]"},
                                                       {"env", "[[\"\",\"x\"]]"},
                                                       {"links", "[\"a\"]"},
                                                       {"inputs", "[\"a\"]"},
                                                       {"bundled", "[[\"../a\",\"/x\"]]"},
                                                       {"bundled", "[[\"a\",\"x\"]]"},
                                                       {"bundled", "[[\"a\",\"/x/\"]]"},
                                                       {"cpus", "-1"},
                                                       {"cpus", "NaN"},
                                                       {"place", "\"\""},
                                                       {"messages", "[{}]"},
                                                       {"outputs", "[{\"name\":\"x\"}]"}};
  for (const auto& [member, value] : cases) {
    auto request = RequestFromJson(Json(good).Set(member, Parse(value)));
    ASSERT_FALSE(request.ok()) << member << value;
    EXPECT_THAT(request.error().message(), HasSubstr(member));
  }
  EXPECT_THAT(RequestFromJson(Parse(R"({"kind":"dance"})")).error().message(), HasSubstr("another version"));
  EXPECT_FALSE(RequestFromJson(Parse("[]")).ok());
  EXPECT_FALSE(EnvelopeFromText("{\"report\":{\"kind\":\"claimed\"}}").ok());
  EXPECT_FALSE(EnvelopeFromText("\xff").ok());
}

TEST(ProtocolText, Base64OfEveryLength) {
  std::string bytes;
  for (int i = 0; i < 70; ++i) {
    bytes += static_cast<char>(0xff - i * 7);
    auto again = BytesFromJson(BytesToJson(bytes));
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(*again, bytes);
  }
  EXPECT_FALSE(BytesFromJson(Json::Object().Set("b64", "a===")).has_value());
  EXPECT_FALSE(BytesFromJson(Json::Object().Set("b64", "ab!=")).has_value());
  EXPECT_FALSE(BytesFromJson(Json::Object().Set("b64", "=aaa")).has_value());
}

}  // namespace
}  // namespace hwf::runner
