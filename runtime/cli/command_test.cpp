#include "runtime/cli/command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/cli/commands.h"
#include "runtime/cli/help.h"

namespace hwf::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

CommandSpec Spec() {
  CommandSpec spec;
  spec.name = "thing";
  spec.positional = "FILE";
  spec.least = spec.most = 1;
  spec.options = {{"runs", "DIR", "where"}, {"json", "", "JSON"}, {"follow", "", "go on", 'f'}};
  return spec;
}

TEST(Arguments, OptionsAnywhere) {
  const auto parsed = ParseArguments(Spec(), {"--runs", "a", "x", "-f", "--json"});
  ASSERT_TRUE(parsed.ok());
  EXPECT_THAT(parsed->positional, ElementsAre("x"));
  EXPECT_EQ(parsed->Get("runs"), "a");
  EXPECT_TRUE(parsed->Has("follow"));
  EXPECT_EQ(ParseArguments(Spec(), {"x", "--runs=b=c"})->Get("runs"), "b=c");
  EXPECT_THAT(ParseArguments(Spec(), {"--", "--runs"})->positional, ElementsAre("--runs"));
}

TEST(Arguments, MistakesAreNamed) {
  EXPECT_THAT(ParseArguments(Spec(), {"x", "--rnus", "a"}).error().message(), HasSubstr("did you mean `--runs`?"));
  EXPECT_THAT(ParseArguments(Spec(), {"x", "--runs"}).error().message(), HasSubstr("wants a value"));
  EXPECT_THAT(ParseArguments(Spec(), {"x", "--json=1"}).error().message(), HasSubstr("takes no value"));
  EXPECT_THAT(ParseArguments(Spec(), {}).error().message(), HasSubstr("wants FILE"));
  EXPECT_THAT(ParseArguments(Spec(), {"x", "y"}).error().message(), HasSubstr("`y`"));
  EXPECT_THAT(ParseArguments(Spec(), {"x", "-z"}).error().message(), HasSubstr("`-z`"));
}

TEST(Arguments, OnlyTextIsTaken) {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"\xff"}, {"x", "--runs", "\xc3("}, {"x", "--runs=\xe2\x96"}, {"x", "--\x80"}}) {
    EXPECT_THAT(ParseArguments(Spec(), words).error().message(), HasSubstr("not UTF-8"));
  }
  EXPECT_TRUE(ParseArguments(Spec(), {"ü", "--runs", "█"}).ok());
}

TEST(Arguments, NothingIsGivenTwice) {
  EXPECT_THAT(ParseArguments(Spec(), {"x", "--runs", "a", "--runs=b"}).error().message(), HasSubstr("`--runs`"));
  CommandSpec spec = Spec();
  spec.program_options = true;
  EXPECT_THAT(ParseArguments(spec, {"x", "--rate", "1", "--rate", "2"}).error().message(), HasSubstr("twice"));
}

TEST(Arguments, NearestAlsoWhereLettersAreSwapped) {
  EXPECT_EQ(Nearest("rnu", {"run", "runs", "gc"}), "run");
  EXPECT_EQ(Nearest("frobnicate", {"run", "runs", "gc"}), "");
}

TEST(Arguments, OptionsOfTheProgram) {
  CommandSpec spec = Spec();
  spec.program_options = true;
  const auto parsed = ParseArguments(spec, {"a.hwf", "--rate", "-0.5", "--fast", "--name=x y", "--last"});
  ASSERT_TRUE(parsed.ok());
  ASSERT_EQ(parsed->program.size(), 4u);
  EXPECT_EQ(parsed->program[0].second, "-0.5");
  EXPECT_EQ(parsed->program[1].second, std::nullopt);
  EXPECT_EQ(parsed->program[2].second, "x y");
  EXPECT_EQ(parsed->program[3].second, std::nullopt);
  // A flag before the program does not swallow it.
  EXPECT_THAT(ParseArguments(spec, {"--fast", "a.hwf"})->positional, ElementsAre("a.hwf"));
}

TEST(Commands, LongestNameWins) {
  const std::vector<CommandSpec> commands = AllCommands();
  EXPECT_EQ(FindCommand(commands, {"review", "list", "x"}).spec->name, "review list");
  EXPECT_EQ(FindCommand(commands, {"review"}).spec, nullptr);
  EXPECT_EQ(FindCommand(commands, {"run", "x"}).words, 1u);
}

TEST(Commands, EveryOneIsExplained) {
  for (const CommandSpec& command : AllCommands()) {
    EXPECT_FALSE(command.summary.empty()) << command.name;
    EXPECT_FALSE(command.examples.empty()) << command.name;
    EXPECT_TRUE(command.run) << command.name;
    const std::string help = HelpOf(command);
    EXPECT_THAT(help, HasSubstr(command.examples.front().command));
    for (const OptionSpec& option : command.options) {
      EXPECT_FALSE(option.help.empty()) << command.name << " --" << option.name;
      EXPECT_THAT(help, HasSubstr("--" + option.name));
    }
  }
}

TEST(Commands, GeneratedTextsHoldThemAll) {
  const std::vector<CommandSpec> commands = AllCommands();
  const std::string overview = Overview(commands), man = ManPage(commands);
  for (const CommandSpec& command : commands) {
    EXPECT_THAT(overview, HasSubstr(command.name));
    EXPECT_THAT(man, HasSubstr(".SS " + command.name));
  }
  EXPECT_THAT(CompletionScript(commands, "bash"), HasSubstr("list show answer"));
  const std::string fish = CompletionScript(commands, "fish");
  EXPECT_THAT(fish, HasSubstr("complete -c hwf -n __fish_use_subcommand -a run -d 'run a workflow'\n"));
  EXPECT_THAT(fish, HasSubstr("complete -c hwf -n '__fish_seen_subcommand_from review; and not "
                              "__fish_seen_subcommand_from list show answer withdraw' -a withdraw -d "));
  EXPECT_TRUE(CompletionScript(commands, "tcsh").empty());
}

}  // namespace
}  // namespace hwf::cli
