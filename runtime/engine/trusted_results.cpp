#include "runtime/engine/trusted_results.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <utility>

#include "runtime/engine/evidence.h"
#include "runtime/engine/run_directory.h"
#include "runtime/engine/trusted_file.h"
#include "runtime/platform/clock.h"
#include "runtime/state/values.h"

namespace hwf::engine {
namespace {

constexpr int64_t kLookAgainMs = 1000;
constexpr size_t kMaxRunId = 64;

// A run's id as MakeRunDirectory makes it, and so one part of a path that is no way up.
bool IsRunId(const std::string& text) {
  constexpr const char* kLetters = "0123456789-abcdefghijklmnopqrstuvwxyz";
  return !text.empty() && text.size() <= kMaxRunId && text.find_first_not_of(kLetters) == std::string::npos;
}

void AddReason(std::string& reasons, const std::string& more) { reasons += (reasons.empty() ? "" : "; ") + more; }

}  // namespace

Json TrustJson(const std::vector<TrustedUser>& users) {
  if (users.empty()) return Json();
  Json list = Json::Array();
  for (const TrustedUser& user : users) {
    list.Add(Json::Object().Set("name", user.name).Set("uid", static_cast<int64_t>(user.uid)));
  }
  return list;
}

std::vector<TrustedUser> TrustedUsers(const Json& trust) {
  std::vector<TrustedUser> users;
  if (!trust.is_array()) return users;
  for (const Json& user : trust.AsArray()) {
    const int64_t uid = user.IntOr("uid", -1);
    if (uid >= 0 && uid < UINT_MAX) users.push_back({user.StringOr("name", ""), static_cast<uid_t>(uid)});
  }
  return users;
}

TrustedResults::TrustedResults(platform::FileSystem& files, std::string run_directory, std::vector<TrustedUser> users)
    : files_(files), run_directory_(std::move(run_directory)), users_(std::move(users)) {
  std::erase_if(users_, [](const TrustedUser& user) { return user.uid == geteuid(); });
}

void TrustedResults::Refresh() {
  const int64_t now = platform::RealClock().MonotonicMs();
  if (refreshed_ms_ >= 0 && now - refreshed_ms_ < kLookAgainMs) return;
  refreshed_ms_ = now;
  for (const TrustedUser& user : users_) {
    for (const std::string& path : SharedCaches(run_directory_, user.uid)) {
      const bool known = std::any_of(places_.begin(), places_.end(), [&](const Place& p) { return p.path == path; });
      if (!known) Open(user, path);
    }
  }
}

void TrustedResults::Open(const TrustedUser& user, const std::string& path) {
  Place place{path, &user, platform::FileDescriptor(), nullptr};
  place.directory = platform::FileDescriptor(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  // Shared with a group that we are not in, or just being made: perhaps later.
  if (!place.directory.valid() && errno == EACCES) return;
  struct stat info {};
  const bool opened = place.directory.valid() && fstat(place.directory.get(), &info) == 0;
  if (opened && info.st_uid == user.uid && (info.st_mode & 0022) == 0) {
    const std::string through = fmt::format("/proc/self/fd/{}", place.directory.get());
    place.cache = std::make_unique<ResultCache>(files_, through, "", std::nullopt, user.uid);
  }
  places_.push_back(std::move(place));
}

std::optional<ReuseEntry> TrustedResults::Find(const ir::Task& task, const std::string& key, std::string& why) {
  Refresh();
  std::string reasons;
  for (const Place& place : places_) {
    if (!place.cache) {
      AddReason(reasons, fmt::format("{} is not {}'s alone, and is not looked into", place.path, place.user->name));
      continue;
    }
    const std::optional<Json> entry = place.cache->Find(key);
    if (const std::string log = place.cache->Refused(); !entry && !log.empty()) {
      AddReason(reasons, fmt::format("{}/{} is not {}'s alone, and is not read", place.path, log, place.user->name));
    }
    if (!entry) continue;
    ErrorOr<ReuseEntry> checked = Check(task, *entry, place.user->uid);
    if (checked.ok()) {
      why.clear();
      return std::move(checked).value();
    }
    AddReason(reasons, fmt::format("the result of an equal task of a run of {} does not count: {}", place.user->name,
                                   checked.error().message()));
  }
  if (!reasons.empty()) why = reasons;
  return std::nullopt;
}

ErrorOr<ReuseEntry> TrustedResults::Check(const ir::Task& task, const Json& entry, uid_t owner) const {
  if (!Reuse::IsKnown(entry)) return MakeError("another version of hwf remembered it");
  ReuseEntry found{entry.StringOr("run", ""), entry.StringOr("place", ""), Json()};
  if (!IsRunId(found.run)) return MakeError("it names no run");
  const ErrorOr<Json> outputs = entry["outputs"].is_object() ? state::CheckOutputs(task, entry["outputs"])
                                                             : ErrorOr<Json>(MakeError("it has no outputs"));
  if (!outputs.ok()) return outputs.error();
  found.outputs = *outputs;
  const std::string runs = run_directory_.substr(0, run_directory_.find_last_of('/'));
  std::vector<Json*> files;
  CollectParts(found.outputs, files);
  for (Json* file : files) {
    HWF_ASSIGN(*file, CheckTrustedFile(runs, found.run, owner, *file));
  }
  return found;
}

}  // namespace hwf::engine
