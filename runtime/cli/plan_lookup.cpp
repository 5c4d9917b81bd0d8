#include "runtime/cli/plan_lookup.h"

#include <deque>

#include "ir/sites.h"
#include "runtime/engine/evidence.h"
#include "runtime/engine/reuse.h"
#include "runtime/engine/run_directory.h"
#include "runtime/engine/trusted_results.h"
#include "runtime/platform/clock.h"
#include "runtime/platform/file_system.h"
#include "runtime/scheduler/scheduler.h"

namespace hwf::cli {
namespace {

class Lookup {
 public:
  Lookup(const Program& program, const std::string& runs, const FromRun& from,
         const std::vector<engine::TrustedUser>& trust)
      : module_(*program.module),
        scheduler_(module_),
        reuse_(platform::RealFileSystem(), engine::CacheDirectory(runs + "/plan"), "plan",
               engine::OwnCaches(runs + "/plan", from.directory)),
        trusted_(platform::RealFileSystem(), runs + "/plan", trust),
        answers_(from.answers) {}

  PlanLookup From(const Json& params) {
    state::RunStarted started;
    started.run_id = "plan";
    started.params = params;
    Apply(started);
    while (!commands_.empty()) {
      const scheduler::Command command = std::move(commands_.front());
      commands_.pop_front();
      if (const auto* start = std::get_if<scheduler::StartTask>(&command)) Start(*start);
      if (const auto* source = std::get_if<scheduler::ResolveSource>(&command)) Resolve(*source);
      if (const auto* open = std::get_if<scheduler::OpenReview>(&command)) Open(*open);
    }
    plan_.failures = scheduler_.failures();
    return std::move(plan_);
  }

 private:
  void Apply(state::EventBody body) {
    for (scheduler::Command& command : scheduler_.Apply({platform::RealClock().NowMs(), 1, std::move(body)})) {
      commands_.push_back(std::move(command));
    }
  }
  void Start(const scheduler::StartTask& start) {
    std::string key;
    if (start.may_reuse && engine::Reuse::Allowed(*start.task)) key = reuse_.Key(module_, start);
    std::optional<engine::ReuseEntry> found = key.empty() ? std::nullopt : reuse_.Find(key);
    std::string why;
    if (!found && !key.empty() && !trusted_.empty()) found = trusted_.Find(*start.task, key, why);
    std::optional<std::vector<const Json*>> files;
    if (found) files = engine::Reuse::FilesElsewhere(module_, found->outputs);
    if (!files) found.reset();
    PlannedTask& planned = plan_.tasks.emplace_back(PlannedTask{start.place, start.task->name, "", ""});
    if (found) planned.from_run = found->run;
    if (found && !files->empty()) planned.compared_at = files->front()->StringOr("site", "");
    if (found) Apply(state::TaskReused{start.place, key, found->run, found->place, found->outputs});
  }
  void Open(const scheduler::OpenReview& command) {
    const scheduler::ReviewView& review = *scheduler_.FindReview(command.review);
    std::optional<state::AnswerCarried> carried = answers_.Find(review, module_);
    if (!carried) return;
    answers_.NoteTaken(carried->from_review);
    const state::Vote& vote = carried->vote;
    plan_.carried.push_back({review.place, vote.variant, vote.person.name, carried->from_run});
    Apply(state::ReviewOpened{command.review, Json(), Json()});
    Apply(*std::move(carried));
  }
  void Resolve(const scheduler::ResolveSource& command) {
    const std::string& on = command.source->on;
    if (!on.empty() && !ir::FilesOf(module_, on).empty())
      return;  // known when the run asks its site: what reads it is not foreseen
    const bool absolute = !command.path.empty() && command.path[0] == '/';
    const std::string path = absolute ? command.path : command.source->base_dir + "/" + command.path;
    const ErrorOr<Json> value = engine::SourceValue(path, command.source->directory, !on.empty());
    state::SourceResolved resolved;
    resolved.place = command.place;
    if (value.ok()) {
      resolved.value = value.value();
      plan_.sources[command.place] = resolved.value["size"].AsInt();
    } else {
      resolved.error = value.error().message();
    }
    Apply(std::move(resolved));
  }

  const ir::Module& module_;
  scheduler::Scheduler scheduler_;
  engine::Reuse reuse_;
  engine::TrustedResults trusted_;
  engine::CarriedAnswers answers_;
  std::deque<scheduler::Command> commands_;
  PlanLookup plan_;
};

}  // namespace

PlanLookup LookUp(const Program& program, const Json& params, const std::string& runs, const FromRun& from,
                  const std::vector<engine::TrustedUser>& trust) {
  return Lookup(program, runs, from, trust).From(params);
}

}  // namespace hwf::cli
