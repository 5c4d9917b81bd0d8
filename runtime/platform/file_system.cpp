// The machine's file system. Files and directories are made without any right for others and then given their exact
// mode by fchmod, so that the umask never shows and nothing is ever wider open than it ends up.
#include "runtime/platform/file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "runtime/platform/file_descriptor.h"
#include "runtime/platform/ids.h"
#include "runtime/platform/rename.h"

namespace hwf::platform {
namespace {

// A network file system may say only at the end that it lost what was written; the next file may be luckier.
constexpr int kWrites = 3;
constexpr uint64_t kFirstRead = 4096;

template <typename Call>
auto Retry(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

FileDescriptor Open(const std::string& path, int flags, mode_t mode = 0) {
  return FileDescriptor(Retry([&] { return open(path.c_str(), flags | O_CLOEXEC, mode); }));
}

std::string ParentOf(const std::string& path) {
  size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// Writes all of `bytes`; 0 or an errno.
int WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t wrote = Retry([&] { return write(fd, bytes.data(), bytes.size()); });
    if (wrote < 0) return errno;
    if (wrote == 0) return EIO;
    bytes.remove_prefix(static_cast<size_t>(wrote));
  }
  return 0;
}

// A new file with these bytes; 0 or an errno, and then there may be a part of it.
int WriteNew(const std::string& path, std::string_view bytes, mode_t mode, bool sync) {
  FileDescriptor fd = Open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode & 0600);
  if (!fd.valid()) return errno;
  int code = fchmod(fd.get(), mode) == 0 ? 0 : errno;
  if (code == 0) code = WriteAll(fd.get(), bytes);
  if (code == 0 && sync && Retry([&] { return fsync(fd.get()); }) != 0) code = errno;
  const int close_code = fd.Close();
  return code == 0 ? close_code : code;
}

FileInfo ToInfo(const struct stat& status) {
  FileInfo info;
  if (S_ISREG(status.st_mode)) {
    info.kind = FileInfo::Kind::kRegular;
  } else if (S_ISDIR(status.st_mode)) {
    info.kind = FileInfo::Kind::kDirectory;
  } else if (S_ISLNK(status.st_mode)) {
    info.kind = FileInfo::Kind::kSymlink;
  } else {
    info.kind = FileInfo::Kind::kOther;
  }
  info.size = static_cast<uint64_t>(status.st_size);
  info.uid = status.st_uid;
  info.gid = status.st_gid;
  info.mode = status.st_mode & 07777;
  info.links = status.st_nlink;
  info.mtime_ms = static_cast<int64_t>(status.st_mtim.tv_sec) * 1000 + status.st_mtim.tv_nsec / 1000000;
  info.inode = status.st_ino;
  return info;
}

class RealAppendFile : public AppendFile {
 public:
  RealAppendFile(FileDescriptor fd, std::string path, uint64_t size)
      : fd_(std::move(fd)), path_(std::move(path)), size_(size) {}

  ErrorOr<Success> Append(std::string_view bytes) override {
    while (!bytes.empty()) {
      ssize_t wrote = Retry([&] { return write(fd_.get(), bytes.data(), bytes.size()); });
      if (wrote <= 0) return ErrnoError(wrote < 0 ? errno : EIO, "append to " + path_);
      size_ += static_cast<uint64_t>(wrote);
      bytes.remove_prefix(static_cast<size_t>(wrote));
    }
    return Success();
  }

  ErrorOr<Success> Sync() override {
    if (Retry([&] { return fdatasync(fd_.get()); }) != 0) return ErrnoError(errno, "sync " + path_);
    return Success();
  }

  ErrorOr<Success> Truncate(uint64_t size) override {
    if (Retry([&] { return ftruncate(fd_.get(), static_cast<off_t>(size)); }) != 0) {
      return ErrnoError(errno, "truncate " + path_);
    }
    size_ = size;
    return Success();
  }

  ErrorOr<Success> Reserve(uint64_t bytes) override {
    auto reserve = [&] {
      return fallocate(fd_.get(), FALLOC_FL_KEEP_SIZE, static_cast<off_t>(size_), static_cast<off_t>(bytes));
    };
    if (bytes > 0 && Retry(reserve) != 0) return ErrnoError(errno, "reserve space for " + path_);
    return Success();
  }

