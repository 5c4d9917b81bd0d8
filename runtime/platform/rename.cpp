#include "runtime/platform/rename.h"

#include <stdio.h>
#include <sys/stat.h>

#include <cerrno>

namespace hwf::platform {
namespace {

bool IsThere(const std::string& path, const struct stat& thing) {
  struct stat found {};
  return lstat(path.c_str(), &found) == 0 && found.st_dev == thing.st_dev && found.st_ino == thing.st_ino;
}

}  // namespace

int RenameAndLook(const std::string& from, const std::string& to) {
  struct stat before {};
  if (lstat(from.c_str(), &before) != 0) return errno;
  if (rename(from.c_str(), to.c_str()) == 0) return 0;
  const int code = errno;
  return IsThere(to, before) && !IsThere(from, before) ? 0 : code;
}

}  // namespace hwf::platform
