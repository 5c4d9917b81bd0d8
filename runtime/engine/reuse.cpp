#include "runtime/engine/reuse.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "ir/sites.h"
#include "runtime/engine/evidence.h"
#include "runtime/engine/launcher.h"
#include "runtime/platform/hash.h"
#include "runtime/platform/paths.h"
#include "runtime/state/command.h"
#include "runtime/state/values.h"

namespace hwf::engine {
namespace {

constexpr int kVersion = 2;
constexpr const char* kNoResult = "there is no result of an equal task";
constexpr size_t kMaxEntries = 100'000;  // below a directory that may be reused: looking at so many takes some 0.2 s

Json NoEmissions(const ir::Task& task) {
  Json previous = Json::Object();
  for (const ir::Stream& stream : task.streams) previous.Set(stream.name, Json());
  return previous;
}

Json DeclaredOutputs(const ir::Task& task, const std::vector<state::OutputPath>& paths) {
  Json outputs = Json::Array();
  for (size_t i = 0; i < paths.size(); ++i) {
    Json output;
    output.Set("name", paths[i].output->name).Set("type", ir::ToString(paths[i].output->type));
    output.Set("kind", static_cast<int>(paths[i].output->kind)).Set("path", paths[i].path);
    outputs.Add(output);
  }
  outputs.Add(static_cast<int64_t>(task.outputs.size()));
  return outputs;
}

// What shows that a file, or anything below a directory, was changed, without reading it.
ErrorOr<Json> StateOf(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return ErrnoError(errno, path);
  Json state;
  state.Set("path", path);
  if (S_ISDIR(info.st_mode)) {
    HWF_ASSIGN(const std::string stamp, platform::StampDirectory(path, kMaxEntries));
    return state.Set("below", stamp);
  }
  state.Set("inode", static_cast<int64_t>(info.st_ino)).Set("size", static_cast<int64_t>(info.st_size));
  return state.Set("mtime", fmt::format("{}.{:09}", info.st_mtim.tv_sec, info.st_mtim.tv_nsec));
}

ErrorOr<Json> FileStates(const Json& outputs) {
  std::vector<const Json*> found;
  CollectFiles(outputs, found);
  Json states = Json::Array();
  for (const Json* file : found) {
    if (!file->StringOr("site", "").empty()) continue;
    HWF_ASSIGN(Json state, StateOf(file->StringOr("path", "")));
    states.Add(std::move(state));
  }
  return states;
}

}  // namespace

Reuse::Reuse(platform::FileSystem& files, const std::string& directory, const std::string& own,
             const std::vector<std::string>& more, std::optional<gid_t> readers)
    : cache_(files, directory, own, readers) {
  std::set<std::string> known = {directory};
  for (const std::string& other : more) {
    if (known.insert(other).second) more_.push_back(std::make_unique<ResultCache>(files, other, own));
  }
}

bool Reuse::IsKnown(const Json& entry) { return entry.is_object() && entry.IntOr("v", 0) == kVersion; }

bool Reuse::Allowed(const ir::Task& task) { return task.cache && !task.effect; }

bool Reuse::HasFiles(const Json& outputs) {
  std::vector<const Json*> found;
  CollectFiles(outputs, found);
  return !found.empty();
}

std::optional<std::vector<const Json*>> Reuse::FilesElsewhere(const ir::Module& module, const Json& outputs) {
  std::vector<const Json*> files;
  CollectFiles(outputs, files);
  std::erase_if(files, [](const Json* file) { return file->StringOr("site", "").empty(); });
  const bool here = std::any_of(files.begin(), files.end(), [&](const Json* file) {
    return ir::FilesOf(module, file->StringOr("site", "")).empty();
  });
  if (here) return std::nullopt;
  return files;
}

ErrorOr<std::string> Reuse::DigestOfPath(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return ErrnoError(errno, path);
  const std::string id =
      fmt::format("{}\n{}\n{}\n{}.{}", path, info.st_ino, info.st_size, info.st_mtim.tv_sec, info.st_mtim.tv_nsec);
  const bool directory = S_ISDIR(info.st_mode);
  const auto known = digests_.find(id);
  if (!directory && known != digests_.end()) return known->second;
  HWF_ASSIGN(const Json value, FileValue(path, directory));
  return digests_[id] = value.StringOr("digest", "");
}

std::string Reuse::KeyOf(const Json& members) { return members.is_null() ? std::string() : state::DigestOf(members); }

Json Reuse::KeyMembers(const ir::Module& module, const scheduler::StartTask& start, const std::string& image) {
  const ir::Task& task = *start.task;
  state::TaskValues values;
  for (const Json& argument : start.arguments) values.arguments.push_back(ByContent(argument));
  values.previous = NoEmissions(task);
  const auto paths = state::OutputPaths(module, task, values);
  if (!paths.ok()) return Json();
  values.out = OutPaths(paths.value(), "out");
  const auto command = state::RenderCommand(module, task, values);
  const auto needs = state::EvaluateNeeds(module, task, values);
  if (!command.ok() || !needs.ok()) return Json();
  Json key;
  Json argv = Json::Array(), env = Json::Object(), uses = Json::Array();
  for (const std::string& word : command->argv) argv.Add(word);
  for (const auto& [name, value] : command->env) env.Set(name, value);
  for (const std::string& path : task.uses) {
    const ErrorOr<std::string> digest = DigestOfPath(path);
    if (!digest.ok()) return Json();
    uses.Add(platform::BaseName(path)).Add(digest.value());
  }
  key.Set("v", kVersion).Set("argv", argv).Set("script", command->script).Set("env", env).Set("uses", uses);
  Json arguments = Json::Array();
  for (const Json& argument : values.arguments) arguments.Add(argument);
  key.Set("arguments", arguments).Set("outputs", DeclaredOutputs(task, paths.value()));
  key.Set("ranks", needs->ranks).Set("nodes", needs->nodes);
  if (!image.empty()) key.Set("image", image);
  // Without an image the site's setup says which programs the command finds.
  const ir::Site* site = image.empty() ? ir::FindSite(module, start.site) : nullptr;
  const std::string setup = site != nullptr ? site->fields.StringOr("setup", "") : "";
  if (!setup.empty()) key.Set("setup", setup);
  return key;
}

std::optional<ReuseEntry> Reuse::Find(const std::string& key, std::string* why) {
  std::optional<ReuseEntry> found = FindIn(cache_, key, why);
  for (auto cache = more_.begin(); !found && cache != more_.end(); ++cache) {
    std::string other;
    found = FindIn(**cache, key, &other);
    if (why != nullptr && (found || other != kNoResult)) *why = other;
  }
  return found;
}

std::optional<ReuseEntry> Reuse::FindIn(ResultCache& cache, const std::string& key, std::string* why) {
  const std::optional<Json> entry = cache.Find(key);
  if (why != nullptr) *why = entry ? "" : kNoResult;
  if (!entry) return std::nullopt;
  bool same = IsKnown(*entry);
  if (same && (*entry)["files"].is_array()) {
    for (const Json& file : (*entry)["files"].AsArray()) {
      if (!same) break;
      const ErrorOr<Json> now = StateOf(file.StringOr("path", ""));
      same = now.ok() && *now == file;
      if (!same && why != nullptr) {
        *why = fmt::format("{}, of an equal task of run {}, {}", file.StringOr("path", ""), entry->StringOr("run", ""),
                           now.ok() ? "is not as it was" : "is gone");
      }
    }
  }
  if (!same) {
    // Its files are gone or another program's: the next result takes its place.
    cache.Forget(key);
    return std::nullopt;
  }
  return ReuseEntry{entry->StringOr("run", ""), entry->StringOr("place", ""), (*entry)["outputs"]};
}

ErrorOr<Success> Reuse::Store(const std::string& key, const ReuseEntry& entry) {
  HWF_ASSIGN(Json states, FileStates(entry.outputs));
  Json json;
  json.Set("v", kVersion).Set("run", entry.run).Set("place", entry.place);
  json.Set("outputs", entry.outputs).Set("files", std::move(states));
  return cache_.Add(key, json);
}

}  // namespace hwf::engine
