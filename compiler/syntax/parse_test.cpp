#include "compiler/syntax/parse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "compiler/syntax/dump.h"

namespace hwf::syntax {
namespace {

struct Parsed {
  source::SourceManager sources;
  diagnostics::Collector collector;
  std::unique_ptr<Module> module;

  explicit Parsed(std::string text) {
    diagnostics::Emitter emitter(collector);
    auto file = sources.Add("test.hwf", std::move(text));
    HWF_CHECK(file.ok());
    module = Parse(sources, *file, emitter);
  }
  std::vector<std::string> Errors() const {
    std::vector<std::string> out;
    for (const auto& d : collector.diagnostics()) {
      source::Position at = sources.PositionOf(d.range.file, d.range.begin);
      out.push_back(fmt::format("{}:{} {} {}", at.line, at.column, d.info.code, d.message));
    }
    return out;
  }
};

using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

// The value of `let x = <expression>` as an S-expression.
std::string Shape(const std::string& expression) {
  Parsed parsed("hwf 1\nworkflow w() {\nlet x = " + expression + "\n}\n");
  EXPECT_THAT(parsed.Errors(), IsEmpty()) << expression;
  auto* workflow = llvm::dyn_cast<WorkflowDecl>(parsed.module->decls.at(0));
  if (!workflow) return "no workflow";
  return Dump(*llvm::cast<LetStmt>(workflow->body->stmts[0])->value);
}

TEST(Parse, GivesOperatorsTheirPrecedence) {
  EXPECT_EQ(Shape("1 + 2 * 3 - 4"), "(- (+ 1 (* 2 3)) 4)");
  EXPECT_EQ(Shape("a or b and not c == d"), "(or a (and b (== (not c) d)))");
  EXPECT_EQ(Shape("a.b?.c ?? d or e after f(1) after g"), "(after (after (?? (?. (. a b) c) (or d e)) (f 1)) g)");
  EXPECT_EQ(Shape("(1 + 2) * -x[0]"), "(* (+ 1 2) (neg (index x 0)))");
  EXPECT_EQ(Shape("10 % 3 / 2"), "(/ (% 10 3) 2)");
}

TEST(Parse, ReadsLiterals) {
  EXPECT_EQ(Shape("[30s, 5min, 12h, 7d, 1.5h]"), "(list 30000ms 300000ms 43200000ms 604800000ms 5400000ms)");
  EXPECT_EQ(Shape("[512MiB, 2GB]"), "(list 536870912B 2000000000B)");
  EXPECT_EQ(Shape("[1e3, 0.5, 9223372036854775807, true, none]"), "(list 1000 0.5 9223372036854775807 true none)");
  EXPECT_EQ(Shape("[:]"), "(map)");
  EXPECT_EQ(Shape("[\"a\": 1, \"b\": 2,]"), "(map \"a\" 1 \"b\" 2)");
  EXPECT_EQ(Shape("()"), "(tuple)");
  EXPECT_EQ(Shape("(a: 1)"), "(tuple a: 1)");
}

TEST(Parse, DecodesStrings) {
  EXPECT_EQ(Shape(R"("a\n\t\"\\\u{e9}~~{x} ~y")"), "\"a\n\t\"\\\u00e9~{x} ~y\"");
  EXPECT_EQ(Shape(R"("~{a}b~{f("c ~{d}")}")"), "\"~{a}b~{(f \"c ~{d}\")}\"");
  EXPECT_EQ(Shape("\"\"\"\n    a \\n\n      ~{b}\n\n    c\n  \"\"\""), "\"a \\n\n  ~{b}\n\nc\n\"");
  EXPECT_EQ(Shape("\"\"\" cp ~{a} /x \"\"\""), "\" cp ~{a} /x \"");
  EXPECT_EQ(Shape("\"\"\"\"\"\""), "\"\"");
  EXPECT_EQ(Shape("\"\"\"\r\n  a\r\n  b\r\n\"\"\""), "\"a\nb\n\"");
  EXPECT_EQ(Shape("\"\"\"\n  ~{a}\n   b ~~{c}\n\"\"\""), "\"~{a}\n b ~{c}\n\"");
}

TEST(Parse, NewlinesCountByTheInnermostBracket) {
  EXPECT_EQ(Shape("f(\n1,\n2\n)"), "(f 1 2)");
  EXPECT_EQ(Shape("[if a {\nb\n} else {\nc\n}]"), "(list (if a {b} {c}))");
  EXPECT_EQ(Shape("a\n.b\n?? c\nand d"), "(?? (. a b) (and c d))");
  EXPECT_EQ(Shape("if a { b }\nelse if c { d }\nelse { e }"), "(if a {b} c {d} {e})");
}

TEST(Parse, ContextualWordsAreNames) {
  EXPECT_EQ(Shape("watch.latest(send: cancel)[run] + after"), "(+ (index ((. watch latest) send: cancel) run) after)");
  EXPECT_EQ(Shape("with(1)"), "(with 1)");
  EXPECT_EQ(Shape("after after after"), "(after after after)");
}

TEST(Parse, GivesRangesToTheByte) {
  Parsed parsed("hwf 1\nworkflow w() {\n  let x = (a) + f(b)\n}\n");
  auto* let = llvm::cast<LetStmt>(llvm::cast<WorkflowDecl>(parsed.module->decls[0])->body->stmts[0]);
  EXPECT_EQ(parsed.sources.Text(let->range), "let x = (a) + f(b)");
  EXPECT_EQ(parsed.sources.Text(let->value->range), "(a) + f(b)");
  EXPECT_EQ(parsed.sources.Text(let->name.range), "x");
}

TEST(Parse, KeepsCommentsAndDocs) {
  Parsed parsed(
      "#!/usr/bin/hwf\nhwf 1\n\n## One\n## two.\ntask t(\n  ## A.\n  a: Int  # b\n) {}\n\n## Far.\n\nsite s = "
      "local()\n");
  ASSERT_THAT(parsed.Errors(), IsEmpty());
  EXPECT_EQ(parsed.module->decls[0]->doc, "One\ntwo.");
  EXPECT_EQ(llvm::cast<TaskDecl>(parsed.module->decls[0])->params[0].doc, "A.");
  EXPECT_EQ(parsed.module->decls[1]->doc, "");
  EXPECT_EQ(parsed.module->comments.size(), 6u);
}

// Every construct of the language, carried or not.
TEST(Parse, AcceptsTheSamples) {
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(HWF_SOURCE_DIR "/tests/fuzz/corpus/parser")) {
    if (entry.path().extension() != ".hwf") continue;
    std::ifstream in(entry.path());
    std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    EXPECT_THAT(Parsed(text).Errors(), IsEmpty()) << entry.path();
    ++files;
  }
  EXPECT_GE(files, 4);
}

TEST(Parse, OneMistakeOneErrorAndLaterOnesAreFound) {
  Parsed parsed(
      "hwf 1\ntask t() -> (a: ) { run \"x\" }\nworkflow w() {\n  let a = 1 +\n  let b = f(2\n  let c = )\n  "
      "g(c]\n}\ntsak u() {}\n");
  EXPECT_THAT(parsed.Errors(),
              UnorderedElementsAre(
                  "2:17 E0103 found `)`, expected a type",
                  "4:14 E0103 found the end of the line, expected an expression", "5:12 E0106 this `(` is never closed",
                  "6:11 E0107 this `)` closes nothing", "7:6 E0103 found `]`, expected `)`",
                  "9:1 E0103 found `tsak`, expected a declaration (`task`, `workflow`, `record`, `import`, …)"));
  ASSERT_EQ(parsed.module->decls.size(), 3u);
  EXPECT_EQ(parsed.module->decls[0]->name.text, "t");
  EXPECT_EQ(llvm::cast<WorkflowDecl>(parsed.module->decls[1])->body->stmts.size(), 4u);
}

TEST(Parse, HostileInputGivesOneErrorEach) {
  for (const char* open : {"(", "[", "{", "-", "not ", "\"~{", "if a {", "[f("}) {
    std::string text = "hwf 1\nworkflow w() {\n  let x = ";
    for (int i = 0; i < 10000; ++i) text += open;
    Parsed parsed(text);
    EXPECT_EQ(parsed.Errors().size(), 1u) << open;
  }
  std::string chain = "hwf 1\nfn f(x: Int) -> Int = x";
  for (int i = 0; i < 50000; ++i) chain += i % 2 ? " + x" : ".y";
  EXPECT_THAT(Parsed(chain + "\n").Errors(), IsEmpty());
  EXPECT_EQ(Parsed("\x7F"
                   "ELF \x01\x02 (((( \"")
                .Errors()
                .size(),
            1u);
  std::string garbage = "hwf 1\n";
  for (int i = 0; i < 10000; ++i) garbage += "@ $ ] ) } ' ;\n";
  EXPECT_EQ(Parsed(garbage).Errors().size(), 101u);
  EXPECT_THAT(Parsed(garbage).Errors().back(), ::testing::HasSubstr("E0119 more than 100 syntax errors"));
  EXPECT_EQ(Parsed("").Errors().size(), 1u);
  EXPECT_EQ(Parsed("hwf 2\n%%%").Errors().size(), 1u);
  EXPECT_EQ(Parsed("hwf 1\ntask t() { run \"\"\" ~{x").Errors().size(), 1u);
}

}  // namespace
}  // namespace hwf::syntax
