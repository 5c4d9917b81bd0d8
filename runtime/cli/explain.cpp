// `hwf explain RUN TASK`: why a task was or was not reused, and in which parts its key differs from that of its newest
// earlier attempt: the same place of an earlier run of these, else a task of the same name.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "runtime/cli/commands.h"
#include "runtime/cli/open_run.h"
#include "runtime/engine/key_log.h"
#include "runtime/engine/reuse.h"
#include "runtime/journal/log.h"
#include "runtime/platform/paths.h"
#include "runtime/report/text.h"
#include "runtime/state/events.h"

namespace hwf::cli {
namespace {

using engine::KeyNote;
using scheduler::TaskStatus;
using scheduler::TaskView;

constexpr size_t kMostRuns = 100;  // earlier ones that are looked into

struct Change {
  std::string part;
  Json now, then;  // null: there is none
};

struct Explanation {
  std::string why;
  bool reused = false;
  std::string from;   // the run that the result is of
  std::string whose;  // somebody else's, if it is there
  std::string earlier_run, earlier_place;
  std::vector<Change> changes;
};

std::optional<state::TaskReused> ReusedAt(const std::string& journal, const std::string& place) {
  std::optional<state::TaskReused> found;
  journal::LogReader reader(platform::RealFileSystem(), journal);
  (void)reader.Read([&](std::string_view payload, uint64_t) -> ErrorOr<Success> {
    if (payload.find("\"task_reused\"") == std::string_view::npos) return Success{};
    HWF_ASSIGN(const Json json, Json::Parse(payload, {.allow_nan = true}));
    HWF_ASSIGN(const state::Event event, state::EventFromJson(json));
    const auto* reused = std::get_if<state::TaskReused>(&event.body);
    if (reused != nullptr && reused->place == place) found = *reused;
    return Success{};
  });
  return found;
}

// Why a task of which the engine noted no key can never be taken from an earlier run, or has not been asked for yet.
std::string WithoutKey(const TaskView& task) {
  if (task.task->effect) return "it is an effect, which is never reused";
  if (!task.task->cache) return "it says `cache off`";
  if (task.attempt == 0) return "it has not begun";
  if (!task.messages.empty()) return "it was told something while it ran";
  if (!task.task->streams.empty() || !task.task->accepts.empty()) {
    return "what it shows while it runs is watched, or it may be told something: a result alone could not take its "
           "place";
  }
  return "its inputs could not be read when it began, or hwf was too old then to say";
}

// All that can change it before the command, which is made of them.
std::vector<Change> Compare(const Json& now, const Json& then) {
  std::vector<Change> changes;
  for (const JsonMember& part : now.AsObject()) {
    const Json* before = then.Find(part.key);
    if (before == nullptr || !(*before == part.value))
      changes.push_back({part.key, part.value, before ? *before : Json()});
  }
  for (const JsonMember& part : then.AsObject()) {
    if (now.Find(part.key) == nullptr) changes.push_back({part.key, Json(), part.value});
  }
  const bool more = std::any_of(changes.begin(), changes.end(), [](const Change& c) { return c.part != "command"; });
  if (more) std::erase_if(changes, [](const Change& change) { return change.part == "command"; });
  return changes;
}

// Runs before this one, newest first.
void FindEarlier(const std::string& run_directory, const KeyNote& note, Explanation& out) {
  const size_t slash = run_directory.find_last_of('/');
  const std::string runs = run_directory.substr(0, slash), id = run_directory.substr(slash + 1);
  std::vector<std::string> ids = ListRuns(runs);
  ids.erase(std::lower_bound(ids.begin(), ids.end(), id), ids.end());
  std::reverse(ids.begin(), ids.end());
  if (ids.size() > kMostRuns) ids.resize(kMostRuns);
  for (const std::string& earlier : ids) {
    const auto found = engine::KeyLog::Find(platform::RealFileSystem(), runs + "/" + earlier, note.place, note.task);
    if (!found || !found->parts.is_object()) continue;
    out.earlier_run = earlier;
    out.earlier_place = found->place;
    out.changes = Compare(note.parts, found->parts);
    return;
  }
}

Explanation Explain(const OpenedRun& run, const TaskView& task) {
  Explanation out;
  const std::optional<state::TaskReused> reused = ReusedAt(run.record->paths().Journal(), task.place);
  out.reused = reused && task.status == TaskStatus::kReused;
  if (out.reused) {
    out.from = reused->from_run;
    const std::string& runs = run.directory;
    out.whose = OtherOwner(runs.substr(0, runs.find_last_of('/') + 1) + out.from).value_or("");
  }
  const auto note = engine::KeyLog::Find(platform::RealFileSystem(), run.directory, task.place);
  if (!note || !note->parts.is_object()) {
    if (!out.reused) out.why = WithoutKey(task);
    return out;
  }
  if (!out.reused) {
    out.why = note->why;
    FindEarlier(run.directory, *note, out);
  }
  return out;
}

std::string ChangeText(const Change& change) {
  const auto text = [](const Json& value) {
    const bool plain = value.is_string() && !value.AsString().empty();
    return plain ? value.AsString() : value.Dump();
  };
  if (change.part == "text") return "the text of its command";
  if (change.part == "command") return "its command: what `~{…}` computes in it";
  if (change.part == "outputs") return "its declared outputs";
  if (change.now.is_null()) return fmt::format("{}: gone, was {}", change.part, text(change.then));
  if (change.then.is_null()) return fmt::format("{}: new, {}", change.part, text(change.now));
  return fmt::format("{}: {}, was {}", change.part, text(change.now), text(change.then));
}

void PrintText(const TaskView& task, const Explanation& found) {
  if (found.reused) {
    const std::string whose = found.whose.empty() ? "" : " of " + found.whose;
    fmt::print("{} was reused: run {}{} had done the same\n", task.place, found.from, whose);
    return;
  }
  fmt::print("{} was not reused: {}\n", task.place, report::Printable(found.why));
  if (found.earlier_run.empty()) return;
  const std::string earlier = found.earlier_place == task.place
                                  ? found.earlier_run
                                  : fmt::format("{} ({} there)", found.earlier_run, found.earlier_place);
  if (found.changes.empty()) {
    fmt::print("nothing of its key has changed since run {}\n", earlier);
    return;
  }
  fmt::print("since run {} has changed:\n", earlier);
  for (const Change& change : found.changes) fmt::print("  {}\n", report::Printable(ChangeText(change)));
}

void PrintJson(const OpenedRun& run, const TaskView& task, const Explanation& found) {
  Json json, changes = Json::Array();
  for (const Change& change : found.changes) {
    changes.Add(Json::Object().Set("part", change.part).Set("now", change.now).Set("then", change.then));
  }
  json.Set("run", run.record->facts().id).Set("place", task.place).Set("task", task.task->name);
  json.Set("reused", found.reused).Set("from", found.from).Set("whose", found.whose).Set("why", found.why);
  json.Set("earlier_run", found.earlier_run).Set("earlier_place", found.earlier_place).Set("changed", changes);
  fmt::print("{}\n", json.Dump());
}

int RunExplain(Context&, const Arguments& arguments) {
  const OpenResult opened = OpenRun(arguments, arguments.positional[0], Naming::kLooking);
  if (!opened.run.record) return opened.exit;
  const std::string& place = arguments.positional[1];
  const TaskView* task = opened.run.record->scheduler().FindTask(place);
  if (task == nullptr) {
    std::vector<std::string> places;
    for (const TaskView& known : opened.run.record->scheduler().tasks()) places.push_back(known.place);
    const std::string near = Nearest(place, places);
    Complain(fmt::format("run {} has no task `{}`{}", opened.run.record->facts().id, place,
                         near.empty() ? "" : fmt::format("; did you mean `{}`?", near)));
    return kExitUsage;
  }
  const Explanation found = Explain(opened.run, *task);
  if (arguments.Has("json")) {
    PrintJson(opened.run, *task, found);
  } else {
    PrintText(*task, found);
  }
  return kExitDone;
}

}  // namespace

CommandSpec ExplainCommand() {
  CommandSpec spec;
  spec.name = "explain";
  spec.positional = "RUN TASK";
  spec.least = spec.most = 2;
  spec.summary = "why a task was reused or done again";
  spec.text =
      "Names what of a task (its place, as `hwf status` shows it) has changed since its newest earlier attempt: "
      "arguments, "
      "files of `uses`, env, image, setup, outputs, the text of its command.";
  spec.options = {RunsOption(), JsonOption()};
  spec.examples = {{"hwf explain latest fit", "why it was trained again"}};
  spec.run = RunExplain;
  return spec;
}

}  // namespace hwf::cli
