// What goes to and comes from the process inside: lists of strings, each ended by a NUL; a small JSON object.
#include <fmt/format.h>
#include <sys/stat.h>

#include <charconv>

#include "base/json.h"
#include "runtime/container/inside.h"
#include "runtime/platform/file_system.h"

namespace hwf::container {
namespace {

constexpr std::string_view kMagic = "hwf inside 1";
constexpr size_t kMostStrings = 1'000'000;
constexpr size_t kMaxStatus = 64 << 10;

class Writer {
 public:
  void Add(std::string_view text) { (text_ += text) += '\0'; }
  void Add(int64_t number) { Add(std::to_string(number)); }
  void Add(const std::vector<std::string>& list) {
    Add(static_cast<int64_t>(list.size()));
    for (const std::string& item : list) Add(item);
  }
  std::string Take() { return std::move(text_); }

 private:
  std::string text_;
};

class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}
  std::string Text() {
    const size_t end = rest_.find('\0');
    if (end == std::string_view::npos) {
      good_ = false;
      return {};
    }
    std::string text(rest_.substr(0, end));
    rest_.remove_prefix(end + 1);
    return text;
  }
  int64_t Number() {
    const std::string text = Text();
    int64_t number = 0;
    const auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    good_ = good_ && error == std::errc() && at == text.data() + text.size() && number >= 0;
    return good_ ? number : 0;
  }
  std::vector<std::string> List() {
    const auto count = static_cast<size_t>(Number());
    std::vector<std::string> list;
    if (count > kMostStrings) good_ = false;
    for (size_t i = 0; i < count && good_; ++i) list.push_back(Text());
    return list;
  }
  bool done() const { return good_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool good_ = true;
};

}  // namespace

std::string Encode(const InsideSpec& spec) {
  Writer writer;
  writer.Add(kMagic);
  for (const auto* list : {&spec.argv, &spec.base, &spec.drop, &spec.env}) writer.Add(*list);
  writer.Add(spec.directory);
  writer.Add(static_cast<int64_t>(spec.cpu_ids.size()));
  for (const int id : spec.cpu_ids) writer.Add(int64_t{id});
  writer.Add(spec.outside);
  writer.Add(int64_t{spec.counts_oom});
  writer.Add(int64_t{spec.signals_reach_all});
  writer.Add(spec.stray_grace_ms);
  writer.Add(spec.kill_grace_ms);
  return writer.Take();
}

ErrorOr<InsideSpec> Decode(std::string_view text) {
  Reader reader(text);
  InsideSpec spec;
  if (reader.Text() != kMagic) return MakeError("it is no description of a task from this version of hwf");
  for (auto* list : {&spec.argv, &spec.base, &spec.drop, &spec.env}) *list = reader.List();
  spec.directory = reader.Text();
  for (const std::string& id : reader.List()) spec.cpu_ids.push_back(std::atoi(id.c_str()));
  spec.outside = reader.Text();
  spec.counts_oom = reader.Number() != 0;
  spec.signals_reach_all = reader.Number() != 0;
  spec.stray_grace_ms = reader.Number();
  spec.kill_grace_ms = reader.Number();
  if (!reader.done() || spec.argv.empty()) return MakeError("the description of the task is torn");
  return spec;
}

bool Began(const std::string& box_directory) {
  struct stat info {};
  return lstat((box_directory + "/began").c_str(), &info) == 0;
}

std::optional<Outcome> OutcomeIn(const std::string& box_directory) {
  const std::string path = box_directory + "/status";
  struct stat info {};
  if (lstat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return std::nullopt;
  const auto text = platform::RealFileSystem().Read(path, kMaxStatus);
  if (!text.ok()) return std::nullopt;
  const auto json = Json::Parse(*text);
  if (!json.ok()) return std::nullopt;
  Outcome outcome;
  const int64_t exit_code = json->IntOr("exit", -1), signal = json->IntOr("signal", 0);
  if (exit_code >= 0 && exit_code <= 255) outcome.exit_code = static_cast<int>(exit_code);
  if (signal > 0 && signal <= 64) outcome.signal = static_cast<int>(signal);
  if (!outcome.exit_code && outcome.signal == 0) return std::nullopt;
  outcome.exec_error = static_cast<int>(json->IntOr("exec_error", 0));
  outcome.cpu_ms = json->IntOr("cpu_ms", 0);
  outcome.max_rss = json->IntOr("max_rss", 0);
  outcome.oom_kills = json->IntOr("oom_kills", 0);
  if ((*json)["strays"].is_array()) {
    for (const Json& name : (*json)["strays"].AsArray()) {
      if (name.is_string()) outcome.strays.push_back(name.AsString());
    }
  }
  return outcome;
}

}  // namespace hwf::container
