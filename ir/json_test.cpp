#include "ir/json.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ir/sample.h"

namespace hwf::ir {
namespace {

using testing::HasSubstr;

std::string ErrorOf(const Json& json) {
  ErrorOr<Module> module = ModuleFromJson(json);
  return module.ok() ? "read" : module.error().message();
}

// The sample with one member, named by a path of keys and indices, replaced (or removed).
Json Changed(const std::vector<std::variant<const char*, size_t>>& path, std::optional<Json> value) {
  Json json = ToJson(sample::Digits());
  Json* at = &json;
  for (size_t i = 0; i + 1 < path.size(); ++i) {
    if (const auto* key = std::get_if<const char*>(&path[i])) {
      at = const_cast<Json*>(at->Find(*key));
    } else {
      at = &at->AsArray()[std::get<size_t>(path[i])];
    }
    HWF_CHECK(at != nullptr);
  }
  const char* last = std::get<const char*>(path.back());
  if (value.has_value()) {
    at->Set(last, *value);
  } else {
    std::erase_if(at->AsObject(), [&](const JsonMember& member) { return member.key == last; });
  }
  return json;
}

TEST(IrJsonTest, RoundTripsEveryKindOfNode) {
  Json json = ToJson(sample::Digits());
  ErrorOr<Module> module = ModuleFromText(json.DumpPretty());
  ASSERT_TRUE(module.ok()) << module.error().message();
  EXPECT_EQ(ToJson(*module).Dump(), json.Dump());
}

TEST(IrJsonTest, ReadsWhatWasWritten) {
  ErrorOr<Module> module = ModuleFromJson(ToJson(sample::Digits()));
  ASSERT_TRUE(module.ok()) << module.error().message();
  const Task* fit = module->FindTask("fit");
  ASSERT_NE(fit, nullptr);
  EXPECT_EQ(fit->retry_on, (std::vector<Reason>{Reason::kOom, Reason::kNodeFail}));
  EXPECT_EQ(fit->streams[0].keep, 5);
  EXPECT_EQ(ToString(fit->streams[0].record), "fit.epoch");
  EXPECT_EQ(fit->output_record->record->Find("metrics")->type, module->FindWorkflow("digits")->outputs[0].type);
  const Node& verdict = module->FindWorkflow("digits")->region.nodes[5];
  const auto& review = std::get<ReviewNode>(verdict.body);
  EXPECT_EQ(review.by.parts[0].quorum, 2);
  EXPECT_TRUE(review.by.parts[0].not_starter);
  EXPECT_EQ(review.by.parts[0].level, ByRule::Level::kUid);
  EXPECT_EQ(review.choices[0].grants, "model");
  EXPECT_EQ(verdict.type->enumeration->Find("approve")->Find("model")->type->kind, TypeKind::kApproved);
}

TEST(IrJsonTest, ReadsWhereTasksRun) {
  ErrorOr<Module> module = ModuleFromJson(ToJson(sample::Digits()));
  ASSERT_TRUE(module.ok()) << module.error().message();
  const Task& fit = *module->FindTask("fit");
  EXPECT_EQ(fit.image->literal.AsString(), "docker://pytorch:2.3");
  EXPECT_EQ(fit.secrets, std::vector<std::string>{"TOKEN"});
  EXPECT_EQ(fit.launch, "torchrun");
  EXPECT_EQ(fit.pack, 4);
  EXPECT_EQ(fit.never_on[0].why, "it has no GPU");
  const auto& job = std::get<TaskNode>(module->FindWorkflow("digits")->region.nodes[2].body);
  EXPECT_EQ(job.site, "train");
  EXPECT_EQ(job.why, "its data is there");
  EXPECT_EQ(job.moves[0].value, sample::Id(2));
  EXPECT_EQ(job.moves[0].from, "");
  EXPECT_TRUE(job.array);
  EXPECT_EQ(job.pack, 4);
}

// What was written before these members came does not have them.
TEST(IrJsonTest, WhereTasksRunMayBeLeftOut) {
  Json json = ToJson(sample::Digits());
  for (const char* key : {"never_on", "image", "secrets", "launch", "pack"}) {
    std::erase_if(const_cast<Json*>(json.Find("tasks"))->AsArray()[1].AsObject(),
                  [&](const JsonMember& member) { return member.key == key; });
  }
  ErrorOr<Module> module = ModuleFromJson(json);
  ASSERT_TRUE(module.ok()) << module.error().message();
  const Task& fit = *module->FindTask("fit");
  EXPECT_FALSE(fit.image.has_value());
  EXPECT_TRUE(fit.never_on.empty() && fit.secrets.empty() && fit.launch.empty());
  EXPECT_EQ(fit.pack, 0);
  const auto& data = std::get<TaskNode>(module->FindWorkflow("digits")->region.nodes[1].body);
  EXPECT_TRUE(data.site.empty() && data.why.empty() && data.moves.empty());
  EXPECT_FALSE(data.array);
}

TEST(IrJsonTest, ACommandSaysWhatReadsIt) {
  const auto with_kind = [](const char* kind) { return Changed({"tasks", size_t{1}, "command", "kind"}, Json(kind)); };
  for (const char* kind : {"shell", "sh", "python", "R", "perl", "ruby", "node"}) {
    const Json json = with_kind(kind);
    ErrorOr<Module> module = ModuleFromJson(json);
    ASSERT_TRUE(module.ok()) << module.error().message();
    const Command& command = module->tasks[1].command;
    const bool shell = kind == std::string("shell") || kind == std::string("sh");
    EXPECT_EQ(command.kind, shell ? Command::Kind::kShell : Command::Kind::kInterpreter);
    EXPECT_EQ(command.interpreter, kind == std::string("shell") ? "" : kind);
    EXPECT_EQ(ToJson(*module).Dump(), json.Dump());
  }
  EXPECT_THAT(ErrorOf(with_kind("julia")), HasSubstr("`julia` is nothing that this version can run a command by"));
}

TEST(IrJsonTest, RefusesOtherVersionsInOneLine) {
  EXPECT_EQ(ErrorOf(Changed({"hwfir"}, Json(2))),
            "this IR has version 2; this program reads version 1: use the hwf that made it, or build it anew");
  EXPECT_THAT(ErrorOf(Changed({"hwfir"}, std::nullopt)), HasSubstr("this is no hwf IR"));
  EXPECT_THAT(ErrorOf(Json(3)), HasSubstr("this is no hwf IR"));
}

TEST(IrJsonTest, ErrorsNameThePath) {
  EXPECT_THAT(ErrorOf(Changed({"tasks", size_t{1}, "retries"}, Json("many"))),
              HasSubstr("tasks[1].retries: expected an integer from 0 to 1000000"));
  EXPECT_THAT(ErrorOf(Changed({"workflows", size_t{1}, "region", "nodes", size_t{2}, "task"}, std::nullopt)),
              HasSubstr("workflows[1].region.nodes[2]: the member `task` is missing"));
  EXPECT_THAT(ErrorOf(Changed({"workflows", size_t{1}, "region", "nodes", size_t{2}, "kind"}, Json("dance"))),
              HasSubstr("nodes[2].kind: unknown kind of node"));
  EXPECT_THAT(ErrorOf(Changed({"tasks", size_t{0}, "params", size_t{0}, "type"}, Json(9999))),
              HasSubstr("tasks[0].params[0].type: expected the index of a type"));
  EXPECT_THAT(ErrorOf(Changed({"tasks", size_t{0}, "params", size_t{0}, "id"}, Json(int64_t{4000000000}))),
              HasSubstr("expected a value's number"));
  EXPECT_THAT(ErrorOf(Changed({"tasks", size_t{0}, "command", "kind"}, Json("julia"))), HasSubstr("command.kind"));
  EXPECT_THAT(ErrorOf(Changed({"tasks"}, Json(1))), HasSubstr("tasks: expected a list"));
}

// Every member of every object, removed or made something else, gives a module or an error, never a crash.
void Mutate(const Json& whole, Json& at, const Json& with, int& count) {
  auto probe = [&](Json& member) {
    Json kept = std::move(member);
    member = with;
    ErrorOr<Module> module = ModuleFromJson(whole);
    EXPECT_TRUE(module.ok() || !module.error().message().empty());
    ++count;
    member = std::move(kept);
    Mutate(whole, member, with, count);
  };
  if (at.is_object()) {
    for (JsonMember& member : at.AsObject()) probe(member.value);
  } else if (at.is_array()) {
    for (Json& item : at.AsArray()) probe(item);
  }
}

TEST(IrJsonTest, SurvivesEveryMemberBeingSomethingElse) {
  int count = 0;
  Json json = ToJson(sample::Digits());
  for (const Json& with : {Json(), Json(-1), Json("x"), Json::Array(), Json::Object()}) Mutate(json, json, with, count);
  EXPECT_GT(count, 1000);
}

TEST(IrJsonTest, RefusesTypesThatContainThemselvesOrExplode) {
  Json types = Json::Array();
  types.Add(*Json::Parse(R"({"record":"A","fields":[{"name":"a","type":0}]})"));
  EXPECT_THAT(ErrorOf(Changed({"types"}, types)), HasSubstr("types[0]: a type that contains itself"));

  types = Json::Array().Add("Int");
  for (int i = 0; i < 40; ++i) {
    types.Add(*Json::Parse(
        fmt::format(R"({{"record":"","fields":[{{"name":"a","type":{0}}},{{"name":"b","type":{0}}}]}})", i)));
  }
  EXPECT_THAT(ErrorOf(Changed({"types"}, types)), HasSubstr("a type that is too large"));
}

TEST(IrJsonTest, RefusesDeepNesting) {
  std::string deep = R"({"op":"literal","type":0,"literal":1})";
  for (int i = 0; i < 1000; ++i) deep = R"({"op":"not","type":0,"args":[)" + deep + "]}";
  Json::Limits limits;
  limits.depth = 4096;
  Json expr = *Json::Parse(deep, limits);
  EXPECT_THAT(ErrorOf(Changed({"workflows", size_t{1}, "region", "result"}, expr)), HasSubstr("nested too deeply"));
  EXPECT_FALSE(ModuleFromText(std::string(100000, '[')).ok());
}

}  // namespace
}  // namespace hwf::ir
