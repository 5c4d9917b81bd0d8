#include "runtime/platform/paths.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <memory>

namespace hwf::platform {

ErrorOr<std::string> RealPath(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> real(realpath(path.c_str(), nullptr), &std::free);
  if (real == nullptr) return ErrnoError(errno, path);
  return std::string(real.get());
}

std::string RealPathOr(const std::string& path, const std::string& other) {
  ErrorOr<std::string> real = RealPath(path);
  return real.ok() ? *std::move(real) : other;
}

ErrorOr<Success> RemoveBelow(const std::string& root, const std::string& file) {
  const std::string top = RealPathOr(root, "");
  const std::string directory = RealPathOr(file.substr(0, file.find_last_of('/')), "");
  if (top.empty() || !directory.starts_with(top + "/")) return Success{};
  // By its true directory: the way there may be another by now.
  if (unlink((directory + "/" + BaseName(file)).c_str()) == 0 || errno == ENOENT) return Success{};
  return ErrnoError(errno, "removing " + file);
}

}  // namespace hwf::platform
