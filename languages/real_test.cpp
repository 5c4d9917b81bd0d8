// The promise itself, against the real interpreters: a value that the lexer lets stand arrives as itself, whatever it
// is, and where the lexer says that it stands in code, there the interpreter reads code.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <limits>
#include <random>

#include "languages/language.h"

namespace hwf::languages {
namespace {

const std::vector<std::string>& NastyValues() {
  static const std::vector<std::string> values = {"",
                                                  "plain",
                                                  "'",
                                                  "\"",
                                                  "`",
                                                  "''",
                                                  "\"\"",
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
                                                  "\x1b[0m",
                                                  "{",
                                                  "}",
                                                  "#{1+1}",
                                                  "${1+1}",
                                                  "$(exit 3)",
                                                  "`exit`",
                                                  "@{[6*7]}",
                                                  "$x @x %x",
                                                  "#",
                                                  "# x\n",
                                                  "/* x",
                                                  "*/",
                                                  "//",
                                                  "<!--",
                                                  "\n=cut\n",
                                                  "\n=begin\n",
                                                  "\n__END__\n",
                                                  "EOF",
                                                  "\nEOF\n",
                                                  "'.exit(3).'",
                                                  "\"+exit(3)+\"",
                                                  "\"); exit(3); (\"",
                                                  "%s %d",
                                                  "\\x41",
                                                  "\\u0041",
                                                  "\\n",
                                                  "\\N{U+41}",
                                                  "é ü 漢字 🙂",
                                                  "\xe2\x80\xa8",
                                                  "\xe2\x80\xa9",
                                                  "\xef\xbb\xbf",
                                                  "</script>",
                                                  "0",
                                                  "-1",
                                                  "1e5",
                                                  "NULL",
                                                  "undef",
                                                  "nil",
                                                  "null",
                                                  "__proto__",
                                                  "~{s}",
                                                  "\f",
                                                  "\v",
                                                  "\x1a",
                                                  "hwf_value_1",
                                                  "%in%",
                                                  "r\"(x)\"",
                                                  std::string(70000, 'x')};
  return values;
}

struct Case {
  const Language* language;
  const char* show;          // defines show(text), which prints the text's bytes as hexadecimal digits and a newline
  const char *open, *close;  // a scope of their own for statements
  std::vector<const char*> contexts;  // statements that show the value `@@` once
  // A program: for each line of the file `programs`, hexadecimal UTF-8 text, prints 1 if it is a program, or 0, never
  // running it.
  const char* judge;
  std::vector<const char*> pieces;  // what texts are thrown together from
  // A value of each kind, and a condition that it is so.
  std::vector<std::pair<Literal, const char*>> values;
};

void PrintTo(const Case& tested, std::ostream* out) { *out << tested.language->name; }

Literal Mixed() {
  Literal map = Literal::Map();
  map.Add(Literal::String("a b'\""), Literal::List({Literal::Int(1), Literal::Int(2)}, Literal::Kind::kInt));
  map.Add(Literal::String("__proto__"), Literal::None());
  map.Add(Literal::String(""), Literal::Bool(false));
  return map;
}
Literal Numbered() {
  Literal map = Literal::Map();
  map.Add(Literal::Int(-7), Literal::String("x"));
  return map;
}
Literal Strings(std::vector<Literal> items) { return Literal::List(std::move(items), Literal::Kind::kString); }

constexpr double kInfinity = std::numeric_limits<double>::infinity();

Case OfR() {
  return {&R(),
          R"(show <- function(x) cat(paste(as.character(charToRaw(x)), collapse = ""), "\n", sep = "")
)",
          "{",
          "}",
          {"show(@@)", "show(c(@@, 'x')[1])", "show(list(a = @@)$a)", "f <- function(x = @@) x; show(f())",
           "if (@@ %in% c(@@)) show(@@)", "show(paste0('', @@, r\"()\"))", "x <- @@ # it's ~\nshow(x)"},
          R"(for (line in readLines("programs")) {
  n <- nchar(line) / 2
  text <- rawToChar(as.raw(strtoi(substring(line, 2 * seq_len(n) - 1, 2 * seq_len(n)), 16L)))
  cat(tryCatch({ parse(text = text, encoding = "UTF-8"); 1 }, error = function(e) 0), "\n", sep = "")
})",
          {"'", "\"", "`", "\\", "#", "\n", " ", "r\"(", ")\"", "%in%", "%",   "x", "1", "(",
           ")", "[",  "]", "{",  "}", ",",  "+", "@@",   "@@",  "-",    "'x'", "=", "$"},
          {{Literal::None(), "is.null(x)"},
           {Literal::Bool(true), "identical(x, TRUE)"},
           {Literal::Int(-5), "identical(x, -5L) && identical(-5L, x)"},
           {Literal::Int(2147483648), "x == 2147483648"},
           {Literal::Int(-2147483648), "!is.na(x) && x == -2147483648"},
           {Literal::Int(9007199254740992), "x == 2^53"},
           {Literal::Float(0.1), "identical(x, 0.1)"},
           {Literal::Float(std::nan("")), "is.nan(x)"},
           {Literal::Float(-kInfinity), "identical(x, -Inf)"},
           {Strings({}), "identical(x, character(0))"},
           {Strings({Literal::String("a"), Literal::String("b")}), "identical(x, c('a', 'b'))"},
           {Literal::List({Literal::None(), Literal::Int(1)}), "is.null(x[[1]]) && length(x) == 2"},
           {Numbered(), "identical(x[['-7']], 'x')"},
           {Mixed(), "identical(x[['a b\\'\"']], 1:2) && identical(names(x)[3], '') && identical(x[[3]], FALSE)"},
           {Literal::Map(), "length(x) == 0 && !is.null(names(x))"}}};
}

