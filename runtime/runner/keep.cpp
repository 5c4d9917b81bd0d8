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

ErrorOr<std::string> PutInPlace(const std::string& digest, const std::string& from, const std::string& to) {
  if (Exists(to)) return std::string("ok");
  HWF_ASSIGN(const std::string found, DigestOf(from));
  if (found != digest) return "differs " + found;
  MakeReadOnly(from);
  const std::string folder = to.substr(0, to.rfind('/'));
  for (const ErrorOr<Success>& synced : SyncFiles({{from}}, folder)) HWF_TRY(synced);
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return ErrnoError(errno, "making " + folder);
  const int renamed = platform::RenameAndLook(from, to);
  if (renamed != 0 && !Exists(to)) return ErrnoError(renamed, "putting " + to + " in place");
  HWF_TRY(platform::RealFileSystem().SyncDirectory(folder));
  HWF_TRY(platform::RealFileSystem().SyncDirectory(folder.substr(0, folder.rfind('/'))));
  return std::string("ok");
}

}  // namespace

int Keep(const std::vector<std::string>& arguments) {
  if (arguments.size() != 5 || arguments[0] != "--marker" || !platform::IsDigest(arguments[2])) {
    fmt::print(stderr, "hwf-runner: keep: --marker M DIGEST FROM TO\n");
    return 2;
  }
  umask(077);
  const ErrorOr<std::string> done = PutInPlace(arguments[2], arguments[3], arguments[4]);
  fmt::print("\n{} {}\n", arguments[1], done.ok() ? *done : "error " + done.error().message());
  return 0;
}

}  // namespace hwf::runner
