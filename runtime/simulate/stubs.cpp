#include "runtime/simulate/stubs.h"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/simulate/made_up.h"
#include "runtime/state/evaluate.h"
#include "runtime/state/values.h"

namespace hwf::simulate {
namespace {

std::vector<Json> Arguments(const scheduler::StartTask& start) {
  std::vector<Json> arguments = start.arguments;
  arguments.emplace_back(start.attempt);
  return arguments;
}

// The line that a test lacks.
std::string GivenFor(const ir::Task& task) {
  std::string outputs;
  for (const ir::Output& output : task.outputs) {
    const bool file = output.type->kind == ir::TypeKind::kFile || output.type->kind == ir::TypeKind::kDir;
    const std::string value =
        file ? fmt::format("{}(\"{}\")", output.type->kind == ir::TypeKind::kFile ? "file" : "dir", output.name) : "…";
    outputs += fmt::format("{}{}: {}", outputs.empty() ? "" : ", ", output.name, value);
  }
  return fmt::format("given {} => ({})", task.name, outputs);
}

}  // namespace

const ir::Given* Stubs::Find(const std::string& task, const std::string& stream) const {
  for (const ir::Given& given : test_.givens) {
    if (given.task == task && given.stream == stream) return &given;
  }
  return nullptr;
}

// What goes wrong in a stub, `fail` most of all, fails its task. A reason's name alone is that reason.
ErrorOr<Outcome> Stubs::Run(const scheduler::StartTask& start) {
  const ir::Task& task = *start.task;
  const ir::Given* given = Find(task.name, "");
  Outcome outcome;
  outcome.outputs = Json::Object();
  const state::SmallEnvironment nothing;
  if (given == nullptr && !task.outputs.empty()) {
    return MakeError("task `{}` is called at `{}` and has no stub: write `{}`", task.name, start.place, GivenFor(task));
  }
  if (given != nullptr && given->duration) {
    const state::Evaluation duration = state::EvaluateRegion(module_, *given->duration, Arguments(start), nothing);
    if (!duration.ok()) return MakeError("how long `{}` takes: {}", start.place, duration.failure->message);
    outcome.duration_ms = duration.value.AsInt();
    if (outcome.duration_ms < 0) return MakeError("`{}` would take less than no time", start.place);
  }
  HWF_TRY(Show(start, outcome));
  if (given == nullptr) return outcome;
  state::Evaluation outputs = state::EvaluateRegion(module_, given->region, Arguments(start), nothing);
  if (!outputs.ok()) {
    outcome.failure = ir::ReasonFromString(outputs.failure->message).value_or(ir::Reason::kExit);
    if (!ir::ReasonFromString(outputs.failure->message)) outcome.message = outputs.failure->message;
    return outcome;
  }
  if (task.outputs.empty()) return outcome;
  outcome.outputs =
      Completed(state::Widen(std::move(outputs.value), task.output_record), task.output_record, start.place);
  return outcome;
}

ErrorOr<Success> Stubs::Show(const scheduler::StartTask& start, Outcome& outcome) const {
  for (const ir::Stream& stream : start.task->streams) {
    const ir::Given* given = Find(start.task->name, stream.name);
    if (given == nullptr) continue;
    state::Evaluation shown =
        state::EvaluateRegion(module_, given->region, Arguments(start), state::SmallEnvironment());
    if (!shown.ok()) return MakeError("what `{}` shows as `{}`: {}", start.place, stream.name, shown.failure->message);
    size_t number = 0;
    for (Json& values : shown.value.AsArray()) {
      const std::string place = fmt::format("{}.{}.{}", start.place, stream.name, number++);
      outcome.shown.push_back(
          {stream.name, Completed(state::Widen(std::move(values), stream.record), stream.record, place)});
    }
  }
  return Success();
}

ErrorOr<std::optional<Reply>> Stubs::Answer(const scheduler::ReviewView& review) {
  const ir::TestAnswer* chosen = nullptr;
  for (const ir::TestAnswer& answer : test_.answers) {
    if (!ir::MatchesPlace(answer.place, review.place)) continue;
    if (chosen == nullptr || ir::DepthOf(answer.place) > ir::DepthOf(chosen->place)) chosen = &answer;
  }
  if (chosen == nullptr) return std::optional<Reply>();
  const state::SmallEnvironment nothing;
  const state::Evaluation delay = state::Evaluate(module_, chosen->delay, nothing);
  if (!delay.ok()) return MakeError("when `{}` is answered: {}", review.place, delay.failure->message);
  if (delay.value.AsInt() < 0) return MakeError("`{}` would be answered before it is asked", review.place);
  Reply reply{delay.value.AsInt(), chosen->variant, Json::Object()};
  for (const ir::NamedExpr& field : chosen->fields) {
    state::Evaluation value = state::Evaluate(module_, field.value, nothing);
    if (!value.ok()) return MakeError("the answer to `{}`: {}", review.place, value.failure->message);
    reply.fields.Set(field.name, std::move(value.value));
  }
  return std::optional<Reply>(std::move(reply));
}

}  // namespace hwf::simulate
