#include "runtime/state/values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace hwf::state {
namespace {

using ir::TypeKind;
using ir::TypeRef;
using testing::HasSubstr;

class ValuesTest : public testing::Test {
 protected:
  ValuesTest() {
    integer = types.Simple(TypeKind::kInt);
    real = types.Simple(TypeKind::kFloat);
    string = types.Simple(TypeKind::kString);
    metrics = types.NewRecord("Metrics");
    types.MutableRecord(metrics).fields = {{"loss", real, false}, {"note", types.Optional(string), true}};
    verdict = types.NewEnum("Verdict");
    types.MutableEnum(verdict).variants = {{"keep", {}}, {"retune", {{"rate", real, false}}}};
  }
  // The converted value as text, or the error.
  static std::string Converted(std::string_view json, TypeRef type) {
    ErrorOr<Json> value = Convert(*Json::Parse(json, Json::Limits{.allow_nan = true}), type, "x");
    return value.ok() ? value->Dump() : value.error().message();
  }
  std::string Parsed(std::string_view text, TypeRef type) {
    ErrorOr<Json> value = ParseParameter(text, type);
    return value.ok() ? value->Dump() : value.error().message();
  }
  ir::TypeTable types;
  TypeRef integer, real, string, metrics, verdict;
};

TEST_F(ValuesTest, WidensWhereTheTypeSaysSo) {
  EXPECT_EQ(Converted("3", real), "3.0");
  EXPECT_EQ(Converted("[1,2.5]", types.List(real)), "[1.0,2.5]");
  EXPECT_EQ(Converted("NaN", real), "NaN");
  EXPECT_EQ(Converted("null", types.Optional(integer)), "null");
  EXPECT_EQ(Converted(R"({"loss":1})", metrics), R"({"loss":1.0,"note":null})");
  EXPECT_EQ(Converted(R"("keep")", verdict), R"({"variant":"keep","fields":{}})");
  EXPECT_EQ(Converted(R"({"variant":"retune","fields":{"rate":1}})", verdict),
            R"({"variant":"retune","fields":{"rate":1.0}})");
  EXPECT_EQ(Converted(R"("90s")", types.Simple(TypeKind::kDuration)), "90000");
}

TEST_F(ValuesTest, MessagesNameTheMemberAndWhatWasExpected) {
  EXPECT_EQ(Converted("3.0", integer), "x: expected Int, found 3.0");
  EXPECT_EQ(Converted("null", integer), "x: expected Int, found null");
  EXPECT_EQ(Converted(R"({"loss":"a"})", metrics), "x.loss: expected Float, found the text \"a\"");
  EXPECT_EQ(Converted("{}", metrics), "x: the field `loss: Float` is missing");
  EXPECT_EQ(Converted(R"({"loss":1,"los":2})", metrics), "x: there is no field \"los\"; expected `loss`, `note`");
  EXPECT_EQ(Converted("[1,[]]", types.List(integer)), "x[1]: expected Int, found a list");
  EXPECT_EQ(Converted(R"("retun")", verdict), "x: \"retun\" is no variant of Verdict; expected `keep`, `retune`");
  EXPECT_EQ(Converted(R"("retune")", verdict), "x.retune: the field `rate: Float` is missing");
  EXPECT_EQ(Converted(R"({"a":1})", types.Map(integer, integer)), "x: the key \"a\" is no Int");
  EXPECT_THAT(Converted(R"({"path":"/a","mode":3})", types.Simple(TypeKind::kFile)), HasSubstr("\"mode\""));
}

TEST_F(ValuesTest, ConvertingTwiceChangesNothing) {
  for (auto [json, type] : {std::pair<std::string, TypeRef>(R"({"loss":1})", metrics),
                            std::pair<std::string, TypeRef>(R"("keep")", verdict),
                            std::pair<std::string, TypeRef>(R"("2h")", types.Simple(TypeKind::kDuration))}) {
    std::string once = Converted(json, type);
    EXPECT_EQ(Converted(once, type), once);
  }
}

TEST_F(ValuesTest, ParametersFromText) {
  EXPECT_EQ(Parsed("12", integer), "12");
  EXPECT_EQ(Parsed("1e3", real), "1000.0");
  EXPECT_EQ(Parsed("12x", integer), "expected Int, found \"12x\"");
  EXPECT_EQ(Parsed("99999999999999999999", integer), "expected an Int of 64 bits, found \"99999999999999999999\"");
  EXPECT_EQ(Parsed("12", string), "\"12\"");
  EXPECT_EQ(Parsed("1.5h", types.Simple(TypeKind::kDuration)), "5400000");
  EXPECT_EQ(Parsed("16GiB", types.Simple(TypeKind::kBytes)), "17179869184");
  EXPECT_THAT(Parsed("16", types.Simple(TypeKind::kBytes)), HasSubstr("`512MiB`"));
  EXPECT_EQ(Parsed("none", types.Optional(integer)), "null");
  EXPECT_EQ(Parsed("keep", verdict), R"({"variant":"keep","fields":{}})");
  EXPECT_EQ(Parsed("[1, 2]", types.List(integer)), "[1,2]");
  EXPECT_EQ(Parsed("yes", types.Simple(TypeKind::kBool)), "expected `true` or `false`, found \"yes\"");
  EXPECT_EQ(Parsed("a b", types.Simple(TypeKind::kFile)), R"({"path":"a b"})");
}

TEST_F(ValuesTest, OutputsAndEmissions) {
  ir::Task task;
  task.name = "fit";
  task.outputs.emplace_back();
  task.outputs[0].name = "metrics";
  task.outputs[0].type = metrics;
  EXPECT_EQ(CheckOutputs(task, Json::Object()).error().message(), "output `metrics: Metrics` is missing");
  EXPECT_EQ(CheckOutputs(task, *Json::Parse(R"({"metrics":{"loss":[]}})")).error().message(),
            "output `metrics`.loss: expected Float, found a list");
  ir::Stream stream;
  stream.name = "epoch";
  stream.record = metrics;
  EXPECT_EQ(CheckEmission(stream, *Json::Parse(R"({"los":1})")).error().message(),
            "checkpoint `epoch`: the field `loss: Float` is missing");
}

TEST_F(ValuesTest, TextAsAnInterpolationShowsIt) {
  EXPECT_EQ(ToText(Json(2), real), "2.0");
  EXPECT_EQ(ToText(Json(0.1), real), "0.1");
  EXPECT_EQ(ToText(Json(1500), types.Simple(TypeKind::kDuration)), "1.5");
  EXPECT_EQ(ToText(Json(1800000), types.Simple(TypeKind::kDuration)), "1800");
  EXPECT_EQ(ToText(*Json::Parse(R"({"path":"/a b","digest":"d","size":1})"), types.Simple(TypeKind::kFile)), "/a b");
  EXPECT_EQ(ToText(Json(), types.Optional(integer)), "none");
  EXPECT_EQ(ToText(*Json::Parse(R"({"variant":"retune","fields":{"rate":1}})"), verdict), "retune(rate: 1.0)");
}

TEST_F(ValuesTest, DigestsDoNotDependOnTheOrderOfMembers) {
  EXPECT_EQ(DigestOf(*Json::Parse(R"({"a":1,"b":2})")), DigestOf(*Json::Parse(R"({"b":2,"a":1})")));
  EXPECT_NE(DigestOf(*Json::Parse("[1,2]")), DigestOf(*Json::Parse("[2,1]")));
  EXPECT_NE(DigestOf(*Json::Parse("[[1],2]")), DigestOf(*Json::Parse("[[1,2]]")));
  EXPECT_EQ(DigestOf(Json()).size(), 67u);
}

TEST_F(ValuesTest, EqualityOfTheLanguage) {
  EXPECT_TRUE(Equal(Json(1), Json(1.0)));
  EXPECT_FALSE(Equal(Json(std::nan("")), Json(std::nan(""))));
  EXPECT_TRUE(Equal(*Json::Parse(R"({"a":[1]})"), *Json::Parse(R"({"a":[1.0]})")));
}

TEST_F(ValuesTest, BriefKeepsWholeCharacters) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "é";
  EXPECT_TRUE(Json::Parse(Json(Brief(Json(text))).Dump()).ok());
  EXPECT_LE(Brief(Json(text)).size(), 60u);
}

}  // namespace
}  // namespace hwf::state
