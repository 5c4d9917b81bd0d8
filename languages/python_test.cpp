// What the lexer of Python says, and the promise itself against the real Python: whatever the value and wherever the
// lexer lets it stand, the program is the same but for that value.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <random>

#include "languages/language.h"

namespace hwf::languages {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Kind = CommandIssue::Kind;

// `@` stands for an interpolation, `$` for one of raw(…).
std::vector<CommandPart> Parts(const std::string& text) {
  std::vector<CommandPart> parts;
  std::string literal;
  for (const char c : text + "@") {
    if (c != '@' && c != '$') {
      literal += c;
      continue;
    }
    if (!literal.empty()) parts.push_back({.text = literal});
    literal.clear();
    parts.push_back({.text = {}, .interpolation = true, .raw = c == '$'});
  }
  parts.pop_back();
  return parts;
}

std::vector<Kind> Issues(const std::string& text) {
  std::vector<Kind> kinds;
  for (const CommandIssue& issue : Python().lex(Parts(text)).issues) kinds.push_back(issue.kind);
  return kinds;
}

// The placement of each interpolation, as a letter.
std::string Places(const std::string& text) {
  const std::vector<CommandPart> parts = Parts(text);
  const LexedText lexed = Python().lex(parts);
  std::string out;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (parts[i].interpolation) out += "wvtr"[static_cast<int>(lexed.placements[i])];
  }
  return out;
}

TEST(PythonLexerTest, AValueInCodeIsALiteral) {
  for (const char* text : {"print(@)",
                           "x = @",
                           "x = [@, @]",
                           "@",
                           "'it''s', @",
                           "\"'\", @",
                           "'\\'', @",
                           "r'\\'', @",
                           "'''a\n'\n'''\nx = @",
                           "\"\"\"\"a\"\"\", @",
                           "'a\\\nb', @",
                           "b'x' + @",
                           "Rb'\\'' + @",
                           "x = 1 \\\n  + @",
                           "f'a{b}c', @",
                           "f'{{', @",
                           "f'{x!r:>{w}}', @",
                           "f'''{x:%H'%M}''', @",
                           "f'{d[\"k\"]}', @",
                           "f'\\N{BULLET}', @",
                           "rf'\\N{x}', @",
                           "f'{x:{\"}\"}}', @",
                           "f'{(lambda y: y)(1)}', @",
                           "f'{x = }', @",
                           "print(@.upper())",
                           "x in (@)",
                           "u'{' + @",
                           "d = {@: 1}",
                           "f'{x:{y:{z}}}', @"}) {
    EXPECT_THAT(Issues(text), IsEmpty()) << text;
    EXPECT_EQ(Places(text).find_first_not_of('w'), std::string::npos) << text;
  }
}

TEST(PythonLexerTest, BetweenTheBracesOfAnFStringItIsAVariable) {
  EXPECT_EQ(Places("f'got {@}' + @"), "vw");
  EXPECT_EQ(Places("F\"{ @ !r:>5}\""), "v");
  EXPECT_EQ(Places("f'{x:{@}}'"), "v");
  EXPECT_EQ(Places("f'{{{@}}}'"), "v");
  EXPECT_EQ(Places("rb'{' + f'''{f(@, \"x\")}\n{@}'''"), "vv");
  EXPECT_EQ(Places("f'{f\"{@}\"}'"), "v");
}

TEST(PythonLexerTest, WithinAStringItIsRefused) {
  EXPECT_THAT(Issues("print('got @')"), ElementsAre(Kind::kInString));
  EXPECT_THAT(Issues("'''\n@\n''', \"@\""), ElementsAre(Kind::kInString, Kind::kInString));
  EXPECT_THAT(Issues("b'{@}'"), ElementsAre(Kind::kInString));
  EXPECT_THAT(Issues("'\\@'"), ElementsAre(Kind::kInString));
  EXPECT_THAT(Issues("ör'\\', @'"), ElementsAre(Kind::kInString));
  EXPECT_THAT(Issues("f'@'"), ElementsAre(Kind::kInFormat));
  EXPECT_THAT(Issues("f'{{@}}'"), ElementsAre(Kind::kInFormat));
  EXPECT_THAT(Issues("f'{x:@}'"), ElementsAre(Kind::kInFormat));
  EXPECT_THAT(Issues("f'{x[\"@\"]}'"), ElementsAre(Kind::kInString));
}