Case OfJavaScript() {
  return {
      &JavaScript(),
      "function show(x) { console.log(Buffer.from(x, 'utf8').toString('hex')); }\n",
      ";{",
      "};",
      {"show(@@)", "show(`${@@}`)", "show([@@][0])", "show({a: @@}.a)", "show(Object.keys({[@@]: 1})[0])",
       "(() => { 'use strict'; show(@@) })()", "show(/'/.test('x') ? 1 : @@)", "show(4 / 2 ? @@ : '/')",
       "show([...[@@]].join(''))", "{ const hwf = `'${`${@@}`}'`; show(hwf.slice(1, -1)) }",
       "if (1) /'/.test(@@); show(@@) // it's", "class A { static x = @@ }; show(A.x)"},
      R"(const vm = require('vm');
for (const line of require('fs').readFileSync('programs', 'utf8').split('\n')) {
  if (line === '') continue;
  let ok = 1;
  try { new vm.Script(Buffer.from(line, 'hex').toString('utf8')); } catch (e) { ok = 0; }
  console.log(ok);
})",
      {"'", "\"",    "`", "${", "\\",     "/",       "//",   "/*",   "*/",  "\n", " ",  "x",
       "1", "(",     ")", "[",  "]",      "{",       "}",    ",",    "+",   "++", "@@", "@@",
       ";", "if(1)", "=", ".",  "return", "typeof ", "/x/g", "<!--", "-->", ":",  "a."},
      {{Literal::None(), "x === null"},
       {Literal::Bool(true), "x === true"},
       {Literal::Int(-5), "x ** 2 === 25"},
       {Literal::Int(9007199254740992), "x === 2 ** 53"},
       {Literal::Float(0.1), "x === 0.1"},
       {Literal::Float(-0.0), "Object.is(x, -0)"},
       {Literal::Float(std::nan("")), "Number.isNaN(x)"},
       {Literal::Float(-kInfinity), "x === -Infinity"},
       {Strings({}), "Array.isArray(x) && x.length === 0"},
       {Strings({Literal::String("a"), Literal::String("b")}), "x.length === 2 && x[1] === 'b'"},
       {Literal::List({Literal::None(), Literal::Int(1)}), "x[0] === null && x.length === 2"},
       {Numbered(), "x[-7] === 'x'"},
       {Mixed(), "x['a b\\'\"'][1] === 2 && Object.keys(x).length === 3 && x[''] === false && x.__proto__ === null"},
       {Literal::Map(), "Object.keys(x).length === 0"}}};
}

