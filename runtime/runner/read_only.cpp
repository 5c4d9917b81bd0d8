#include "runtime/runner/read_only.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

namespace hwf::runner {
namespace {

namespace fs = std::filesystem;

void Lock(const fs::path& file) {
  struct stat info {};
  if (lstat(file.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return;
  if (info.st_nlink != 1 || info.st_uid != geteuid() || (info.st_mode & 0222) == 0) return;
  (void)chmod(file.c_str(), info.st_mode & 07777 & ~0222U);
}

}  // namespace

void MakeReadOnly(const std::string& path, const std::string& directory) {
  std::error_code code;
  const fs::path real = fs::canonical(path, code);
  if (code || !real.native().starts_with(directory + "/")) return;
  if (!fs::is_directory(fs::symlink_status(real, code))) return Lock(real);
  fs::recursive_directory_iterator it(real, fs::directory_options::skip_permission_denied, code), end;
  for (; !code && it != end; it.increment(code)) Lock(it->path());
}

}  // namespace hwf::runner
