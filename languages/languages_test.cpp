// What the lexers say, language by language. That it is true, real_test.cpp asks the interpreters.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "languages/language.h"

namespace hwf::languages {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using Kind = CommandIssue::Kind;

// `@@` stands for an interpolation.
std::vector<CommandPart> Parts(const std::string& text) {
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

std::vector<Kind> Issues(const Language& language, const std::string& text) {
  std::vector<Kind> kinds;
  for (const CommandIssue& issue : language.lex(Parts(text)).issues) kinds.push_back(issue.kind);
  return kinds;
}

bool InCode(const Language& language, const std::string& text) {
  const std::vector<CommandPart> parts = Parts(text);
  const LexedText lexed = language.lex(parts);
  for (size_t i = 0; i < parts.size(); ++i) {
    const Placement placement = lexed.placements[i];
    if (parts[i].interpolation && placement != Placement::kWords && placement != Placement::kVariable) return false;
  }
  return lexed.issues.empty();
}

void AllInCode(const Language& language, std::initializer_list<const char*> texts) {
  for (const char* text : texts) EXPECT_TRUE(InCode(language, text)) << language.name << ": " << text;
}
void Refused(const Language& language, Kind kind, std::initializer_list<const char*> texts) {
  for (const char* text : texts) EXPECT_THAT(Issues(language, text), Contains(kind)) << language.name << ": " << text;
}
void Comments(const Language& language, std::initializer_list<const char*> texts) {
  for (const char* text : texts) {
    EXPECT_THAT(Issues(language, text), IsEmpty()) << language.name << ": " << text;
    EXPECT_FALSE(InCode(language, text)) << language.name << ": " << text;
  }
}

TEST(LanguagesTest, EachIsFoundByItsName) {
  for (const Language* language : All()) EXPECT_EQ(Find(language->name), language);
  EXPECT_EQ(Find("julia"), nullptr);
  EXPECT_EQ(Find("bash"), nullptr);
}

TEST(LanguagesTest, R) {
  AllInCode(R(), {"cat(@@)", "x <- c(@@, @@)", "'it\\'s'; @@", "x %in% @@", "x %% 2; @@", "`a'b` + @@", "r\"(\")\"; @@",
                  "R'--[']-']--'; @@", "df$a[@@]", "f(\"a\nb\", @@)", "y ~ x + @@", "x %'% y; @@", "(\\(x) x)(@@)"});
  Refused(R(), Kind::kInString, {"'@@'", "\"@@\"", "`@@`", "r\"(\" @@)\"", "r'--[]'-@@]--'", "x %@@% y", "'\\' @@'"});
  Refused(R(), Kind::kGlued, {"x@@", "@@x", "x.@@", "1@@", "@@\"a\"", "@@@@"});
  Refused(R(), Kind::kUnclosed, {"'a", "r\"(a)", "x <- \"@@"});
  Comments(R(), {"x # it's @@"});
}

TEST(LanguagesTest, JavaScript) {
  AllInCode(JavaScript(), {"console.log(@@)",
                           "'it\\'s'; f(@@)",
                           "`a${f(@@)}b`",
                           "`${`${@@}`}`",
                           "`${{a: '}'}}`; @@",
                           "a / 2; f(@@)",
                           "a = /'/; f(@@)",
                           "if (x) /'/.test(y); f(@@)",
                           "f(a) / 2 + '/' + @@",
                           "x++ / 2; f(@@, '/')",
                           "return /[/']/g, @@",
                           "a[0] / 2; '/'; @@",
                           "[...@@]",
                           "({[@@]: 1})",
                           "<!-- it's\n@@",
                           "} / 2; @@",
                           "\n--> it's\n@@",
                           "/* it's */ @@",
                           "a.return / 2; f('/', @@)",
                           "`\\`${@@}`",
                           "#!it's\n@@",
                           "for await (const x of @@) {}",
                           "x = 5 / @@ / 2",
                           "x = y ? @@: 2"});
  Refused(JavaScript(), Kind::kInString,
          {"'@@'", "\"@@\"", "`@@`", "`${1}@@`", "x = /@@/", "/[/]@@/", "'\\\n@@'", "/*'*/'@@'", "if (a) /@@/.test(b)",
           "`\\${@@}`"});
  Refused(JavaScript(), Kind::kGlued, {"x@@", "@@x", "x.@@", "$@@", "@@`a`", "@@@@", "this.#@@", "x?.@@"});
  Refused(JavaScript(), Kind::kUnclear, {"} /'/.test(x); f(@@)", "yield /'/; @@", "}\n/a/.x; @@"});
  Refused(JavaScript(), Kind::kUnclosed, {"'a\n'; @@", "`a", "x = 'a"});
  Comments(JavaScript(), {"// it's @@", "/* @@ */", "x <!-- @@"});
  std::string deep;
  for (int i = 0; i < 300; ++i) deep += "`${";
  EXPECT_THAT(Issues(JavaScript(), deep), ElementsAre(Kind::kTooDeep));
}

TEST(LanguagesTest, Ruby) {
  AllInCode(Ruby(), {"puts @@",
                     "puts('it\\'s', @@)",
                     "\"a#{f(@@)}b\"",
                     "\"#{\"#{@@}\"}\"",
                     "\"#{ {a: '}'} }\"; f @@",
                     "a = b / 2; @@",
                     "puts /'/; f @@",
                     "x = /'/; f @@",
                     "x /2; f @@",
                     "s.split /'/; f @@",
                     "%w[a' b]; f @@",
                     "puts %q(it's (a')); f @@",
                     "puts 5 % 3; f @@",
                     "?'; f @@",
                     "x ? 'a' : @@",
                     "$' + @@",
                     ":'a' ; @@",
                     ":\"a'\"; @@",
                     "puts <<~EOS\nit's\nEOS\nf @@",
                     "f(<<A, <<'B', @@)\nit's #{@@}\nA\nit's\nB\nf @@",
                     "class << self; end; f @@",
                     "x << y; f @@",
                     "=begin\nit's\n=end\nf @@",
                     "x.nil? ? 'a' : @@",
                     "a[0] / 2; '/'; @@",
                     "def /(o) end; f '/', @@",
                     "f **@@",
                     "{@@ => 1}",
                     "[*@@]",
                     "a.%(3); f @@",
                     "{a: 'it', b: @@}",
                     "f :/, @@",
                     "%(a #{@@})",
                     "%r{'}; @@",
                     "1..@@",
                     "alias x y; @@",
                     "x = y ?1:2; @@",
                     "puts \"\\#{'\"; f @@",
                     "`ls #{@@}`",
                     "f(/a/) { |x| x / 2 }; f @@",
                     "A / 2; '/'; @@"});
  Refused(Ruby(), Kind::kInString,
          {"'@@'", "\"@@\"", "`@@`", "%w[@@]", "%q(() @@)", "/@@/", "puts /@@/", "foo.sub /@@/", ":\"@@\"",
           "puts <<~A\n@@\nA\n", "puts <<'A'\n#{@@}\nA\n", "__END__\n@@", "\"#{'@@'}\"", "%w(#{@@})", "x = %(@@)",
           "\"\\#{@@}\"", "f(<<A, <<B)\nA\n@@\nB\n"});
  Refused(Ruby(), Kind::kGlued, {"x@@", "@@x", ":@@", "?@@", "@@\"a\"", "@@@@", "x.@@", "@@: 1", "$@@"});
  Refused(Ruby(), Kind::kUnclear, {"x /2; f '/', @@"});
  Refused(Ruby(), Kind::kUnclosed, {"\"a @@", "'a @@"});
  Comments(Ruby(), {"# it's @@", "=begin\n@@\n=end"});
}

TEST(LanguagesTest, Perl) {
  AllInCode(Perl(), {"print @@;",
                     "print 'it\\'s', @@;",
                     "q(it's (a')); f(@@)",
                     "$x{s} / 2; f('/', @@)",
                     "$h{'a'} = @@",
                     "s/'//g; f(@@)",
                     "y{a}{'}; f(@@)",
                     "s {a} {'}; f(@@)",
                     "tr/'/x/; @@",
                     "$x =~ m{'}; @@",
                     "$x / 2; f('/', @@)",
                     "split /'/, @@",
                     "$' . @@",
                     "$#a; f(@@)",
                     "$#{$a}; f(@@)",
                     "$s; f(@@)",
                     "@y; f(@@)",
                     "%q = (); f(@@)",
                     "{ q => 1, y => @@ }",
                     "sub y { 1 } f(@@)",
                     "$a->s('x'); f(@@)",
                     "print <<\"A\", @@;\nit's\nA\nf(@@)",
                     "print <<~'A';\nit's\n  A\nf(@@)",
                     "1 << 2; f(@@)",
                     "=pod\nit's\n=cut\nf(@@)",
                     "f(1) / 2; f('/', @@)",
                     "$a[0] / 2; '/' . @@",
                     "-s 'x' and @@",
                     "@{@@}",
                     "%{@@}",
                     "@@->[0]",
                     "@@->{'a'}",
                     "main::f(@@)",
                     "isn't(1); f(@@)",
                     "$x ? @@: 1",
                     "%$x; @@",
                     "$h{a}{b} / 2; f('/', @@)",
                     "q{a}; @@",
                     "qw(it's); @@",
                     "$a % 3; f(@@)",
                     "print $x // 'a', @@",
                     "map { @@ } 1",
                     "return /'/ ? @@ : 1",
                     "qq # it's\n(b'); @@",
                     "PI / 2; f(@@)",
                     "$x++ / 2; f('/', @@)",
                     "$$x{a} / 2; f('/', @@)",
                     "foreach my $x (@@) {}",
                     "${\\ 'a'} . @@"});
  Refused(Perl(), Kind::kInString,
          {"'@@'", "\"@@\"", "`@@`", "q(() @@)", "qw/@@/", "m/@@/", "s/@@//", "s/a/@@/", "s{a}{@@}", "y/a/@@/", "/@@/",
           "print <<A;\n@@\nA\n", "print <<'A';\n@@\nA\n", "__END__\n@@", "split /@@/", "q x @@x", "s {a} {@@}"});
  Refused(Perl(), Kind::kGlued, {"x@@", "@@x", "$@@", "@@[0]", "@@{a}", "@@\"a\"", "@@@@", "@@::x", "&@@"});
  Refused(Perl(), Kind::kUnclear, {"total / 2, '/', @@", "}\n/'/ and f(@@)"});
  Refused(Perl(), Kind::kUnclosed, {"'a @@", "q(a @@"});
  Comments(Perl(), {"# it's @@", "=pod\n@@\n=cut", "=head1 it's @@\n"});
}

}  // namespace
}  // namespace hwf::languages
