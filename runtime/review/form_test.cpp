#include "runtime/review/form.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/review/units.h"

namespace hwf::review {
namespace {

using ir::TypeKind;
using scheduler::ChoiceView;
using scheduler::FormFieldView;
using ::testing::HasSubstr;

class FormTest : public ::testing::Test {
 protected:
  FormTest() {
    ChoiceView keep;
    keep.name = "keep";
    ChoiceView retune;
    retune.name = "retune";
    FormFieldView rate = Field("rate", types_.Simple(TypeKind::kFloat));
    rate.low = 0.0001;
    rate.high = 1.0;
    rate.default_value = 0.1;
    FormFieldView pause = Field("pause", types_.Optional(types_.Simple(TypeKind::kDuration)));
    pause.required = false;
    pause.low = int64_t{60'000};
    pause.high = int64_t{3'600'000};
    FormFieldView names = Field("names", types_.List(types_.Simple(TypeKind::kString)));
    names.one_of = JsonArray{"a", "b", "c"};
    retune.fields = {rate, pause, names};
    review_.choices = {keep, retune};
  }
  static FormFieldView Field(std::string name, ir::TypeRef type) {
    FormFieldView field;
    field.name = std::move(name);
    field.type = type;
    return field;
  }
  std::string Refusal(std::string_view variant, const char* fields) {
    ErrorOr<Json> checked = CheckAnswer(review_, variant, *Json::Parse(fields));
    return checked.ok() ? "accepted: " + checked->Dump() : checked.error().message();
  }

  ir::TypeTable types_;
  scheduler::ReviewView review_;
};

TEST_F(FormTest, DefaultsAndNoneAreFilledIn) {
  EXPECT_EQ(Refusal("retune", R"({"names":["a"]})"), R"(accepted: {"rate":0.1,"pause":null,"names":["a"]})");
  EXPECT_EQ(Refusal("keep", "{}"), "accepted: {}");
  EXPECT_EQ(Refusal("keep", "null"), "accepted: {}");
  EXPECT_EQ(Refusal("retune", R"({"names":[],"rate":1})"), R"(accepted: {"rate":1.0,"pause":null,"names":[]})");
}

TEST_F(FormTest, RefusalsSayWhatIsWanted) {
  EXPECT_EQ(Refusal("retune", R"({"rate":5,"names":[]})"), "`rate` is 5.0, but must lie in 0.0001..1.0");
  EXPECT_EQ(Refusal("retune", R"({"pause":1000,"names":[]})"), "`pause` is 1s, but must lie in 1min..1h");
  EXPECT_EQ(Refusal("retune", R"({"rate":"x","names":[]})"), "`rate` is \"x\", but must be a Float");
  EXPECT_EQ(Refusal("retune", R"({})"), "`retune` needs the field `names`: [String]");
  EXPECT_EQ(Refusal("retune", R"({"names":["a","z"]})"), "`names` is \"z\", but must be one of: \"a\", \"b\", \"c\"");
  EXPECT_EQ(Refusal("retune", R"({"names":[1]})"), "`names[0]` is 1, but must be a String");
  EXPECT_EQ(Refusal("retune", R"({"names":[],"ratte":1})"),
            "`retune` has no field `ratte`; it has `rate`, `pause`, `names`");
  EXPECT_EQ(Refusal("keep", R"({"x":1})"), "`keep` has no field `x`; it takes none");
  EXPECT_EQ(Refusal("drop", "{}"), "`drop` is no answer of this review; it has `keep`, `retune`");
  EXPECT_EQ(Refusal("keep", "[1]"), "the answer's fields are not an object");
}

TEST_F(FormTest, NanIsNoAnswer) {
  Json fields = Json::Object();
  fields.Set("rate", std::numeric_limits<double>::quiet_NaN()).Set("names", Json::Array());
  EXPECT_FALSE(CheckAnswer(review_, "retune", fields).ok());
}

TEST_F(FormTest, FilesCanBePickedButNotMadeUp) {
  Json file = Json::Object().Set("path", "/a").Set("digest", "b2:0").Set("size", 1);
  FormFieldView pick = Field("pick", types_.Simple(TypeKind::kFile));
  EXPECT_THAT(CheckField(pick, file).error().message(), HasSubstr("which no answer can give"));
  pick.one_of = JsonArray{file};
  EXPECT_TRUE(CheckField(pick, file).ok());
  EXPECT_FALSE(CheckField(pick, Json::Object().Set("path", "/etc/passwd")).ok());
  FormFieldView some = Field("some", types_.List(types_.Simple(TypeKind::kFile)));
  some.one_of = JsonArray{file};
  EXPECT_TRUE(CheckField(some, JsonArray{file}).ok());
  EXPECT_FALSE(CheckField(some, JsonArray{file, Json("x")}).ok());
  EXPECT_FALSE(CheckField(some, Json("x")).ok());
}

TEST_F(FormTest, RecordsAndEnumsGoAllTheWayDown) {
  ir::TypeRef trial = types_.NewRecord("Trial");
  types_.MutableRecord(trial).fields = {{"n", types_.Simple(TypeKind::kInt), false},
                                        {"note", types_.Optional(types_.Simple(TypeKind::kString)), false}};
  ir::TypeRef mode = types_.NewEnum("Mode");
  types_.MutableEnum(mode).variants = {{"fast", {}}, {"slow", {{"by", types_.Simple(TypeKind::kInt), false}}}};
  FormFieldView a = Field("a", trial), b = Field("b", mode);
  EXPECT_EQ(CheckField(a, *Json::Parse(R"({"n":1})"))->Dump(), R"({"n":1,"note":null})");
  EXPECT_EQ(CheckField(a, *Json::Parse(R"({"n":"1"})")).error().message(), "`a.n` is \"1\", but must be an Int");
  EXPECT_EQ(CheckField(a, *Json::Parse(R"({"m":1})")).error().message(), "`a` has no field `m`");
  EXPECT_EQ(CheckField(b, "fast")->Dump(), R"({"variant":"fast","fields":{}})");
  EXPECT_THAT(CheckField(b, "quick").error().message(), HasSubstr("one of `fast`, `slow`"));
  EXPECT_THAT(CheckField(b, "slow").error().message(), HasSubstr("lacks the field `by`"));
}

TEST_F(FormTest, TextBecomesTypedValuesAndBack) {
  auto parsed = [&](ir::TypeRef type, std::string_view text) {
    ErrorOr<Json> value = ParseField(type, text);
    return value.ok() ? value->Dump() : value.error().message();
  };
  auto simple = [&](TypeKind kind) { return types_.Simple(kind); };
  EXPECT_EQ(parsed(simple(TypeKind::kInt), "40"), "40");
  EXPECT_EQ(parsed(simple(TypeKind::kInt), "4x"), "`4x` is not an Int, such as 40");
  EXPECT_EQ(parsed(simple(TypeKind::kInt), "99999999999999999999"), "`99999999999999999999` is not an Int, such as 40");
  EXPECT_EQ(parsed(simple(TypeKind::kFloat), "1e-3"), "0.001");
  EXPECT_EQ(parsed(simple(TypeKind::kFloat), "nan"), "`nan` is not a Float, such as 0.05");
  EXPECT_EQ(parsed(simple(TypeKind::kBool), "yes"), "true");
  EXPECT_EQ(parsed(simple(TypeKind::kString), ""), "\"\"");
  EXPECT_EQ(parsed(simple(TypeKind::kDuration), "30min"), "1800000");
  EXPECT_EQ(parsed(simple(TypeKind::kDuration), "30"), "`30` is not a Duration, such as 30s, 5min, 12h or 7d");
  EXPECT_EQ(parsed(simple(TypeKind::kBytes), "16GiB"), "17179869184");
  EXPECT_EQ(parsed(types_.List(simple(TypeKind::kInt)), "1,2,3"), "[1,2,3]");
  EXPECT_EQ(parsed(types_.List(simple(TypeKind::kInt)), ""), "[]");
  EXPECT_EQ(parsed(types_.List(simple(TypeKind::kString)), R"(["a,b"])"), R"(["a,b"])");
  EXPECT_EQ(parsed(types_.Optional(simple(TypeKind::kInt)), "none"), "null");
  EXPECT_EQ(parsed(types_.Optional(simple(TypeKind::kInt)), "3"), "3");
  EXPECT_EQ(FormatField(simple(TypeKind::kDuration), int64_t{5'400'000}), "90min");
  EXPECT_EQ(FormatField(simple(TypeKind::kBytes), int64_t{2'000'000'000}), "2GB");
  EXPECT_EQ(FormatField(simple(TypeKind::kFloat), 2), "2.0");
}

TEST(UnitsTest, AllUnitsAndNoOverflow) {
  EXPECT_EQ(ParseDuration("7d"), 604'800'000);
  EXPECT_EQ(ParseDuration("250ms"), 250);
  EXPECT_EQ(ParseDuration("-5s"), std::nullopt);
  EXPECT_EQ(ParseDuration("9223372036854775807d"), std::nullopt);
  EXPECT_EQ(ParseBytes("2GB"), 2'000'000'000);
  EXPECT_EQ(ParseBytes("1.5GB"), std::nullopt);
  EXPECT_EQ(FormatDuration(0), "0s");
  EXPECT_EQ(FormatDuration(604'800'000), "7d");
  EXPECT_EQ(FormatBytes(1536), "1536B");
}

}  // namespace
}  // namespace hwf::review
