#include "runtime/cli/commands.h"

#include <fmt/format.h>

#include <cstdio>

namespace hwf::cli {

void Complain(const std::string& message) {
  std::fflush(stdout);
  fmt::print(stderr, "hwf: {}\n", message);
}

std::vector<CommandSpec> AllCommands() {
  return {NewCommand(),
          RunCommand(),
          PlanCommand(),
          TestCommand(),
          StatusCommand(),
          LogsCommand(),
          ExplainCommand(),
          ReviewListCommand(),
          ReviewShowCommand(),
          ReviewAnswerCommand(),
          ReviewWithdrawCommand(),
          ResumeCommand(),
          CancelCommand(),
          DoubtCommand(),
          RewindCommand(),
          RunsCommand(),
          LoginCommand(),
          DoctorCommand(),
          GcCommand(),
          CompletionCommand(),
          ManCommand()};
}

}  // namespace hwf::cli