TEST(PythonLexerTest, BesideWhatItWouldJoinItIsRefused) {
  for (const char* text :
       {"f@", "@f", "1@", "@1", "''@", "@''", "@@", "x.@", "@.5", "\\@", "é@", "f'{x}'@", "f'{f@}'"}) {
    EXPECT_THAT(Issues(text), testing::Contains(Kind::kGlued)) << text;
  }
}

TEST(PythonLexerTest, CommentsKeepTheirText) {
  EXPECT_EQ(Places("x = 1  # it's @\ny = @"), "tw");
  EXPECT_EQ(Places("# @\r@"), "tw");
  EXPECT_EQ(Places("f'{x:#>4}', @"), "w");
}

TEST(PythonLexerTest, RawGoesInAsItIs) {
  EXPECT_EQ(Places("$, '$'"), "rr");
  EXPECT_THAT(Issues("$, '$'"), ElementsAre(Kind::kRaw, Kind::kRaw));
}

TEST(PythonLexerTest, WhatIsNeverClosed) {
  EXPECT_THAT(Issues("x = 'a\nb = @"), ElementsAre(Kind::kUnclosed));
  EXPECT_THAT(Issues("'''"), ElementsAre(Kind::kUnclosed));
  EXPECT_THAT(Issues("f'{x"), ElementsAre(Kind::kUnclosed));
  std::string deep;
  for (int i = 0; i < 200; ++i) deep += "f'{";
  EXPECT_THAT(Issues(deep), ElementsAre(Kind::kTooDeep));
}

const std::vector<std::string>& NastyValues() {
  static const std::vector<std::string> values = {"",
                                                  "plain",
                                                  "'",
                                                  "\"",
                                                  "''",
                                                  "\"\"",
                                                  "'''",
                                                  "\"\"\"",
                                                  "\\",
                                                  "\\\\",
                                                  "a\\",
                                                  "\\'",
                                                  "\\\"",
                                                  "\n",
                                                  "a\nb",
                                                  "\r",
                                                  "\r\n",
                                                  "\t",
                                                  "\x01\x7f",
                                                  "{",
                                                  "}",
                                                  "{}",
                                                  "{{x}}",
                                                  "{1+1}",
                                                  "#",
                                                  "# x\n",
                                                  "'+str(6*7)+'",
                                                  "\"+str(6*7)+\"",
                                                  "'''+str(6*7)+'''",
                                                  "\"\"\"+str(6*7)+\"\"\"",
                                                  "\n1/0\n",
                                                  "\\\n",
                                                  "\\N{BULLET}",
                                                  "\\x41",
                                                  "%s",
                                                  "é ü 漢字 🙂",
                                                  "\xe2\x80\xa8",
                                                  "None",
                                                  "0",
                                                  "-1",
                                                  "r\"",
                                                  "f'{1}'",
                                                  "~{s}",
                                                  "\f",
                                                  "hwf_value_1"};
  return values;
}

std::string Literal(const std::string& value) { return Python().literal(languages::Literal::String(value)).value(); }

std::string Render(const std::vector<CommandPart>& parts, const LexedText& lexed, const std::string& value) {
  std::string top, body;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (!parts[i].interpolation) {
      body += parts[i].text;
    } else if (lexed.placements[i] == Placement::kVariable) {
      const std::string variable = "hwf_value_" + std::to_string(i);
      top += variable + " = " + Literal(value) + "\n";
      body += variable;
    } else {
      body += lexed.placements[i] == Placement::kText ? "~{s}" : Literal(value);
    }
  }
  return top + body;
}

std::string Hex(const std::string& text) {
  std::string out;
  for (const unsigned char c : text) {
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x", c);
    out += digits;
  }
  return out;
}

// Each line of its input: a value, the program with the harmless value, and the program with this one. It says which
// programs differ in more than the value, and how many there were that Python takes.
constexpr const char* kJudge = R"(
import ast, sys, warnings
warnings.simplefilter("ignore")
HARMLESS = "hwfharmless"
def tree(text):
    try:
        return ast.parse(text)
    except SyntaxError:
        return None
def shape(node, constants):
    if isinstance(node, ast.Constant):
        constants.append(node.value)
        return "C"
    if isinstance(node, ast.AST):
        return [type(node).__name__] + [shape(value, constants) for _, value in ast.iter_fields(node)]
    if isinstance(node, list):
        return [shape(item, constants) for item in node]
    return repr(node)
