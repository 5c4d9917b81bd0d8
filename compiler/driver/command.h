// A command of hwfc: what the table in main.cpp holds. One file a command; each has its own options. One thread.
#pragma once

#include <llvm/ADT/ArrayRef.h>

#include <string>
#include <string_view>

namespace hwf::driver {

// The exit codes of all hwf programs.
inline constexpr int kExitDone = 0;
inline constexpr int kExitFailed = 1;  // the checked program has errors
inline constexpr int kExitUsage = 2;   // the command line is wrong
inline constexpr int kExitWorld = 3;   // a file cannot be read or written

using Arguments = llvm::ArrayRef<std::string_view>;  // behind the command's name

struct Command {
  const char* name;
  const char* summary;  // one line
  const char* help;     // usage, options, examples
  int (*run)(Arguments arguments);
};

extern const Command kBuildCommand;
extern const Command kCheckCommand;
extern const Command kDocCommand;
extern const Command kExplainCommand;
extern const Command kGraphCommand;

// Prints `hwfc COMMAND: message` and where help is; returns kExitUsage.
int UsageError(const Command& command, const std::string& message);

}  // namespace hwf::driver
