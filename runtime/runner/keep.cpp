#include "runtime/runner/keep.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "base/error.h"
#include "runtime/platform/file_system.h"
#include "runtime/platform/hash.h"
#include "runtime/platform/ids.h"
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

// What of a content is claimed, and not placed yet, lies in its folder as this and an id.
std::string ClaimPrefix(const std::string& to) {
  return "." + platform::Digest(to.substr(to.rfind('/') + 1)).substr(3, 8) + "-";
}

// Takes a content out of the way of whoever may still write where it came to: a copy whose link was cut ends late, and
// renames its part to the name of the whole, in the directory that it is in.
ErrorOr<Success> TakeAway(const std::string& from, const std::string& claimed) {
  namespace fs = std::filesystem;
  std::error_code code;
  if (!fs::is_directory(fs::symlink_status(from, code))) {
    const int renamed = platform::RenameAndLook(from, claimed);
    return renamed == 0 ? ErrorOr<Success>(Success()) : ErrnoError(renamed, from);
  }
  constexpr auto kLinks =
      fs::copy_options::recursive | fs::copy_options::copy_symlinks | fs::copy_options::create_hard_links;
  constexpr int kMostTries = 10;
  for (int tries = 1;; ++tries) {
    fs::copy(from, claimed, kLinks, code);
    if (!code) return Success();
    // A file that is replaced while it is being linked is not there: the other one is.
    const bool replaced = code == std::errc::no_such_file_or_directory && tries < kMostTries;
    std::error_code ignored;
    fs::remove_all(claimed, ignored);
    if (!replaced) return Error(fmt::format("{}: {}", claimed, code.message()));
  }
}

// "" if it may be put in its place; `claimed` is where it lies now.
ErrorOr<std::string> Claim(const Kept& content, bool shared, std::string& claimed) {
  if (Exists(content.to)) return std::string("ok");
  const std::string folder = content.to.substr(0, content.to.rfind('/'));
  const auto made = platform::RealFileSystem().MakeDirectory(folder, shared ? 02750 : 0700);
  if (!made.ok() && made.error().code() != EEXIST) return made.error();
  claimed = folder + "/" + ClaimPrefix(content.to) + platform::NewId();
  HWF_TRY(TakeAway(content.from, claimed));
  SetModes(claimed, shared);
  HWF_ASSIGN(const std::string found, DigestOf(claimed));
  if (found == content.digest) return std::string();
  std::error_code ignored;
  std::filesystem::remove_all(claimed, ignored);
  (void)rmdir(folder.c_str());  // unless something else lies in it
  return "differs " + found;
}

ErrorOr<std::string> Place(const std::string& claimed, const std::string& to) {
  const int renamed = platform::RenameAndLook(claimed, to);
  if (renamed != 0 && !Exists(to)) return ErrnoError(renamed, "putting " + to + " in place");
  // What others claimed of it and did not live to place; who still does finds it in its place.
  const std::string prefix = ClaimPrefix(to);
  std::error_code code, ignored;
  std::filesystem::directory_iterator it(to.substr(0, to.rfind('/')), code), end;
  for (; !code && it != end; it.increment(code)) {
    if (it->path().filename().native().starts_with(prefix)) std::filesystem::remove_all(it->path(), ignored);
  }
  return std::string("ok");
}

// Of those that are ready, the ones that came onto the disk; of others why not.
void Sync(const std::vector<std::string>& paths, const std::string& store, std::vector<size_t>& ready,
          std::vector<ErrorOr<std::string>>& results) {
  std::vector<std::vector<std::string>> groups;
  groups.reserve(ready.size());
  for (const size_t i : ready) groups.push_back({paths[i]});
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
  std::vector<std::string> claimed(contents.size()), placed;
  std::vector<size_t> ready;
  const bool shared = IsShared(store);
  for (size_t i = 0; i < contents.size(); ++i) {
    placed.push_back(contents[i].to);
    results.push_back(Claim(contents[i], shared, claimed[i]));
    if (results[i].ok() && results[i]->empty()) ready.push_back(i);
  }
  Sync(claimed, store, ready, results);
  for (const size_t i : ready) results[i] = Place(claimed[i], placed[i]);
  std::erase_if(ready, [&](size_t i) { return !results[i].ok(); });
  Sync(placed, store, ready, results);
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
