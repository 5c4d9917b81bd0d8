#include "compiler/lower/shell_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hwf::lower {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Kind = CommandIssue::Kind;

// `<@>` stands for an interpolation of a String, `<%>` of an Int, `<&>` of a list, `<!>` of raw(…).
std::vector<CommandPart> Parts(const std::string& text) {
  std::vector<CommandPart> parts;
  std::string literal;
  auto flush = [&] {
    if (!literal.empty()) parts.push_back({.text = literal});
    literal.clear();
  };
  for (size_t i = 0; i < text.size(); ++i) {
    bool hole = text.compare(i, 2, "<@") == 0 || text.compare(i, 2, "<%") == 0 || text.compare(i, 2, "<&") == 0 ||
                text.compare(i, 2, "<!") == 0;
    if (!hole || text.compare(i + 2, 1, ">") != 0) {
      literal += text[i];
      continue;
    }
    flush();
    char kind = text[i + 1];
    parts.push_back(
        {.text = {}, .interpolation = true, .raw = kind == '!', .scalar = kind != '&', .numeric = kind == '%'});
    i += 2;
  }
  flush();
  return parts;
}

ShellText Lex(const std::string& text) { return LexShell(Parts(text)); }

std::vector<Kind> Issues(const std::string& text) {
  std::vector<Kind> kinds;
  for (const CommandIssue& issue : Lex(text).issues) kinds.push_back(issue.kind);
  return kinds;
}

// The placement of each interpolation, as a letter.
std::string Places(const std::string& text) {
  std::vector<CommandPart> parts = Parts(text);
  ShellText lexed = LexShell(parts);
  std::string out;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (parts[i].interpolation) out += "wvtr"[static_cast<int>(lexed.placements[i])];
  }
  EXPECT_THAT(Issues(text), IsEmpty()) << text;
  return out;
}

std::string Direct(const std::string& text) {
  ShellText lexed = Lex(text);
  std::string out = lexed.direct ? "" : "shell";
  for (const ShellWord& word : lexed.words) {
    out += "[";
    for (const ShellAtom& atom : word) out += atom.part >= 0 ? "@" : atom.text;
    out += "]";
  }
  return out;
}

TEST(ShellTextTest, PlacesByQuotingContext) {
  EXPECT_EQ(Places("cp <@> b"), "w");
  EXPECT_EQ(Places("cp --to=<@>"), "w");
  EXPECT_EQ(Places("echo \"a <@>\" <@>"), "vw");
  EXPECT_EQ(Places("echo 'a' <@> 'b' \"<@>\""), "wv");
  EXPECT_EQ(Places("x=<@>; y=\"<@>\""), "wv");
  EXPECT_EQ(Places("echo it\\'s <@>"), "w");
  EXPECT_EQ(Places("echo \"\\\"\" <@>"), "w");
  EXPECT_EQ(Places("cat > <@> < <@>"), "ww");
  EXPECT_EQ(Places("cat <<< <@>"), "w");
  EXPECT_EQ(Places("a=(<&> <@>)"), "ww");
}

TEST(ShellTextTest, CommandSubstitutionIsAFreshContext) {
  EXPECT_EQ(Places("echo \"$(cat <@>)\" \"<@>\""), "wv");
  EXPECT_EQ(Places("echo \"$(cat \"<@>\" | wc)\" <@>"), "vw");
  EXPECT_EQ(Places("x=$(case $y in a) echo <@> ;; esac) <@>"), "ww");
  EXPECT_EQ(Places("diff <(sort <@>) >(tee \"<@>\")"), "wv");
  EXPECT_EQ(Places("(cd <@> && ls) | wc \"<@>\""), "wv");
}

TEST(ShellTextTest, ParameterExpansions) {
  EXPECT_EQ(Places("echo ${x:-<@>} \"${x:-<@>}\""), "wv");
  EXPECT_EQ(Places("echo ${x#<@>} ${x//<@>/<@>} \"${#x}\" <@>"), "wwww");
  EXPECT_EQ(Places("echo ${x:-\"a <@>\"} ${x:-'}'} <@>"), "vw");
  EXPECT_EQ(Places("echo ${x:<%>} ${a[<%>]}"), "vv");
  EXPECT_THAT(Issues("echo ${<@>}"), ElementsAre(Kind::kInName));
  EXPECT_THAT(Issues("echo ${x<@>}"), ElementsAre(Kind::kInName));
  EXPECT_THAT(Issues("echo ${!<@>}"), ElementsAre(Kind::kInName));
  EXPECT_THAT(Issues("echo ${a[<@>]}"), ElementsAre(Kind::kInArithmetic));
  EXPECT_THAT(Issues("echo ${x:<@>}"), ElementsAre(Kind::kInArithmetic));
}

