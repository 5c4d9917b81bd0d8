#include "runtime/review/run_directory.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>

#include "runtime/platform/file_system.h"
#include "runtime/platform/ids.h"
#include "runtime/platform/users.h"
#include "runtime/review/reachable.h"

namespace hwf::review {
namespace {

constexpr int kTries = 20;

struct Part {
  const char* name;
  mode_t alone;
  mode_t shared;
};
constexpr Part kParts[] = {{"inbox", 0700, 03770},   {"replies", 0700, 02750},  {"refused", 0700, 0700},
                           {"reviews", 0700, 02750}, {"evidence", 0700, 02750}, {"runner", 0700, 02750},
                           {"tasks", 0700, 02750}};

std::string NewRunId(int64_t now_ms) {
  static constexpr char kLetters[] = "23456789abcdefghjkmnpqrstuvwxyz";
  const std::time_t seconds = now_ms / 1000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  text[std::strftime(text, sizeof text, "%Y%m%d-%H%M%S-", &parts)] = 0;
  unsigned char chance[4];
  platform::RandomBytes(chance, sizeof chance);
  constexpr int kBase = sizeof kLetters - 1;
  // Runs of one second sort by when they began, too: its thousandths, as far as two letters can tell them apart.
  const auto part = static_cast<int>(now_ms % 1000 * (kBase * kBase) / 1000);
  std::string id = text;
  id += kLetters[part / kBase];
  id += kLetters[part % kBase];
  for (const unsigned char byte : chance) id += kLetters[byte % kBase];
  return id;
}

// mkdir with exactly this mode and group, whatever umask and parent say.
ErrorOr<Success> MakeExact(const std::string& path, mode_t mode, std::optional<gid_t> group) {
  if (mkdir(path.c_str(), 0700) != 0) return ErrnoError(errno, "making the directory " + path);
  if (group && lchown(path.c_str(), static_cast<uid_t>(-1), *group) != 0) {
    return ErrnoError(errno, "giving " + path + " to the group");
  }
  if (chmod(path.c_str(), mode) != 0) return ErrnoError(errno, "setting the mode of " + path);
  return Success{};
}

// `directory` and what is missing above it, with the rights of what was there.
ErrorOr<Success> MakeLike(const std::string& directory) {
  struct stat info {};
  if (stat(directory.c_str(), &info) == 0) {
    if (S_ISDIR(info.st_mode)) return Success{};
    return MakeError("{} is not a directory", directory);
  }
  const size_t slash = directory.find_last_of('/');
  const std::string parent = slash == 0 || slash == std::string::npos ? "/" : directory.substr(0, slash);
  if (parent == directory) return MakeError("{} does not exist", directory);
  HWF_TRY(MakeLike(parent));
  if (stat(parent.c_str(), &info) != 0) return ErrnoError(errno, parent);
  mode_t mode = (info.st_mode & 0777) | (info.st_mode & S_ISGID) | 0700;
  // Several people's runs side by side: none may move another's away.
  if ((mode & 0022) != 0) mode |= S_ISVTX;
  const ErrorOr<Success> made = MakeExact(directory, mode, std::nullopt);
  if (!made.ok() && made.error().code() != EEXIST) return made.error();
  return Success{};
}

ErrorOr<RunDirectory> MakeEmpty(const std::string& runs, std::optional<gid_t> share, int64_t now_ms) {
  for (int i = 0; i < kTries; ++i) {
    RunDirectory run;
    run.id = NewRunId(now_ms);
    run.path = runs + "/" + run.id;
    const ErrorOr<Success> made = MakeExact(run.path, 0700, share);
    if (made.ok()) return run;
    if (made.error().code() != EEXIST) return made.error();
  }
  return MakeError("making a directory for the run in {}: every name that was tried exists", runs);
}

}  // namespace

ErrorOr<gid_t> ShareGroup(const std::string& name) {
  const std::optional<gid_t> gid = platform::GroupNamed(name);
  if (!gid) return MakeError("--share {}: this machine has no group of that name", name);
  const Account own = OwnAccount();
  if (own.uid != 0 && std::find(own.gids.begin(), own.gids.end(), *gid) == own.gids.end()) {
    return MakeError("--share {}: you are not in that group, so you cannot give it anything", name);
  }
  return *gid;
}

ErrorOr<RunDirectory> MakeRunDirectory(const std::string& runs, std::optional<gid_t> share, int64_t now_ms) {
  HWF_TRY(MakeLike(runs));
  HWF_ASSIGN(RunDirectory run, MakeEmpty(runs, share, now_ms));
  for (const Part& part : kParts) {
    HWF_TRY(MakeExact(run.path + "/" + part.name, share ? part.shared : part.alone, share));
  }
  // Opened to the group only when all of it is there.
  if (share && chmod(run.path.c_str(), 02750) != 0) return ErrnoError(errno, "setting the mode of " + run.path);
  HWF_TRY(platform::RealFileSystem().SyncDirectory(run.path));
  HWF_TRY(platform::RealFileSystem().SyncDirectory(runs));
  return run;
}

}  // namespace hwf::review
