// The file seam: every read and write of a run's state goes through a FileSystem, so that tests can crash it at any
// call, lose what was not synced, or fill the disk. RealFileSystem is the machine's; testing/ has the others.
// Thread-safe unless said otherwise.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace hwf::platform {

struct FileInfo {
  enum class Kind { kRegular, kDirectory, kSymlink, kOther };
  Kind kind = Kind::kRegular;
  uint64_t size = 0;
  uid_t uid = 0;
  gid_t gid = 0;
  mode_t mode = 0;  // permission bits
  uint64_t links = 1;
  int64_t mtime_ms = 0;
  uint64_t inode = 0;
};

// An open file that only grows. One thread at a time, except Sync, which may run beside Append.
class AppendFile {
 public:
  virtual ~AppendFile() = default;
  // All of `bytes` or an error; after an error the file may hold a part of them.
  virtual ErrorOr<Success> Append(std::string_view bytes) = 0;
  virtual ErrorOr<Success> Sync() = 0;
  virtual ErrorOr<Success> Truncate(uint64_t size) = 0;
  // Sets disk blocks aside behind the end without changing the size, so that later appends cannot fail for space.
  virtual ErrorOr<Success> Reserve(uint64_t bytes) = 0;
  virtual uint64_t size() const = 0;
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;

  // Modes are exact, whatever the umask.
  virtual ErrorOr<Success> MakeDirectory(const std::string& path, mode_t mode) = 0;  // EEXIST is an error
  virtual ErrorOr<std::unique_ptr<AppendFile>> OpenAppend(const std::string& path, mode_t mode) = 0;  // creates
  // The whole file; an error (EFBIG) if it is larger than `limit`.
  virtual ErrorOr<std::string> Read(const std::string& path, uint64_t limit) = 0;
  virtual ErrorOr<std::string> ReadRange(const std::string& path, uint64_t offset, uint64_t limit) = 0;
  // Writes beside the target, syncs if asked, renames over it.
  virtual ErrorOr<Success> WriteAtomically(const std::string& path, std::string_view bytes, mode_t mode, bool sync) = 0;
  virtual ErrorOr<Success> Rename(const std::string& from, const std::string& to) = 0;
  // link(): EEXIST if the target exists. What the lease and the reuse cache are made with.
  virtual ErrorOr<Success> Link(const std::string& from, const std::string& to) = 0;
  virtual ErrorOr<Success> Unlink(const std::string& path) = 0;
  virtual ErrorOr<Success> RemoveDirectory(const std::string& path) = 0;  // an empty one
  virtual ErrorOr<Success> SyncDirectory(const std::string& path) = 0;
  // Names, sorted, without . and ..
  virtual ErrorOr<std::vector<std::string>> List(const std::string& path) = 0;
  // lstat: links are not followed. ENOENT is an error with that code.
  virtual ErrorOr<FileInfo> Stat(const std::string& path) = 0;
};

// The machine's own; a process-wide object without state.
FileSystem& RealFileSystem();

// mkdir -p with exact mode for what it makes.
ErrorOr<Success> MakeDirectories(FileSystem& files, const std::string& path, mode_t mode);

}  // namespace hwf::platform
