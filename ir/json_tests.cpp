// Tests as JSON: the member "tests" beside a module's own.
#include "ir/json.h"
#include "ir/json_reader.h"
#include "ir/json_writer.h"

namespace hwf::ir {
namespace internal {

Json Writer::WriteGiven(const Given& given) {
  Json out;
  out.Set("task", given.task);
  if (!given.stream.empty()) out.Set("stream", given.stream);
  SetSpan(out, given.span);
  out.Set("region", WriteRegion(given.region));
  if (given.duration) out.Set("duration", WriteRegion(*given.duration));
  return out;
}

Json Writer::WriteAnswer(const TestAnswer& answer) {
  Json out;
  out.Set("place", answer.place).Set("delay", WriteExpr(answer.delay)).Set("variant", answer.variant);
  SetSpan(out, answer.span);
  return out.Set("fields", WriteNamed(answer.fields));
}

Json Writer::WriteExpectation(const Expectation& expectation) {
  Json out, parts = Json::Array();
  for (const Shown& part : expectation.parts) {
    parts.Add(Json().Set("label", part.label).Set("value", WriteExpr(part.value)));
  }
  out.Set("text", expectation.text).Set("region", WriteRegion(expectation.region)).Set("parts", std::move(parts));
  if (expectation.fails) out.Set("fails", true);
  SetSpan(out, expectation.span);
  return out;
}

Json Writer::WriteTests(const std::vector<Test>& tests) {
  Json out = Json::Array();
  for (const Test& test : tests) {
    Json item, givens = Json::Array(), answers = Json::Array(), expectations = Json::Array();
    for (const Given& given : test.givens) givens.Add(WriteGiven(given));
    for (const TestAnswer& answer : test.answers) answers.Add(WriteAnswer(answer));
    for (const Expectation& each : test.expectations) expectations.Add(WriteExpectation(each));
    item.Set("name", test.name).Set("workflow", WriteWorkflow(test.workflow)).Set("givens", std::move(givens));
    item.Set("answers", std::move(answers)).Set("expectations", std::move(expectations));
    SetSpan(item, test.span);
    out.Add(std::move(item));
  }
  return out;
}

Given Reader::ReadGiven(const Json& json, const Path& path) {
  Given given;
  given.task = Text(json, path, "task");
  given.stream = Text(json, path, "stream", false);
  given.span = SpanOf(json, path);
  given.region = std::move(*RegionMember(json, path, "region", true));
  if (std::unique_ptr<Region> duration = RegionMember(json, path, "duration", false)) {
    given.duration = std::move(*duration);
  }
  return given;
}

TestAnswer Reader::ReadAnswer(const Json& json, const Path& path) {
  TestAnswer answer;
  answer.place = Text(json, path, "place");
  answer.delay = ExprMember(json, path, "delay");
  answer.variant = Text(json, path, "variant");
  answer.fields = Named(json, path, "fields");
  answer.span = SpanOf(json, path);
  return answer;
}

Expectation Reader::ReadExpectation(const Json& json, const Path& path) {
  Expectation expectation;
  expectation.text = Text(json, path, "text");
  expectation.fails = Flag(json, path, "fails", false);
  expectation.region = std::move(*RegionMember(json, path, "region", true));
  expectation.parts = List<Shown>(json, path, "parts", true, [this](const Json& item, const Path& at) {
    return Shown{Text(item, at, "label"), ExprMember(item, at, "value")};
  });
  expectation.span = SpanOf(json, path);
  return expectation;
}

Test Reader::ReadTest(const Json& json, const Path& path) {
  Test test;
  test.name = Text(json, path, "name");
  if (const Json* workflow = Member(json, path, "workflow", true)) {
    test.workflow = ReadWorkflow(*workflow, Path{&path, "workflow"});
  }
  test.givens =
      List<Given>(json, path, "givens", true, [this](const Json& item, const Path& at) { return ReadGiven(item, at); });
  test.answers = List<TestAnswer>(json, path, "answers", true,
                                  [this](const Json& item, const Path& at) { return ReadAnswer(item, at); });
  test.expectations = List<Expectation>(json, path, "expectations", true,
                                        [this](const Json& item, const Path& at) { return ReadExpectation(item, at); });
  test.span = SpanOf(json, path);
  return test;
}

ErrorOr<std::vector<Test>> Reader::ReadTests(const Json& json) {
  const Path top;
  std::vector<Test> tests =
      List<Test>(json, top, "tests", false, [this](const Json& item, const Path& at) { return ReadTest(item, at); });
  if (failed()) return Error("the tests of this IR cannot be read: " + *error_);
  return tests;
}

}  // namespace internal

Json ToJson(const TestedModule& tested) { return internal::Writer().WriteModule(tested.module, &tested.tests); }

ErrorOr<TestedModule> TestedModuleFromText(std::string_view text) {
  HWF_ASSIGN(const Json json, internal::ParseModule(text));
  internal::Reader reader;
  TestedModule tested;
  HWF_ASSIGN(tested.module, reader.ReadModule(json));
  HWF_ASSIGN(tested.tests, reader.ReadTests(json));
  return tested;
}

}  // namespace hwf::ir
