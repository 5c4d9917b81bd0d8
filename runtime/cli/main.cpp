// hwf: for those who run workflows and those who review them. Finds the command, parses its line, runs it.
#include <fmt/format.h>
#include <unistd.h>

#include <climits>
#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "runtime/cli/commands.h"
#include "runtime/cli/help.h"
#include "runtime/cli/version.h"
#include "runtime/platform/process.h"

namespace hwf::cli {
namespace {

std::vector<std::string> CommandNames(const std::vector<CommandSpec>& commands) {
  std::vector<std::string> names;
  names.reserve(commands.size());
  for (const CommandSpec& command : commands) names.push_back(command.name.substr(0, command.name.find(' ')));
  return names;
}

int UnknownCommand(const std::vector<CommandSpec>& commands, const std::vector<std::string>& words) {
  const std::string& first = words.front();
  std::string seconds;
  for (const CommandSpec& command : commands) {
    if (command.name.compare(0, first.size() + 1, first + " ") != 0) continue;
    seconds += (seconds.empty() ? "" : "|") + command.name.substr(first.size() + 1);
  }
  if (!seconds.empty()) {
    Complain(fmt::format("`hwf {0}` wants one of {1}: `hwf {0} {1}`", first, seconds));
    return kExitUsage;
  }
  const std::string near = Nearest(first, CommandNames(commands));
  Complain(fmt::format("there is no command `{}`; {}`hwf --help` lists them", first,
                       near.empty() ? std::string() : fmt::format("did you mean `{}`? ", near)));
  return kExitUsage;
}

Context MakeContext() {
  Context context;
  context.program = platform::ThisProgram();
  context.program_directory = context.program.substr(0, context.program.find_last_of('/'));
  const char* no_color = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  const bool dumb = terminal == nullptr || std::string_view(terminal) == "dumb";
  context.live = isatty(STDOUT_FILENO) != 0 && !dumb;
  context.color = context.live && (no_color == nullptr || *no_color == 0);
  context.terminal = isatty(STDOUT_FILENO) != 0 && isatty(STDIN_FILENO) != 0;
  return context;
}

int Main(const std::vector<std::string>& words) {
  const std::vector<CommandSpec> commands = AllCommands();
  if (words.empty() || words.front() == "--help" || words.front() == "-h" || words.front() == "help") {
    fmt::print(words.empty() ? stderr : stdout, "{}", Overview(commands));
    return words.empty() ? kExitUsage : kExitDone;
  }
  if (words.front() == "--version") {
    fmt::print("hwf {}\n", kVersion);
    return kExitDone;
  }
  const FoundCommand found = FindCommand(commands, words);
  if (found.spec == nullptr) return UnknownCommand(commands, words);
  const std::vector<std::string> rest(words.begin() + static_cast<ptrdiff_t>(found.words), words.end());
  ErrorOr<Arguments> arguments = ParseArguments(*found.spec, rest);
  if (!arguments.ok()) {
    Complain(arguments.error().message());
    return kExitUsage;
  }
  const bool own_help = found.spec->program_options && !arguments->positional.empty();
  if (arguments->help && !own_help) {
    fmt::print("{}", HelpOf(*found.spec));
    return kExitDone;
  }
  Context context = MakeContext();
  return found.spec->run(context, arguments.value());
}

}  // namespace

}  // namespace hwf::cli

int main(int argc, char** argv) {
  std::setlocale(LC_TIME, "C");
  try {
    return hwf::cli::Main(std::vector<std::string>(argv + 1, argv + argc));
  } catch (const std::exception& error) {  // no memory
    std::fprintf(stderr, "hwf: %s\n", error.what());
    return hwf::cli::kExitWorld;
  }
}
