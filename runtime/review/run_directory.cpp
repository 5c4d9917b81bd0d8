#include "runtime/review/run_directory.h"

#include <fmt/format.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "runtime/platform/file_system.h"
#include "runtime/platform/ids.h"
#include "runtime/platform/users.h"
#include "runtime/review/reachable.h"

namespace hwf::review {
namespace {

struct Part {
  const char* name;
  mode_t alone;
  mode_t shared;
};
constexpr Part kParts[] = {{"inbox", 0700, 03770},   {"replies", 0750, 02750},  {"refused", 0700, 0700},
                           {"reviews", 0750, 02750}, {"evidence", 0750, 02750}, {"runner", 0700, 0700},
                           {"tasks", 0700, 02750}};

// Its mode comes last: changing the group takes the set-group bit away.
ErrorOr<Success> MakeOne(const std::string& path, mode_t mode, std::optional<gid_t> group) {
  HWF_TRY(platform::RealFileSystem().MakeDirectory(path, 0700));
  if (group && lchown(path.c_str(), static_cast<uid_t>(-1), *group) != 0) {
    return ErrnoError(errno, "give " + path + " to the group");
  }
  if (chmod(path.c_str(), mode) != 0) return ErrnoError(errno, "set the mode of " + path);
  return Success();
}

ErrorOr<std::string> Absolute(const std::string& path) {
  char* resolved = realpath(path.c_str(), nullptr);
  if (resolved == nullptr) return ErrnoError(errno, "find " + path);
  std::string out = resolved;
  free(resolved);
  return out;
}

}  // namespace

ErrorOr<gid_t> ShareGroup(const std::string& name) {
  std::optional<gid_t> gid = platform::GroupNamed(name);
  if (!gid) return MakeError("--share {}: this machine has no group of that name", name);
  Account own = OwnAccount();
  if (own.uid != 0 && std::find(own.gids.begin(), own.gids.end(), *gid) == own.gids.end()) {
    return MakeError("--share {}: you are not in that group, so you cannot give it anything", name);
  }
  return *gid;
}

ErrorOr<RunDirectory> MakeRunDirectory(const std::string& runs_dir, std::optional<gid_t> share) {
  platform::FileSystem& files = platform::RealFileSystem();
  HWF_TRY(platform::MakeDirectories(files, runs_dir, share ? 0755 : 0700));
  HWF_ASSIGN(std::string parent, Absolute(runs_dir));
  RunDirectory run;
  run.id = platform::NewId();
  run.path = parent + "/" + run.id;
  HWF_TRY(MakeOne(run.path, 0700, share));
  for (const Part& part : kParts) {
    HWF_TRY(MakeOne(run.path + "/" + part.name, share ? part.shared : part.alone, share));
  }
  // Opened to the group only when all of it is there.
  if (share && chmod(run.path.c_str(), 02750) != 0) return ErrnoError(errno, "set the mode of " + run.path);
  HWF_TRY(files.SyncDirectory(run.path));
  HWF_TRY(files.SyncDirectory(parent));
  return run;
}

}  // namespace hwf::review
