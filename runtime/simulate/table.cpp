#include "runtime/simulate/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "ir/test.h"
#include "ir/walk.h"
#include "runtime/review/form.h"
#include "runtime/simulate/made_up.h"
#include "runtime/state/values.h"

namespace hwf::simulate {
namespace {

constexpr size_t kMostLines = 100'000;
constexpr size_t kMostPlaces = 10'000;

bool HasTask(const ir::Region& region, std::string_view name) {
  return std::any_of(region.nodes.begin(), region.nodes.end(), [&](const ir::Node& node) {
    bool has = node.name == name && std::holds_alternative<ir::TaskNode>(node.body);
    ir::ForEachRegion(node, [&](const ir::Region& inner) { has = has || HasTask(inner, name); });
    return has;
  });
}

// What another program's run gave need not be what the task gives.
ErrorOr<Success> CheckLike(const ir::Task& task, Outcome& outcome) {
  HWF_ASSIGN(outcome.outputs, state::CheckOutputs(task, outcome.outputs));
  for (Outcome::Shown& shown : outcome.shown) {
    const auto stream = std::find_if(task.streams.begin(), task.streams.end(),
                                     [&](const ir::Stream& each) { return each.name == shown.stream; });
    if (stream == task.streams.end()) return MakeError("it shows no `{}`", shown.stream);
    HWF_ASSIGN(shown.values, state::CheckEmission(*stream, shown.values));
  }
  return Success();
}

}  // namespace

ErrorOr<Table::Line> Table::ReadLine(const std::vector<std::string>& words) const {
  if (words.size() < 2) return MakeError("expected a task or place and how long it takes, such as `{} 2h`", words[0]);
  const ir::TypeRef duration = module_.types->Simple(ir::TypeKind::kDuration);
  const ErrorOr<Json> time = state::ParseParameter(words[1], duration);
  if (!time.ok() || time->AsInt() < 0) return MakeError("`{}` is no duration, such as 90s, 30min or 2h", words[1]);
  Line line{words[0], time->AsInt(), words.size() > 2 ? words[2] : "", {}};
  for (size_t i = 3; i < words.size(); ++i) {
    const size_t equals = words[i].find('=');
    if (equals == std::string::npos || equals == 0) return MakeError("`{}` is no field=value", words[i]);
    line.fields.emplace_back(words[i].substr(0, equals), words[i].substr(equals + 1));
  }
  return line;
}

// A place cannot be known before the run; the last name of it can.
ErrorOr<Success> Table::CheckName(const Line& line) const {
  const ir::Workflow* entry = module_.FindWorkflow(module_.entry);
  if (line.variant.empty() || entry == nullptr) {
    const std::string last = line.name.substr(line.name.rfind('.') + 1);
    const std::string name = last.substr(0, last.find('~'));
    const bool known = module_.FindTask(name) != nullptr ||
                       std::any_of(module_.workflows.begin(), module_.workflows.end(),
                                   [&](const ir::Workflow& each) { return HasTask(each.region, name); });
    if (known || entry == nullptr) return Success();
    return MakeError("the program has no task `{}`", name);
  }
  const std::vector<std::string> places = ir::ReviewPlaces(module_, *entry, kMostPlaces);
  const bool known = places.size() == kMostPlaces || std::any_of(places.begin(), places.end(), [&](const auto& place) {
                       return ir::MatchesPlace(line.name, place);
                     });
  if (known) return Success();
  return MakeError("the program has no review at `{}`{}", line.name,
                   places.empty() ? "" : "; it has `" + places.front() + "`");
}

ErrorOr<Success> Table::Read(std::string_view text) {
  std::istringstream in{std::string(text)};
  std::string raw;
  for (size_t number = 1; std::getline(in, raw); ++number) {
    if (number > kMostLines) return MakeError("it has more than {} lines", kMostLines);
    std::istringstream words_in(raw.substr(0, raw.find('#')));
    std::vector<std::string> words;
    for (std::string word; words_in >> word;) words.push_back(std::move(word));
    if (words.empty()) continue;
    ErrorOr<Line> line = ReadLine(words);
    if (!line.ok()) return line.error().WithContext(fmt::format("line {}", number));
    const ErrorOr<Success> known = CheckName(*line);
    if (!known.ok()) return known.error().WithContext(fmt::format("line {}", number));
    lines_.push_back(std::move(line).value());
  }
  return Success();
}

void Table::Like(const scheduler::Scheduler& run) {
  for (const scheduler::TaskView& task : run.tasks()) {
    if (task.status != scheduler::TaskStatus::kDone && task.status != scheduler::TaskStatus::kReused) continue;
    Outcome& outcome = ran_[task.place];
    outcome.outputs = task.outputs;
    // Of one that was reused, nobody knows.
    outcome.duration_ms = std::max<int64_t>(task.ended - task.started, 0);
    if (task.status == scheduler::TaskStatus::kReused) outcome.duration_ms = -1;
    if (outcome.duration_ms >= 0) usual_[task.task->name] = std::max(usual_[task.task->name], outcome.duration_ms);
    for (const auto& [stream, records] : task.streams) {
      for (const scheduler::EmissionRecord& record : records) outcome.shown.push_back({stream, record.values});
    }
  }
  for (const scheduler::ReviewView& review : run.reviews()) {
    if (review.status != scheduler::ReviewStatus::kAnswered) continue;
    answered_[review.place] = {review.closed - review.opened, review.answer, review.answer_fields};
  }
}

// The place with the most names; else what the table says of the task.
const Table::Line* Table::Find(const std::string& place, const std::string& task) {
  const Line *found = nullptr, *of_task = nullptr;
  for (Line& line : lines_) {
    const bool review = task.empty();
    if (review == line.variant.empty()) continue;
    const bool here = ir::MatchesPlace(line.name, place);
    if (here && (found == nullptr || ir::DepthOf(line.name) >= ir::DepthOf(found->name))) found = &line;
    if (!review && of_task == nullptr && line.name == task) of_task = &line;
    line.matched = line.matched || here || (!review && line.name == task);
  }
  return found != nullptr ? found : of_task;
}

std::vector<std::string> Table::Unmatched() const {
  std::vector<std::string> names;
  for (const Line& line : lines_) {
    if (!line.matched) names.push_back(line.name);
  }
  return names;
}

ErrorOr<Outcome> Table::Run(const scheduler::StartTask& start) {
  const auto before = ran_.find(start.place);
  Outcome outcome;
  if (before != ran_.end()) {
    outcome = before->second;
    const ErrorOr<Success> fits = CheckLike(*start.task, outcome);
    if (!fits.ok()) {
      return fits.error().WithContext(
          fmt::format("that run's outputs of `{}` do not fit `{}`", start.place, start.task->name));
    }
  } else {
    outcome.outputs = Json::Object();
    for (const ir::Output& output : start.task->outputs) {
      outcome.outputs.Set(output.name, Blank(output.type, start.place + "." + output.name));
    }
    outcome.duration_ms = -1;
  }
  const auto usual = usual_.find(start.task->name);
  if (const Line* line = Find(start.place, start.task->name)) {
    outcome.duration_ms = line->duration_ms;
  } else if (outcome.duration_ms < 0 && usual != usual_.end()) {
    outcome.duration_ms = usual->second;
  } else if (outcome.duration_ms < 0) {
    unknown_.insert(start.task->name);
    outcome.duration_ms = 0;
  }
  return outcome;
}

ErrorOr<std::optional<Reply>> Table::Answer(const scheduler::ReviewView& review) {
  const auto before = answered_.find(review.place);
  const Line* line = Find(review.place, "");
  if (line == nullptr) return before == answered_.end() ? std::optional<Reply>() : std::optional<Reply>(before->second);
  Reply reply{line->duration_ms, line->variant, Json::Object()};
  for (const scheduler::ChoiceView& choice : review.choices) {
    if (choice.name != line->variant) continue;
    for (const auto& [name, text] : line->fields) {
      const auto field = std::find_if(choice.fields.begin(), choice.fields.end(),
                                      [&, &wanted = name](const auto& each) { return each.name == wanted; });
      if (field == choice.fields.end()) return MakeError("`{}` has no field `{}`", choice.name, name);
      ErrorOr<Json> value = review::ParseField(field->type, text);
      if (!value.ok()) return value.error().WithContext(fmt::format("`{}` of the answer to `{}`", name, review.place));
      reply.fields.Set(name, std::move(value).value());
    }
  }
  return std::optional<Reply>(std::move(reply));
}

}  // namespace hwf::simulate
