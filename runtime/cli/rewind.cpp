// `hwf rewind RUN PLACE`: back to a place of a run; what is behind it is done again.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "runtime/cli/commands.h"
#include "runtime/cli/program.h"
#include "runtime/cli/request.h"
#include "runtime/platform/clock.h"

namespace hwf::cli {
namespace {

using Rewound = scheduler::Scheduler::Rewound;

// "outer.round[3].trained" is outer.round.3.trained; "." is the beginning.
std::string PlaceFrom(const std::string& text) {
  if (text == ".") return "";
  std::string place;
  for (const char c : text) {
    if (c == '[') place += '.';
    if (c != '[' && c != ']') place += c;
  }
  return place;
}

// What the rewind would do to the run as its journal tells it.
Rewound Foresee(engine::RunRecord& record, const review::Request& request) {
  state::RewindRequested rewind;
  rewind.place = request.place;
  rewind.set = request.set;
  rewind.fresh = request.fresh;
  record.Apply({.time = record.facts().last_event, .epoch = record.facts().epoch, .body = std::move(rewind)});
  return record.scheduler().rewound();
}

Json ForeseenJson(const Rewound& would) {
  const auto list = [](const std::vector<std::string>& names) {
    Json out = Json::Array();
    for (const std::string& name : names) out.Add(name);
    return out;
  };
  return Json::Object()
      .Set("again", list(would.done_again))
      .Set("cancelled", list(would.cancelled))
      .Set("effects", list(would.effects))
      .Set("reviews", list(would.reviews));
}

void Tell(const char* what, const std::vector<std::string>& names) {
  constexpr size_t kMost = 12;
  if (names.empty()) return;
  const std::vector<std::string> some(names.begin(),
                                      names.begin() + static_cast<std::ptrdiff_t>(std::min(names.size(), kMost)));
  const std::string more = names.size() > kMost ? fmt::format(" and {} more", names.size() - kMost) : "";
  fmt::print("  {:<18}{}{}\n", what, fmt::join(some, ", "), more);
}

int Rewind(Context&, const Arguments& arguments) {
  OpenResult opened = OpenRun(arguments, arguments.positional[0], Naming::kActing);
  if (!opened.run.record) return opened.exit;
  engine::RunRecord& record = *opened.run.record;
  const bool json = arguments.Has("json");
  review::Request request;
  request.kind = review::Request::Kind::kRewind;
  request.run = record.facts().id;
  request.place = PlaceFrom(arguments.positional[1]);
  request.fresh = arguments.Has("fresh");
  request.effects = arguments.Has("yes");
  std::vector<std::string> changes;
  for (const auto& [name, value] : arguments.options) {
    if (name == "set") changes.push_back(value);
  }
  const ErrorOr<Json> set = ReadChanges(record.module(), changes);
  if (!set.ok()) {
    Complain(set.error().message());
    return kExitUsage;
  }
  request.set = *set;
  const std::string what = "rewind " + request.run + " to " + arguments.positional[1];
  const Rewound would = Foresee(record, request);
  RequestResult refused;
  refused.kind = RequestResult::Kind::kRefused;
  refused.text = would.refused;
  if (!would.refused.empty()) return ReportResult(refused, what, opened.run.directory, json);
  if (json && arguments.Has("dry-run")) fmt::print("{}\n", ForeseenJson(would).Dump());
  if (!json) {
    Tell("done again:", would.done_again);
    Tell("cancelled first:", would.cancelled);
    Tell("asked again:", would.reviews);
    Tell("effects so far:", would.effects);
  }
  if (arguments.Has("dry-run")) return kExitDone;
  if (!would.effects.empty() && !request.effects) {
    refused.text =
        fmt::format("what {} did outside would be done once more; if it may be: --yes", fmt::join(would.effects, ", "));
    return ReportResult(refused, what, opened.run.directory, json);
  }
  return ReportResult(SendRequest(opened.run.directory, request), what, opened.run.directory, json);
}

}  // namespace

CommandSpec RewindCommand() {
  CommandSpec spec;
  spec.name = "rewind";
  spec.positional = "RUN PLACE";
  spec.least = spec.most = 2;
  spec.summary = "go back to a place of a run";
  spec.text =
      "What is behind PLACE is cancelled, withdrawn and done again, as another generation of the run; everything else\n"
      "stays and goes on. PLACE is a checkpoint (what follows it is done again), or a task, a review, a round or an\n"
      "element (it is done again itself): `trained`, `fit`, `round[3]`, `each.2.fit`; `.` is the beginning. A task "
      "whose\n"
      "inputs are the same takes its result of before, unless --fresh. Answers behind PLACE are void and asked for "
      "again.\n"
      "A run that is over goes on with `hwf resume RUN`.";
  spec.options = {RunsOption(),
                  JsonOption(),
                  {"set", "NAME=VALUE",
                   "another value of a parameter, which only what is behind PLACE may use (repeatable)", 0, true},
                  {"fresh", "", "run everything behind it, even where there is a result"},
                  {"yes", "", "effects that have happened may happen once more"},
                  {"dry-run", "", "only show what would be done"}};
  spec.examples = {{"hwf rewind 20260504-1203 trained --dry-run", "what would be done again"},
                   {"hwf rewind 20260504-1203 trained --set rate=0.2", "from there, with another rate"},
                   {"hwf rewind 20260504-1203 'round[3]' --fresh", "this round, and those after it"}};
  spec.run = Rewind;
  return spec;
}

}  // namespace hwf::cli
