// The table of built-in functions (stdlib/builtins.def): every example goes through the compiler and the evaluator and
// gives the result that stands beside it, and docs/builtins.md is what the table says. `builtins_test --update` writes
// the document. What the table cannot show (NaN, bounds, failures) follows as cases.

#include "ir/builtins.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "compiler/driver/frontend.h"
#include "runtime/state/command.h"
#include "runtime/state/evaluate.h"

namespace hwf {
namespace {

namespace fs = std::filesystem;

constexpr const char* kDocument = HWF_SOURCE_DIR "/docs/builtins.md";
bool update_document = false;  // NOLINT: set once by main

std::string Read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

struct Compiled {
  std::optional<ir::Module> module;
  std::string said;
};

Compiled Compile(const std::string& body, const std::string& path = "example.hwf") {
  driver::Frontend frontend;
  const auto program = frontend.CompileText(path, "hwf 1\n" + body);
  Compiled out;
  if (program) out.module = frontend.Lower(*program);
  out.said = frontend.Render({});
  return out;
}

// The value of an expression as JSON; else what the compiler or the evaluator says.
std::string Value(std::string_view expr) {
  const Compiled made =
      Compile(fmt::format("record Trial {{ name: String, loss: Float }}\n"
                          "fn length(text: String) -> Int = len(text)\n"
                          "fn loss_of(trial: Trial) -> Float = trial.loss\n"
                          "workflow w() {{ checkpoint c {{ value: {} }} }}\n",
                          expr));
  if (!made.module) return made.said;
  for (const ir::Node& node : made.module->workflows.at(0).region.nodes) {
    const auto* checkpoint = std::get_if<ir::CheckpointNode>(&node.body);
    if (checkpoint == nullptr) continue;
    const auto result = state::Evaluate(*made.module, checkpoint->value, state::SmallEnvironment());
    return result.ok() ? result.value["value"].Dump() : result.failure->message;
  }
  return "there is no checkpoint";
}

// What is started, without bash's quotes.
std::string Script(std::string_view command) {
  const Compiled made =
      Compile(fmt::format("task t() {{\n  run \"\"\"\n    run {}\n  \"\"\"\n}}\n"
                          "workflow w() {{ t() }}\n",
                          command));
  if (!made.module) return made.said;
  const auto rendered = state::RenderCommand(*made.module, made.module->tasks.at(0), {});
  if (!rendered.ok()) return rendered.error().message();
  std::string script = rendered->script;
  if (script.empty()) script = fmt::format("{}\n", fmt::join(rendered->argv, " "));
  std::erase(script, '\'');
  return script;
}

TEST(Builtins, EachExampleGivesItsResult) {
  for (const ir::Builtin& builtin : ir::Builtins()) {
    if (builtin.result.empty()) continue;
    if (builtin.family == ir::Builtin::Family::kData) {
      EXPECT_NE(Script(builtin.example).find(fmt::format("run {}\n", builtin.result)), std::string::npos)
          << builtin.name << ": " << Script(builtin.example);
    } else {
      const std::string result = builtin.result == "none" ? "null" : Value(builtin.result);
      EXPECT_EQ(Value(builtin.example), result) << builtin.name;
      EXPECT_EQ(result.find("error["), std::string::npos) << result;
    }
  }
}

TEST(Builtins, ExamplesOfDataAreSources) {
  const fs::path directory = fs::path(testing::TempDir()) / fmt::format("hwf-builtins-{}", ::getpid());
  fs::create_directories(directory / "texts");
  std::ofstream(directory / "texts" / "a.txt") << "a\n";
  for (const char* name : {"file", "dir"}) {
    const Compiled made =
        Compile(fmt::format("workflow w() {{ checkpoint c {{ value: {} }} }}\n", ir::FindBuiltin(name)->example),
                (directory / "example.hwf").string());
    EXPECT_TRUE(made.module.has_value()) << made.said;
    EXPECT_EQ(made.said, "");
  }
  fs::remove_all(directory);
}

TEST(Builtins, OfNothing) {
  const std::vector<std::pair<const char*, const char*>> cases = {{"sum([])", "0"},
                                                                  {"mean([])", "null"},
                                                                  {"median([])", "null"},
                                                                  {"stdev([1.0])", "null"},
                                                                  {"quantile([], 0.5)", "null"},
                                                                  {"argmin([])", "null"},
                                                                  {"min([])", "null"},
                                                                  {"first([])", "null"},
                                                                  {"last([])", "null"},
                                                                  {"sort([])", "[]"},
                                                                  {"flatten([])", "[]"},
                                                                  {"keys([:])", "[]"},
                                                                  {"merge([:], [\"a\": 1])", "{\"a\":1}"},
                                                                  {"split(\"\", \",\")", "[\"\"]"},
                                                                  {"split(\"\", \"\")", "[]"},
                                                                  {"parse_csv(\"\")", "[]"},
                                                                  {"trim(\" \\n\")", "\"\""},
                                                                  {"to_int(\"\")", "null"},
                                                                  {"min_by([], length)", "null"},
                                                                  {"sort_by([], length)", "[]"},
                                                                  {"basename(\"\")", "\"\""},
                                                                  {"dirname(\"/\")", "\"/\""},
                                                                  {"basename(\"/a/b/\")", "\"b\""},
                                                                  {"extension(\".bashrc\")", "\"\""},
                                                                  {"stem(\"..\")", "\"..\""}};
  for (const auto& [expr, value] : cases) EXPECT_EQ(Value(expr), value) << expr;
}

TEST(Builtins, NanAndInfinity) {
  const std::vector<std::pair<const char*, const char*>> cases = {
      {"sort([2.0, log(-1), 1.0])", "[1.0,2.0,NaN]"},
      {"min([1.0, log(-1)])", "NaN"},
      {"max(1.0, log(-1))", "NaN"},
      {"argmin([log(-1), 3.0, 1.0])", "2"},
      {"argmax([log(-1)])", "0"},
      {"median([1.0, log(-1)])", "NaN"},
      {"quantile([log(0), 1.0], 0.5)", "-Infinity"},
      {"mean([1.0, exp(1000)])", "Infinity"},
      {"unique([log(-1), log(-1), 0.0, -0.0])", "[NaN,NaN,0.0]"},
      {"contains([log(-1)], log(-1))", "false"},
      {"clamp(log(-1), 0, 1)", "NaN"},
      {"sqrt(-1)", "NaN"},
      {"to_float(\"1e999\")", "null"},
      {"floor(log(0))", "floor() of -Infinity is past the range of Int"},
      {"round(log(-1))", "round() of NaN is past the range of Int"}};
  for (const auto& [expr, value] : cases) EXPECT_EQ(Value(expr), value) << expr;
}

TEST(Builtins, WhatCannotBeComputedIsAMessage) {
  const std::vector<std::pair<const char*, const char*>> cases = {
      {"range(10000001)", "range() would make a list of more than 10000000 elements"},
      {"flatten([range(6000000), range(6000000)])", "flatten() would make a list of more than 10000000 elements"},
      {"pad_left(\"\", 100000000, \"x\")", "pad_left() would make a text of more than 67108864 bytes"},
      {"replace(pad_left(\"\", 40, \"x\"), \"x\", pad_left(\"\", 2000000, \"y\"))",
       "replace() would make a text of more than 67108864 bytes"},
      {"join([pad_left(\"\", 40000000, \"x\"), pad_left(\"\", 40000000, \"x\")], \"\")",
       "join() would make a text of more than 67108864 bytes"},
      {"\"~{pad_left(\"\", 40000000, \"x\")}~{pad_left(\"\", 40000000, \"x\")}\"",
       "a text of more than 67108864 bytes"},
      {"split(pad_left(\"\", 10000001, \"x\"), \"\")", "split() would make a list of more than 10000000 elements"},
      {"pad_left(\"a\", 3, \"xy\")", "pad_left() fills with one character, found \"xy\""},
      {"sum([9223372036854775807, 1])", "sum() is past the range of Int"},
      {"sum([200000d, 1d])", "17280086400000"},
      {"mod(1, 0)", "mod() by zero"},
      {"clamp(1, 3, 2)", "clamp() from 3 to 2, which is lower"},
      {"quantile([1.0], 1.5)", "quantile() takes a share from 0 to 1, found 1.5"},
      {"to_map([\"a\"], [1, 2])", "to_map() takes as many values as keys, found 1 keys and 2 values"},
      {"to_map([\"a\", \"a\"], [1, 2])", "to_map() with the key \"a\" twice"},
      {"parse_csv(\"a,a\\n\")", "parse_csv() finds the name \"a\" twice"},
      {"parse_csv(\"a,b\\n1\\n\")", "parse_csv() finds 1 fields in row 2, and 2 names"},
      {"parse_csv(\"a\\n\\\"1\\n\")", "parse_csv() cannot read row 2: a quote is not closed or stands within a field"}};
  for (const auto& [expr, value] : cases) EXPECT_EQ(Value(expr), value) << expr;
}

// Types follow the arguments: widened, joined, optional.
TEST(Builtins, AreGeneric) {
  const std::vector<std::pair<const char*, const char*>> cases = {
      {"keys([3: \"a\", 1: \"b\"])", "[3,1]"},
      {"has([3: \"a\"], 3)", "true"},
      {"get([\"a\": 1], \"b\", none)", "null"},
      {"get([\"a\": 1], \"a\", 0.5)", "1.0"},
      {"merge([\"a\": 1], [\"b\": 0.5])", "{\"a\":1.0,\"b\":0.5}"},
      {"to_map([2, 1], [\"x\", \"y\"])", "{\"2\":\"x\",\"1\":\"y\"}"},
      {"contains([1, 2], 2.0)", "true"},
      {"max(1, 2.5)", "2.5"},
      {"min(\"b\", \"a\")", "\"a\""},
      {"max([5min, 30s])", "300000"},
      {"sum([1GiB, 512MiB])", "1610612736"},
      {"mean([1, 2])", "1.5"},
      {"first([[1], [2]]) ?? []", "[1]"},
      {"unique([Trial(name: \"a\", loss: 1), Trial(name: \"a\", loss: 1.0)])", "[{\"name\":\"a\",\"loss\":1.0}]"},
      {"sort_by([Trial(name: \"a\", loss: 2), Trial(name: \"b\", loss: 1)], loss_of)[0].name", "\"b\""},
      {"len(take(sort(range(5)), 2))", "2"},
      {"slice(\"äöü\", 1, 9)", "\"öü\""},
      {"slice([1, 2, 3], -5, 2)", "[1,2]"},
      {"drop([1, 2], -1)", "[1,2]"},
      {"slice(\"ab\", -9223372036854775807 - 1, 1)", "\"a\""},
      {"pad_left(\"a\", -9223372036854775807 - 1, \"x\")", "\"a\""},
      {"index_of(\"äöü\", \"ü\")", "2"},
      {"count(\"aaa\", \"aa\")", "1"},
      {"split(\"äb\", \"\")", "[\"ä\",\"b\"]"},
      {"to_json(Trial(name: \"a\", loss: 1))", "\"{\\\"name\\\":\\\"a\\\",\\\"loss\\\":1.0}\""},
      {"to_json([5min])", "\"[300000]\""},
      {"parse_csv(\"a,b\\r\\n\\\"1,\\\"\\\"2\\\"\\\"\\\",\\r\\n\")", "[{\"a\":\"1,\\\"2\\\"\",\"b\":\"\"}]"},
      {"\"a\" < \"b\" and \"Z\" < \"a\" and \"z\" < \"é\" and not (\"a\" < \"a\")", "true"}};
  for (const auto& [expr, value] : cases) EXPECT_EQ(Value(expr), value) << expr;
}

// ---- the document

std::string Cell(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '|' ? "\\|" : std::string(1, c);
  return out;
}
std::string Code(std::string_view text) {
  const std::string fence = text.find('`') == std::string_view::npos ? "`" : "``";
  return fence + Cell(text) + fence;
}

std::string Row(const ir::Builtin& builtin) {
  std::string signatures;
  for (const ir::Signature& signature : ir::SignaturesOf(builtin)) {
    signatures += (signatures.empty() ? "" : "<br>") + Code(signature.text);
  }
  const std::string result = builtin.result.empty() ? "" : " → " + Code(builtin.result);
  return fmt::format("| {} | {} | {}{} |\n", signatures, Cell(builtin.meaning), Code(builtin.example), result);
}

std::string Document() {
  constexpr std::pair<ir::Builtin::Family, const char*> kFamilies[] = {
      {ir::Builtin::Family::kData, "Data and commands"},
      {ir::Builtin::Family::kLists, "Lists"},
      {ir::Builtin::Family::kMaps, "Maps"},
      {ir::Builtin::Family::kStrings, "Texts"},
      {ir::Builtin::Family::kPaths, "Paths"},
      {ir::Builtin::Family::kNumbers, "Numbers"},
      {ir::Builtin::Family::kStatistics, "Statistics"},
      {ir::Builtin::Family::kFormats, "JSON and CSV"}};
  std::string out = Read(HWF_SOURCE_DIR "/stdlib/builtins.md.in");
  for (const auto& [family, title] : kFamilies) {
    out += fmt::format("\n## {}\n\n| function | meaning | example |\n| --- | --- | --- |\n", title);
    for (const ir::Builtin& builtin : ir::Builtins()) {
      if (builtin.family == family) out += Row(builtin);
    }
  }
  return out;
}

TEST(Builtins, TheDocumentIsCurrent) {
  if (update_document) std::ofstream(kDocument, std::ios::binary) << Document();
  EXPECT_EQ(Read(kDocument), Document()) << "`builtins_test --update` writes it";
}

}  // namespace
}  // namespace hwf

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  hwf::update_document = argc > 1 && std::string_view(argv[1]) == "--update";
  setenv("NO_COLOR", "1", 1);
  return RUN_ALL_TESTS();
}
