#include <cstdio>

#include "compiler/driver/frontend.h"

namespace hwf::driver {

namespace {

constexpr char kHelp[] = R"(Usage: hwfc check FILE... [options]

Reads each FILE and what it imports, and says everything that is wrong with them. Nothing runs.

Options:
  --sites FILE               the sites of FILE instead of the program's
  --format text|json|sarif   how to say it (text)
  --color auto|always|never  colours; auto: on a terminal, unless NO_COLOR is set

Examples:
  hwfc check digits.hwf
  hwfc check *.hwf --format sarif > hwf.sarif     # for a code host's review of a change
  hwfc check digits.hwf --sites cluster.hwf       # would it run there?
  hwfc explain E0203                              # what a code means

Exit codes: 0 nothing wrong (there may be warnings), 1 errors, 2 wrong command line, 3 a file cannot be read.
)";

int RunCheck(Arguments arguments) {
  Options options = ReadOptions(arguments, Frontend::CommonOptions());
  if (!options.error.empty()) return UsageError(kCheckCommand, options.error);
  if (options.files.empty()) return UsageError(kCheckCommand, "which file?");
  Frontend frontend;
  frontend.UseSites(std::string(options.ValueOr("--sites", "")));
  for (const std::string& path : options.files) {
    auto program = frontend.Compile(path);
    if (program.has_value()) frontend.Lower(*program);  // for what only lowering sees: the text of commands
  }
  std::string out = frontend.Render(options);
  if (std::fwrite(out.data(), 1, out.size(), stdout) != out.size() || std::fflush(stdout) != 0) {
    std::perror("hwfc: cannot write the output");
    return kExitWorld;
  }
  return frontend.ExitCode();
}

}  // namespace

const Command kCheckCommand{"check", "say what is wrong with a program, without running it", kHelp, RunCheck};

}  // namespace hwf::driver
