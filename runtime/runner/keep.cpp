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

// Files lose their right to be written to; directories keep it, so that they can be removed.
void MakeReadOnly(const std::string& path) {
  namespace fs = std::filesystem;
  const auto lock = [](const fs::path& file) {
    std::error_code ignored;
    const auto writing = fs::perms::owner_write | fs::perms::group_write | fs::perms::others_write;
    if (fs::is_regular_file(fs::symlink_status(file, ignored))) {
      fs::permissions(file, writing, fs::perm_options::remove, ignored);
    }
  };
  lock(path);
  std::error_code code;
  if (!fs::is_directory(fs::symlink_status(path, code))) return;
  fs::recursive_directory_iterator it(path, code), end;
  for (; !code && it != end; it.increment(code)) lock(it->path());
}

// "" if it may be put in its place.
ErrorOr<std::string> Check(const Kept& content) {
  if (Exists(content.to)) return std::string("ok");
  HWF_ASSIGN(const std::string found, DigestOf(content.from));
  if (found != content.digest) return "differs " + found;
  MakeReadOnly(content.from);
  return std::string();
}

ErrorOr<std::string> Place(const Kept& content) {
  const std::string folder = content.to.substr(0, content.to.rfind('/'));
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return ErrnoError(errno, "making " + folder);
  const int renamed = platform::RenameAndLook(content.from, content.to);
  if (renamed != 0 && !Exists(content.to)) return ErrnoError(renamed, "putting " + content.to + " in place");
  return std::string("ok");
}

// Of those that are ready, the ones that came onto the disk; of others why not.
void Sync(const std::vector<Kept>& contents, std::string Kept::*path, const std::string& store,
          std::vector<size_t>& ready, std::vector<ErrorOr<std::string>>& results) {
  std::vector<std::vector<std::string>> groups;
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
  for (const Kept& content : contents) {
    results.push_back(Check(content));
    if (results.back().ok() && results.back()->empty()) ready.push_back(results.size() - 1);
  }
  Sync(contents, &Kept::from, store, ready, results);
  for (const size_t i : ready) results[i] = Place(contents[i]);
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
