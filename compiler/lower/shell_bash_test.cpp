// The promise itself, against the real bash: whatever the value and whatever the quoting context, the program gets the
// value byte for byte, and nothing of it is executed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "compiler/lower/shell_text.h"

namespace hwf::lower {
namespace {

const std::vector<std::string>& NastyValues() {
  static const std::vector<std::string> values = {"",
                                                  "plain",
                                                  "two words",
                                                  " lead",
                                                  "trail ",
                                                  "a\nb",
                                                  "\n",
                                                  "a\n\n",
                                                  "'",
                                                  "''",
                                                  "it's",
                                                  "\"",
                                                  "\"\"",
                                                  "\\",
                                                  "\\\\",
                                                  "a\\",
                                                  "\\'",
                                                  "\\\"",
                                                  "$(rm -f canary)",
                                                  "`rm -f canary`",
                                                  "'$(rm -f canary)'",
                                                  "\"; rm -f canary; \"",
                                                  "'; rm -f canary; '",
                                                  "$HOME",
                                                  "${HOME}",
                                                  "$((1+1))",
                                                  "*",
                                                  "?",
                                                  "[a-z]",
                                                  "~",
                                                  "~root",
                                                  "-n",
                                                  "--",
                                                  "-rf",
                                                  "{a,b}",
                                                  "a;b",
                                                  "a&b",
                                                  "a|b",
                                                  "a>b",
                                                  "a<b",
                                                  "#x",
                                                  "!x",
                                                  "!!",
                                                  "%s%n",
                                                  "EOF",
                                                  "\nEOF\nrm -f canary\n",
                                                  "\t",
                                                  "\r",
                                                  "\x01\x7f",
                                                  "é ü 漢字 🙂",
                                                  "\xff\xfe",
                                                  "a=b",
                                                  "}",
                                                  "${",
                                                  "$(",
                                                  "`",
                                                  "a\\\nb",
                                                  "EOF\n",
                                                  "x[$(rm -f canary)]",
                                                  "&1"};
  return values;
}

std::string Quote(const std::string& value) {
  std::string out = "'";
  for (char c : value) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

// The text as a runtime renders it, with `@` for the value.
std::string Render(const std::string& text, const std::string& value, bool posix = false) {
  std::vector<CommandPart> parts;
  size_t begin = 0;
  for (size_t at = text.find('@'); at != std::string::npos; at = text.find('@', begin)) {
    if (at > begin) parts.push_back({.text = text.substr(begin, at - begin)});
    parts.push_back({.text = {}, .interpolation = true});
    begin = at + 1;
  }
  if (begin < text.size()) parts.push_back({.text = text.substr(begin)});
  ShellText lexed = LexShell(parts, posix);
  EXPECT_THAT(lexed.issues, testing::IsEmpty()) << text;
  std::string variable = UnusedPrefix(parts, "__hwf_") + "1", body, top;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (!parts[i].interpolation) {
      body += parts[i].text;
    } else if (lexed.placements[i] == Placement::kWords) {
      body += Quote(value);
    } else {
      body += "${" + variable + "}";
      top = variable + "=" + Quote(value) + "\n";
    }
  }
  return (posix ? "set -eu\n" : "set -euo pipefail\n") + top + body;
}

class BashTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "hwf_bash_XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
    // Writes its arguments, each ended by a NUL, to a file.
    Write("show", "#!/bin/sh\nfor a in \"$@\"; do printf '%s\\0' \"$a\"; done >> out\n");
    std::filesystem::permissions(directory_ / "show", std::filesystem::perms::owner_all);
    Write("canary", "");
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  void Write(const std::string& name, const std::string& text) { std::ofstream(directory_ / name) << text; }
  std::string Read(const std::string& name) {
    std::ifstream in(directory_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  // All values in one bash, each in a subshell of its own script file: one process start a value is enough.
  std::string Run(const std::string& script, const std::string& shell = "bash") {
    std::filesystem::remove(directory_ / "out");
    Write("script", script);
    std::string command = "cd " + directory_.string() + " && LC_ALL=C.UTF-8 " + shell + " script >log 2>&1 </dev/null";
    EXPECT_EQ(std::system(command.c_str()), 0) << script << Read("log");
    return Read("out");
  }
  std::filesystem::path directory_;
};

TEST_P(BashTest, GivesTheValueByteForByte) {
  for (const std::string& value : NastyValues()) {
    std::string out = Run(Render(GetParam(), value));
    EXPECT_EQ(out, value + std::string(1, '\0')) << Render(GetParam(), value);
    EXPECT_TRUE(std::filesystem::exists(directory_ / "canary")) << "executed: " << Render(GetParam(), value);
  }
}

INSTANTIATE_TEST_SUITE_P(Contexts, BashTest,
                         testing::Values("./show @", "./show \"@\"", "./show \"\"@", "./show ''@''",
                                         "x=@; ./show \"$x\"", "x=\"@\"; ./show \"$x\"", "./show ${none:-@}",
                                         "./show \"${none:-@}\"", "./show ${none:-\"@\"}", "a=(@); ./show \"${a[0]}\"",
                                         "if true; then ./show @; fi", "(./show \"@\")", "{ ./show @; }",
                                         "f() { ./show \"$1\"; }; f @", "case @ in *) ./show @ ;; esac",
                                         "x=$(true # it's\n); ./show @", "[[ @ == @ ]] && ./show \"@\"",
                                         "for x in @; do ./show \"$x\"; done", "export X=@; ./show \"$X\"",
                                         "y=\"$(./show @)\"", "y=$(./show \"@\")", "cat <(./show \"@\") >/dev/null",
                                         "bash -c './show \"$1\"' x @", "./show \"$(printf '%s' x >/dev/null)\"@"));

// `run sh`: the sh of this machine reads the same.
class ShTest : public BashTest {};

TEST_P(ShTest, GivesTheValueByteForByte) {
  for (const std::string& value : NastyValues()) {
    const std::string script = Render(GetParam(), value, true);
    EXPECT_EQ(Run(script, "sh"), value + std::string(1, '\0')) << script;
    EXPECT_TRUE(std::filesystem::exists(directory_ / "canary")) << "executed: " << script;
  }
}

INSTANTIATE_TEST_SUITE_P(Contexts, ShTest,
                         testing::Values("./show @", "./show \"@\"", "./show \"\"@", "x=@; ./show \"$x\"",
                                         "./show ${none:-@}", "./show \"${none:-@}\"", "(./show \"@\")",
                                         "f() { ./show \"$1\"; }; f @", "case @ in *) ./show @ ;; esac",
                                         "for x in @; do ./show \"$x\"; done", "y=\"$(./show @)\"", "$(./show \"@\")"));

TEST(ShTextTest, QuotesOfBashAlone) {
  const std::vector<CommandPart> parts = {
      {.text = "echo $'\\'' "}, {.text = {}, .interpolation = true}, {.text = " '"}};
  ASSERT_FALSE(LexShell(parts, true).issues.empty());
  EXPECT_EQ(LexShell(parts, true).issues[0].kind, CommandIssue::Kind::kDollarQuotes);
}

class BashTextTest : public BashTest {};

// Where bash itself adds a newline: the value, then that.
TEST_P(BashTextTest, GivesTheTextAndANewline) {
  for (const std::string& value : NastyValues()) {
    std::string out = Run(Render(GetParam(), value));
    EXPECT_EQ(out, "[" + value + "]\n") << Render(GetParam(), value);
    EXPECT_TRUE(std::filesystem::exists(directory_ / "canary"));
  }
}

INSTANTIATE_TEST_SUITE_P(Contexts, BashTextTest,
                         testing::Values("cat <<EOF > out\n[@]\nEOF\n", "cat <<-EOF > out\n\t[@]\n\tEOF\n",
                                         "cat > out <<< [@]", "cat > out <<< \"[@]\"",
                                         "cat <<EOF > out\n[${none:-@}]\nEOF\n",
                                         "x=$(cat <<EOF\n[@].\nEOF\n)\nprintf '%s\\n' \"${x%.}\" > out"));

}  // namespace
}  // namespace hwf::lower