taken = 0
for line in open("programs"):
    value, harmless, nasty = (bytes.fromhex(part).decode() for part in line.rstrip("\n").split(" "))
    one, other = tree(harmless), tree(nasty)
    if one is None and other is None:
        continue
    taken += 1
    a, b = [], []
    same = one is not None and other is not None and shape(one, a) == shape(other, b)
    if not same or [c.replace(HARMLESS, value) if isinstance(c, str) else c for c in a] != b:
        print("differs:", repr(harmless), "and", repr(nasty))
print("taken", taken)
)";

class PythonTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "hwf_python_XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
    std::ofstream(directory_ / "judge.py") << kJudge;
    programs_.open(directory_ / "programs");
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  // False if the lexer refuses the text.
  bool Add(const std::string& text, const std::vector<std::string>& values) {
    const std::vector<CommandPart> parts = Parts(text);
    const LexedText lexed = Python().lex(parts);
    if (!lexed.issues.empty()) return false;
    const std::string harmless = Hex(Render(parts, lexed, "hwfharmless"));
    for (const std::string& value : values) {
      programs_ << Hex(value) << ' ' << harmless << ' ' << Hex(Render(parts, lexed, value)) << '\n';
    }
    return true;
  }
  // How many programs Python took; all complaints are failures.
  int Judge() {
    programs_.close();
    const std::string command = "cd " + directory_.string() + " && python3 -X utf8 judge.py > log 2>&1 < /dev/null";
    EXPECT_EQ(std::system(command.c_str()), 0);
    std::ifstream log(directory_ / "log");
    int taken = -1;
    for (std::string line; std::getline(log, line);) {
      if (line.rfind("taken ", 0) == 0) {
        taken = std::stoi(line.substr(6));
      } else {
        ADD_FAILURE() << line;
      }
    }
    return taken;
  }

  std::filesystem::path directory_;
  std::ofstream programs_;
};

TEST_F(PythonTest, EveryValueIsItself) {
  int added = 0;
  for (const char* text : {"x = @",
                           "f(@, @)",
                           "x = 'a' + @ + \"b\"",
                           "x = 'a' @ \"b\"",
                           "x = [@,@]",
                           "x = f'{@}'",
                           "x = f\"{@!r:>9}\"",
                           "x = f'''{@}\n'''",
                           "x = f'{1:{@}}'",
                           "x = {@: @}",
                           "x = 1  # @\ny = @",
                           "'''\n'''\nx = (@)",
                           "x = b'' , @",
                           "x = r'\\'' , @",
                           "if x in (@):\n  pass",
                           "x = @ % 1",
                           "x = (@).join([])",
                           "class A:\n  def f(self): return f'{@}'",
                           "x = f'{{{@}}}'",
                           "x = \\\n @",
                           "x = f'{{' + @",
                           "x = f'\\N{BULLET}' + @",
                           "@",
                           "x = @[0]"}) {
    ASSERT_TRUE(Add(text, NastyValues())) << text;
    ++added;
  }
  EXPECT_EQ(Judge(), added * static_cast<int>(NastyValues().size()));
}

// Texts of pieces that mean something to Python's lexer, thrown together.
TEST_F(PythonTest, WhereverTheLexerLetsItStand) {
  const std::vector<std::string> pieces = {"'",   "\"", "'''", "\"\"\"", "\\",  "{",  "}",  "{{",   "}}", "f'", "f\"",
                                           "rf'", "r'", "b'",  "F'''",   "#",   "\n", "\r", " ",    "x",  "1",  ":",
                                           "!r",  "=",  "+",   "(",      ")",   "[",  "]",  ",",    ".",  "@",  "@",
                                           "@",   "@",  "N{",  "'x'",    "f'{", "}'", "in", "\\\n", "é"};
  std::mt19937 random(20);
  const auto below = [&random](size_t bound) { return static_cast<size_t>(random()) % bound; };
  for (int i = 0; i < 60000; ++i) {
    std::string text;
    for (size_t left = 1 + below(9); left > 0; --left) text += pieces[below(pieces.size())];
    if (text.find('@') == std::string::npos) continue;
    Add(text, {NastyValues()[below(NastyValues().size())], NastyValues()[below(NastyValues().size())]});
  }
  EXPECT_GT(Judge(), 1000);
}

}  // namespace
}  // namespace hwf::languages