TEST(ShellTextTest, CommentsStayText) {
  EXPECT_EQ(Places("# it's <@>\ncp <@> b # don't <@>"), "twt");
  EXPECT_EQ(Places("echo a#<@> ${x#<@>}"), "ww");
  EXPECT_EQ(Places("echo $# <@>"), "w");
  EXPECT_EQ(Places("x=$(ls # <@> )\n <@>)"), "tw");
}

TEST(ShellTextTest, Heredocs) {
  EXPECT_EQ(Places("cat <<EOF\na <@> 'b' \" $(echo <@> \"<@>\") ${x:-<@>}\nEOF\ncp <@> x"), "vwvvw");
  EXPECT_EQ(Places("cat <<-EOF\n\t<@>\n\tEOF\ncp <@>"), "vw");
  EXPECT_EQ(Places("cat <<A <<B <@>\n<@>\nA\n<@>\nB\ncp <@>"), "wvvw");
  EXPECT_EQ(Places("x=$(cat <<EOF\n<@>\nEOF\n) <@>"), "vw");
  EXPECT_THAT(Issues("cat <<'EOF'\n<@>\nEOF\n"), ElementsAre(Kind::kInQuotedHeredoc));
  EXPECT_THAT(Issues("cat <<\"EOF\"\n<@>\nEOF\n"), ElementsAre(Kind::kInQuotedHeredoc));
  EXPECT_THAT(Issues("cat <<\\EOF\n<@>\nEOF\n"), ElementsAre(Kind::kInQuotedHeredoc));
  EXPECT_THAT(Issues("cat <<<@>\n"), ElementsAre(Kind::kUnclosed, Kind::kInName));
  EXPECT_THAT(Issues("cat <<EOF\nx <@>\n EOF\n"), ElementsAre(Kind::kUnclosed));
  EXPECT_THAT(Issues("cat <<EOF\n$(echo \nEOF\n"), ElementsAre(Kind::kUnclosed));
  EXPECT_THAT(Issues("cat <<EOF\nit's\nEOF\necho \"<@>\""), IsEmpty());
}

TEST(ShellTextTest, RefusesWhereNoQuotingHelps) {
  EXPECT_THAT(Issues("echo '<@>'"), ElementsAre(Kind::kInSingleQuotes));
  EXPECT_THAT(Issues("echo $'<@>'"), ElementsAre(Kind::kInSingleQuotes));
  EXPECT_THAT(Issues("echo `ls <@>`"), ElementsAre(Kind::kInBackticks));
  EXPECT_THAT(Issues("echo \"`ls \\` <@>`\""), ElementsAre(Kind::kInBackticks));
  EXPECT_THAT(Issues("echo \\<@>"), ElementsAre(Kind::kAfterBackslash));
  EXPECT_THAT(Issues("echo \"\\<@>\""), ElementsAre(Kind::kAfterBackslash));
  EXPECT_THAT(Issues("echo \\\\<@>"), IsEmpty());
  EXPECT_THAT(Issues("echo $<@>"), ElementsAre(Kind::kAfterDollar));
  EXPECT_THAT(Issues("echo \"$<@>\""), ElementsAre(Kind::kAfterDollar));
  EXPECT_THAT(Issues("echo $$<@>"), IsEmpty());
}

TEST(ShellTextTest, ArithmeticTakesNumbersOnly) {
  EXPECT_EQ(Places("echo $(( <%> + (1) )) <@>"), "vw");
  EXPECT_EQ(Places("(( <%> > 1 )) && echo <@>"), "vw");
  EXPECT_EQ(Places("echo $(( $(wc -l < <@>) + 1 ))"), "w");
  EXPECT_THAT(Issues("echo $(( <@> ))"), ElementsAre(Kind::kInArithmetic));
  EXPECT_THAT(Issues("echo $(( ${x:-<@>} ))"), ElementsAre(Kind::kInArithmetic));
  EXPECT_THAT(Issues("[[ <@> -eq 3 ]]"), ElementsAre(Kind::kInArithmetic));
  EXPECT_THAT(Issues("[[ <@> == 3 && <%> -eq 3 ]]"), ElementsAre(Kind::kInArithmetic));
  EXPECT_THAT(Issues("[[ <%> -eq 3 ]] && [[ <@> == a* ]]"), IsEmpty());
  EXPECT_THAT(Issues("a[<@>]=1"), ElementsAre(Kind::kInArithmetic));
  EXPECT_THAT(Issues("a[<%>]=<@>"), IsEmpty());
  EXPECT_THAT(Issues("echo $((echo a); echo b)"), testing::Contains(Kind::kAmbiguous));
}

TEST(ShellTextTest, SeveralWordsStandAlone) {
  EXPECT_EQ(Places("cat <&> x"), "w");
  EXPECT_THAT(Issues("x=<&>"), ElementsAre(Kind::kNotAlone));
  EXPECT_THAT(Issues("cat a<&>"), ElementsAre(Kind::kNotAlone));
  EXPECT_THAT(Issues("cat \"\"<&>"), ElementsAre(Kind::kNotAlone));
  EXPECT_THAT(Issues("cat \"<&>\""), ElementsAre(Kind::kSeveralInQuotes));
}

