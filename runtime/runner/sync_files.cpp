#include "runtime/runner/sync_files.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <set>

#include "runtime/platform/file_descriptor.h"

namespace hwf::runner {
namespace {

using platform::FileDescriptor;

// More than these, or a directory: the file system as a whole, once, is cheaper than one after another.
constexpr size_t kFewFiles = 32;

std::string Parent(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

class Syncer {
 public:
  Syncer(const std::string& directory, bool many) : top_(Parent(Parent(Parent(directory)))), many_(many) {}

  ErrorOr<Success> Content(const std::string& path) {
    const FileDescriptor file(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    struct stat info {};
    const bool directory = file.valid() && fstat(file.get(), &info) == 0 && S_ISDIR(info.st_mode);
    return Sync(file, path, many_ || directory);
  }

  ErrorOr<Success> Names(const std::string& path) {
    for (std::string at = Parent(path); names_.insert(at).second; at = Parent(at)) {
      const FileDescriptor directory(open(at.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
      if (!directory.valid() && errno == EACCES) return Success{};  // not of the task's making
      HWF_TRY(Sync(directory, at, false));
      const bool inside = at.size() > top_.size() && at.starts_with(top_) && at[top_.size()] == '/';
      if (!inside) break;
    }
    return Success{};
  }

 private:
  ErrorOr<Success> Sync(const FileDescriptor& fd, const std::string& path, bool whole) {
    struct stat info {};
    if (!fd.valid() || fstat(fd.get(), &info) != 0) return ErrnoError(errno, "opening " + path);
    if (whole_.contains(info.st_dev)) return Success{};
    const int done = whole ? syncfs(fd.get()) : fsync(fd.get());
    // Where it cannot be asked for there is nothing to wait for.
    if (done != 0 && errno != EINVAL && errno != EROFS && errno != EOPNOTSUPP) {
      return ErrnoError(errno, "writing to disk: " + path);
    }
    if (whole) whole_.insert(info.st_dev);
    return Success{};
  }

  const std::string top_;
  const bool many_;
  std::set<dev_t> whole_;        // file systems that were synced
  std::set<std::string> names_;  // directories that were
};

std::string RealPath(const std::string& path) {
  char* resolved = realpath(path.c_str(), nullptr);
  std::string result(resolved == nullptr ? path : resolved);
  free(resolved);
  return result;
}

}  // namespace

ErrorOr<Success> SyncFiles(const std::vector<std::string>& paths, const std::string& directory) {
  Syncer syncer(directory, paths.size() > kFewFiles);
  for (const std::string& path : paths) HWF_TRY(syncer.Content(path));
  for (const std::string& path : paths) {
    HWF_TRY(syncer.Names(path));
    HWF_TRY(syncer.Names(RealPath(path)));  // a link's end
  }
  return Success{};
}

}  // namespace hwf::runner