  uint64_t size() const override { return size_; }

 private:
  FileDescriptor fd_;
  std::string path_;
  uint64_t size_;
};

// Reads from the descriptor's position up to `limit` bytes, or to the end. The first read is of some size whatever the
// file says of its own: one of the kernel's says 0, and gives nothing to a second read.
ErrorOr<std::string> ReadUpTo(int fd, const std::string& path, uint64_t limit, uint64_t expected) {
  std::string bytes;
  uint64_t have = 0;
  while (have < limit) {
    uint64_t room =
        std::min<uint64_t>(limit - have, have == 0 ? std::max(expected + 1, kFirstRead) : uint64_t{64} << 10);
    bytes.resize(have + room);
    ssize_t got = Retry([&] { return read(fd, bytes.data() + have, room); });
    if (got < 0) return ErrnoError(errno, "read " + path);
    if (got == 0) break;
    have += static_cast<uint64_t>(got);
  }
  bytes.resize(have);
  return bytes;
}

class PosixFileSystem : public FileSystem {
 public:
  ErrorOr<Success> MakeDirectory(const std::string& path, mode_t mode) override {
    if (mkdir(path.c_str(), mode & 0700) != 0) return ErrnoError(errno, "make directory " + path);
    FileDescriptor fd = Open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    // Without the right to read one's own new directory (mode -wx) only chmod by path is left.
    int done = fd.valid() ? fchmod(fd.get(), mode) : chmod(path.c_str(), mode);
    if (done != 0) {
      int code = errno;
      rmdir(path.c_str());
      return ErrnoError(code, "set the mode of " + path);
    }
    return Success();
  }

  ErrorOr<std::unique_ptr<AppendFile>> OpenAppend(const std::string& path, mode_t mode) override {
    constexpr int kFlags = O_WRONLY | O_APPEND | O_NOFOLLOW | O_NONBLOCK;
    FileDescriptor fd;
    for (int round = 0; round < 3 && !fd.valid(); ++round) {  // made and removed by others in between
      fd = Open(path, kFlags | O_CREAT | O_EXCL, mode & 0600);
      if (fd.valid() && fchmod(fd.get(), mode) != 0) return ErrnoError(errno, "set the mode of " + path);
      if (fd.valid() || errno != EEXIST) break;
      fd = Open(path, kFlags);
      if (!fd.valid() && errno != ENOENT) break;
    }
    if (!fd.valid()) return ErrnoError(errno, "open " + path);
    struct stat status {};
    if (fstat(fd.get(), &status) != 0) return ErrnoError(errno, "stat " + path);
    return std::unique_ptr<AppendFile>(
        std::make_unique<RealAppendFile>(std::move(fd), path, static_cast<uint64_t>(status.st_size)));
  }

  ErrorOr<std::string> Read(const std::string& path, uint64_t limit) override {
    FileDescriptor fd = Open(path, O_RDONLY | O_NONBLOCK);
    if (!fd.valid()) return ErrnoError(errno, "open " + path);
    struct stat status {};
    if (fstat(fd.get(), &status) != 0) return ErrnoError(errno, "stat " + path);
    uint64_t size = static_cast<uint64_t>(status.st_size);
    if (size > limit) return Error(fmt::format("read {}: {} bytes, more than {}", path, size, limit), EFBIG);
    HWF_ASSIGN(std::string bytes, ReadUpTo(fd.get(), path, limit + 1, size));
    if (bytes.size() > limit) return Error(fmt::format("read {}: more than {} bytes", path, limit), EFBIG);
    return bytes;
  }

  ErrorOr<std::string> ReadRange(const std::string& path, uint64_t offset, uint64_t limit) override {
    FileDescriptor fd = Open(path, O_RDONLY | O_NONBLOCK);
    if (!fd.valid()) return ErrnoError(errno, "open " + path);
    if (lseek(fd.get(), static_cast<off_t>(offset), SEEK_SET) < 0) return ErrnoError(errno, "seek in " + path);
    struct stat status {};
    if (fstat(fd.get(), &status) != 0) return ErrnoError(errno, "stat " + path);
    uint64_t size = static_cast<uint64_t>(status.st_size);
    return ReadUpTo(fd.get(), path, limit, size > offset ? size - offset : 0);
  }

