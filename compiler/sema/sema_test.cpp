// What sema derives, and that its walks are linear and take no stack. The checks themselves are held by the file tests
// in tests/check.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "compiler/sema/lint.h"
#include "compiler/sema/program.h"
#include "compiler/syntax/parse.h"

namespace hwf::sema {
namespace {

using testing::IsEmpty;

struct Analyzed {
  source::SourceManager sources;
  diagnostics::Collector collector;
  Program program;

  Analyzed(const std::string& what, bool text) {
    diagnostics::Emitter emitter(collector);
    auto file = text ? sources.Add("test.hwf", what) : sources.Load(what);
    HWF_CHECK(file.ok());
    program = Analyze(sources, syntax::Parse(sources, *file, emitter), emitter);
  }
  static Analyzed File(const std::string& path) { return {path, false}; }
  static Analyzed Text(const std::string& text) { return {text, true}; }

  // "12 E0201" of the compiled file, and "lib.hwf:3 E0201" of others, sorted.
  std::multiset<std::string> Found() const {
    std::multiset<std::string> found;
    for (const auto& each : collector.diagnostics()) {
      const auto at = sources.PositionOf(each.range.file, each.range.begin);
      std::string place = static_cast<uint32_t>(each.range.file) == 0
                              ? ""
                              : std::filesystem::path(sources.file(each.range.file).path).filename().string() + ":";
      found.insert(place + std::to_string(at.line) + " " + each.info.code);
    }
    return found;
  }
  std::string Messages() const {
    std::string all;
    for (const auto& each : collector.diagnostics()) {
      const auto at = sources.PositionOf(each.range.file, each.range.begin);
      all += fmt::format("{}:{}:{} {} {}", sources.file(each.range.file).path, at.line, at.column, each.info.code,
                         each.message);
      if (!each.help.empty()) all += " [" + each.help + "]";
      all += "\n";
    }
    return all;
  }
};

TEST(SemaTest, FindsTheExamplesGood) {
  for (const char* example : {"digits/digits.hwf", "hello/hello.hwf", "wordcount/wordcount.hwf"}) {
    const Analyzed analyzed = Analyzed::File(std::string(HWF_SOURCE_DIR "/examples/") + example);
    EXPECT_THAT(analyzed.Found(), IsEmpty()) << analyzed.Messages();
    EXPECT_NE(analyzed.program.entry, nullptr);
  }
}

TEST(SemaTest, WithdrawsAReviewThatOnlySends) {
  const Analyzed analyzed = Analyzed::File(HWF_SOURCE_DIR "/examples/digits/digits.hwf");
  ASSERT_EQ(analyzed.program.withdrawn_with.size(), 1u);
  const auto& [review, job] = *analyzed.program.withdrawn_with.begin();
  EXPECT_EQ(review->type->enumeration->name, "digits.call");
  EXPECT_EQ(job->name.text, "job");
}

TEST(SemaTest, KnowsWhichTasksAreEffects) {
  const Analyzed analyzed = Analyzed::File(HWF_SOURCE_DIR "/examples/digits/digits.hwf");
  for (const auto& [task, effect] : analyzed.program.effects) EXPECT_EQ(effect, task->name.text == "publish");
  EXPECT_EQ(analyzed.program.effects.size(), 3u);
}

TEST(SemaTest, AnImportedNameIsPlainInTheIrUnlessItIsTaken) {
  const Analyzed analyzed = Analyzed::File(HWF_SOURCE_DIR "/tests/check/modules/main.hwf");
  std::multiset<std::string> fits;
  for (const auto& [decl, name] : analyzed.program.ir_names) {
    if (decl->name.text == "fit") fits.insert(name);
  }
  EXPECT_EQ(fits.size(), 2u);
  EXPECT_EQ(fits.count("fit"), 1u);
}

// Chains have no limit in the grammar; walks of them take no stack.
TEST(SemaTest, WalksLongChains) {
  std::string sum = "1";
  std::string either = "true";
  std::string fields = "x";
  std::string lets = "  let a0 = n\n";
  std::string branches = "  let choice = if n == 0 { 0 }";
  constexpr int kLong = 20'000;
  for (int i = 1; i <= kLong; ++i) {
    sum += " + 1";
    either += " or n == " + std::to_string(i);
    fields += ".f";
    branches += " else if n == " + std::to_string(i) + " { " + std::to_string(i) + " }";
  }
  for (int i = kLong; i >= 1; --i) lets += fmt::format("  let a{} = a{} + 1\n", i, i - 1);
  const Analyzed analyzed =
      Analyzed::Text("hwf 1\nworkflow w(n: Int, x: Int) -> (s: Int, t: Int, b: Bool, c: Int) {\n" + lets + branches +
                     " else { 1 }\n  let f = " + fields + "\n  (s: " + sum + ", t: a" + std::to_string(kLong) +
                     ", b: " + either + ", c: choice)\n}\n");
  EXPECT_EQ(analyzed.Found().size(), 1u) << analyzed.Messages();  // x has no field f
}

TEST(SemaTest, LintsWalkLongChains) {
  std::string sum = "n";
  std::string either = "b";
  std::string lets;
  constexpr int kLong = 20'000;
  for (int i = 1; i <= kLong; ++i) {
    sum += " + n";
    either += " or b";
    lets += fmt::format("  let a{} = a{}\n", i, i - 1);
  }
  const std::string last = fmt::format("a{}", kLong);
  const std::string text =
      "hwf 1\nenum Verdict { yes, no }\ntask act(n: Int) -> () { run \"\"\" echo ~{n} \"\"\" }\n" +
      ("workflow w(n: Int, b: Bool) -> () {\n" + lets) +
      "  let a0 = await review \"Go on?\" {\n    choose Verdict\n    within 1h else no\n  }\n  if " + either +
      " { act(" + sum + ") }\n  ";
  auto found = [&](const std::string& end) {
    Analyzed analyzed = Analyzed::Text(text + end + "\n}\n");
    EXPECT_THAT(analyzed.Found(), IsEmpty()) << analyzed.Messages();
    diagnostics::Emitter emitter(analyzed.collector);
    Lint(analyzed.program, emitter);
    return analyzed.Found();
  };
  EXPECT_THAT(found("match " + last + " { yes => act(1), no => {} }"), IsEmpty());
  const auto compared = found("if " + last + " == yes { act(1) }");
  ASSERT_EQ(compared.size(), 1u);
  EXPECT_NE(compared.begin()->find("E0523"), std::string::npos);
}

TEST(SemaTest, TypesOfValuesNestOnlySoDeep) {
  std::string text = "hwf 1\nworkflow w(n: Int) {\n  let a0 = [n]\n";
  for (int i = 1; i < 1000; ++i) text += fmt::format("  let a{} = [a{}]\n", i, i - 1);
  const Analyzed analyzed = Analyzed::Text(text + "  checkpoint last { a: a999 }\n}\n");
  ASSERT_EQ(analyzed.Found().size(), 1u) << analyzed.Messages();
  EXPECT_NE(analyzed.Found().begin()->find("E0325"), std::string::npos);
}

TEST(SemaTest, ManyUnknownNamesStayLinear) {
  std::string text = "hwf 1\nworkflow w() {\n";
  for (int i = 0; i < 20'000; ++i) text += fmt::format("  let a{} = b{}\n", i, i);
  const Analyzed analyzed = Analyzed::Text(text + "}\n");
  EXPECT_EQ(analyzed.Found().size(), 20'000u);
}

TEST(SemaTest, ASyntaxErrorHidesNoOtherAndCausesNone) {
  const Analyzed analyzed = Analyzed::Text(
      "hwf 1\ntask t(x: ) -> (a: Int) { run \"\"\" true \"\"\" }\nworkflow w() {\n  t(1)\n  let y = nothing\n}\n");
  const auto found = analyzed.Found();
  EXPECT_EQ(found.count("5 E0201"), 1u) << analyzed.Messages();
  EXPECT_EQ(found.size(), 2u) << analyzed.Messages();
}

}  // namespace
}  // namespace hwf::sema
