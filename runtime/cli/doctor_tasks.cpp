#include "runtime/cli/doctor_tasks.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "runtime/engine/launcher.h"

namespace hwf::cli {
namespace {

constexpr size_t kMostAsked = 100;  // over ssh each takes a moment

bool ReadsArguments(const ir::Expr& expr, const ir::Task& task) {
  const auto is_read = [&](const ir::Param& param) { return param.id == expr.ref; };
  if (expr.op == ir::Op::kRef &&
      (expr.ref == task.previous || std::any_of(task.params.begin(), task.params.end(), is_read))) {
    return true;
  }
  return std::any_of(expr.args.begin(), expr.args.end(),
                     [&](const ir::Expr& part) { return ReadsArguments(part, task); });
}

}  // namespace

Opinion AskSlurm(const slurm::Needs& needs, const slurm::Settings& settings, const AskProgram& ask) {
  std::vector<std::string> argv = {"sbatch", "--test-only"};
  for (std::string& argument : slurm::AskFor(needs, settings)) argv.push_back(std::move(argument));
  argv.emplace_back("--wrap=true");
  const Answer answer = ask(std::move(argv));
  return {answer.status == 0, OneLine(answer.text)};
}

void CheckSlurmTasks(const ir::Module& module, const std::string& site, const slurm::Settings& settings,
                     const AskProgram& ask, const SayCheck& say) {
  std::map<slurm::Needs, Opinion> opinions;
  for (const ir::Task& task : module.tasks) {
    if (std::find(task.on.begin(), task.on.end(), site) == task.on.end()) continue;
    const std::string what = "task " + task.name;
    const auto reads = std::find_if(task.needs.begin(), task.needs.end(),
                                    [&](const ir::NamedExpr& need) { return ReadsArguments(need.value, task); });
    if (reads != task.needs.end()) {
      say(Health::kGood, what, fmt::format("its `{}` depends on its arguments: not asked", reads->name));
      continue;
    }
    const ErrorOr<state::Needs> needs = state::EvaluateNeeds(module, task, {});
    if (!needs.ok()) {
      say(Health::kBad, what, needs.error().message());
      continue;
    }
    runner::Start start;
    start.pack = static_cast<int>(task.pack);
    engine::AskFor(*needs, start);
    const slurm::Needs asked = slurm::NeedsOf(start, settings);
    if (!opinions.contains(asked)) {
      if (opinions.size() >= kMostAsked) return say(Health::kGood, what, "and the tasks behind it: not asked");
      opinions[asked] = AskSlurm(asked, settings, ask);
    }
    const Opinion& opinion = opinions[asked];
    say(opinion.taken ? Health::kGood : Health::kBad, what,
        opinion.taken ? "would be taken" : "would be refused: " + opinion.why);
  }
}

}  // namespace hwf::cli
