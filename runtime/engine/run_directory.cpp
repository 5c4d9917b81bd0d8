#include "runtime/engine/run_directory.h"

#include <fmt/format.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>

#include "runtime/engine/journal_keeper.h"
#include "runtime/platform/clock.h"
#include "runtime/platform/hash.h"
#include "runtime/platform/ids.h"
#include "runtime/platform/users.h"

namespace hwf::engine {
namespace {

constexpr int kTries = 20;
// A runner without engine and work leaves soon: whoever resumes starts another.
constexpr int64_t kIdleExitMs = 3000;
constexpr uint64_t kMaxPeopleBytes = 4 << 20;

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
ErrorOr<Success> MakeExact(const std::string& path, mode_t mode, gid_t group) {
  if (mkdir(path.c_str(), 0700) != 0) return ErrnoError(errno, "making the directory " + path);
  if (group != static_cast<gid_t>(-1) && chown(path.c_str(), static_cast<uid_t>(-1), group) != 0) {
    return ErrnoError(errno, "giving " + path + " to the group");
  }
  if (chmod(path.c_str(), mode) != 0) return ErrnoError(errno, "setting the mode of " + path);
  return Success{};
}

ErrorOr<gid_t> ShareGroup(const std::string& name) {
  if (name.empty()) return static_cast<gid_t>(-1);
  const std::optional<gid_t> group = platform::GroupNamed(name);
  if (!group) return MakeError("--share {}: there is no such group", name);
  const std::optional<platform::User> user = platform::UserOf(geteuid());
  const std::vector<gid_t> mine = user ? platform::GroupsOfUser(*user) : std::vector<gid_t>();
  if (geteuid() != 0 && std::find(mine.begin(), mine.end(), *group) == mine.end()) {
    return MakeError("--share {}: you are not in that group", name);
  }
  return *group;
}

state::Person Starter() {
  state::Person person;
  person.uid = geteuid();
  const std::optional<platform::User> user = platform::UserOf(geteuid());
  person.name = user ? user->name : "uid " + std::to_string(person.uid);
  person.level = 1;
  person.proof = "uid";
  return person;
}

ErrorOr<Success> MakeFolders(const RunPaths& paths, bool shared, gid_t group) {
  const mode_t open = shared ? 02750 : 0700;
  HWF_TRY(MakeExact(paths.Inbox(), shared ? 03770 : 0700, group));
  HWF_TRY(MakeExact(paths.Replies(), open, group));
  HWF_TRY(MakeExact(paths.Refused(), 0700, group));
  HWF_TRY(MakeExact(paths.Reviews(), open, group));
  HWF_TRY(MakeExact(paths.Evidence(), open, group));
  HWF_TRY(MakeExact(paths.Runner(), 0700, group));
  return MakeExact(paths.Tasks(), open, group);
}

ErrorOr<std::string> MakeRunDirectory(const std::string& runs, bool shared, gid_t group, int64_t now_ms) {
  for (int i = 0; i < kTries; ++i) {
    const std::string directory = runs + "/" + NewRunId(now_ms);
    const ErrorOr<Success> made = MakeExact(directory, shared ? 02750 : 0700, group);
    if (made.ok()) return directory;
    if (made.error().code() != EEXIST) return made.error();
  }
  return MakeError("making a directory for the run in {}: every name that was tried exists", runs);
}

}  // namespace

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
  const ErrorOr<Success> made = MakeExact(directory, mode, static_cast<gid_t>(-1));
  if (!made.ok() && made.error().code() != EEXIST) return made.error();
  return Success{};
}

ErrorOr<std::string> CreateRun(platform::FileSystem& files, const NewRun& run) {
  HWF_ASSIGN(const gid_t group, ShareGroup(run.share));
  HWF_TRY(MakeLike(run.runs));
  const bool shared = !run.share.empty();
  const int64_t now = platform::RealClock().NowMs();
  HWF_ASSIGN(const std::string directory, MakeRunDirectory(run.runs, shared, group, now));
  const RunPaths paths(directory);
  HWF_TRY(MakeFolders(paths, shared, group));
  HWF_TRY(files.WriteAtomically(paths.Program(), run.ir, 0640, true));
  if (!run.people.empty()) {
    HWF_ASSIGN(const std::string text, files.Read(run.people, kMaxPeopleBytes));
    HWF_TRY(files.WriteAtomically(directory + "/people", text, 0640, true));
  }
  HWF_ASSIGN(JournalKeeper journal, JournalKeeper::Open(files, paths.Journal(), 0));
  state::RunStarted started;
  started.run_id = directory.substr(directory.find_last_of('/') + 1);
  started.ir_digest = platform::Digest(run.ir);
  started.params = run.params;
  started.starter = Starter();
  started.directory = directory;
  state::Event event;
  event.time = now;
  event.body = std::move(started);
  HWF_TRY(journal.Append(event, Durability::kNow));
  HWF_TRY(files.SyncDirectory(directory));
  HWF_TRY(files.SyncDirectory(run.runs));
  return directory;
}

std::string CacheDirectory(const std::string& run_directory) {
  const std::string runs = run_directory.substr(0, run_directory.find_last_of('/'));
  return runs + "/.cache-" + std::to_string(geteuid());
}

std::string ResultLog(const std::string& run_id, int64_t epoch) { return fmt::format("{}-{:06}", run_id, epoch); }

ErrorOr<site::LocalOptions> LocalOptionsOf(const ir::Module& module, const std::string& run_directory) {
  site::LocalOptions options;
  options.run_directory = run_directory;
  options.idle_exit_ms = kIdleExitMs;
  bool any = false;
  for (const ir::Site& site : module.sites) {
    if (site.kind != "local") continue;
    HWF_ASSIGN(const site::LocalOptions one, site::LocalOptionsFromFields(site, run_directory));
    if (!any || site.name == "here") options = one;
    options.idle_exit_ms = kIdleExitMs;
    any = true;
  }
  for (const ir::Task& task : module.tasks) {
    for (const std::string& name : task.on) {
      const auto site = std::find_if(module.sites.begin(), module.sites.end(),
                                     [&](const ir::Site& candidate) { return candidate.name == name; });
      if (name == "here" || (site != module.sites.end() && site->kind == "local")) continue;
      const std::string kind = site != module.sites.end() ? site->kind : "undeclared";
      return MakeError("task {} runs on `{}`, a site of kind {}; this version has local sites only", task.name, name,
                       kind);
    }
  }
  return options;
}

}  // namespace hwf::engine
