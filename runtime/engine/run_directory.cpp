#include "runtime/engine/run_directory.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <optional>
#include <utility>

#include "runtime/engine/journal_keeper.h"
#include "runtime/engine/people.h"
#include "runtime/platform/clock.h"
#include "runtime/platform/file_system.h"
#include "runtime/platform/hash.h"
#include "runtime/platform/users.h"
#include "runtime/review/run_directory.h"

namespace hwf::engine {
namespace {

constexpr uint64_t kMaxPeopleBytes = 4 << 20;

state::Person Starter() {
  state::Person person;
  person.uid = geteuid();
  const std::optional<platform::User> user = platform::UserOf(geteuid());
  person.name = user ? user->name : "uid " + std::to_string(person.uid);
  person.level = 1;
  person.proof = "uid";
  return person;
}

std::string RunsOf(const std::string& run_directory) {
  return run_directory.substr(0, run_directory.find_last_of('/'));
}
std::string CacheName(uid_t uid) { return fmt::format(".cache-{}", uid); }

// Tried with the directory as it is: if nobody could answer in it, it goes again.
ErrorOr<Success> CheckAnswerable(platform::FileSystem& files, const ir::Module& module, const std::string& directory,
                                 const std::string& people_digest) {
  HWF_ASSIGN(const review::People people, LoadPeople(files, directory, people_digest));
  ErrorOr<Success> can = CanBeAnswered(module, people, directory, Starter());
  std::error_code ignored;  // what is left is no run, and gc's
  if (!can.ok()) std::filesystem::remove_all(directory, ignored);
  return can;
}

}  // namespace

ErrorOr<std::string> CreateRun(platform::FileSystem& files, const NewRun& run) {
  std::optional<gid_t> group;
  if (!run.share.empty()) {
    HWF_ASSIGN(group, review::ShareGroup(run.share));
  }
  const int64_t now = platform::RealClock().NowMs();
  HWF_ASSIGN(const review::RunDirectory made, review::MakeRunDirectory(run.runs, group, now));
  const std::string& directory = made.path;
  const RunPaths paths(directory);
  HWF_TRY(files.WriteAtomically(paths.Program(), run.ir, 0640, true));
  std::string people_digest;
  if (!run.people.empty()) {
    HWF_ASSIGN(const std::string text, files.Read(run.people, kMaxPeopleBytes));
    HWF_TRY(files.WriteAtomically(directory + "/people", text, 0640, true));
    people_digest = platform::Digest(text);
  }
  if (!run.from.empty()) {
    HWF_TRY(files.WriteAtomically(paths.Carried(), run.carried, 0600, true));
  }
  HWF_TRY(CheckAnswerable(files, *run.module, directory, people_digest));
  HWF_ASSIGN(JournalKeeper journal, JournalKeeper::Open(files, paths.Journal(), 0));
  state::RunStarted started;
  started.run_id = made.id;
  started.ir_digest = platform::Digest(run.ir);
  started.params = run.params;
  started.starter = Starter();
  started.directory = directory;
  started.people = people_digest;
  started.from = run.from;
  started.trust = run.trust;
  state::Event event;
  event.time = now;
  event.body = std::move(started);
  HWF_TRY(journal.Append(event, Durability::kNow));
  HWF_TRY(files.SyncDirectory(directory));
  return directory;
}

std::string CacheDirectory(const std::string& run_directory, std::optional<gid_t> group) {
  const std::string own = RunsOf(run_directory) + "/" + CacheName(geteuid());
  return group ? fmt::format("{}.{}", own, *group) : own;
}

std::vector<std::string> SharedCaches(const std::string& run_directory, uid_t uid) {
  std::vector<std::string> found;
  const std::string runs = RunsOf(run_directory), begin = CacheName(uid) + ".";
  const auto names = platform::RealFileSystem().List(runs);
  for (const std::string& name : names.ok() ? *names : std::vector<std::string>()) {
    const bool shared = name.starts_with(begin) && name.size() > begin.size();
    if (shared && name.find_first_not_of("0123456789", begin.size()) == std::string::npos) {
      found.push_back(runs + "/" + name);
    }
  }
  return found;
}

std::vector<std::string> OwnCaches(const std::string& run_directory, const std::string& from) {
  std::vector<std::string> all;
  for (const std::string& run : {run_directory, from}) {
    if (run.empty()) continue;
    all.push_back(CacheDirectory(run));
    for (std::string& shared : SharedCaches(run, geteuid())) all.push_back(std::move(shared));
  }
  std::erase_if(all, [](const std::string& path) {
    const ErrorOr<platform::FileInfo> info = platform::RealFileSystem().Stat(path);
    return !info.ok() || info->kind != platform::FileInfo::Kind::kDirectory || info->uid != geteuid();
  });
  return all;
}

std::string ResultLog(const std::string& run_id, int64_t epoch) { return fmt::format("{}-{:06}", run_id, epoch); }

}  // namespace hwf::engine
