#include "ir/verify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "ir/sample.h"
#include "ir/type_rules.h"

namespace hwf::ir {
namespace {

using sample::Id;
using sample::NodeOf;
using sample::RegionOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// The faults of the sample after a change.
std::vector<std::string> FaultsAfter(const std::function<void(Module&)>& change) {
  Module module = sample::Digits();
  change(module);
  return Verify(module);
}

template <typename Body>
Body& BodyOf(Module& module, std::string_view name) {
  return std::get<Body>(NodeOf(module, name).body);
}
Task& Fit(Module& module) { return module.tasks[1]; }

TEST(VerifyTest, TheSampleIsSound) { EXPECT_THAT(Verify(sample::Digits()), IsEmpty()); }

TEST(VerifyTest, FaultsNameTheirPlace) {
  auto faults = FaultsAfter([](Module& m) { BodyOf<TaskNode>(m, "job").task = "fitt"; });
  EXPECT_THAT(faults, Contains("workflow `digits`, node `job`: `fitt` is no task of the module"));
}

struct Case {
  const char* name;
  std::function<void(Module&)> change;
  const char* fault;
};
std::string CaseName(const testing::TestParamInfo<Case>& test) { return test.param.name; }
class VerifyEach : public testing::TestWithParam<Case> {};

TEST_P(VerifyEach, IsFound) { EXPECT_THAT(FaultsAfter(GetParam().change), Contains(HasSubstr(GetParam().fault))); }

Expr Text(const Module& m) { return sample::String(m, "x"); }
Region& RetuneArm(Module& m) {
  return *std::get<MatchNode>(BodyOf<WatchNode>(m, "watch").body->nodes[1].body).arms[1].body;
}
ReviewNode& CallReview(Module& m) { return std::get<ReviewNode>(BodyOf<WatchNode>(m, "watch").body->nodes[0].body); }

INSTANTIATE_TEST_SUITE_P(
    Names, VerifyEach,
    testing::Values(Case{"TwoTasks", [](Module& m) { m.tasks[0].name = "fit"; }, "two tasks are named `fit`"},
                    Case{"TwoWorkflows", [](Module& m) { m.workflows[0].name = "digits"; }, "two workflows are named"},
                    Case{"TwoNodes", [](Module& m) { NodeOf(m, "data").name = "job"; }, "two nodes are named `job`"},
                    Case{"TwoParams", [](Module& m) { Fit(m).params[1].name = "data"; }, "two parameters are named"},
                    Case{"NodeUp", [](Module& m) { NodeOf(m, "data").name = "../x"; }, "cannot be the name of a node"},
                    Case{"NodeEmpty", [](Module& m) { NodeOf(m, "data").name = ""; }, "cannot be the name of a node"},
                    Case{"TaskSlash", [](Module& m) { Fit(m).name = "a/b"; }, "cannot be the name of a task"},
                    Case{"Entry", [](Module& m) { m.entry = "nobody"; }, "the entry `nobody` is no workflow"},
                    Case{"TwoIds", [](Module& m) { NodeOf(m, "data").id = Id(3); }, "two values have the number 3"},
                    Case{"NoId", [](Module& m) { NodeOf(m, "data").id = ValueId::kNone; }, "a value has no number"}),
    CaseName);

// The node calls its task as `try` does, as if the task gave what `fit` gives.
void Try(Module& m, std::string_view name) {
  BodyOf<TaskNode>(m, name).tried = true;
  NodeOf(m, name).type = FailureType(*m.types, "try", Tried::kTask, Fit(m).output_record, ReasonType(*m.types));
}

// The workflow `inner` has no outputs.
void TryInner(Module& m, Tried what) {
  BodyOf<WorkflowNode>(m, "inner").tried = true;
  NodeOf(m, "inner").type = FailureType(*m.types, "try", what, Fit(m).output_record, ReasonType(*m.types));
}

INSTANTIATE_TEST_SUITE_P(
    Tries, VerifyEach,
    testing::Values(
        Case{"Type", [](Module& m) { BodyOf<TaskNode>(m, "job").tried = true; }, "a tried call of type"},
        Case{"Value", [](Module& m) { Try(m, "data"); }, "the tried call's value has type"},
        Case{"Workflow", [](Module& m) { BodyOf<WorkflowNode>(m, "inner").tried = true; }, "a tried call of type"},
        Case{"OfAnother", [](Module& m) { TryInner(m, Tried::kTask); }, "a tried call of type"},
        Case{"NoOutputs", [](Module& m) { TryInner(m, Tried::kWorkflow); }, "has the value of its outputs"}),
    CaseName);

TaskNode& Job(Module& m) { return BodyOf<TaskNode>(m, "job"); }

INSTANTIATE_TEST_SUITE_P(
    Sites, VerifyEach,
    testing::Values(Case{"Kind", [](Module& m) { m.sites[1].kind = "pbs"; }, "`pbs` is no kind of site"},
                    Case{"Fields", [](Module& m) { m.sites[1].fields = Json(1); }, "its fields are no object"},
                    Case{"Secrets", [](Module& m) { m.sites[0].fields.Set("secrets", Json().Set("TOKEN", "letmein")); },
                         "the secret `TOKEN` says not where it comes from"},
                    Case{"NoSecret", [](Module& m) { Fit(m).secrets = {"KEY"}; }, "the site `here` has no secret"},
                    Case{"NoSecretHere", [](Module& m) { m.tasks[0].secrets = {"KEY"}; }, "`here` has no secret `KEY`"},
                    Case{"SecretAndEnv", [](Module& m) { Fit(m).env[0].name = "TOKEN"; }, "`TOKEN` has two values"},
                    Case{"NeverOn", [](Module& m) { Fit(m).never_on[0].site = "x"; }, "`x` is no site of the module"},
                    Case{"Launch", [](Module& m) { Fit(m).launch = "mpiexec"; }, "none of srun, mpirun and torchrun"},
                    Case{"Pack", [](Module& m) { Fit(m).pack = -1; }, "its `pack` is out of range"},
                    Case{"Image", [](Module& m) { Fit(m).image = sample::Int(m, 1); }, "its image"},
                    Case{"Need", [](Module& m) { Fit(m).needs[0].name = "ram"; }, "a task can need no `ram`"},
                    Case{"NeedType", [](Module& m) { Fit(m).needs[0].name = "nodes"; }, "a need"},
                    Case{"NotOfItsTask", [](Module& m) { Job(m).site = "edge"; }, "which its task does not name"},
                    Case{"MovesNothing", [](Module& m) { Job(m).moves[0].value = Id(999); }, "not in its scope"},
                    Case{"MovesFrom", [](Module& m) { Job(m).moves[0].from = "x"; }, "from `x`, which is no site"}),
    CaseName);

INSTANTIATE_TEST_SUITE_P(
    Scopes, VerifyEach,
    testing::Values(
        Case{"NoValue", [](Module& m) { RegionOf(m).result->args[0].args[0].ref = Id(999); },
             "value 999, which is none"},
        Case{"InnerFromOutside",
             [](Module& m) {
               BodyOf<LetNode>(m, "real").value.args[0].args[0] = sample::Ref(Id(14), m.types->Simple(TypeKind::kInt));
             },
             "outside of its region"},
        Case{"After", [](Module& m) { NodeOf(m, "job").after = {Id(22)}; }, "not in its scope"},
        Case{"JobIsNoTask", [](Module& m) { BodyOf<WatchNode>(m, "watch").job = Id(1); }, "is no task's call"},
        Case{"CancelNoTask",
             [](Module& m) { std::get<CancelNode>(BodyOf<IfNode>(m, "if").then_body->nodes[0].body).job = Id(5); },
             "is no task's call"},
        Case{"Withdrawn", [](Module& m) { CallReview(m).withdrawn_with = Id(2000); }, "is no task's call"},
        Case{"NoStream", [](Module& m) { BodyOf<WatchNode>(m, "watch").stream = "step"; }, "has no checkpoint `step`"},
        Case{"NoMessage", [](Module& m) { std::get<SendNode>(RetuneArm(m).nodes[0].body).message = "go"; },
             "does not accept `go`"},
        Case{"NoWorkflow", [](Module& m) { BodyOf<WorkflowNode>(m, "inner").workflow = "x"; }, "is no workflow"},
        Case{"NoSite", [](Module& m) { Fit(m).on = {"moon"}; }, "`moon` is no site"},
        Case{"DefaultReadsLater",
             [](Module& m) { Fit(m).params[0].default_value = sample::Ref(Id(1), m.types->Simple(TypeKind::kFloat)); },
             "value 1, which is none"}),
    CaseName);

INSTANTIATE_TEST_SUITE_P(
    Types, VerifyEach,
    testing::Values(
        Case{"Argument", [](Module& m) { BodyOf<TaskNode>(m, "data").args[0] = Text(m); },
             "`seed` has type String, not Int"},
        Case{"IntIsNoFloat", [](Module& m) { BodyOf<TaskNode>(m, "job").args[1] = sample::Int(m, 1); },
             "`rate` has type Int, not Float"},
        Case{"ArgumentCount", [](Module& m) { BodyOf<TaskNode>(m, "job").args.pop_back(); },
             "takes 2 arguments, not 1"},
        Case{"Condition", [](Module& m) { BodyOf<IfNode>(m, "if").condition = Text(m); },
             "its condition has type String"},
        Case{"Literal", [](Module& m) { BodyOf<TaskNode>(m, "data").args[0].literal = Json("7"); },
             "a literal that is no Int"},
        Case{"NoField", [](Module& m) { RegionOf(m).result->args[0].name = "loss"; }, "has no field `loss`"},
        Case{"Poison", [](Module& m) { NodeOf(m, "real").type = m.types->Simple(TypeKind::kPoison); },
             "type of an error"},
        Case{"NoType", [](Module& m) { NodeOf(m, "real").type = nullptr; }, "a type is missing"},
        Case{"LabelTwice", [](Module& m) { BodyOf<CheckpointNode>(m, "trained").value.labels[0] = "metrics"; },
             "is given twice"},
        Case{"Builtin", [](Module& m) { Fit(m).command.text[3].value->name = "flog"; }, "`flog` is no built-in"},
        Case{"Call", [](Module& m) { BodyOf<IfNode>(m, "if").condition.args[1].name = "third"; }, "is no function"},
        Case{"OutField", [](Module& m) { Fit(m).outputs[1].name = "scores"; }, "`out.metrics` is no path"},
        Case{"Widen", [](Module& m) { BodyOf<LetNode>(m, "real").value.args[0].args[0] = Text(m); }, "does not widen"},
        Case{"Arithmetic", [](Module& m) { BodyOf<ForNode>(m, "for").body->result->args[1] = Text(m); }, "`mul` of"},
        Case{"RegionResult", [](Module& m) { BodyOf<ForNode>(m, "for").body->result = Text(m); },
             "the result has type"},
        Case{"NoResult", [](Module& m) { BodyOf<ForNode>(m, "for").body->result.reset(); }, "has no result"},
        Case{"RegionParams", [](Module& m) { BodyOf<ForNode>(m, "for").body->params.clear(); },
             "has 0 parameters, not 1"},
        Case{"RegionMissing", [](Module& m) { BodyOf<IfNode>(m, "if").then_body.reset(); }, "a region is missing"},
        Case{"Output", [](Module& m) { m.workflows[1].outputs[0].name = "scores"; },
             "does not give the output `scores`"}),
    CaseName);

LoopNode& Loop(Module& m) { return BodyOf<LoopNode>(m, "rounds"); }

INSTANTIATE_TEST_SUITE_P(
    Loops, VerifyEach,
    testing::Values(
        Case{"Max", [](Module& m) { Loop(m).max = Text(m); }, "its `max` has type String"},
        Case{"Init", [](Module& m) { Loop(m).init[0] = Text(m); }, "a region's parameter has type String"},
        Case{"InitCount", [](Module& m) { Loop(m).init.clear(); }, "has 1 parameters, not 0"},
        Case{"NoEnds", [](Module& m) { NodeOf(m, "rounds").type = m.types->Simple(TypeKind::kInt); }, "a `loop` of"},
        Case{"OtherEnum", [](Module& m) { Loop(m).body->result = sample::Int(m, 1); }, "its body gives Int"},
        Case{"Endless", [](Module& m) { Loop(m).body->result.reset(); }, "its body has no result"},
        Case{"Carried",
             [](Module& m) {
               auto& ends = *const_cast<EnumDef*>(NodeOf(m, "rounds").type->enumeration);
               ends.variants[1].fields[0].name = "m";
             },
             "`exhausted` has other fields"},
        Case{"Round",
             [](Module& m) {
               auto& round = *const_cast<EnumDef*>(Loop(m).body->result->type->enumeration);
               round.variants.push_back({"again", {}});
             },
             "a round cannot end in `again`"},
        Case{"StopsWithout",
             [](Module& m) {
               auto& ends = *const_cast<EnumDef*>(NodeOf(m, "rounds").type->enumeration);
               ends.variants.erase(ends.variants.begin());
             },
             "does not give what it stops with"}),
    CaseName);

INSTANTIATE_TEST_SUITE_P(
    Reviews, VerifyEach,
    testing::Values(
        Case{"NoWho", [](Module& m) { CallReview(m).by.who.reset(); }, "names nobody"},
        Case{"Quorum", [](Module& m) { CallReview(m).by.quorum = 0; }, "a quorum below 1"},
        Case{"NoParts", [](Module& m) { BodyOf<ReviewNode>(m, "verdict").by.parts.clear(); }, "has parts"},
        Case{"OneEnd", [](Module& m) { CallReview(m).choices[1].fields[0].low.reset(); }, "a range has two ends"},
        Case{"Range", [](Module& m) { CallReview(m).choices[1].fields[0].low = Text(m); }, "lower end of a range"},
        Case{"NoWithin", [](Module& m) { CallReview(m).within.reset(); }, "need `within`"},
        Case{"Silence",
             [](Module& m) {
               Expr& answer = *BodyOf<ReviewNode>(m, "verdict").else_answer;
               answer.name = "approve";
               answer.args.clear();
               answer.labels.clear();
             },
             "`else` may not grant"},
        Case{"MissingChoice", [](Module& m) { CallReview(m).choices.pop_back(); },
             "no choice gives the variant `halt`"},
        Case{"Expires", [](Module& m) { CallReview(m).else_answer.reset(); }, "has no `expired`"},
        Case{"GrantName", [](Module& m) { BodyOf<ReviewNode>(m, "verdict").choices[0].grants = "note"; },
             "is no approved field"},
        Case{"Match", [](Module& m) { BodyOf<MatchNode>(m, "match").arms.pop_back(); }, "no arm takes `reject`"},
        Case{"ArmTwice", [](Module& m) { BodyOf<MatchNode>(m, "match").arms[1].variant = "approve"; }, "two arms take"},
        Case{"Bind", [](Module& m) { BodyOf<MatchNode>(m, "match").arms[1].binds = {"why"}; }, "no field `why`"}),
    CaseName);

INSTANTIATE_TEST_SUITE_P(
    Tasks, VerifyEach,
    testing::Values(
        Case{"Effect", [](Module& m) { m.tasks[2].effect = false; }, "an effect by the rule"},
        Case{"Uses", [](Module& m) { m.tasks[0].uses = {"prepare.py"}; }, "a path not absolute"},
        Case{"Env", [](Module& m) { Fit(m).env[0].name = "A=B"; }, "is no variable"},
        Case{"Variable", [](Module& m) { Fit(m).command.assignments[0].variable = "x y"; }, "is no variable"},
        Case{"Shell", [](Module& m) { Fit(m).command.interpreter = "zsh"; }, "neither bash nor sh"},
        Case{"Interpreter",
             [](Module& m) {
               Fit(m).command.kind = Command::Kind::kInterpreter;
               Fit(m).command.interpreter = "julia";
             },
             "`julia` is no interpreter"},
        Case{"Empty", [](Module& m) { Fit(m).command.text.clear(); }, "the command is empty"},
        Case{"Glob", [](Module& m) { Fit(m).outputs[0].kind = Output::Kind::kGlob; }, "a glob gives a list"},
        Case{"OutputRecord", [](Module& m) { Fit(m).outputs.pop_back(); }, "has other fields"}),
    CaseName);

TEST(VerifyTest, ACycleIsNamedWhole) {
  auto faults = FaultsAfter([](Module& m) {
    NodeOf(m, "data").after = {Id(5)};  // prepare waits for the checkpoint of what it prepares
  });
  ASSERT_EQ(faults.size(), 1u);
  EXPECT_THAT(faults[0], HasSubstr("nodes wait for each other in a cycle"));
  for (const char* name : {"`data`", "`job`", "`trained`"}) EXPECT_THAT(faults[0], HasSubstr(name));
}

TEST(VerifyTest, RecursionIsNamedWhole) {
  auto faults = FaultsAfter([](Module& m) {
    Node call =
        sample::MakeNode(0, "again", m.types->Simple(TypeKind::kUnit), WorkflowNode{"digits", {sample::Float(m, 1)}});
    m.workflows[0].region.nodes.push_back(std::move(call));
  });
  EXPECT_THAT(faults, ElementsAre(HasSubstr("workflows call each other in a cycle: `")));
  EXPECT_THAT(faults[0], HasSubstr("`digits`"));
  EXPECT_THAT(faults[0], HasSubstr("`inner`"));
}

TEST(VerifyTest, AFunctionIsPure) {
  auto faults = FaultsAfter([](Module& m) {
    m.functions[0].region.nodes.push_back(
        sample::MakeNode(5, "fail", m.types->Simple(TypeKind::kNever), FailNode{sample::String(m, "no")}));
  });
  EXPECT_THAT(faults, Contains(HasSubstr("a function holds no `fail`")));
}

TEST(VerifyTest, StopsAtALimit) {
  Module module = sample::Digits();
  for (int i = 0; i < 1000; ++i) module.sites.push_back({"here", "local", Json::Object()});
  EXPECT_EQ(Verify(module).size(), kMaxFaults);
}

TEST(FitsTest, IsConvertsWithoutIntToFloat) {
  TypeTable types;
  TypeRef integer = types.Simple(TypeKind::kInt), real = types.Simple(TypeKind::kFloat);
  EXPECT_TRUE(Converts(integer, real));
  EXPECT_FALSE(Fits(integer, real));
  EXPECT_FALSE(Fits(types.List(integer), types.List(real)));
  EXPECT_TRUE(Fits(integer, types.Optional(integer)));
  EXPECT_TRUE(Fits(types.Approved(integer), integer));
  EXPECT_FALSE(Fits(integer, types.Approved(integer)));
  EXPECT_TRUE(Fits(types.List(types.Simple(TypeKind::kEmpty)), types.List(integer)));
  EXPECT_TRUE(Fits(types.Simple(TypeKind::kNone), types.Optional(integer)));
  EXPECT_FALSE(Fits(types.Simple(TypeKind::kNone), integer));
}

}  // namespace
}  // namespace hwf::ir
