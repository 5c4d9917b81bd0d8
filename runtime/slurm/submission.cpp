#include "runtime/slurm/submission.h"

#include <fmt/format.h>

#include <cerrno>

#include "runtime/platform/file_system.h"

namespace hwf::slurm {
namespace {

constexpr int64_t kVersion = 1;
constexpr uint64_t kMaxHead = 1 << 20;
constexpr uint64_t kMaxElement = uint64_t{64} << 20;
constexpr uint64_t kMaxSpec = uint64_t{1} << 30;
constexpr uint64_t kMaxSecrets = kMaxElement;  // of all attempts of an element

std::string SecretsPath(const std::string& directory, size_t index) {
  return fmt::format("{}/secrets-{}", directory, index);
}

Json Variables(const std::vector<std::pair<std::string, std::string>>& variables) {
  runner::Start start;
  start.secrets = variables;
  return runner::ToJson(runner::Request(start))["secrets"];
}

// The file's first line, then one line for each element; the first says where each begins, counted from its own end.
std::string HeadOf(const Spec& spec, const std::vector<std::string>& lines) {
  Json begins = Json::Array();
  int64_t at = 0;
  for (const std::string& line : lines) {
    begins.Add(at);
    at += static_cast<int64_t>(line.size()) + 1;
  }
  begins.Add(at);
  Json head;
  head.Set("v", kVersion).Set("run", spec.run_directory).Set("spool", spec.spool);
  head.Set("kill_grace_ms", spec.kill_grace_ms).Set("cpus", spec.cpus).Set("memory", spec.memory);
  head.Set("setup", spec.setup)
      .Set("launch", spec.launch)
      .Set("containers", spec.containers)
      .Set("images", spec.images)
      .Set("idle_ms", spec.idle_ms);
  head.Set("begins", std::move(begins));
  return head.Dump() + "\n";
}

struct Head {
  Spec spec;
  std::vector<uint64_t> begins;  // in the file
};

ErrorOr<Head> ReadHead(const std::string& path) {
  HWF_ASSIGN(const std::string text, platform::RealFileSystem().ReadRange(path, 0, kMaxHead));
  const size_t end = text.find('\n');
  if (end == std::string::npos) return MakeError("{} is not whole", path);
  HWF_ASSIGN(const Json json, Json::Parse(std::string_view(text).substr(0, end)));
  if (json.IntOr("v", 0) != kVersion) return MakeError("{} is of another version", path);
  Head head;
  head.spec.run_directory = json.StringOr("run", "");
  head.spec.spool = json.StringOr("spool", "");
  head.spec.kill_grace_ms = json.IntOr("kill_grace_ms", 5000);
  head.spec.cpus = json.DoubleOr("cpus", 1);
  head.spec.memory = json.IntOr("memory", 0);
  head.spec.setup = json.StringOr("setup", "");
  head.spec.launch = json.StringOr("launch", "");
  head.spec.containers = json.StringOr("containers", "");
  head.spec.images = json.StringOr("images", "");
  head.spec.idle_ms = json.IntOr("idle_ms", 0);
  if (!json["begins"].is_array()) return MakeError("{} is not a submission", path);
  for (const Json& begin : json["begins"].AsArray()) {
    if (!begin.is_int() || begin.AsInt() < 0) return MakeError("{} is not a submission", path);
    head.begins.push_back(end + 1 + static_cast<uint64_t>(begin.AsInt()));
  }
  return head;
}

ErrorOr<Element> ElementOf(std::string_view line) {
  HWF_ASSIGN(const Json json, Json::Parse(line, {.depth = 128, .bytes = kMaxElement, .allow_nan = true}));
  if (!json.is_array()) return Error("an element is a list");
  Element element;
  for (const Json& item : json.AsArray()) {
    HWF_ASSIGN(runner::Request request, runner::RequestFromJson(item));
    auto* start = std::get_if<runner::Start>(&request);
    if (start == nullptr) return Error("an element is a list of starts");
    element.push_back(std::move(*start));
  }
  return element;
}

ErrorOr<Success> ReadSecrets(const std::string& path, Element& element) {
  platform::FileSystem& files = platform::RealFileSystem();
  auto text = files.Read(path, kMaxSecrets);
  if (!text.ok() && text.error().code() == ENOENT) {
    for (const runner::Start& start : element) {
      if (!start.secrets.empty()) return MakeError("{} is not there any more: the secrets were taken before", path);
    }
    return Success{};
  }
  if (!text.ok()) return text.error();
  (void)files.Unlink(path);
  HWF_ASSIGN(const Json json, Json::Parse(*text));
  if (!json.is_array() || json.AsArray().size() != element.size()) return MakeError("{} is not whole", path);
  for (size_t i = 0; i < element.size(); ++i) {
    Json start = runner::ToJson(runner::Request(element[i]));
    if (json.AsArray()[i].is_array()) start.Set("secrets", json.AsArray()[i]);
    HWF_ASSIGN(runner::Request request, runner::RequestFromJson(start));
    element[i] = std::get<runner::Start>(std::move(request));
  }
  return Success{};
}

}  // namespace

ErrorOr<Success> WriteSubmission(const std::string& directory, const Spec& spec, const std::vector<Element>& elements) {
  platform::FileSystem& files = platform::RealFileSystem();
  std::vector<std::string> lines;
  for (size_t i = 0; i < elements.size(); ++i) {
    Json starts = Json::Array();
    Json secrets = Json::Array();
    bool any = false;
    for (runner::Start start : elements[i]) {
      secrets.Add(start.secrets.empty() ? Json() : Variables(start.secrets));
      any = any || !start.secrets.empty();
      for (auto& [name, value] : start.secrets) value.clear();
      starts.Add(runner::ToJson(runner::Request(std::move(start))));
    }
    lines.push_back(starts.Dump());
    if (any) HWF_TRY(files.WriteAtomically(SecretsPath(directory, i), secrets.Dump(), 0600, false));
  }
  std::string text = HeadOf(spec, lines);
  for (const std::string& line : lines) {
    text += line;
    text += '\n';
  }
  HWF_TRY(files.WriteAtomically(directory + "/spec", text, 0600, true));
  return files.SyncDirectory(directory);
}

ErrorOr<Assignment> TakeAssignment(const std::string& directory, int index) {
  const std::string path = directory + "/spec";
  HWF_ASSIGN(Head head, ReadHead(path));
  const auto at = static_cast<size_t>(index);
  if (index < 0 || at + 1 >= head.begins.size()) return MakeError("{} has no element {}", path, index);
  const uint64_t length = head.begins[at + 1] - head.begins[at];
  if (length == 0 || length > kMaxElement) return MakeError("{}: element {} is not whole", path, index);
  HWF_ASSIGN(const std::string line, platform::RealFileSystem().ReadRange(path, head.begins[at], length));
  Assignment assignment;
  assignment.spec = std::move(head.spec);
  HWF_ASSIGN(assignment.starts, ElementOf(line));
  HWF_TRY(ReadSecrets(SecretsPath(directory, at), assignment.starts));
  return assignment;
}

ErrorOr<Spec> ReadSpec(const std::string& directory) {
  HWF_ASSIGN(Head head, ReadHead(directory + "/spec"));
  return std::move(head.spec);
}

ErrorOr<std::vector<Element>> ReadElements(const std::string& directory) {
  const std::string path = directory + "/spec";
  HWF_ASSIGN(const Head head, ReadHead(path));
  HWF_ASSIGN(const std::string text, platform::RealFileSystem().Read(path, kMaxSpec));
  std::vector<Element> elements;
  for (size_t i = 0; i + 1 < head.begins.size(); ++i) {
    if (head.begins[i + 1] > text.size()) return MakeError("{} is not whole", path);
    HWF_ASSIGN(Element element,
               ElementOf(std::string_view(text).substr(head.begins[i], head.begins[i + 1] - head.begins[i])));
    elements.push_back(std::move(element));
  }
  return elements;
}

ErrorOr<Success> AskToCancel(const std::string& attempt_directory) {
  return platform::RealFileSystem().WriteAtomically(attempt_directory + "/cancel", "", 0600, true);
}

bool IsCancelAsked(const std::string& attempt_directory) {
  return platform::RealFileSystem().Stat(attempt_directory + "/cancel").ok();
}

}  // namespace hwf::slurm
