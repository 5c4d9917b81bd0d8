#include "runtime/report/status.h"

#include <fmt/format.h>

#include <map>
#include <utility>

#include "runtime/engine/review_record.h"
#include "runtime/platform/paths.h"
#include "runtime/report/review_groups.h"
#include "runtime/report/review_text.h"

namespace hwf::report {
namespace {

using scheduler::ReviewStatus;
using scheduler::TaskStatus;
using scheduler::TaskView;

const ir::Stream* FindStream(const ir::Task* task, std::string_view name) {
  if (task == nullptr) return nullptr;
  for (const ir::Stream& stream : task->streams) {
    if (stream.name == name) return &stream;
  }
  return nullptr;
}

std::string StreamOf(const ir::Task* task) {
  return task != nullptr && !task->streams.empty() ? task->streams.front().name : "emission";
}

std::string Colored(TaskStatus status, const Style& style) {
  const std::string_view text = ToString(status);
  switch (status) {
    case TaskStatus::kDone:
    case TaskStatus::kReused:
      return style.Green(text);
    case TaskStatus::kRunning:
      return style.Blue(text);
    case TaskStatus::kFailed:
    case TaskStatus::kInDoubt:
      return style.Red(text);
    case TaskStatus::kRetrying:
    case TaskStatus::kCancelled:
      return style.Yellow(text);
    case TaskStatus::kWaiting:
    case TaskStatus::kSkipped:
      return style.Dim(text);
  }
  return std::string(text);
}

std::string TaskTime(const TaskView& task, state::TimeMs now) {
  if (task.started == 0) return "";
  // As the runner measured it: the engine may have learned of the end much later.
  if (task.ended != 0 && task.usage.wall_ms > 0) return FormatDuration(task.usage.wall_ms);
  return FormatDuration((task.ended != 0 ? task.ended : now) - task.started);
}

// `others`: how many wait for the same.
std::string TaskLines(const TaskView& task, size_t others, const Style& style, state::TimeMs now) {
  const std::string who = others == 0 ? task.place : fmt::format("{} and {} more", task.place, others);
  std::string text = fmt::format("  {} {} {}", Pad(who, 28), Pad(Colored(task.status, style), 9), TaskTime(task, now));
  if (const std::string on = OnSite(task.site); !on.empty()) text += " " + on;
  if (task.assumed) text += ", assumed";
  if (task.attempt > 1) text += fmt::format(", attempt {}", task.attempt);
  if (task.usage.max_rss > 0) text += fmt::format(", peak {}", FormatBytes(task.usage.max_rss));
  text += "\n";
  const std::string& cause = task.why.empty() ? task.waiting : task.why;
  const std::string why = Printable(cause.substr(0, cause.find('\n')));
  if (!why.empty()) text += fmt::format("      {}\n", why);
  for (const auto& [name, emissions] : task.streams) {
    if (emissions.empty()) continue;
    text += fmt::format("      {} {}: {}\n", name, emissions.back().number,
                        EmissionText(emissions.back(), task.task, name));
  }
  for (const scheduler::MessageRecord& message : task.messages) {
    text += fmt::format("      told {}\n", MessageText(message, task.task));
  }
  return text;
}

bool OnlyWaits(const TaskView& task) {
  return task.status == TaskStatus::kWaiting && !task.waiting.empty() && task.why.empty() && task.messages.empty();
}

// In their order; those that wait for the same stand at the first of them.
std::string AllTaskLines(const std::vector<TaskView>& tasks, const Style& style, state::TimeMs now) {
  std::map<std::string, size_t> waiting;
  for (const TaskView& task : tasks) {
    if (OnlyWaits(task)) ++waiting[task.waiting];
  }
  std::string text;
  size_t superseded = 0;
  for (const TaskView& task : tasks) {
    if (task.superseded) {
      ++superseded;
      continue;
    }
    size_t others = 0;
    if (OnlyWaits(task)) {
      const size_t all = std::exchange(waiting[task.waiting], 0);
      if (all == 0) continue;
      others = all - 1;
    }
    text += TaskLines(task, others, style, now);
  }
  if (superseded > 0) {
    text += style.Dim(fmt::format("  {} more, before it went back (--json has them)", superseded)) + "\n";
  }
  return text;
}

std::string EngineLine(const engine::RunRecord& record, const std::string& run, const EngineState& engine,
                       const Style& style) {
  const engine::RunFacts& facts = record.facts();
  if (facts.finished) {
    const std::string verdict = facts.ok ? style.Green("finished") : style.Red("failed");
    return fmt::format("{} at {}{}\n", verdict, FormatTime(facts.ended),
                       facts.why.empty() ? "" : ": " + Printable(facts.why));
  }
  if (engine.alive) return fmt::format("engine: pid {} on {}\n", engine.pid, engine.host);
  if (engine.unknown) {
    return fmt::format("engine: on {} (last sign of life {})\n", engine.host, FormatTime(engine.heartbeat));
  }
  size_t running = 0;
  for (const TaskView& task : record.scheduler().tasks()) {
    if (task.status == TaskStatus::kRunning) ++running;
  }
  const state::TimeMs since = engine.heartbeat != 0 ? engine.heartbeat : facts.last_event;
  std::string line = fmt::format("no engine since {}", FormatTime(since));
  if (!facts.engine_host.empty()) line += " on " + facts.engine_host;
  if (running > 0) line += fmt::format("; {} {} may run on", running, running == 1 ? "job" : "jobs");
  return style.Yellow(fmt::format("{}; resume with: hwf resume {}", line, run)) + "\n";
}

Json MessageJson(const scheduler::MessageRecord& message) {
  Json json;
  json.Set("number", message.number).Set("message", message.message).Set("fields", message.fields);
  json.Set("sent", FormatUtc(message.sent)).Set("from", message.sender);
  json.Set("seen_emission", message.seen_emission != 0 ? Json(message.seen_emission) : Json());
  json.Set("first_carried", message.first_carried != 0 ? Json(message.first_carried) : Json());
  json.Set("delivered", message.delivered).Set("undelivered_job_ended", message.undelivered_job_ended);
  if (message.taken_back) json.Set("taken_back", true);
  return json;
}

Json EmissionJson(const scheduler::EmissionRecord& emission) {
  Json json;
  json.Set("number", emission.number).Set("attempt", emission.attempt).Set("time", FormatUtc(emission.time));
  json.Set("after_message", emission.after_message).Set("values", emission.values);
  if (emission.replayed) json.Set("replayed", true);
  if (emission.files_removed) json.Set("files_removed", true);
  return json;
}

}  // namespace

std::string_view ToString(TaskStatus status) {
  switch (status) {
    case TaskStatus::kWaiting:
      return "waiting";
    case TaskStatus::kRunning:
      return "running";
    case TaskStatus::kRetrying:
      return "retrying";
    case TaskStatus::kDone:
      return "done";
    case TaskStatus::kReused:
      return "reused";
    case TaskStatus::kFailed:
      return "failed";
    case TaskStatus::kSkipped:
      return "skipped";
    case TaskStatus::kCancelled:
      return "cancelled";
    case TaskStatus::kInDoubt:
      return "in doubt";
  }
  return "";
}

TaskCounts CountTasks(const scheduler::Scheduler& scheduler) {
  TaskCounts counts;
  for (const TaskView& task : scheduler.tasks()) {
    if (task.superseded) continue;
    switch (task.status) {
      case TaskStatus::kWaiting:
        ++counts.waiting;
        break;
      case TaskStatus::kRunning:
        ++counts.running;
        break;
      case TaskStatus::kRetrying:
        ++counts.retrying;
        break;
      case TaskStatus::kDone:
        ++counts.done;
        break;
      case TaskStatus::kReused:
        ++counts.reused;
        break;
      case TaskStatus::kFailed:
        ++counts.failed;
        break;
      case TaskStatus::kSkipped:
        ++counts.skipped;
        break;
      case TaskStatus::kCancelled:
        ++counts.cancelled;
        break;
      case TaskStatus::kInDoubt:
        ++counts.in_doubt;
        break;
    }
  }
  return counts;
}

std::string CountsText(const TaskCounts& counts, const Style& style) {
  std::string text;
  const auto add = [&](size_t count, std::string_view what, std::string (Style::*paint)(std::string_view) const) {
    if (count == 0) return;
    text += (text.empty() ? "" : " · ") + (style.*paint)(fmt::format("{} {}", count, what));
  };
  add(counts.failed, "failed", &Style::Red);
  add(counts.in_doubt, "in doubt", &Style::Red);
  add(counts.running, "running", &Style::Blue);
  add(counts.retrying, "retrying", &Style::Yellow);
  add(counts.waiting, "waiting", &Style::Dim);
  add(counts.done, "done", &Style::Green);
  add(counts.reused, "reused", &Style::Green);
  add(counts.skipped, "skipped", &Style::Dim);
  add(counts.cancelled, "cancelled", &Style::Yellow);
  return text.empty() ? "no tasks yet" : text;
}

std::string EmissionText(const scheduler::EmissionRecord& emission, const ir::Task* task, std::string_view stream) {
  const ir::Stream* declared = FindStream(task, stream);
  std::string text;
  if (!emission.values.is_object()) return text;
  const auto add = [&](const std::string& name, const Json& value, ir::TypeRef type) {
    if (value.is_null()) return;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, Fit(FormatValue(value, type), 32));
  };
  if (declared == nullptr || declared->record == nullptr) {
    for (const JsonMember& member : emission.values.AsObject()) add(member.key, member.value, nullptr);
    return text;
  }
  // In the order of the declaration, whichever the task wrote.
  for (const ir::FieldDef& field : declared->record->record->fields) {
    const Json* value = emission.values.Find(field.name);
    if (value != nullptr) add(field.name, *value, field.type);
  }
  return text;
}

