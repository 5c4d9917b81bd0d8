// Reading the protocol, strictly: every member must be there and of its type, in bounds, and no other; the first thing
// that is wrong is remembered by the Reader and named in the error.
#include <algorithm>
#include <cctype>
#include <cmath>
#include <limits>
#include <set>

#include "runtime/runner/protocol.h"
#include "runtime/runner/protocol_text.h"

namespace hwf::runner {
namespace {

constexpr size_t kMaxPlaceBytes = 4096;
constexpr int64_t kMaxAttempt = 1'000'000;
constexpr int64_t kMaxInt = int64_t{1} << 53;
constexpr int64_t kMaxMessageNumber = 999'999;

class Reader {
 public:
  explicit Reader(const Json& json) : json_(&json) {
    if (!json.is_object()) Fail("", "an object");
  }

  const Json& Member(const char* name) {
    const Json* member = json_->Find(name);
    if (member == nullptr) {
      Fail(name, "present");
      return null_;
    }
    ++read_;
    return *member;
  }
  bool Has(const char* name) const { return json_->Find(name) != nullptr; }

  int64_t Int(const char* name, int64_t low, int64_t high) {
    const Json& member = Member(name);
    if (member.is_int() && member.AsInt() >= low && member.AsInt() <= high) return member.AsInt();
    Fail(name, "an integer in bounds");
    return low;
  }
  double Number(const char* name, double low, double high) {
    const Json& member = Member(name);
    if (member.is_number() && member.AsDouble() >= low && member.AsDouble() <= high) return member.AsDouble();
    Fail(name, "a number in bounds");
    return low;
  }
  bool Bool(const char* name) {
    const Json& member = Member(name);
    if (member.is_bool()) return member.AsBool();
    Fail(name, "true or false");
    return false;
  }
  std::string Bytes(const char* name) { return BytesOf(name, Member(name)); }
  // Without NUL: it goes to a system call.
  std::string Word(const char* name) { return WordOf(name, Member(name)); }
  std::vector<std::string> Words(const char* name) {
    std::vector<std::string> words;
    for (const Json& item : Array(name)) words.push_back(WordOf(name, item));
    return words;
  }
  const JsonArray& Array(const char* name) {
    const Json& member = Member(name);
    if (member.is_array()) return member.AsArray();
    Fail(name, "an array");
    return empty_;
  }
  std::string BytesOf(const char* name, const Json& json) {
    std::optional<std::string> bytes = BytesFromJson(json);
    if (bytes) return *std::move(bytes);
    Fail(name, "a string");
    return "";
  }
  std::string WordOf(const char* name, const Json& json) {
    std::string word = BytesOf(name, json);
    if (word.find('\0') != std::string::npos) Fail(name, "without NUL");
    return word;
  }
  template <typename T>
  void Attempt(T& of) {
    of.place = Word("place");
    if (of.place.empty() || of.place.size() > kMaxPlaceBytes) Fail("place", "of 1 to 4096 bytes");
    of.attempt = static_cast<int>(Int("attempt", 1, kMaxAttempt));
  }
  void Fail(std::string_view name, std::string_view expected) {
    if (error_.empty()) error_ = fmt::format("`{}` is not {}", name, expected);
  }
  // The value read, unless something was wrong or a member was left over.
  template <typename Result, typename T>
  ErrorOr<Result> Done(std::string_view kind, T value) {
    if (error_.empty() && json_->AsObject().size() != read_) error_ = "a member that is not known";
    if (!error_.empty()) return MakeError("a message `{}` is wrong: {}", kind, error_);
    return Result(std::move(value));
  }
  const std::string& error() const { return error_; }
  size_t read() const { return read_; }

