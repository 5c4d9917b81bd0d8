#include "base/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace hwf {
namespace {

using testing::HasSubstr;

std::string ErrorOf(std::string_view text, Json::Limits limits = {}) {
  ErrorOr<Json> result = Json::Parse(text, limits);
  return result.ok() ? "parsed" : result.error().message();
}

TEST(JsonTest, RoundTripsEveryKind) {
  std::string text = R"({"a":[1,-2,3.5,1e+300,true,false,null],"b":{"c":"q\"\\\n\u0001é"}})";
  EXPECT_EQ(Json::Parse(text)->Dump(), text);
}

TEST(JsonTest, IntegersAreExactAndDoublesReadBack) {
  EXPECT_EQ(Json::Parse("9223372036854775807")->AsInt(), INT64_MAX);
  EXPECT_EQ(Json::Parse(Json(0.1).Dump())->AsDouble(), 0.1);
  EXPECT_EQ(Json(2.0).Dump(), "2.0");
}

TEST(JsonTest, LongDecimalsReadExactly) {
  EXPECT_EQ(Json::Parse("0.00000000000000000000000000")->AsDouble(), 0.0);
  EXPECT_EQ(Json::Parse("-0.000000000000000000000000001")->AsDouble(), -1e-27);
  EXPECT_EQ(Json::Parse("0e-14699999999")->AsDouble(), 0.0);
  EXPECT_EQ(Json::Parse("3.141592653589793238462643383279502884197")->AsDouble(), 3.141592653589793);
  EXPECT_EQ(Json::Parse("18446744073709551616")->AsDouble(), 18446744073709551616.0);
  EXPECT_EQ(Json::Parse("1e-400")->AsDouble(), 0.0);
  EXPECT_THAT(ErrorOf("1e400"), HasSubstr("too big"));
}

TEST(JsonTest, RefusesWhatIsNotOneValue) {
  EXPECT_THAT(ErrorOf(""), HasSubstr("empty"));
  EXPECT_THAT(ErrorOf("{} x"), HasSubstr("byte 3"));
  EXPECT_THAT(ErrorOf(R"({"a":1,"a":2})"), HasSubstr("`a` appears twice"));
  EXPECT_THAT(ErrorOf("\"\xff\""), HasSubstr("encoding"));
}

TEST(JsonTest, DepthIsBoundedAndNeverRecurses) {
  EXPECT_THAT(ErrorOf(std::string(1000000, '[')), HasSubstr("deeper than 128"));
}

TEST(JsonTest, LargeObjectsAreReadInLinearTimeAndStillRefuseRepeats) {
  std::string text = "{";
  for (int i = 0; i < 20000; ++i) text += "\"k" + std::to_string(i) + "\":0,";
  EXPECT_TRUE(Json::Parse(text + "\"last\":1}").ok());
  EXPECT_THAT(ErrorOf(text + "\"k77\":1}"), HasSubstr("`k77` appears twice"));
}

TEST(JsonTest, NanOnlyWhereAllowed) {
  EXPECT_THAT(ErrorOf("NaN"), HasSubstr("not finite"));
  Json::Limits limits;
  limits.allow_nan = true;
  EXPECT_TRUE(std::isnan(Json::Parse("NaN", limits)->AsDouble()));
  EXPECT_EQ(Json::Parse("-Infinity", limits)->Dump(), "-Infinity");
  EXPECT_EQ(Json::Parse("[Infinity,-1]", limits)->Dump(), "[Infinity,-1]");
}

TEST(JsonTest, EqualityIgnoresMemberOrder) {
  EXPECT_EQ(*Json::Parse(R"({"a":1,"b":2})"), *Json::Parse(R"({"b":2,"a":1})"));
  EXPECT_FALSE(Json(1) == Json(1.0));
}

TEST(JsonTest, HostileReadsFallBack) {
  Json value = *Json::Parse(R"({"n":1})");
  EXPECT_EQ(value.StringOr("n", "x"), "x");
  EXPECT_EQ(value["missing"].Find("deeper"), nullptr);
  EXPECT_EQ(value.IntOr("n", 0), 1);
}

}  // namespace
}  // namespace hwf
