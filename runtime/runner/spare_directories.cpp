#include "runtime/runner/spare_directories.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>

#include "runtime/platform/file_descriptor.h"
#include "runtime/platform/rename.h"

namespace hwf::runner {
namespace {

constexpr size_t kMostSpares = 64;
constexpr size_t kMostAttributeBytes = 4096;

std::string ParentOf(const std::string& path) { return path.substr(0, path.rfind('/')); }
std::string NameOf(const std::string& path) { return path.substr(path.rfind('/') + 1); }

platform::FileDescriptor OpenDirectory(int at, const char* path) {
  return platform::FileDescriptor(openat(at, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

// Whether it has `name` and nothing else; with an empty name, nothing at all.
bool HasOnly(const platform::FileDescriptor& directory, const std::string& name) {
  DIR* stream = fdopendir(dup(directory.get()));
  if (stream == nullptr) return false;
  bool found = name.empty(), other = false;
  while (const dirent* entry = readdir(stream)) {
    if (std::strcmp(entry->d_name, ".") == 0 || std::strcmp(entry->d_name, "..") == 0) continue;
    if (entry->d_name == name) {
      found = true;
    } else {
      other = true;
      break;
    }
  }
  closedir(stream);
  return found && !other;
}

// Names of extended attributes (access lists, labels); a text that equals no other if they cannot be read.
std::string Attributes(const platform::FileDescriptor& directory, const char* unknown) {
  char names[kMostAttributeBytes];
  const ssize_t size = flistxattr(directory.get(), names, sizeof names);
  if (size < 0) return errno == ENOTSUP ? "" : unknown;
  return std::string(names, static_cast<size_t>(size));
}

bool SameTime(const timespec& a, const timespec& b) { return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec; }

}  // namespace

bool SpareDirectories::Keep(const std::string& directory, mode_t mode) {
  if (spares_.size() >= kMostSpares) return false;
  const std::string name = NameOf(directory);
  const platform::FileDescriptor parent = OpenDirectory(AT_FDCWD, ParentOf(directory).c_str());
  if (!parent.valid()) return false;
  const platform::FileDescriptor own = OpenDirectory(parent.get(), name.c_str());
  struct stat info {
  }, above{};
  if (!own.valid() || fstat(own.get(), &info) != 0 || fstat(parent.get(), &above) != 0) return false;
  for (const struct stat* one : {&info, &above}) {
    // The set-group-id bit comes from the run's directory.
    const bool same = (one->st_mode & 05777) == mode && one->st_mode == above.st_mode && one->st_gid == above.st_gid;
    if (!same || one->st_uid != geteuid()) return false;
  }
  if (Attributes(own, "?") != Attributes(parent, "!")) return false;
  if (!HasOnly(own, "") || !HasOnly(parent, name)) return false;
  spares_.push_back({directory, info.st_ctim});
  return true;
}

bool SpareDirectories::Use(const std::string& directory) {
  const std::string name = NameOf(directory);
  while (!spares_.empty()) {
    const Spare spare = spares_.back();
    if (NameOf(spare.directory) != name) return false;
    struct stat info {};
    const bool untouched = lstat(spare.directory.c_str(), &info) == 0 && SameTime(info.st_ctim, spare.changed);
    if (untouched) {
      // Fails where the place has a directory with something in it: an earlier attempt.
      if (platform::RenameAndLook(ParentOf(spare.directory), ParentOf(directory)) != 0) return false;
      spares_.pop_back();
      return true;
    }
    spares_.pop_back();  // someone has put something there
  }
  return false;
}

void SpareDirectories::Remove() {
  for (const Spare& spare : spares_) {
    if (rmdir(spare.directory.c_str()) == 0) (void)rmdir(ParentOf(spare.directory).c_str());
  }
  spares_.clear();
}

}  // namespace hwf::runner