 private:
  const Json* json_;
  size_t read_ = 0;
  std::string error_;
  Json null_;
  JsonArray empty_;
};

std::optional<OutputSpec::Kind> OutputKindOf(std::string_view name) {
  using Kind = OutputSpec::Kind;
  constexpr std::pair<std::string_view, Kind> kKinds[] = {{"file", Kind::kFile},
                                                          {"dir", Kind::kDir},
                                                          {"glob_files", Kind::kGlobFiles},
                                                          {"glob_dirs", Kind::kGlobDirs},
                                                          {"text", Kind::kText},
                                                          {"json", Kind::kJson},
                                                          {"stdout_text", Kind::kStdoutText},
                                                          {"stdout_json", Kind::kStdoutJson},
                                                          {"stdout_file", Kind::kStdoutFile}};
  for (const auto& [text, kind] : kKinds) {
    if (text == name) return kind;
  }
  return std::nullopt;
}

void ReadOutputs(Reader& reader, Start& start) {
  for (const Json& item : reader.Array("outputs")) {
    Reader part(item);
    OutputSpec output;
    output.name = part.Word("name");
    std::optional<OutputSpec::Kind> kind = OutputKindOf(part.Word("kind"));
    if (kind) output.kind = *kind;
    output.path = part.Word("path");
    output.optional = part.Bool("optional");
    if (!kind || !part.error().empty() || part.read() != item.AsObject().size()) {
      return reader.Fail("outputs", "a list of outputs");
    }
    start.outputs.push_back(std::move(output));
  }
}

std::vector<std::pair<std::string, std::string>> ReadVariables(Reader& reader, const char* member) {
  std::vector<std::pair<std::string, std::string>> variables;
  for (const Json& item : reader.Array(member)) {
    const bool pair = item.is_array() && item.AsArray().size() == 2;
    std::string name = pair ? reader.WordOf(member, item.AsArray()[0]) : "";
    if (name.empty() || name.find('=') != std::string::npos) {
      reader.Fail(member, "a list of names and values");
      return {};
    }
    variables.emplace_back(std::move(name), reader.WordOf(member, item.AsArray()[1]));
  }
  return variables;
}

void ReadUnusual(Reader& reader, Start& start) {
  const auto count = [&](const char* name, int& out, int low) {
    if (reader.Has(name)) out = static_cast<int>(reader.Int(name, low, 1'000'000));
  };
  if (reader.Has("image")) start.image = reader.Word("image");
  if (reader.Has("bundled")) start.bundled = ReadVariables(reader, "bundled");
  for (const auto& [name, path] : start.bundled) {
    const auto is_word = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; };
    const bool good = std::all_of(name.begin(), name.end(), is_word) && path.starts_with('/') && !path.ends_with('/');
    if (!good) reader.Fail("bundled", "a list of names and absolute paths");
  }
  if (reader.Has("inputs")) start.inputs = reader.Words("inputs");
  for (const std::string& input : start.inputs) {
    if (input.empty() || input.front() != '/') reader.Fail("inputs", "a list of absolute paths");
  }
  if (reader.Has("gpu")) start.gpu = reader.Word("gpu");
  if (reader.Has("disk")) start.disk = reader.Int("disk", 0, kMaxInt * 512);
  count("nodes", start.nodes, 1);
  count("ranks", start.ranks, 1);
  count("ranks_per_node", start.ranks_per_node, 0);
  if (reader.Has("launch")) start.launch = reader.Word("launch");
  count("pack", start.pack, 0);
  if (reader.Has("priority")) start.priority = reader.Int("priority", 0, std::numeric_limits<int64_t>::max());
  if (reader.Has("secrets")) start.secrets = ReadVariables(reader, "secrets");
}

bool IsMessage(const Json& json) {
  const Json& number = json["number"];
  return number.is_int() && number.AsInt() >= 1 && number.AsInt() <= kMaxMessageNumber && json["message"].is_string() &&
         json["fields"].is_object();
}

ErrorOr<Request> ReadStart(Reader& reader) {
  Start start;
  reader.Attempt(start);
  start.effect = reader.Bool("effect");
  start.directory = reader.Word("directory");
  if (start.directory.size() < 2 || start.directory.front() != '/') reader.Fail("directory", "an absolute path");
  start.argv = reader.Words("argv");
  if (start.argv.empty() || start.argv.front().empty()) reader.Fail("argv", "a command");
  start.env = ReadVariables(reader, "env");
  start.script = reader.Bytes("script");
  start.links = reader.Words("links");
  for (const std::string& link : start.links) {
    if (link.empty() || link.front() != '/') reader.Fail("links", "a list of absolute paths");
  }
  ReadOutputs(reader, start);
  start.streams = reader.Words("streams");
  start.every_all = reader.Words("every_all");
  start.stream_types = reader.Word("stream_types");
  start.accepts_messages = reader.Bool("accepts_messages");
  for (const Json& item : reader.Array("messages")) {
    if (!IsMessage(item)) reader.Fail("messages", "a list of messages");
    start.messages.push_back(item);
  }
  start.cpus = reader.Number("cpus", 0, 1e6);
  start.gpus = static_cast<int>(reader.Int("gpus", 0, 1'000'000));
  start.memory = reader.Int("memory", 0, kMaxInt * 512);
  start.time_limit_ms = reader.Int("time_limit_ms", 0, kMaxInt);
  ReadUnusual(reader, start);
  return reader.Done<Request>("start", std::move(start));
}

void ReadUsage(Reader& reader, state::Usage& usage) {
  Reader part(reader.Member("usage"));
  usage.wall_ms = part.Int("wall_ms", 0, kMaxInt);
  usage.cpu_ms = part.Int("cpu_ms", 0, kMaxInt);
  usage.max_rss = part.Int("max_rss", 0, kMaxInt * 512);
  if (!part.error().empty()) reader.Fail("usage", "the usage of a task");
}

// Logs of old say only whether there is one.
std::string ReadKeptFile(Reader& reader, const char* name, const char* usual) {
  const Json& member = reader.Member(name);
  if (member.is_bool()) return member.AsBool() ? usual : "";
  return reader.WordOf(name, member);
}

ErrorOr<Report> ReadEnded(Reader& reader) {
  Ended ended;
  reader.Attempt(ended);
  if (reader.Has("failure")) {
    ended.failure = ir::ReasonFromString(reader.Word("failure"));
    if (!ended.failure) reader.Fail("failure", "a reason");
  }
  if (reader.Has("exit_code")) ended.exit_code = static_cast<int>(reader.Int("exit_code", 0, 255));
  ended.signal = static_cast<int>(reader.Int("signal", 0, 128));
  ended.message = reader.Bytes("message");
  ended.outputs = reader.Member("outputs");
  if (!ended.outputs.is_object() && !ended.outputs.is_null()) reader.Fail("outputs", "an object");
  ReadUsage(reader, ended.usage);
  ended.out = reader.Bytes("out");
  ended.err = reader.Bytes("err");
  ended.out_file = ReadKeptFile(reader, "out_file", "stdout");
  ended.err_file = ReadKeptFile(reader, "err_file", "stderr");
  return reader.Done<Report>("ended", std::move(ended));
}

ErrorOr<Report> ReadEmitted(Reader& reader) {
  Emitted emitted;
  reader.Attempt(emitted);
  emitted.file = reader.Word("file");
  emitted.content = reader.Member("content");
  if (!emitted.content.is_object()) reader.Fail("content", "an object");
  emitted.dropped = reader.Int("dropped", 0, kMaxInt);
  return reader.Done<Report>("emitted", std::move(emitted));
}

template <typename Result, typename T>
ErrorOr<Result> ReadAttempt(Reader& reader, std::string_view kind) {
  T of;
  reader.Attempt(of);
  return reader.Done<Result>(kind, std::move(of));
}

}  // namespace