TEST(ShellTextTest, SaysWhatIsNotClosed) {
  for (const char* text : {"echo 'a", "echo \"a", "echo $(ls", "echo ${x", "echo `ls", "echo $((1", "(ls", "cat <<EOF",
                           "echo $'a\\'", "echo \"$(ls\"", "cat <(ls"}) {
    EXPECT_THAT(Issues(text), testing::Contains(Kind::kUnclosed)) << text;
  }
  ShellText lexed = Lex("echo <@> 'a");
  ASSERT_EQ(lexed.issues.size(), 1u);
  EXPECT_EQ(lexed.issues[0].part, 2u);
  EXPECT_EQ(lexed.issues[0].offset, 1u);
  EXPECT_EQ(lexed.issues[0].detail, "'");
}

TEST(ShellTextTest, DepthIsBounded) {
  std::string deep;
  for (int i = 0; i < 100000; ++i) deep += "$(";
  EXPECT_THAT(Issues(deep), testing::Contains(Kind::kTooDeep));
}

TEST(ShellTextTest, LintsOtherShellsAndRaw) {
  EXPECT_THAT(Issues("sh -c \"ls <@>\""), ElementsAre(Kind::kOtherShell));
  EXPECT_THAT(Issues("/bin/bash -ec \"ls <@>\" x"), ElementsAre(Kind::kOtherShell));
  EXPECT_THAT(Issues("srun -n 2 bash -c \"ls <@>\""), ElementsAre(Kind::kOtherShell));
  EXPECT_THAT(Issues("eval \"ls <@>\""), ElementsAre(Kind::kOtherShell));
  EXPECT_THAT(Issues("if true; then eval \"<@>\"; fi"), ElementsAre(Kind::kOtherShell));
  EXPECT_THAT(Issues("trap \"rm <@>\" EXIT"), ElementsAre(Kind::kOtherShell));
  EXPECT_THAT(Issues("ssh host \"ls <@>\""), ElementsAre(Kind::kOtherShell));
  EXPECT_THAT(Issues("ssh <@> ls"), IsEmpty());
  EXPECT_THAT(Issues("ssh host bash <<EOF\nls <@>\nEOF\n"), ElementsAre(Kind::kOtherShell));
  EXPECT_THAT(Issues("bash -c 'ls \"$1\"' x <@>"), IsEmpty());
  EXPECT_THAT(Issues("bash script.sh \"<@>\""), IsEmpty());
  EXPECT_THAT(Issues("echo <!> '<!>'"), ElementsAre(Kind::kRaw, Kind::kRaw));
}

TEST(ShellTextTest, PlainCommandsRunDirectly) {
  EXPECT_EQ(Direct("  python3 fit.py --data <@> --out=<@>\\\n  --x 'a b' \"c <@>\" ''  # fit\n"),
            "[python3][fit.py][--data][@][--out=@][--x][a b][c @][]");
  EXPECT_EQ(Direct("cat <&> <@>"), "[cat][@][@]");
  EXPECT_EQ(Direct("true"), "[true]");
  EXPECT_EQ(Direct("./run a\\ b"), "[./run][a b]");
}

TEST(ShellTextTest, AllElseGoesToTheShell) {
  for (const char* text : {"echo a",
                           "printf x",
                           "cd /tmp",
                           "export A=b",
                           "set -e",
                           "source x",
                           ". x",
                           "exec ls",
                           "read x",
                           "ulimit -n 1",
                           "umask 0",
                           "wait",
                           "test -f x",
                           "[ -f x ]",
                           "A=b ls",
                           "ls *",
                           "ls a?",
                           "ls [ab]",
                           "ls ~",
                           "ls ~/x",
                           "ls {a,b}",
                           "ls $x",
                           "ls ${x}",
                           "ls \"$x\"",
                           "ls `x`",
                           "ls $(x)",
                           "ls | wc",
                           "ls; ls",
                           "ls &",
                           "ls && ls",
                           "ls > x",
                           "ls < x",
                           "ls 2>&1",
                           "ls\nls",
                           "(ls)",
                           "{ ls; }",
                           "! ls",
                           "time ls",
                           "if ls; then ls; fi",
                           "<@> x",
                           "ls $'a'",
                           "cat <<EOF\nEOF\n",
                           "ls <!>",
                           "",
                           "# nothing",
                           "'cd' x",
                           "f() { ls; }",
                           "x=1",
                           "ls a=~"}) {
    EXPECT_EQ(Direct(text), "shell") << text;
  }
}

TEST(ShellTextTest, ThePrefixIsFresh) {
  EXPECT_EQ(UnusedPrefix(Parts("echo <@>"), "__hwf_"), "__hwf_");
  EXPECT_EQ(UnusedPrefix(Parts("echo $__hwf_1 <@>"), "__hwf_"), "__hwf__");
}

}  // namespace
}  // namespace hwf::lower
