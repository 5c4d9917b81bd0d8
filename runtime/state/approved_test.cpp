#include "runtime/state/approved.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace hwf::state {
namespace {

using ir::TypeRef;

TEST(ApprovedParts, AreFoundWhereverTheyAre) {
  ir::TypeTable types;
  const TypeRef string = types.Simple(ir::TypeKind::kString);
  const TypeRef approved = types.Approved(string);
  const TypeRef record = types.NewRecord("Release"), choice = types.NewEnum("Choice");
  types.MutableRecord(record).fields = {{"model", approved, false}, {"note", string, false}};
  types.MutableEnum(choice).variants = {{"none", {}}, {"some", {{"all", types.List(record), false}}}};
  const auto found = [](std::string_view json, TypeRef type) {
    Json value = *Json::Parse(json);
    std::string text;
    for (const Json* part : ApprovedParts(std::as_const(value), type)) text += part->Dump();
    for (Json* part : ApprovedParts(value, type)) *part = Json("new");
    return text + " " + value.Dump();
  };
  EXPECT_EQ(found(R"("a")", approved), R"("a" "new")");
  EXPECT_EQ(found(R"("a")", string), R"( "a")");
  EXPECT_EQ(found("null", types.Optional(approved)), " null");
  EXPECT_EQ(found(R"("a")", types.Optional(approved)), R"("a" "new")");
  EXPECT_EQ(found(R"(["a","b"])", types.List(approved)), R"("a""b" ["new","new"])");
  EXPECT_EQ(found(R"({"k":"a"})", types.Map(string, approved)), R"("a" {"k":"new"})");
  EXPECT_EQ(found(R"({"model":"a","note":"n"})", record), R"("a" {"model":"new","note":"n"})");
  EXPECT_EQ(found(R"({"variant":"some","fields":{"all":[{"model":"a","note":"n"}]}})", choice),
            R"("a" {"variant":"some","fields":{"all":[{"model":"new","note":"n"}]}})");
  EXPECT_EQ(found(R"({"variant":"none","fields":{}})", choice), R"( {"variant":"none","fields":{}})");
  EXPECT_EQ(found("3", types.List(record)), " 3");  // what does not fit its type has none
}

}  // namespace
}  // namespace hwf::state
