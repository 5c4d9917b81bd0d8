// `hwf resume [RUN]`: go on with an unfinished run, as its engine.
#include <fmt/format.h>

#include "runtime/cli/carry_on.h"
#include "runtime/cli/commands.h"
#include "runtime/cli/locate.h"
#include "runtime/cli/open_run.h"
#include "runtime/platform/paths.h"

namespace hwf::cli {
namespace {

// The run that is named, or the one that is unfinished if there is only one.
ErrorOr<std::string> RunToResume(const std::string& runs, const Arguments& arguments) {
  if (!arguments.positional.empty()) return FindRun(runs, arguments.positional.front(), Naming::kLooking);
  std::vector<std::string> unfinished;
  for (const std::string& id : ListRuns(runs)) {
    const auto record = engine::RunRecord::Load(platform::RealFileSystem(), runs + "/" + id);
    if (record.ok() && !record.value()->facts().finished) unfinished.push_back(id);
  }
  if (unfinished.empty()) return MakeError("no run in {} is unfinished", runs);
  if (unfinished.size() > 1) {
    std::string names;
    for (const std::string& id : unfinished) names += "\n  hwf resume " + id;
    return MakeError("several runs are unfinished; say which:{}", names);
  }
  return runs + "/" + unfinished.front();
}

int RunResume(Context& context, const Arguments& arguments) {
  const ErrorOr<std::string> runs = RunsDirectory(arguments);
  const ErrorOr<std::string> directory = runs.ok() ? RunToResume(runs.value(), arguments) : runs;
  if (!directory.ok()) {
    Complain(directory.error().message());
    return kExitUsage;
  }
  if (const std::optional<std::string> owner = OtherOwner(directory.value())) {
    const std::string run = RunWord(directory.value());
    Complain(fmt::format("the run {0} is {1}'s, and only {1} can go on with it; hwf status {2} says where it stands",
                         platform::BaseName(directory.value()), *owner, run));
    return kExitFailed;
  }
  return CarryOn(context, directory.value(), CarryOptionsFrom(context, arguments));
}

}  // namespace

CommandSpec ResumeCommand() {
  CommandSpec spec;
  spec.name = "resume";
  spec.positional = "[RUN]";
  spec.most = 1;
  spec.summary = "go on with an unfinished run";
  spec.text =
      "Takes the run over from an engine that is gone, adopts what runs, applies what came in meanwhile. Without RUN: "
      "the\n"
      "unfinished run, if there is one only. From cron: `hwf resume RUN --once`.";
  spec.options = CarryOptionSpecs();
  spec.options.push_back({"once", "", "do all that can be done now and leave (exit 75 if unfinished)"});
  spec.options.push_back({"take-over", "", "also from an engine of another host whose heartbeats have stopped"});
  spec.examples = {{"hwf resume", "go on with the unfinished run here"},
                   {"hwf resume 20260504-1203 --once --json", "for cron: what is due, then leave"}};
  spec.run = RunResume;
  return spec;
}

}  // namespace hwf::cli
