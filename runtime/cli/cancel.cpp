// `hwf cancel RUN [TASK]` and `hwf doubt RUN TASK happened|did-not`: what the owner tells a run.
#include <fmt/format.h>

#include "runtime/cli/commands.h"
#include "runtime/cli/request.h"

namespace hwf::cli {
namespace {

review::Request RequestOf(const OpenedRun& run, review::Request::Kind kind) {
  review::Request request;
  request.kind = kind;
  request.run = run.record->facts().id;
  return request;
}

// True if the run has the task; complains if not.
bool HasTask(const OpenedRun& run, const std::string& place) {
  if (run.record->scheduler().FindTask(place) != nullptr) return true;
  std::vector<std::string> places;
  for (const scheduler::TaskView& task : run.record->scheduler().tasks()) places.push_back(task.place);
  const std::string near = Nearest(place, places);
  Complain(fmt::format("run {} has no task `{}`{}", run.record->facts().id, place,
                       near.empty() ? "" : fmt::format("; did you mean `{}`?", near)));
  return false;
}

// Sends the request, if the run is not over.
int Send(const OpenedRun& run, const review::Request& request, const std::string& what, bool json) {
  RequestResult result;
  if (run.record->facts().finished) {
    result.kind = RequestResult::Kind::kRefused;
    result.text =
        fmt::format("run {} has {} already", run.record->facts().id, run.record->facts().ok ? "finished" : "failed");
  } else {
    result = SendRequest(run.directory, request);
  }
  return ReportResult(result, what, run.directory, json);
}

int Cancel(Context&, const Arguments& arguments) {
  const OpenResult opened = OpenRun(arguments, arguments.positional[0], Naming::kActing);
  if (!opened.run.record) return opened.exit;
  const std::string place = arguments.positional.size() > 1 ? arguments.positional[1] : arguments.Get("task");
  if (!place.empty() && !HasTask(opened.run, place)) return kExitUsage;
  review::Request request = RequestOf(opened.run, review::Request::Kind::kCancel);
  request.place = place;
  const std::string& id = opened.run.record->facts().id;
  return Send(opened.run, request, "cancel " + (place.empty() ? id : place), arguments.Has("json"));
}

int Doubt(Context&, const Arguments& arguments) {
  const OpenResult opened = OpenRun(arguments, arguments.positional[0], Naming::kActing);
  if (!opened.run.record) return opened.exit;
  const std::string &place = arguments.positional[1], &answer = arguments.positional[2];
  if (!HasTask(opened.run, place)) return kExitUsage;
  if (answer != "happened" && answer != "did-not") {
    Complain(fmt::format("`{}` is no answer: happened or did-not", answer));
    return kExitUsage;
  }
  const scheduler::TaskView* task = opened.run.record->scheduler().FindTask(place);
  review::Request request = RequestOf(opened.run, review::Request::Kind::kDoubt);
  request.place = place;
  request.attempt = task->attempt;
  request.happened = answer == "happened";
  if (task->status == scheduler::TaskStatus::kInDoubt || opened.run.record->facts().finished) {
    return Send(opened.run, request, "doubt " + place, arguments.Has("json"));
  }
  RequestResult refused;
  refused.kind = RequestResult::Kind::kRefused;
  refused.text = fmt::format("{} is {}, not in doubt", place, report::ToString(task->status));
  return ReportResult(refused, "doubt " + place, opened.run.directory, arguments.Has("json"));
}

}  // namespace

CommandSpec CancelCommand() {
  CommandSpec spec;
  spec.name = "cancel";
  spec.positional = "RUN [TASK]";
  spec.least = 1;
  spec.most = 2;
  spec.summary = "end a run or one of its tasks";
  spec.text =
      "Ends what runs, withdraws what is asked of people. What is finished stays and can be reused. RUN must be named. "
      "Without\n"
      "an engine the request waits: `hwf resume RUN` carries it out.";
  spec.options = {RunsOption(), JsonOption(), {"task", "PLACE", "one task only"}};
  spec.examples = {{"hwf cancel 20260504-1203", "the whole run"}, {"hwf cancel 20260504-1203 fit", "one task"}};
  spec.run = Cancel;
  return spec;
}

CommandSpec DoubtCommand() {
  CommandSpec spec;
  spec.name = "doubt";
  spec.positional = "RUN TASK happened|did-not";
  spec.least = spec.most = 3;
  spec.summary = "say whether an interrupted effect happened";
  spec.text =
      "A task with an effect that began and whose end nobody knows is never run again by itself. Its owner looks, and "
      "says:\n"
      "it happened (the run goes on as after its success), or it did not (it is run again).";
  spec.options = {RunsOption(), JsonOption()};
  spec.examples = {{"hwf doubt 20260504-1203 publish happened", "the model is there"}};
  spec.run = Doubt;
  return spec;
}

}  // namespace hwf::cli
