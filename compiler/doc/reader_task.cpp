// What is said of a task: outputs, streams, messages, clauses, its command.
#include <fmt/format.h>

#include "compiler/doc/reader.h"

namespace hwf::doc {

using namespace syntax;  // NOLINT: this file is about the tree

void Reader::ReadTask(const TaskDecl& task, Item& item) const {
  item.takes = Fields(task.params);
  item.gives = Outputs(task.outputs);
  for (const StreamClause& stream : task.streams) {
    std::string note = stream.keep == nullptr ? "" : "keep " + SourceText(stream.keep);
    if (stream.every_all) note += note.empty() ? "every all" : " every all";
    item.shows.push_back({stream.name.text.str(), Fields(stream.fields), note, ""});
  }
  for (const MessageClause& message : task.accepts)
    item.accepts.push_back({message.name.text.str(), Fields(message.fields), "", ""});
  ReadClauses(task, item);
  ReadCommand(task, item);
}

std::vector<Field> Reader::Outputs(ArrayRef<Output> outputs) const {
  std::vector<Field> out;
  for (const Output& output : outputs) {
    const std::string note = output.at_stdout ? "at stdout" : output.at != nullptr ? "at " + SourceText(output.at) : "";
    out.push_back({output.name.text.str(), TypeText(*output.type), note, output.doc.str()});
  }
  return out;
}

void Reader::ReadClauses(const TaskDecl& task, Item& item) const {
  const auto add = [&](const char* word, std::string text) { item.clauses.push_back({word, {{std::move(text), ""}}}); };
  std::string joined;
  const auto join = [&](const std::string& text) { joined += (joined.empty() ? "" : ", ") + text; };
  for (const StringExpr* path : task.uses) join(SourceText(path));
  if (!joined.empty()) add("uses", joined);
  if (!task.on.empty()) {
    Clause on{"on", {}};
    for (const Ident& site : task.on) {
      if (!on.text.empty()) on.text.push_back({" | ", ""});
      on.text.push_back({site.text.str(), LinkOf(site.text)});
    }
    item.clauses.push_back(std::move(on));
  }
  if (task.image != nullptr) add("image", SourceText(task.image));
  joined.clear();
  for (const TaskDecl::Need& need : task.needs) join(need.name.text.str() + ": " + SourceText(need.value));
  if (!joined.empty()) add("needs", joined);
  for (const TaskDecl::Env& env : task.env) add("env", env.name.text.str() + " = " + SourceText(env.value));
  joined.clear();
  for (const Ident& secret : task.secrets) join(secret.text.str());
  if (!joined.empty()) add("secret", joined);
  if (task.retry.count != nullptr) {
    joined.clear();
    for (const Ident& reason : task.retry.reasons) join(reason.text.str());
    add("retry", SourceText(task.retry.count) + (joined.empty() ? "" : " on [" + joined + "]"));
  }
  const auto effect = program_.effects.find(&task);
  if (effect != program_.effects.end() && effect->second) add("effect", "it changes the world");
  if (task.cache_off) add("cache", "off");
  if (task.launch) add("launch", task.launch.text.str());
  if (task.pack != nullptr) add("pack", SourceText(task.pack));
}

void Reader::ReadCommand(const TaskDecl& task, Item& item) const {
  switch (task.run.kind) {
    case TaskDecl::Run::Kind::kNone:
      return;
    case TaskDecl::Run::Kind::kShell:
    case TaskDecl::Run::Kind::kInterpreter: {
      item.language = task.run.interpreter ? task.run.interpreter.text.str() : "bash";
      for (const StringExpr::Part& part : task.run.text->parts)
        item.command += part.value == nullptr ? part.text.str() : std::string(sources_.Text(part.range));
      return;
    }
    case TaskDecl::Run::Kind::kExec:
      item.language = "exec";
      item.command = SourceText(task.run.argv);
      return;
  }
}

}  // namespace hwf::doc