ErrorOr<Request> RequestFromJson(const Json& json) {
  Reader reader(json);
  const std::string kind = reader.Word("kind");
  if (!reader.error().empty()) return MakeError("a request is wrong: {}", reader.error());
  if (kind == "hello") {
    Hello hello;
    hello.epoch = reader.Int("epoch", 0, kMaxInt);
    hello.log_offset = static_cast<uint64_t>(reader.Int("log_offset", 0, kMaxInt));
    return reader.Done<Request>(kind, hello);
  }
  if (kind == "start") return ReadStart(reader);
  if (kind == "message") {
    Message message;
    reader.Attempt(message);
    message.number = reader.Int("number", 1, kMaxMessageNumber);
    message.body = reader.Member("body");
    if (!IsMessage(message.body)) reader.Fail("body", "a message");
    return reader.Done<Request>(kind, std::move(message));
  }
  if (kind == "cancel") return ReadAttempt<Request, Cancel>(reader, kind);
  if (kind == "drain") return reader.Done<Request>(kind, Drain{});
  if (kind == "finish") return reader.Done<Request>(kind, Finish{});
  if (kind == "want_image") return reader.Done<Request>(kind, WantImage{reader.Word("image")});
  return MakeError("a request of the unknown kind `{}`; the engine is of another version than this runner", kind);
}