std::string MessageText(const scheduler::MessageRecord& message, const ir::Task* task) {
  std::string fields;
  if (message.fields.is_object()) {
    for (const JsonMember& member : message.fields.AsObject()) {
      fields += fmt::format("{}{}: {}", fields.empty() ? "" : ", ", member.key, FormatValue(member.value, nullptr));
    }
  }
  std::string text = fmt::format("{}({})", message.message, fields);
  const std::string stream = StreamOf(task);
  if (message.seen_emission != 0) text += fmt::format(", decided at {} {}", stream, message.seen_emission);
  if (message.taken_back) return text + ", taken back by a rewind";
  if (message.undelivered_job_ended) return text + ", undelivered: the job had ended";
  if (message.first_carried != 0) return text + fmt::format(", first carried by {} {}", stream, message.first_carried);
  return text + (message.delivered ? ", delivered" : ", on its way");
}

std::string StatusText(const engine::RunRecord& record, const std::string& run, const EngineState& engine,
                       const Style& style, state::TimeMs now) {
  const engine::RunFacts& facts = record.facts();
  const scheduler::Scheduler& scheduler = record.scheduler();
  std::string text = fmt::format("{}  {}  started {} by {}", style.Bold(facts.id), record.module().entry,
                                 FormatTime(facts.started), Printable(facts.starter.name));
  text += facts.from.empty() ? "\n" : fmt::format(", from run {}\n", Printable(platform::BaseName(facts.from)));
  text += EngineLine(record, run, engine, style);
  if (!facts.finished) {
    for (const auto& [site, why] : facts.troubled) {
      text += style.Yellow(fmt::format("site {}: {}", site, Printable(why))) + "\n";
    }
  }
  text += CountsText(CountTasks(scheduler), style) + "\n";
  text += AllTaskLines(scheduler.tasks(), style, now);
  for (const auto& [place, value] : scheduler.checkpoints()) {
    text += fmt::format("  {} {} {}\n", Pad(place, 28), "checkpoint", Fit(FormatValue(value, nullptr), 60));
  }
  for (const scheduler::ReviewView& review : scheduler.reviews()) {
    if (review.superseded) continue;
    if (review.group.empty() || review.status != ReviewStatus::kOpen) text += ReviewLine(review, style, now);
  }
  for (const ReviewGroup& group : OpenGroups(scheduler)) {
    const scheduler::ReviewView& review = *group.reviews.front();
    if (group.reviews.size() > 1) {
      text += GroupText(group, run, style, now);
      continue;
    }
    if (!review.group.empty()) text += ReviewLine(review, style, now);
    text += "answer with:\n" + AnswerHint(review, run, "  ");
  }
  for (const TaskView& task : scheduler.tasks()) {
    if (task.status != TaskStatus::kInDoubt) continue;
    text += fmt::format("{} may have had its effect; say which:\n{}", task.place, DoubtHint(task, run, "  "));
  }
  for (const auto& [place, what] : scheduler.caught()) {
    text += style.Yellow("caught: ") + Printable(place + ": " + what, true) + "\n";
  }
  for (const std::string& failure : scheduler.failures())
    text += style.Red("failed: ") + Printable(failure, true) + "\n";
  if (facts.finished && facts.ok && facts.outputs.is_object()) {
    for (const JsonMember& output : facts.outputs.AsObject()) {
      text += fmt::format("  {} = {}\n", output.key, OutputText(output.value, OutputType(record.module(), output.key)));
    }
  }
  return text;
}

