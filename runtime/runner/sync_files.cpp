#include "runtime/runner/sync_files.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <set>

#include "runtime/platform/file_descriptor.h"
#include "runtime/platform/paths.h"

namespace hwf::runner {
namespace {

using platform::FileDescriptor;

// More than these, or a directory: the file system as a whole, once, is cheaper than one after another. (It also waits
// for what others write there; so few files are synced each for itself.)
constexpr size_t kFewFiles = 32;

std::string Parent(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

class Syncer {
 public:
  explicit Syncer(const std::string& top) : top_(top) {}

  // The file systems of these as a whole. What fails is not said: each file tells its own failure.
  void Whole(const std::vector<std::string>& paths) {
    for (const std::string& path : paths) {
      const FileDescriptor file(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
      (void)Sync(file, path, true);
    }
  }

  ErrorOr<Success> Content(const std::string& path) {
    const FileDescriptor file(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    struct stat info {};
    const bool directory = file.valid() && fstat(file.get(), &info) == 0 && S_ISDIR(info.st_mode);
    return Sync(file, path, directory);
  }

  ErrorOr<Success> Names(const std::string& path) {
    for (std::string at = Parent(path); !names_.contains(at); at = Parent(at)) {
      const FileDescriptor directory(open(at.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
      if (!directory.valid() && errno == EACCES) return Success{};  // not of the task's making
      HWF_TRY(Sync(directory, at, false));
      names_.insert(at);
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
  std::set<dev_t> whole_;        // file systems that were synced
  std::set<std::string> names_;  // directories that were
};

ErrorOr<Success> SyncGroup(Syncer& syncer, const std::vector<std::string>& paths) {
  for (const std::string& path : paths) HWF_TRY(syncer.Content(path));
  for (const std::string& path : paths) {
    HWF_TRY(syncer.Names(path));
    HWF_TRY(syncer.Names(platform::RealPathOr(path, path)));  // a link's end
  }
  return Success{};
}

}  // namespace

std::vector<ErrorOr<Success>> SyncFiles(const std::vector<std::vector<std::string>>& groups,
                                        const std::string& run_directory) {
  Syncer syncer(run_directory);
  size_t count = 0;
  for (const std::vector<std::string>& paths : groups) count += paths.size();
  if (count > kFewFiles) {
    for (const std::vector<std::string>& paths : groups) syncer.Whole(paths);
  }
  std::vector<ErrorOr<Success>> results;
  results.reserve(groups.size());
  for (const std::vector<std::string>& paths : groups) results.push_back(SyncGroup(syncer, paths));
  return results;
}

}  // namespace hwf::runner