Case OfRuby() {
  return {&Ruby(),
          "def show(x) puts x.unpack1('H*') end\n",
          "",
          "",
          {"show(@@)", "show @@", "show(\"#{@@}\")", "show([@@][0])", "show({a: @@}[:a])", "show({@@ => 1}.keys[0])",
           "show(%W[x #{@@}][1])", "def f(x = @@) x end; show(f)", "show((1 > 2) ? 'it' : @@)",
           "show([<<~A, <<'B', @@][2])\n  it's #{@@}\nA\nit's #{}\nB\n", "show(<<A.delete_suffix(10.chr))\n#{@@}\nA\n",
           "x = 4 / 2; show(x / 2 == 1 ? @@ : '/')", "show([?', @@][1])", "class C; X = @@; end; show(C::X)",
           "show([%q(it's), @@][1]) # it's", "show([:'a', $', @@][2])"},
          R"(STDOUT.sync = true
$VERBOSE = nil
require 'stringio'
$stderr = StringIO.new
File.foreach('programs') do |line|
  text = [line.chomp].pack('H*').force_encoding('UTF-8')
  begin
    RubyVM::InstructionSequence.compile(text)
    puts 1
  rescue SyntaxError, StandardError
    puts 0
  end
end)",
          {"'", "\"",  "`",     "#{",     "\\",    "/", "#",   "\n",  " ", "x",  "1",   "(", ")",
           "[", "]",   "{",     "}",      ",",     "+", "%w[", "%q(", "%", "@@", "@@",  ";", "?",
           ":", "<<A", "\nA\n", "<<~'A'", "puts ", "=", ".",   "/x/", "|", "$'", "if ", "&"},
          {{Literal::None(), "x.nil?"},
           {Literal::Bool(true), "x == true"},
           {Literal::Int(-5), "x**2 == 25"},
           {Literal::Int(INT64_MIN), "x == -2**63"},
           {Literal::Float(0.1), "x.eql?(0.1)"},
           {Literal::Float(std::nan("")), "x.nan?"},
           {Literal::Float(-kInfinity), "x == -Float::INFINITY"},
           {Strings({}), "x == []"},
           {Strings({Literal::String("a"), Literal::String("b")}), "x == ['a', 'b']"},
           {Literal::List({Literal::None(), Literal::Int(1)}), "x == [nil, 1]"},
           {Numbered(), "x == {-7 => 'x'}"},
           {Mixed(), "x == {'a b\\'\"' => [1, 2], '__proto__' => nil, '' => false}"},
           {Literal::Map(), "x == {}"}}};
}

Case OfPerl() {
  return {
      &Perl(),
      "use strict; use warnings FATAL => 'all';\nsub show { print unpack('H*', $_[0]), \"\\n\" }\nour $x;\n",
      "{\n",
      "}",
      {"show(@@);", "show('' . @@ . \"\");", "show([@@]->[0]);", "show({a => @@}->{a});",
       "show((keys %{{@@ => 1}})[0]);", "{ package P; main::show(@@); }", "my $f = sub { return @@; }; show($f->());",
       "show((4 / 2) ? @@ : '/');", "show(((split /'/, 'a'), @@)[1]);", "show((\"a\" =~ m{'} || 1) ? @@ : 1); # it's",
       "my %q = (y => 4); show($q{y} / 2 ? @@ : '/');", "show((<<\"A\", <<'B', @@)[2]);\nit's\nA\nit's\nB\n",
       "BEGIN { show(@@) }", "my $s = 'a'; (my $t = $s) =~ s/a/'/; show(@@);", "=pod\n\nit's\n\n=cut\nshow(@@);"},
      R"(use strict; $SIG{__WARN__} = sub {};
open my $in, '<', 'programs' or die;
while (<$in>) { chomp; my $text = pack 'H*', $_; my $code = eval "no strict; package main; sub { $text\n}"; print defined $code ? 1 : 0, "\n"; })",
      {"'",     "\"",     "`", "\\", "/",      "#",   "\n", " ",     "$x", "1",  "(",  ")", "[",   "]",
       "{",     "}",      ",", "+",  "q(",     "qw/", "s/", "m{",    "@@", "@@", ";",  "%", "<<A", "\nA\n",
       "<<'A'", "print ", "=", ".",  "split ", "y=",  "@a", "$h{s}", "=>", "->", "x ", "$'"},
      {{Literal::None(), "!defined $x"},
       {Literal::Bool(true), "$x"},
       {Literal::Bool(false), "!$x && defined $x"},
       {Literal::Int(-5), "$x**2 == 25"},
       {Literal::Int(INT64_MIN), "\"$x\" eq '-9223372036854775808'"},
       {Literal::Int(INT64_MAX), "\"$x\" eq '9223372036854775807'"},
       {Literal::Float(0.1), "$x == 0.1"},
       {Literal::Float(std::nan("")), "$x != $x"},
       {Literal::Float(-kInfinity), "$x == -9**9**9"},
       {Strings({}), "@$x == 0"},
       {Strings({Literal::String("a"), Literal::String("b")}), "\"@$x\" eq 'a b'"},
       {Literal::List({Literal::None(), Literal::Int(1)}), "@$x == 2 && !defined $x->[0]"},
       {Numbered(), "$x->{-7} eq 'x'"},
       {Mixed(), "$x->{'a b\\'\"'}[1] == 2 && keys %$x == 3 && !defined $x->{__proto__} && $x->{''} eq '0'"},
       {Literal::Map(), "keys %$x == 0"}}};
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

