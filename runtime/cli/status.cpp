// `hwf status [RUN]`: where a run stands, with an engine or without.
#include <fmt/format.h>

#include "runtime/cli/commands.h"
#include "runtime/cli/open_run.h"
#include "runtime/platform/clock.h"

namespace hwf::cli {
namespace {

int RunStatus(Context& context, const Arguments& arguments) {
  const std::string name = arguments.positional.empty() ? "" : arguments.positional.front();
  const OpenResult opened = OpenRun(arguments, name, Naming::kLooking);
  if (!opened.run.record) return opened.exit;
  const report::EngineState engine = EngineStateOf(opened.run.directory);
  if (arguments.Has("json")) {
    fmt::print("{}", report::StatusJson(*opened.run.record, engine).DumpPretty());
    return kExitDone;
  }
  const report::Style style(context.color);
  fmt::print("{}", report::StatusText(*opened.run.record, RunWord(opened.run.directory), engine, style,
                                      platform::RealClock().NowMs()));
  return kExitDone;
}

}  // namespace

CommandSpec StatusCommand() {
  CommandSpec spec;
  spec.name = "status";
  spec.positional = "[RUN]";
  spec.most = 1;
  spec.summary = "where a run stands";
  spec.text =
      "Tasks, newest checkpoints, what running jobs were told (at which emission it was decided, and which one first\n"
      "carried it), reviews, failures. Reads the journal; needs no engine.";
  spec.options = {RunsOption(), JsonOption()};
  spec.examples = {{"hwf status", "the newest run"}, {"hwf status 20260504-1203 --json", "one run, for a program"}};
  spec.run = RunStatus;
  return spec;
}

}  // namespace hwf::cli
