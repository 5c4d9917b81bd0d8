#include <fmt/format.h>

#include <limits>

#include "ir/json.h"
#include "ir/json_reader.h"
#include "ir/names.h"
#include "ir/sites.h"
#include "languages/language.h"

namespace hwf::ir {
namespace internal {

Function Reader::ReadFunction(const Json& json, const Path& path) {
  Function function;
  function.name = Text(json, path, "name");
  function.result = Type(json, path, "result");
  function.region = std::move(*RegionMember(json, path, "region", true));
  return function;
}

Workflow Reader::ReadWorkflow(const Json& json, const Path& path) {
  Workflow workflow;
  workflow.name = Text(json, path, "name");
  workflow.doc = Text(json, path, "doc", false);
  workflow.outputs = Fields(json, path, "outputs", true);
  workflow.region = std::move(*RegionMember(json, path, "region", true));
  workflow.span = SpanOf(json, path);
  return workflow;
}

Output Reader::ReadOutput(const Json& json, const Path& path) {
  Output output;
  output.name = Text(json, path, "name");
  output.type = Type(json, path, "type");
  std::optional<Output::Kind> kind = OutputKindFromString(Text(json, path, "kind"));
  if (!kind.has_value()) Fail(Path{&path, "kind"}, "expected path, glob, stdout");
  output.kind = kind.value_or(Output::Kind::kPath);
  output.path = OptionalExpr(json, path, "path");
  return output;
}

Stream Reader::ReadStream(const Json& json, const Path& path) {
  Stream stream;
  stream.name = Text(json, path, "name");
  stream.record = Type(json, path, "record");
  if (json.Find("keep") != nullptr) stream.keep = Int(json, path, "keep", 0, 1 << 30);
  stream.every_all = Flag(json, path, "every_all", false);
  return stream;
}

Command::Piece Reader::ReadPiece(const Json& json, const Path& path) {
  Command::Piece piece;
  if (json.is_string()) {
    piece.text = json.AsString();
    return piece;
  }
  piece.value = ExprMember(json, path, "value");
  piece.raw = Flag(json, path, "raw", false);
  return piece;
}

Command Reader::ReadCommand(const Json& json, const Path& path) {
  Command command;
  const std::string kind = Text(json, path, "kind");
  if (kind == "exec") {
    command.kind = Command::Kind::kExec;
  } else if (languages::Find(kind) != nullptr) {
    command.kind = Command::Kind::kInterpreter;
    command.interpreter = kind;
  } else if (kind == "sh") {
    command.interpreter = kind;
  } else if (kind != "shell") {
    Fail(Path{&path, "kind"}, "`" + kind + "` is nothing that this version can run a command by");
  }
  auto read_piece = [this](const Json& item, const Path& at) { return ReadPiece(item, at); };
  command.assignments =
      List<Command::Assignment>(json, path, "assignments", false, [this](const Json& item, const Path& at) {
        return Command::Assignment{Text(item, at, "variable"), ExprMember(item, at, "value")};
      });
  command.text = List<Command::Piece>(json, path, "text", false, read_piece);
  const Json* words = Member(json, path, "words", false);
  size_t count = words != nullptr && words->is_array() ? words->AsArray().size() : 0;
  if (words != nullptr && !words->is_array()) Fail(Path{&path, "words"}, "expected a list");
  Path words_path{&path, "words"};
  for (size_t i = 0; i < count && !failed(); ++i) {
    const Json& word = words->AsArray()[i];
    Path at{&words_path, {}, i};
    if (!word.is_array()) {
      Fail(at, "expected a list of pieces");
      break;
    }
    Command::Word made;
    for (size_t j = 0; j < word.AsArray().size() && !failed(); ++j) {
      made.pieces.push_back(ReadPiece(word.AsArray()[j], Path{&at, {}, j}));
    }
    command.words.push_back(std::move(made));
  }
  command.direct = Flag(json, path, "direct", false);
  return command;
}

std::vector<NamedExpr> Reader::Named(const Json& object, const Path& path, std::string_view key) {
  return List<NamedExpr>(object, path, key, false, [this](const Json& item, const Path& at) {
    return NamedExpr{Text(item, at, "name"), ExprMember(item, at, "value")};
  });
}

Task Reader::ReadTask(const Json& json, const Path& path) {
  Task task;
  task.name = Text(json, path, "name");
  task.doc = Text(json, path, "doc", false);
  task.span = SpanOf(json, path);
  task.params = Params(json, path);
  task.out = Id(json, path, "out", false);
  task.previous = Id(json, path, "previous", false);
  task.attempt = Id(json, path, "attempt", false);
  task.outputs = List<Output>(json, path, "outputs", true,
                              [this](const Json& item, const Path& at) { return ReadOutput(item, at); });
  task.output_record = Type(json, path, "output_record");
  task.uses = Texts(json, path, "uses");
  task.on = Texts(json, path, "on");
  task.never_on = List<Never>(json, path, "never_on", false, [this](const Json& item, const Path& at) {
    return Never{Text(item, at, "site"), Text(item, at, "why")};
  });
  task.image = OptionalExpr(json, path, "image");
  task.needs = Named(json, path, "needs");
  task.env = Named(json, path, "env");
  task.secrets = Texts(json, path, "secrets");
  task.launch = Text(json, path, "launch", false);
  task.pack = Int(json, path, "pack", 0, kMaxPack, 0);
  task.retries = Int(json, path, "retries", 0, 1000000, 0);
  task.retry_on = List<Reason>(json, path, "retry_on", false, [this](const Json& item, const Path& at) {
    std::optional<Reason> reason = ReasonFromString(AsText(item, at));
    if (!reason.has_value()) Fail(at, "unknown reason of failure");
    return reason.value_or(Reason::kExit);
  });
  task.effect = Flag(json, path, "effect", false);
  task.cache = Flag(json, path, "cache", true);
  task.streams = List<Stream>(json, path, "streams", false,
                              [this](const Json& item, const Path& at) { return ReadStream(item, at); });
  task.accepts = List<Message>(json, path, "accepts", false, [this](const Json& item, const Path& at) {
    return Message{Text(item, at, "name"), Fields(item, at, "fields", true)};
  });
  const Json* command = Member(json, path, "command", true);
  if (command != nullptr) task.command = ReadCommand(*command, Path{&path, "command"});
  return task;
}

Calendar Reader::ReadCalendar(const Json& json, const Path& path) {
  Calendar calendar;
  calendar.name = Text(json, path, "name");
  calendar.zone = Text(json, path, "zone");
  calendar.holidays = Texts(json, path, "holidays");
  calendar.days = List<int>(json, path, "days", false, [this](const Json& item, const Path& at) {
    const bool good = item.is_int() && item.AsInt() >= 1 && item.AsInt() <= 7;
    if (!good) Fail(at, "expected a day of the week from 1 to 7");
    return good ? static_cast<int>(item.AsInt()) : 1;
  });
  return calendar;
}

ErrorOr<Module> Reader::ReadModule(const Json& json) {
  if (!json.is_object()) return Error("this is no hwf IR: expected a JSON object");
  const Json* version = json.Find("hwfir");
  if (version == nullptr || !version->is_int()) return Error("this is no hwf IR: the member `hwfir` is missing");
  if (version->AsInt() != kVersion) {
    return MakeError(
        "this IR has version {}; this program reads version {}: use the hwf that made it, or build it anew",
        version->AsInt(), kVersion);
  }
  Path top;
  module_.version = kVersion;
  module_.compiler = Text(json, top, "compiler");
  module_.edition = Text(json, top, "edition");
  module_.entry = Text(json, top, "entry");
  module_.sources = List<SourceFile>(json, top, "sources", true, [this](const Json& item, const Path& at) {
    return SourceFile{Text(item, at, "path"), Text(item, at, "digest")};
  });
  ReadTypes(json, top);
  if (!failed()) {
    module_.functions = List<Function>(json, top, "functions", true,
                                       [this](const Json& item, const Path& at) { return ReadFunction(item, at); });
  }
  if (!failed()) {
    module_.tasks =
        List<Task>(json, top, "tasks", true, [this](const Json& item, const Path& at) { return ReadTask(item, at); });
  }
  if (!failed()) {
    module_.workflows = List<Workflow>(json, top, "workflows", true,
                                       [this](const Json& item, const Path& at) { return ReadWorkflow(item, at); });
  }
  module_.sites = List<Site>(json, top, "sites", true, [this](const Json& item, const Path& at) {
    const Json* fields = Member(item, at, "fields", true);
    return Site{Text(item, at, "name"), Text(item, at, "kind"), fields != nullptr ? *fields : Json()};
  });
  module_.groups = List<Group>(json, top, "groups", true, [this](const Json& item, const Path& at) {
    return Group{Text(item, at, "name"), Texts(item, at, "members", true)};
  });
  if (const Json* calendar = Member(json, top, "calendar", false)) {
    module_.calendar = ReadCalendar(*calendar, Path{&top, "calendar"});
  }
  if (failed()) return Error("this IR cannot be read: " + *error_);
  Module read = std::move(module_);
  module_.types = read.types;  // of the tests too
  return read;
}

}  // namespace internal

ErrorOr<Module> ModuleFromJson(const Json& json) { return internal::Reader().ReadModule(json); }

ErrorOr<Json> internal::ParseModule(std::string_view text) {
  Json::Limits limits;
  limits.depth = 4096;
  ErrorOr<Json> json = Json::Parse(text, limits);
  if (!json.ok()) return json.error().WithContext("this is no hwf IR");
  return json;
}

ErrorOr<Module> ModuleFromText(std::string_view text) {
  HWF_ASSIGN(const Json json, internal::ParseModule(text));
  return ModuleFromJson(json);
}

}  // namespace hwf::ir
