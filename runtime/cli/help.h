// Text made from the command table: `--help`, completion scripts, man pages. Pure functions; any thread.
#pragma once

#include <string>
#include <vector>

#include "runtime/cli/command.h"

namespace hwf::cli {

std::string Overview(const std::vector<CommandSpec>& commands);
std::string HelpOf(const CommandSpec& command);
// A script for `shell` (bash, zsh, fish); empty for another.
std::string CompletionScript(const std::vector<CommandSpec>& commands, const std::string& shell);
// roff: hwf(1) with all commands.
std::string ManPage(const std::vector<CommandSpec>& commands);

}  // namespace hwf::cli