std::string OutputText(const Json& value, ir::TypeRef type) {
  const Json* path = value.Find("path");
  if (path != nullptr && path->is_string() && value.Find("digest") != nullptr) return Printable(path->AsString());
  return FormatValue(value, type);
}

ir::TypeRef OutputType(const ir::Module& module, std::string_view name) {
  const ir::Workflow* entry = module.FindWorkflow(module.entry);
  if (entry == nullptr) return nullptr;
  for (const ir::FieldDef& output : entry->outputs) {
    if (output.name == name) return output.type;
  }
  return nullptr;
}

Json TaskJson(const TaskView& task) {
  Json json;
  json.Set("place", task.place).Set("task", task.task != nullptr ? Json(task.task->name) : Json());
  json.Set("status", ToString(task.status)).Set("attempt", task.attempt);
  json.Set("submitted", task.submitted != 0 ? Json(FormatUtc(task.submitted)) : Json());
  json.Set("started", task.started != 0 ? Json(FormatUtc(task.started)) : Json());
  json.Set("ended", task.ended != 0 ? Json(FormatUtc(task.ended)) : Json());
  json.Set("site", task.site);
  if (task.generation > 1) json.Set("generation", task.generation);
  if (task.superseded) json.Set("superseded", true);
  if (task.assumed) json.Set("assumed", true);
  if (!task.why.empty()) json.Set("why", task.why);
  if (!task.waiting.empty()) json.Set("waiting", task.waiting);
  json.Set("outputs", task.outputs);
  Json usage;
  usage.Set("wall_ms", task.usage.wall_ms).Set("cpu_ms", task.usage.cpu_ms).Set("max_rss", task.usage.max_rss);
  json.Set("usage", usage);
  Json streams = Json::Object();
  for (const auto& [name, emissions] : task.streams) {
    Json list = Json::Array();
    for (const scheduler::EmissionRecord& emission : emissions) list.Add(EmissionJson(emission));
    streams.Set(name, list);
  }
  json.Set("streams", streams);
  Json messages = Json::Array();
  for (const scheduler::MessageRecord& message : task.messages) messages.Add(MessageJson(message));
  json.Set("messages", messages);
  return json;
}

