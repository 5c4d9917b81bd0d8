// The command table: what `hwf` can be asked. One table serves parsing, `--help`, completion and man pages. A command
// is one file that makes one CommandSpec; commands.cpp lists them. Plain values; the main thread only.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace hwf::cli {

// What a command's end means to the caller of `hwf` (docs: exit codes).
enum Exit {
  kExitDone = 0,
  kExitFailed = 1,      // the workflow or the program failed
  kExitUsage = 2,       // the command line was wrong
  kExitWorld = 3,       // the world failed; a run can be resumed
  kExitUnfinished = 75  // it waits for people or jobs and was told not to wait with them
};

struct OptionSpec {
  std::string name;   // "runs", without dashes
  std::string value;  // "DIR"; empty: a flag
  std::string help;
  char letter = 0;       // 'f' for -f, or 0
  bool repeats = false;  // may be given several times
};

struct Example {
  std::string command;
  std::string what;
};

// A parsed command line.
struct Arguments {
  std::vector<std::string> positional;
  std::vector<std::pair<std::string, std::string>> options;  // known ones; flags with ""
  // Options that the program's source defines (`--rate 0.2`): name and value; nullopt if none followed.
  std::vector<std::pair<std::string, std::optional<std::string>>> program;
  bool help = false;

  bool Has(std::string_view name) const;
  std::string Get(std::string_view name, std::string_view fallback = "") const;
  // Of one that repeats: all its values.
  std::vector<std::string> All(std::string_view name) const;
};

// What a command may use of the world around it; made by main.
struct Context {
  std::string program_directory;  // where this `hwf` lies, and hwfc, hwf-runner, hwf-task with it
  std::string program;            // absolute path of this `hwf`
  bool color = false;             // on standard output
  bool terminal = false;          // standard input and output are one
  bool live = false;              // standard output is one that can be drawn upon
};

struct CommandSpec {
  std::string name;        // "review answer"
  std::string positional;  // "RUN REVIEW [CHOICE]", for people
  size_t least = 0, most = 0;
  std::string summary;  // one line
  std::string text;     // paragraphs for --help and the man page
  std::vector<OptionSpec> options;
  std::vector<Example> examples;
  bool program_options = false;  // takes options that the program defines
  std::function<int(Context&, const Arguments&)> run;
};

// Options that mean the same wherever they appear.
OptionSpec RunsOption();
OptionSpec SitesOption();
OptionSpec JsonOption();

// Every command, in the order in which people meet them.
std::vector<CommandSpec> AllCommands();

// The command that `words` begin with (the longest name that matches), and how many words its name has; null if none.
struct FoundCommand {
  const CommandSpec* spec = nullptr;
  size_t words = 0;
};
FoundCommand FindCommand(const std::vector<CommandSpec>& commands, const std::vector<std::string>& words);

// The words behind a command's name. An error is one line for people, with a did-you-mean where there is one.
ErrorOr<Arguments> ParseArguments(const CommandSpec& spec, const std::vector<std::string>& words);

// The nearest of `names` to `word`, or empty: within a third of its letters.
std::string Nearest(std::string_view word, const std::vector<std::string>& names);

}  // namespace hwf::cli
