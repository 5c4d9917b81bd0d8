// The commands, one file each: run.cpp, plan.cpp, …
#pragma once

#include "runtime/cli/command.h"

namespace hwf::cli {

CommandSpec NewCommand();
CommandSpec RunCommand();
CommandSpec PlanCommand();
CommandSpec TestCommand();
CommandSpec StatusCommand();
CommandSpec LogsCommand();
CommandSpec ExplainCommand();
CommandSpec ReviewListCommand();
CommandSpec ReviewShowCommand();
CommandSpec ReviewAnswerCommand();
CommandSpec ReviewWithdrawCommand();
CommandSpec ResumeCommand();
CommandSpec CancelCommand();
CommandSpec DoubtCommand();
CommandSpec RewindCommand();
CommandSpec RunsCommand();
CommandSpec DoctorCommand();
CommandSpec LoginCommand();
CommandSpec GcCommand();
CommandSpec CompletionCommand();
CommandSpec ManCommand();

// "hwf: …" on standard error.
void Complain(const std::string& message);

}  // namespace hwf::cli
