// `hwf completion SHELL` and `hwf man`: made from the command table.
#include <fmt/format.h>

#include "runtime/cli/commands.h"
#include "runtime/cli/help.h"

namespace hwf::cli {

CommandSpec CompletionCommand() {
  CommandSpec spec;
  spec.name = "completion";
  spec.positional = "bash|zsh|fish";
  spec.least = spec.most = 1;
  spec.summary = "a completion script";
  spec.examples = {{"hwf completion bash > ~/.local/share/bash-completion/completions/hwf", "install it"}};
  spec.run = [](Context&, const Arguments& arguments) -> int {
    const std::string script = CompletionScript(AllCommands(), arguments.positional.front());
    if (script.empty()) {
      Complain(fmt::format("no completion for `{}`; there is bash, zsh and fish", arguments.positional.front()));
      return kExitUsage;
    }
    fmt::print("{}", script);
    return kExitDone;
  };
  return spec;
}

CommandSpec ManCommand() {
  CommandSpec spec;
  spec.name = "man";
  spec.summary = "the manual page";
  spec.examples = {{"hwf man > hwf.1; man ./hwf.1", "read it"}};
  spec.run = [](Context&, const Arguments&) -> int {
    fmt::print("{}", ManPage(AllCommands()));
    return kExitDone;
  };
  return spec;
}

}  // namespace hwf::cli