class RealTest : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    const std::string found = std::string("command -v ") + language().program + " >/dev/null 2>&1";
    if (std::system(found.c_str()) != 0) GTEST_SKIP() << language().program << " is not installed";
    std::string pattern = (std::filesystem::temp_directory_path() / "hwf_real_XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }
  void TearDown() override {
    if (!directory_.empty()) std::filesystem::remove_all(directory_);
  }

  const Language& language() const { return *GetParam().language; }

  static std::vector<CommandPart> Parts(const std::string& text) {
    std::vector<CommandPart> parts;
    size_t begin = 0;
    for (size_t at = text.find("@@"); at != std::string::npos; at = text.find("@@", begin)) {
      if (at > begin) parts.push_back({.text = text.substr(begin, at - begin)});
      parts.push_back({.text = {}, .interpolation = true});
      begin = at + 2;
    }
    if (begin < text.size()) parts.push_back({.text = text.substr(begin)});
    return parts;
  }

  // The text as the runtime renders it, its assignments before it; `mark` stands behind each value in code.
  struct Rendered {
    std::string top, body;
  };
  Rendered Render(const std::vector<CommandPart>& parts, const LexedText& lexed, const Literal& value,
                  const std::string& number, const std::string& mark = {}) const {
    Rendered out;
    const std::string name = kVariablePrefix + number;
    const ErrorOr<std::string> literal = language().literal(value);
    EXPECT_TRUE(literal.ok());
    for (size_t i = 0; i < parts.size(); ++i) {
      if (!parts[i].interpolation) {
        out.body += parts[i].text;
      } else if (lexed.placements[i] == Placement::kWords) {
        out.body += *literal + mark;
      } else if (lexed.placements[i] == Placement::kVariable) {
        out.top = Assignment(language(), name, *literal);
        out.body += language().variable + name + mark;
      } else {
        out.body += "~{s}";
      }
    }
    return out;
  }

  // What the program prints.
  std::string Run(const std::string& text) {
    std::ofstream(directory_ / "command", std::ios::binary) << text;
    const std::string command =
        "cd " + directory_.string() + " && LC_ALL=C.UTF-8 " + language().program + " command >out 2>log </dev/null";
    EXPECT_EQ(std::system(command.c_str()), 0) << Read("log").substr(0, 2000);
    return Read("out");
  }
  std::string Read(const std::string& name) const {
    std::ifstream in(directory_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  std::filesystem::path directory_;
};

// One program a context, which shows all values.
TEST_P(RealTest, EveryTextIsItself) {
  for (const char* context : GetParam().contexts) {
    const std::vector<CommandPart> parts = Parts(context);
    const LexedText lexed = language().lex(parts);
    ASSERT_THAT(lexed.issues, testing::IsEmpty()) << context;
    std::string top, body, wanted;
    for (const std::string& value : NastyValues()) {
      const Rendered rendered = Render(parts, lexed, Literal::String(value), std::to_string(wanted.size()));
      top += rendered.top;
      body += std::string(GetParam().open) + rendered.body + "\n" + GetParam().close + "\n";
      wanted += Hex(value) + "\n";
    }
    EXPECT_EQ(Run(top + GetParam().show + body), wanted) << context;
  }
}

TEST_P(RealTest, EveryKindOfValue) {
  const bool sigil = language().name == std::string("perl");
  std::string top, body, wanted;
  for (const auto& [value, condition] : GetParam().values) {
    const std::string number = std::to_string(wanted.size());
    const std::string name = kVariablePrefix + number;
    const ErrorOr<std::string> literal = language().literal(value);
    ASSERT_TRUE(literal.ok());
    top += Assignment(language(), name, *literal);
    const std::string set = (sigil                                    ? "$main::x = "
                             : std::string(language().name) == "node" ? "globalThis.x = "
                                                                      : "x = ");
    body += set + language().variable + name + ";\n";
    const std::string yes = "show(\"" + number + "\")", no = "show(\"" + number + " is not so\")";
    const std::string test = condition;
    if (language().name == std::string("ruby")) {
      body += "if " + test + " then " + yes + " else " + no + " end\n";
    } else {
      body += "if (" + test + ") { " + yes + " } else { " + no + " }\n";
    }
    wanted += Hex(number) + "\n";
  }
  EXPECT_EQ(Run(top + GetParam().show + body), wanted);
}

TEST_P(RealTest, WhatALanguageCannotHoldIsAnError) {
  const std::string name = language().name;
  EXPECT_EQ(language().literal(Literal::Int(INT64_MAX)).ok(), name == "perl" || name == "ruby");
  EXPECT_EQ(language().literal(Literal::String(std::string("a\0b", 3))).ok(), name != "R");
}

// Texts of pieces that mean something to the language's lexer, thrown together, with one value each: where the lexer
// says that it is code, an illegal sign behind it must spoil a program.
TEST_P(RealTest, WhereTheLexerSaysCodeThereIsCode) {
  const std::vector<const char*>& pieces = GetParam().pieces;
  std::mt19937 random(7);
  const auto below = [&random](size_t bound) { return static_cast<size_t>(random()) % bound; };
  std::vector<std::string> texts;
  std::ofstream programs(directory_ / "programs");
  while (texts.size() < 15000) {
    std::string text;
    for (size_t left = 2 + below(7); left > 0; --left) text += pieces[below(pieces.size())];
    const size_t first = text.find("@@");
    if (first == std::string::npos || text.find("@@", first + 2) != std::string::npos) continue;
    const std::vector<CommandPart> parts = Parts(text);
    const LexedText lexed = language().lex(parts);
    const bool code = std::none_of(lexed.placements.begin(), lexed.placements.end(),
                                   [](Placement p) { return p == Placement::kText || p == Placement::kRaw; });
    if (!lexed.issues.empty() || !code) continue;
    texts.push_back(text);
    programs << Hex(Render(parts, lexed, Literal::String("v"), "1").body) << '\n'
             << Hex(Render(parts, lexed, Literal::String("v"), "1", " \x01 \x01 ").body) << '\n';
  }
  programs.close();
  std::istringstream out(Run(GetParam().judge));
  int taken = 0;
  for (const std::string& text : texts) {
    std::string sound, spoiled;
    ASSERT_TRUE(std::getline(out, sound) && std::getline(out, spoiled));
    taken += sound == "1" ? 1 : 0;
    if (sound == "1") {
      EXPECT_EQ(spoiled, "0") << "no code to " << language().title << ": " << text;
    }
  }
  EXPECT_GT(taken, 300);
}

INSTANTIATE_TEST_SUITE_P(Interpreters, RealTest, testing::Values(OfR(), OfJavaScript(), OfRuby(), OfPerl()),
                         [](const auto& tested) { return std::string(tested.param.language->name); });

}  // namespace
}  // namespace hwf::languages
