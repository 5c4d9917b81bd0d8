// `hwf runs`: the runs here, one line each, newest last.
#include <fmt/format.h>

#include "runtime/cli/commands.h"
#include "runtime/cli/open_run.h"

namespace hwf::cli {
namespace {

struct Line {
  std::string state, detail;
};

Line LineOf(const engine::RunRecord& record, const report::EngineState& engine) {
  const engine::RunFacts& facts = record.facts();
  if (facts.finished) return {facts.ok ? "finished" : "failed", facts.why.substr(0, facts.why.find('\n'))};
  size_t open = 0;
  for (const scheduler::ReviewView& review : record.scheduler().reviews()) {
    if (review.status == scheduler::ReviewStatus::kOpen) ++open;
  }
  std::string detail = report::CountsText(report::CountTasks(record.scheduler()), report::Style(false));
  if (open > 0) detail += fmt::format(" · {} {} open", open, open == 1 ? "review" : "reviews");
  return {engine.alive || engine.unknown ? "running" : "no engine", detail};
}

std::string Paint(const std::string& state, const report::Style& style) {
  const std::string padded = report::Pad(state, 9);
  if (state == "finished") return style.Green(padded);
  if (state == "failed") return style.Red(padded);
  return state == "running" ? style.Blue(padded) : style.Yellow(padded);
}

int RunRuns(Context& context, const Arguments& arguments) {
  const ErrorOr<std::string> runs = RunsDirectory(arguments);
  if (!runs.ok()) {
    Complain(runs.error().message());
    return kExitUsage;
  }
  const report::Style style(context.color);
  Json list = Json::Array();
  const std::vector<std::string> ids = ListRuns(runs.value());
  if (ids.empty() && !arguments.Has("json")) {
    fmt::print("no runs in {}; `hwf run FILE` begins one, --runs names another place\n", runs.value());
  }
  for (const std::string& id : ids) {
    const std::string directory = runs.value() + "/" + id;
    const auto record = engine::RunRecord::Load(platform::RealFileSystem(), directory);
    Json entry;
    entry.Set("run", id).Set("directory", directory);
    if (!record.ok()) {
      if (!arguments.Has("json")) fmt::print("{}  {}  {}\n", id, style.Dim("unreadable"), record.error().message());
      list.Add(entry.Set("state", "unreadable").Set("why", record.error().message()));
      continue;
    }
    const engine::RunFacts& facts = record.value()->facts();
    const Line line = LineOf(*record.value(), EngineStateOf(directory));
    entry.Set("workflow", record.value()->module().entry).Set("state", line.state);
    entry.Set("started", report::FormatUtc(facts.started)).Set("starter", facts.starter.name);
    list.Add(entry.Set("ended", facts.finished ? Json(report::FormatUtc(facts.ended)) : Json()));
    if (arguments.Has("json")) continue;
    fmt::print("{}  {}  {} {} {}\n", style.Bold(id), report::FormatTime(facts.started), Paint(line.state, style),
               report::Pad(record.value()->module().entry, 12), report::Printable(line.detail));
  }
  if (arguments.Has("json")) fmt::print("{}", list.DumpPretty());
  return kExitDone;
}

}  // namespace

CommandSpec RunsCommand() {
  CommandSpec spec;
  spec.name = "runs";
  spec.summary = "the runs here";
  spec.options = {RunsOption(), JsonOption()};
  spec.examples = {{"hwf runs", "one line each, the newest last"}};
  spec.run = RunRuns;
  return spec;
}

}  // namespace hwf::cli