ErrorOr<Report> ReportFromJson(const Json& json) {
  Reader reader(json);
  const std::string kind = reader.Word("kind");
  if (!reader.error().empty()) return MakeError("a report is wrong: {}", reader.error());
  if (kind == "claimed") return ReadAttempt<Report, Claimed>(reader, kind);
  if (kind == "started") {
    Started started;
    reader.Attempt(started);
    started.pid = reader.Int("pid", 0, kMaxInt);
    started.slot = static_cast<int>(reader.Int("slot", -1, 1'000'000));
    started.boot_ms = reader.Int("boot_ms", 0, kMaxInt);
    if (reader.Has("boot")) started.boot = reader.Bytes("boot");
    if (reader.Has("host")) started.host = reader.Word("host");
    return reader.Done<Report>(kind, std::move(started));
  }
  if (kind == "emitted") return ReadEmitted(reader);
  if (kind == "emission_bad") {
    EmissionBad bad;
    reader.Attempt(bad);
    bad.file = reader.Word("file");
    bad.why = reader.Bytes("why");
    return reader.Done<Report>(kind, std::move(bad));
  }
  if (kind == "message_placed") {
    MessagePlaced placed;
    reader.Attempt(placed);
    placed.number = reader.Int("number", 1, kMaxMessageNumber);
    return reader.Done<Report>(kind, std::move(placed));
  }
  if (kind == "ended") return ReadEnded(reader);
  if (kind == "unstarted") return ReadAttempt<Report, Unstarted>(reader, kind);
  if (kind == "superseded") {
    Superseded superseded;
    superseded.epoch = reader.Int("epoch", 0, kMaxInt);
    return reader.Done<Report>(kind, superseded);
  }
  if (kind == "caught_up") return reader.Done<Report>(kind, CaughtUp{});
  if (kind == "held") return reader.Done<Report>(kind, Held{reader.Bytes("why")});
  if (kind == "waiting") {
    Waiting waiting;
    reader.Attempt(waiting);
    waiting.why = reader.Bytes("why");
    return reader.Done<Report>(kind, std::move(waiting));
  }
  if (kind == "image_ready") {
    ImageReady ready;
    ready.image = reader.Word("image");
    ready.digest = reader.Word("digest");
    ready.why = reader.Bytes("why");
    return reader.Done<Report>(kind, std::move(ready));
  }
  return MakeError("a report of the unknown kind `{}`; the runner is of another version than this program", kind);
}

ErrorOr<Envelope> EnvelopeFromText(std::string_view text) {
  Json::Limits limits;
  limits.allow_nan = true;
  limits.bytes = kMaxMessageBytes;
  HWF_ASSIGN(Json json, Json::Parse(text, limits));
  Envelope envelope;
  const Json& end = json["end"];
  if (end.is_int() && end.AsInt() >= 0) envelope.end = static_cast<uint64_t>(end.AsInt());
  HWF_ASSIGN(envelope.report, ReportFromJson(json["report"]));
  return envelope;
}

}  // namespace hwf::runner
