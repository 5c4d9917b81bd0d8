// hwfc: the compiler's command line. The table of commands is all there is; each command reads its own arguments.

#include <fmt/format.h>

#include <cstdio>
#include <vector>

#include "compiler/diagnostics/did_you_mean.h"
#include "compiler/driver/command.h"

namespace hwf::driver {

namespace {

const Command* const kCommands[] = {&kCheckCommand, &kBuildCommand, &kGraphCommand, &kDocCommand, &kExplainCommand};

void PrintHelp(std::FILE* to) {
  fmt::print(to, "hwfc {}: the compiler of hwf\n\nUsage: hwfc COMMAND [arguments]\n\nCommands:\n", HWF_VERSION);
  for (const Command* command : kCommands) fmt::print(to, "  {:<10} {}\n", command->name, command->summary);
  fmt::print(to,
             "\n`hwfc COMMAND --help` shows a command's options and examples.\n\nExamples:\n"
             "  hwfc check digits.hwf\n  hwfc explain E0103\n");
}

int Main(int argc, char** argv) {
  std::vector<std::string_view> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  if (arguments.empty()) {
    PrintHelp(stderr);
    return kExitUsage;
  }
  std::string_view name = arguments[0];
  if (name == "--help" || name == "-h" || name == "help") {
    PrintHelp(stdout);
    return kExitDone;
  }
  if (name == "--version") {
    fmt::print("hwfc {}\n", HWF_VERSION);
    return kExitDone;
  }
  std::vector<llvm::StringRef> names;
  for (const Command* command : kCommands) {
    names.push_back(command->name);
    if (name != command->name) continue;
    Arguments rest = Arguments(arguments).drop_front();
    for (std::string_view argument : rest) {
      if (argument == "--") break;
      if (argument != "--help" && argument != "-h") continue;
      fmt::print("{}", command->help);
      return kExitDone;
    }
    return command->run(rest);
  }
  llvm::StringRef near = diagnostics::Nearest(name, names);
  std::string hint = near.empty() ? "`hwfc --help` lists the commands" : fmt::format("did you mean `{}`?", near.str());
  fmt::print(stderr, "hwfc: there is no command `{}`; {}\n", name, hint);
  return kExitUsage;
}

}  // namespace

int UsageError(const Command& command, const std::string& message) {
  fmt::print(stderr, "hwfc {}: {}\n`hwfc {} --help` shows how it is used\n", command.name, message, command.name);
  return kExitUsage;
}

}  // namespace hwf::driver

int main(int argc, char** argv) { return hwf::driver::Main(argc, argv); }