  ErrorOr<Success> WriteAtomically(const std::string& path, std::string_view bytes, mode_t mode, bool sync) override {
    const std::string before = (path.find('/') == std::string::npos ? "" : ParentOf(path) + "/") + ".tmp-";
    int code = EIO;
    for (int round = 0; round < kWrites && code == EIO; ++round) {
      const std::string temporary = before + NewId();
      code = WriteNew(temporary, bytes, mode, sync);
      if (code == 0) code = RenameAndLook(temporary, path);
      if (code != 0) unlink(temporary.c_str());
    }
    if (code != 0) return ErrnoError(code, "write " + path);
    if (sync) HWF_TRY(SyncDirectory(ParentOf(path)));
    return Success();
  }

  ErrorOr<Success> Rename(const std::string& from, const std::string& to) override {
    const int code = RenameAndLook(from, to);
    return code == 0 ? ErrorOr<Success>(Success()) : ErrnoError(code, "rename " + from + " to " + to);
  }
  ErrorOr<Success> Link(const std::string& from, const std::string& to) override {
    if (link(from.c_str(), to.c_str()) != 0) return ErrnoError(errno, "link " + from + " to " + to);
    return Success();
  }
  ErrorOr<Success> Unlink(const std::string& path) override {
    if (unlink(path.c_str()) != 0) return ErrnoError(errno, "unlink " + path);
    return Success();
  }
  ErrorOr<Success> RemoveDirectory(const std::string& path) override {
    if (rmdir(path.c_str()) != 0) return ErrnoError(errno, "remove directory " + path);
    return Success();
  }

  ErrorOr<Success> SyncDirectory(const std::string& path) override {
    FileDescriptor fd = Open(path, O_RDONLY | O_DIRECTORY);
    if (!fd.valid()) return ErrnoError(errno, "open directory " + path);
    // Some network file systems refuse fsync of a directory; their renames are on the server already.
    if (Retry([&] { return fsync(fd.get()); }) != 0 && errno != EINVAL && errno != EROFS) {
      return ErrnoError(errno, "sync directory " + path);
    }
    return Success();
  }

  ErrorOr<std::vector<std::string>> List(const std::string& path) override {
    DIR* directory = opendir(path.c_str());
    if (directory == nullptr) return ErrnoError(errno, "list " + path);
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = readdir(directory)) {
      std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
      errno = 0;
    }
    int code = errno;
    closedir(directory);
    if (code != 0) return ErrnoError(code, "list " + path);
    std::sort(names.begin(), names.end());
    return names;
  }

  ErrorOr<FileInfo> Stat(const std::string& path) override {
    struct stat status {};
    if (lstat(path.c_str(), &status) != 0) return ErrnoError(errno, "stat " + path);
    return ToInfo(status);
  }
};

}  // namespace

FileSystem& RealFileSystem() {
  static PosixFileSystem real;
  return real;
}

ErrorOr<Success> MakeDirectories(FileSystem& files, const std::string& path, mode_t mode) {
  if (path.empty() || path == "/" || path == ".") return Success();
  ErrorOr<FileInfo> info = files.Stat(path);
  if (info.ok() && info->kind == FileInfo::Kind::kDirectory) return Success();
  if (info.ok() && info->kind == FileInfo::Kind::kSymlink)
    return Success();  // to a directory, or the next call says no
  if (info.ok()) return ErrnoError(ENOTDIR, "make directory " + path);
  if (info.error().code() != ENOENT) return info.error();
  HWF_TRY(MakeDirectories(files, ParentOf(path), mode));
  ErrorOr<Success> made = files.MakeDirectory(path, mode);
  if (!made.ok() && made.error().code() == EEXIST) return Success();  // another made it first
  return made;
}

}  // namespace hwf::platform
