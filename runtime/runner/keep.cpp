#include "runtime/runner/keep.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "base/error.h"
#include "runtime/platform/file_system.h"
#include "runtime/platform/hash.h"
#include "runtime/platform/rename.h"
#include "runtime/runner/sync_files.h"

namespace hwf::runner {
namespace {

bool Exists(const std::string& path) {
  struct stat info {};
  return lstat(path.c_str(), &info) == 0;
}

ErrorOr<std::string> DigestOf(const std::string& path) {
  struct stat info {};
  if (lstat(path.c_str(), &info) != 0) return ErrnoError(errno, path);
  HWF_ASSIGN(const platform::FileDigest digest,
             S_ISDIR(info.st_mode) ? platform::DigestDirectory(path) : platform::DigestFile(path, false));
  return digest.digest;
}

// Whether the store is a shared run's: the group reads what is in it.
bool IsShared(const std::string& store) {
  struct stat info {};
  return stat(store.c_str(), &info) == 0 && (info.st_mode & 050) == 050;
}

// Files lose their right to be written to; directories keep it, so that they can be removed. What the owner may read,
// or run, the group may, if it is `shared`; nobody else may anything.
void SetModes(const std::string& path, bool shared) {
  namespace fs = std::filesystem;
  const auto lock = [shared](const fs::path& file) {
    struct stat info {};
    if (lstat(file.c_str(), &info) != 0 || S_ISLNK(info.st_mode)) return;
    const mode_t own = info.st_mode & (S_ISDIR(info.st_mode) ? 0700 : 0500);
    const mode_t group = shared ? (own & 0500) >> 3 : 0;
    (void)chmod(file.c_str(), (info.st_mode & S_ISGID) | own | group);
  };
  lock(path);
  std::error_code code;
  if (!fs::is_directory(fs::symlink_status(path, code))) return;
  fs::recursive_directory_iterator it(path, code), end;
  for (; !code && it != end; it.increment(code)) lock(it->path());
}

// "" if it may be put in its place.
ErrorOr<std::string> Check(const Kept& content, bool shared) {
  if (Exists(content.to)) return std::string("ok");
  HWF_ASSIGN(const std::string found, DigestOf(content.from));
  if (found != content.digest) return "differs " + found;
  SetModes(content.from, shared);
  return std::string();
}

ErrorOr<std::string> Place(const Kept& content, bool shared) {
  const std::string folder = content.to.substr(0, content.to.rfind('/'));
  const auto made = platform::RealFileSystem().MakeDirectory(folder, shared ? 02750 : 0700);
  if (!made.ok() && made.error().code() != EEXIST) return made.error();
  const int renamed = platform::RenameAndLook(content.from, content.to);
  if (renamed != 0 && !Exists(content.to)) return ErrnoError(renamed, "putting " + content.to + " in place");
  return std::string("ok");
}

// Of those that are ready, the ones that came onto the disk; of others why not.
void Sync(const std::vector<Kept>& contents, std::string Kept::*path, const std::string& store,
          std::vector<size_t>& ready, std::vector<ErrorOr<std::string>>& results) {
  std::vector<std::vector<std::string>> groups;
  groups.reserve(ready.size());
  for (const size_t i : ready) groups.push_back({contents[i].*path});
  const std::vector<ErrorOr<Success>> synced = SyncFiles(groups, store);
  std::vector<size_t> done;
  for (size_t i = 0; i < ready.size(); ++i) {
    if (synced[i].ok()) done.push_back(ready[i]);
    if (!synced[i].ok()) results[ready[i]] = synced[i].error();
  }
  ready = std::move(done);
}

}  // namespace

// All are synced before the first is renamed: a name in the store never stands for less than its content.
std::vector<ErrorOr<std::string>> PutInPlace(const std::vector<Kept>& contents, const std::string& store) {
  std::vector<ErrorOr<std::string>> results;
  std::vector<size_t> ready;
  const bool shared = IsShared(store);
  for (const Kept& content : contents) {
    results.push_back(Check(content, shared));
    if (results.back().ok() && results.back()->empty()) ready.push_back(results.size() - 1);
  }
  Sync(contents, &Kept::from, store, ready, results);
  for (const size_t i : ready) results[i] = Place(contents[i], shared);
  std::erase_if(ready, [&](size_t i) { return !results[i].ok(); });
  Sync(contents, &Kept::to, store, ready, results);
  return results;
}

int Keep(const std::vector<std::string>& arguments) {
  if (arguments.size() != 5 || arguments[0] != "--marker" || !platform::IsDigest(arguments[2])) {
    fmt::print(stderr, "hwf-runner: keep: --marker M DIGEST FROM TO\n");
    return 2;
  }
  umask(077);
  const std::string folder = arguments[4].substr(0, arguments[4].rfind('/'));
  const ErrorOr<std::string> done =
      PutInPlace({{arguments[2], arguments[3], arguments[4]}}, folder.substr(0, folder.rfind('/'))).front();
  fmt::print("\n{} {}\n", arguments[1], done.ok() ? *done : "error " + done.error().message());
  return 0;
}

}  // namespace hwf::runner
