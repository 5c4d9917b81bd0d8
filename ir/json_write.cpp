#include "base/check.h"
#include "ir/json.h"
#include "ir/json_writer.h"
#include "ir/names.h"

namespace hwf::ir {
namespace internal {

Json Strings(const std::vector<std::string>& items) {
  Json out = Json::Array();
  for (const std::string& item : items) out.Add(item);
  return out;
}

void SetStrings(Json& object, const char* key, const std::vector<std::string>& items) {
  if (!items.empty()) object.Set(key, Strings(items));
}

namespace {

// What reads the command: "shell", "sh", "exec" or an interpreter. So a version refuses those that it does not know.
std::string_view CommandKind(const Command& command) {
  switch (command.kind) {
    case Command::Kind::kShell:
      return command.interpreter.empty() ? std::string_view("shell") : command.interpreter;
    case Command::Kind::kInterpreter:
      return command.interpreter;
    case Command::Kind::kExec:
      return "exec";
  }
  HWF_UNREACHABLE();
}

}  // namespace

Json Writer::WriteNamed(const std::vector<NamedExpr>& exprs) {
  Json out = Json::Array();
  for (const NamedExpr& named : exprs) {
    Json item;
    item.Set("name", named.name).Set("value", WriteExpr(named.value));
    out.Add(std::move(item));
  }
  return out;
}

Json Writer::WritePieces(const std::vector<Command::Piece>& pieces) {
  Json out = Json::Array();
  for (const Command::Piece& piece : pieces) {
    if (!piece.value.has_value()) {
      out.Add(piece.text);
      continue;
    }
    Json item;
    item.Set("value", WriteExpr(*piece.value));
    if (piece.raw) item.Set("raw", true);
    out.Add(std::move(item));
  }
  return out;
}

Json Writer::WriteCommand(const Command& command) {
  Json out;
  out.Set("kind", CommandKind(command));
  if (!command.assignments.empty()) {
    Json assignments = Json::Array();
    for (const Command::Assignment& assignment : command.assignments) {
      Json item;
      item.Set("variable", assignment.variable).Set("value", WriteExpr(assignment.value));
      assignments.Add(std::move(item));
    }
    out.Set("assignments", std::move(assignments));
  }
  if (!command.text.empty()) out.Set("text", WritePieces(command.text));
  if (!command.words.empty()) {
    Json words = Json::Array();
    for (const Command::Word& word : command.words) words.Add(WritePieces(word.pieces));
    out.Set("words", std::move(words));
  }
  if (command.direct) out.Set("direct", true);
  return out;
}

Json Writer::WriteTask(const Task& task) {
  Json out;
  out.Set("name", task.name);
  if (!task.doc.empty()) out.Set("doc", task.doc);
  SetSpan(out, task.span);
  out.Set("params", WriteParams(task.params));
  SetId(out, "out", task.out);
  SetId(out, "previous", task.previous);
  SetId(out, "attempt", task.attempt);
  Json outputs = Json::Array();
  for (const Output& output : task.outputs) {
    Json item;
    item.Set("name", output.name).Set("type", TypeIndex(output.type)).Set("kind", ToString(output.kind));
    SetExpr(item, "path", output.path);
    outputs.Add(std::move(item));
  }
  out.Set("outputs", std::move(outputs)).Set("output_record", TypeIndex(task.output_record));
  SetStrings(out, "uses", task.uses);
  SetStrings(out, "on", task.on);
  if (!task.never_on.empty()) {
    Json never = Json::Array();
    for (const Never& site : task.never_on) never.Add(Json().Set("site", site.site).Set("why", site.why));
    out.Set("never_on", std::move(never));
  }
  SetExpr(out, "image", task.image);
  if (!task.needs.empty()) out.Set("needs", WriteNamed(task.needs));
  if (!task.env.empty()) out.Set("env", WriteNamed(task.env));
  SetStrings(out, "secrets", task.secrets);
  if (!task.launch.empty()) out.Set("launch", task.launch);
  if (task.pack != 0) out.Set("pack", task.pack);
  if (task.retries != 0) out.Set("retries", task.retries);
  if (!task.retry_on.empty()) {
    Json reasons = Json::Array();
    for (Reason reason : task.retry_on) reasons.Add(ToString(reason));
    out.Set("retry_on", std::move(reasons));
  }
  if (task.effect) out.Set("effect", true);
  if (!task.cache) out.Set("cache", false);
  if (!task.streams.empty()) {
    Json streams = Json::Array();
    for (const Stream& stream : task.streams) {
      Json item;
      item.Set("name", stream.name).Set("record", TypeIndex(stream.record));
      if (stream.keep.has_value()) item.Set("keep", *stream.keep);
      if (stream.every_all) item.Set("every_all", true);
      streams.Add(std::move(item));
    }
    out.Set("streams", std::move(streams));
  }
  if (!task.accepts.empty()) {
    Json accepts = Json::Array();
    for (const Message& message : task.accepts) {
      Json item;
      item.Set("name", message.name).Set("fields", WriteFields(message.fields));
      accepts.Add(std::move(item));
    }
    out.Set("accepts", std::move(accepts));
  }
  out.Set("command", WriteCommand(task.command));
  return out;
}

Json Writer::WriteCalendar(const Calendar& calendar) {
  Json out;
  out.Set("name", calendar.name).Set("zone", calendar.zone);
  SetStrings(out, "holidays", calendar.holidays);
  if (calendar.days.empty()) return out;
  Json days = Json::Array();
  for (int day : calendar.days) days.Add(day);
  return out.Set("days", std::move(days));
}

Json Writer::WriteWorkflow(const Workflow& workflow) {
  Json item;
  item.Set("name", workflow.name);
  if (!workflow.doc.empty()) item.Set("doc", workflow.doc);
  SetSpan(item, workflow.span);
  return item.Set("outputs", WriteFields(workflow.outputs)).Set("region", WriteRegion(workflow.region));
}

Json Writer::WriteModule(const Module& module, const std::vector<Test>* tests) {
  Json sources = Json::Array(), functions = Json::Array(), tasks = Json::Array(), workflows = Json::Array(),
       sites = Json::Array(), groups = Json::Array();
  for (const SourceFile& source : module.sources) {
    sources.Add(Json().Set("path", source.path).Set("digest", source.digest));
  }
  for (const Function& function : module.functions) {
    Json item;
    item.Set("name", function.name).Set("result", TypeIndex(function.result));
    functions.Add(std::move(item.Set("region", WriteRegion(function.region))));
  }
  for (const Task& task : module.tasks) tasks.Add(WriteTask(task));
  for (const Workflow& workflow : module.workflows) workflows.Add(WriteWorkflow(workflow));
  for (const Site& site : module.sites) {
    sites.Add(Json().Set("name", site.name).Set("kind", site.kind).Set("fields", site.fields));
  }
  for (const Group& group : module.groups) {
    groups.Add(Json().Set("name", group.name).Set("members", Strings(group.members)));
  }
  Json written = tests == nullptr ? Json() : WriteTests(*tests);  // before the types, which it adds to
  Json out;
  out.Set("hwfir", module.version).Set("compiler", module.compiler).Set("edition", module.edition);
  out.Set("entry", module.entry).Set("sources", std::move(sources)).Set("types", WriteTypes());
  out.Set("functions", std::move(functions)).Set("tasks", std::move(tasks)).Set("workflows", std::move(workflows));
  out.Set("sites", std::move(sites)).Set("groups", std::move(groups));
  if (module.calendar) out.Set("calendar", WriteCalendar(*module.calendar));
  if (tests != nullptr) out.Set("tests", std::move(written));
  return out;
}

}  // namespace internal

Json ToJson(const Module& module) { return internal::Writer().WriteModule(module); }

}  // namespace hwf::ir
