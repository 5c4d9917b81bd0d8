#include "runtime/engine/key_log.h"

#include "base/utf8.h"
#include "runtime/state/values.h"

namespace hwf::engine {
namespace {

constexpr size_t kMostText = 80;
constexpr size_t kBeginning = 40;
constexpr size_t kDigestText = 19;  // "b2:" and 64 bits

std::string PathOf(const std::string& run_directory) { return run_directory + "/keys"; }

std::string Short(const Json& value) {
  // A file by its content, as the key has it: its digest and its name.
  const std::string path = value.StringOr("path", "");
  const size_t slash = path.find('/');
  if (value.is_object() && value.AsObject().size() == 1 && path.starts_with("b2:") && slash != std::string::npos) {
    return path.substr(slash + 1) + " " + path.substr(0, kDigestText);
  }
  std::string text = value.is_string() ? value.AsString() : value.Dump();
  if (text.size() <= kMostText) return text;
  const std::string digest = state::DigestOf(value).substr(0, kDigestText);
  return ToUtf8(text.substr(0, kBeginning)) + "… " + digest;
}

// What stands in the source, without what `~{…}` makes of it.
Json TextOf(const ir::Command& command) {
  Json text = Json::Array();
  text.Add(command.interpreter);
  for (const ir::Command::Piece& piece : command.text) text.Add(piece.text);
  for (const ir::Command::Word& word : command.words) {
    for (const ir::Command::Piece& piece : word.pieces) text.Add(piece.text);
  }
  return text;
}

}  // namespace

Json KeyParts(const ir::Task& task, const Json& members) {
  Json parts = Json::Object();
  const JsonArray& arguments = members["arguments"].AsArray();
  for (size_t i = 0; i < task.params.size() && i < arguments.size(); ++i) {
    parts.Set("argument " + task.params[i].name, Short(arguments[i]));
  }
  const JsonArray& uses = members["uses"].AsArray();
  for (size_t i = 0; i + 1 < uses.size(); i += 2) parts.Set("uses " + uses[i].AsString(), Short(uses[i + 1]));
  for (const JsonMember& variable : members["env"].AsObject()) parts.Set("env " + variable.key, Short(variable.value));
  for (const char* name : {"image", "setup", "ranks", "nodes", "outputs"}) {
    if (members.Find(name) != nullptr) parts.Set(name, Short(members[name]));
  }
  parts.Set("text", state::DigestOf(TextOf(task.command)).substr(0, kDigestText));
  Json command = Json::Object();
  command.Set("v", members["v"]).Set("argv", members["argv"]).Set("script", members["script"]);
  return parts.Set("command", state::DigestOf(command).substr(0, kDigestText));
}

KeyLog::KeyLog(platform::FileSystem& files, const std::string& run_directory, mode_t mode)
    : files_(files), path_(PathOf(run_directory)), mode_(mode) {}

void KeyLog::Add(const KeyNote& note) {
  if (broken_) return;
  if (!writer_) {
    ErrorOr<std::unique_ptr<journal::LogWriter>> writer = journal::LogWriter::Open(files_, path_, mode_);
    broken_ = !writer.ok();
    if (broken_) return;
    writer_ = std::move(writer).value();
  }
  Json json;
  json.Set("place", note.place)
      .Set("task", note.task)
      .Set("key", note.key)
      .Set("why", note.why)
      .Set("parts", note.parts);
  broken_ = !writer_->Append(json.Dump()).ok();
}

std::optional<KeyNote> KeyLog::Find(platform::FileSystem& files, const std::string& run_directory,
                                    const state::Place& place, const std::string& task) {
  std::optional<KeyNote> same_place, same_task;
  journal::LogReader reader(files, PathOf(run_directory));
  // What is damaged explains nothing; what stands before it does.
  (void)reader.Read([&](std::string_view payload, uint64_t) -> ErrorOr<Success> {
    HWF_ASSIGN(const Json json, Json::Parse(payload, {.allow_nan = true}));
    KeyNote note{json.StringOr("place", ""), json.StringOr("task", ""), json.StringOr("key", ""),
                 json.StringOr("why", ""), json["parts"]};
    if (note.place == place) same_place = note;
    if (!task.empty() && note.task == task) same_task = std::move(note);
    return Success{};
  });
  return same_place ? same_place : same_task;
}

}  // namespace hwf::engine
