#include "runtime/cli/from_run.h"

#include <fmt/format.h>

#include "runtime/cli/commands.h"
#include "runtime/cli/open_run.h"

namespace hwf::cli {

std::vector<OptionSpec> FromOptions() {
  return {{"from", "RUN",
           "an earlier run (id or directory): its results are reused, and its answers where the same is asked"},
          {"carry-approvals", "", "with --from: also answers that approve something"}};
}

FromRun ReadFrom(const Arguments& arguments) {
  FromRun from;
  const auto refuse = [&](int exit, const std::string& why) {
    Complain(why);
    from.exit = exit;
    return from;
  };
  if (!arguments.Has("from") && !arguments.Has("carry-approvals")) return from;
  const std::string name = arguments.Get("from");
  if (name.empty())
    return refuse(kExitUsage, "`--from RUN` names the run whose results and answers are to be taken over");
  const ErrorOr<std::string> runs = RunsDirectory(arguments);
  const ErrorOr<std::string> directory = runs.ok() ? FindRun(runs.value(), name, Naming::kLooking) : runs;
  if (!directory.ok()) return refuse(kExitUsage, directory.error().message());
  if (const std::optional<std::string> owner = OtherOwner(directory.value())) {
    return refuse(kExitFailed, fmt::format("the run {} is {}'s; results and answers are taken over only from runs of "
                                           "your own",
                                           name, *owner));
  }
  const auto record = engine::RunRecord::Load(platform::RealFileSystem(), directory.value());
  if (!record.ok()) {
    return refuse(kExitWorld, "nothing can be taken over from " + name + ": " + record.error().message());
  }
  from.directory = directory.value();
  from.answers = engine::CarriedAnswers::Of((*record)->scheduler().reviews(), (*record)->module(),
                                            (*record)->facts().id, arguments.Has("carry-approvals"));
  return from;
}

std::string FromText(const FromRun& from) {
  if (from.directory.empty()) return "";
  std::string text = fmt::format("  from run {}: {} {} to carry over", RunWord(from.directory), from.answers.size(),
                                 from.answers.size() == 1 ? "answer" : "answers");
  if (from.answers.left_out() > 0) {
    text += fmt::format("; {} that approved something {} not (--carry-approvals)", from.answers.left_out(),
                        from.answers.left_out() == 1 ? "does" : "do");
  }
  return text + "\n";
}

}  // namespace hwf::cli
