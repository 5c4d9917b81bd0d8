#include "runtime/runner/box_binds.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "runtime/container/inside.h"
#include "runtime/platform/file_descriptor.h"
#include "runtime/platform/paths.h"
#include "runtime/platform/process.h"

namespace hwf::runner {
namespace {

using container::Bind;

// A container has its own.
constexpr const char* kNeverShown[] = {"/", "/dev", "/proc", "/sys", "/tmp", "/var/tmp", "/.hwf"};

bool IsBelow(const std::string& path, const std::string& directory) {
  return path.size() > directory.size() && path.starts_with(directory) && path[directory.size()] == '/';
}

std::string WithoutSlashes(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

bool IsFile(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode);
}

}  // namespace

ErrorOr<std::vector<Bind>> TaskBinds(const std::string& directory, const std::vector<std::string>& shown) {
  HWF_ASSIGN(std::string own, platform::RealPath(directory));
  std::vector<Bind> binds{{std::move(own), directory, true}};
  for (const std::string& path : shown) {
    std::string target = WithoutSlashes(path);
    const bool never =
        std::any_of(std::begin(kNeverShown), std::end(kNeverShown), [&](const char* one) { return target == one; });
    if (never || target.starts_with("/.hwf/")) {
      return MakeError("a container cannot be shown this machine's {}, which the task names", path);
    }
    if (target == directory || IsBelow(target, directory)) continue;
    HWF_ASSIGN(std::string source, platform::RealPath(target));
    binds.push_back({std::move(source), std::move(target), false});
  }
  std::sort(binds.begin(), binds.end(), [](const Bind& a, const Bind& b) { return a.target < b.target; });
  std::vector<Bind> kept;
  for (Bind& bind : binds) {
    const bool there = std::any_of(kept.begin(), kept.end(), [&](const Bind& above) {
      const bool same = above.target == bind.target;
      return same || (!bind.writable && !above.writable && IsBelow(bind.target, above.target) &&
                      above.source + bind.target.substr(above.target.size()) == bind.source);
    });
    if (!there) kept.push_back(std::move(bind));
  }
  return kept;
}

std::vector<Bind> ToolBinds() {
  std::vector<Bind> binds;
  const std::string own = platform::ThisProgram();
  const std::string directory = own.substr(0, own.rfind('/'));
  binds.push_back({own, container::kInsideProgram, false});
  if (IsFile(directory + "/hwf-task")) {
    binds.push_back({directory + "/hwf-task", std::string(container::kInsideTools) + "/hwf-task", false});
  }
  for (const char* below : {"/python/hwf_task.py", "/hwf_task.py", "/../share/hwf/python/hwf_task.py"}) {
    const auto module = platform::RealPath(directory + below);
    if (!module.ok()) continue;
    binds.push_back({*module, std::string(container::kInsidePython) + "/hwf_task.py", false});
    break;
  }
  return binds;
}

ErrorOr<Success> MakeScratchPoints(const std::string& scratch, const std::vector<Bind>& binds) {
  for (const Bind& bind : binds) {
    const std::string below = bind.target.starts_with("/tmp/")       ? bind.target
                              : bind.target.starts_with("/var/tmp/") ? "/var" + bind.target.substr(8)
                                                                     : "";
    if (below.empty()) continue;
    struct stat info {};
    if (stat(bind.source.c_str(), &info) != 0) return ErrnoError(errno, bind.source);
    const bool directory = S_ISDIR(info.st_mode);
    for (size_t slash = below.find('/', 1); slash != std::string::npos; slash = below.find('/', slash + 1)) {
      const std::string part = scratch + below.substr(0, slash);
      if (mkdir(part.c_str(), 0700) != 0 && errno != EEXIST) return ErrnoError(errno, "making " + part);
    }
    const std::string point = scratch + below;
    if (directory && mkdir(point.c_str(), 0700) != 0 && errno != EEXIST) return ErrnoError(errno, "making " + point);
    if (directory) continue;
    const platform::FileDescriptor file(open(point.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    if (!file.valid()) return ErrnoError(errno, "making " + point);
  }
  return Success{};
}

}  // namespace hwf::runner
