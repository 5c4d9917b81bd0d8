#include "runtime/cli/from_run.h"

#include <fmt/format.h>

#include "runtime/cli/commands.h"
#include "runtime/cli/open_run.h"
#include "runtime/platform/paths.h"

namespace hwf::cli {

std::vector<OptionSpec> FromOptions() {
  return {
      {"from", "RUN",
       "an earlier run, by id or directory: results are taken from there, too, and answers to reviews that are equal "
       "carry over"},
      {"carry-approvals", "", "with --from: also answers that approve something"}};
}

FromRun ReadFrom(const Arguments& arguments) {
  FromRun from;
  const std::string name = arguments.Get("from");
  if (name.empty()) {
    if (!arguments.Has("from") && !arguments.Has("carry-approvals")) return from;
    Complain(arguments.Has("from") ? "`--from` wants a run: `--from RUN`"
                                   : "`--carry-approvals` says which answers of an earlier run count: it wants `--from "
                                     "RUN`");
    from.exit = kExitUsage;
    return from;
  }
  const OpenResult opened = OpenRun(arguments, name, Naming::kLooking);
  from.exit = opened.exit;
  if (!opened.run.record) return from;
  if (const std::optional<std::string> owner = OtherOwner(opened.run.directory)) {
    Complain(fmt::format("the run {} is {}'s; a run takes results and answers over only from one of your own",
                         platform::BaseName(opened.run.directory), *owner));
    from.exit = kExitFailed;
    return from;
  }
  from.directory = opened.run.directory;
  const engine::RunRecord& record = *opened.run.record;
  from.answers = engine::CarriedAnswers::Of(record.scheduler().reviews(), record.module(), record.facts().id,
                                            arguments.Has("carry-approvals"));
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