Json StatusJson(const engine::RunRecord& record, const EngineState& engine) {
  const engine::RunFacts& facts = record.facts();
  const scheduler::Scheduler& scheduler = record.scheduler();
  Json json;
  json.Set("v", 1).Set("run", facts.id).Set("directory", facts.directory).Set("workflow", record.module().entry);
  json.Set("started", FormatUtc(facts.started)).Set("starter", facts.starter.name).Set("params", facts.params);
  if (!facts.from.empty()) json.Set("from", facts.from);
  if (!facts.trust.is_null()) json.Set("trust", facts.trust);
  json.Set("state", facts.finished ? (facts.ok ? "finished" : "failed") : "unfinished");
  json.Set("why", facts.why).Set("outputs", facts.outputs);
  Json engine_json;
  engine_json.Set("alive", engine.alive || engine.unknown).Set("host", engine.host).Set("pid", engine.pid);
  engine_json.Set("epoch", facts.epoch);
  json.Set("engine", engine_json);
  Json troubled = Json::Object();
  if (!facts.finished) {
    for (const auto& [site, why] : facts.troubled) troubled.Set(site, why);
  }
  json.Set("troubled_sites", troubled);
  Json tasks = Json::Array();
  for (const TaskView& task : scheduler.tasks()) tasks.Add(TaskJson(task));
  json.Set("tasks", tasks);
  Json reviews = Json::Array();
  state::TimeMs next_due = 0;
  for (const scheduler::ReviewView& review : scheduler.reviews()) {
    reviews.Add(engine::ReviewJson(review, facts.id));
    const bool open = review.status == ReviewStatus::kOpen && review.deadline != 0;
    if (open && (next_due == 0 || review.deadline < next_due)) next_due = review.deadline;
  }
  json.Set("reviews", reviews);
  json.Set("next_due", next_due != 0 ? Json(FormatUtc(next_due)) : Json());
  Json checkpoints = Json::Object();
  for (const auto& [place, value] : scheduler.checkpoints()) checkpoints.Set(place, value);
  json.Set("checkpoints", checkpoints);
  Json failures = Json::Array();
  for (const std::string& failure : scheduler.failures()) failures.Add(failure);
  json.Set("failures", failures);
  Json caught = Json::Object();
  for (const auto& [place, what] : scheduler.caught()) caught.Set(place, what);
  json.Set("caught", caught);
  return json;
}

}  // namespace hwf::report
