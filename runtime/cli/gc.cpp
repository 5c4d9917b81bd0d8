// `hwf gc`: removes what finished runs left. Never an unfinished run (its open reviews show what lies there), never
// another person's, nothing without having said what.
#include <fmt/format.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "runtime/cli/commands.h"
#include "runtime/cli/open_run.h"
#include "runtime/engine/run_directory.h"
#include "runtime/platform/clock.h"
#include "runtime/review/units.h"

namespace hwf::cli {
namespace {

constexpr int kOpenDirectories = 32;

struct Candidate {
  std::string directory, why;
  uint64_t bytes = 0;
};

// nftw has no argument for its callback: the sum of the tree that is being walked, one at a time.
thread_local uint64_t walked_bytes = 0;

int AddSize(const char*, const struct stat* info, int, struct FTW*) {
  walked_bytes += static_cast<uint64_t>(info->st_blocks) * 512;
  return 0;
}
int RemoveEntry(const char* path, const struct stat*, int type, struct FTW*) {
  if (type == FTW_DP) return rmdir(path);
  return unlink(path);
}

uint64_t SizeOf(const std::string& directory) {
  walked_bytes = 0;
  nftw(directory.c_str(), AddSize, kOpenDirectories, FTW_PHYS);
  return walked_bytes;
}

// Read-only directories (evidence) are opened first; a directory that goes is renamed, so that it is no run any more
// whatever happens next. Its results in the cache go before.
ErrorOr<Success> Remove(const std::string& directory) {
  const size_t slash = directory.find_last_of('/');
  const std::string cache = engine::CacheDirectory(directory);
  const std::string log = directory.substr(slash + 1) + "-";
  const auto names = platform::RealFileSystem().List(cache);
  for (const std::string& name : names.ok() ? *names : std::vector<std::string>()) {
    if (name.starts_with(log)) (void)unlink((cache + "/" + name).c_str());
  }
  const std::string gone = directory.substr(0, slash) + "/.gone-" + directory.substr(slash + 1);
  if (rename(directory.c_str(), gone.c_str()) != 0) return ErrnoError(errno, "removing " + directory);
  if (nftw(gone.c_str(), RemoveEntry, kOpenDirectories, FTW_DEPTH | FTW_PHYS) != 0) {
    return ErrnoError(errno, "removing " + gone);
  }
  return Success{};
}

// Why the run may go, or empty if it stays.
std::string WhyToRemove(const std::string& directory, int64_t older_ms, int64_t now) {
  struct stat info {};
  if (lstat(directory.c_str(), &info) != 0 || info.st_uid != geteuid()) return "";
  const auto record = engine::RunRecord::Load(platform::RealFileSystem(), directory);
  if (!record.ok()) return "";
  const engine::RunFacts& facts = record.value()->facts();
  if (!facts.finished || now - facts.ended < older_ms) return "";
  const report::EngineState engine = EngineStateOf(directory);
  if (engine.alive || engine.unknown) return "";
  return fmt::format("{} {}", facts.ok ? "finished" : "failed", report::FormatTime(facts.ended));
}

// Half-made directories of runs that never began, older than a day, and what an interrupted gc left.
void AddLeftovers(const std::string& runs, int64_t now, std::vector<Candidate>& candidates) {
  const auto names = platform::RealFileSystem().List(runs);
  if (!names.ok()) return;
  for (const std::string& name : names.value()) {
    const std::string directory = runs + "/" + name;
    struct stat info {};
    const bool ours = lstat(directory.c_str(), &info) == 0 && S_ISDIR(info.st_mode) && info.st_uid == geteuid();
    if (!ours || now - int64_t{info.st_mtime} * 1000 < 86'400'000) continue;
    const bool gone = name.compare(0, 6, ".gone-") == 0;
    const bool never = name[0] != '.' && access((directory + "/ir.json").c_str(), F_OK) != 0 &&
                       access((directory + "/inbox").c_str(), F_OK) == 0;
    if (gone || never)
      candidates.push_back({directory, gone ? "left by an earlier gc" : "never began", SizeOf(directory)});
  }
}

// Remembered results (a file for each engine of a run) to which nothing was added for that long. They say nothing but
// what can be computed again.
std::vector<Candidate> OldResults(const std::string& cache, int64_t older_ms, int64_t now) {
  std::vector<Candidate> old;
  const auto names = platform::RealFileSystem().List(cache);
  for (const std::string& name : names.ok() ? *names : std::vector<std::string>()) {
    const std::string path = cache + "/" + name;
    struct stat info {};
    if (lstat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode) || info.st_uid != geteuid()) continue;
    if (now - int64_t{info.st_mtime} * 1000 < older_ms) continue;
    old.push_back({path, "", static_cast<uint64_t>(info.st_blocks) * 512});
  }
  return old;
}

int CollectCache(const std::string& runs, int64_t older_ms, int64_t now, bool dry) {
  uint64_t bytes = 0;
  size_t count = 0;
  int exit = kExitDone;
  for (const Candidate& entry : OldResults(engine::CacheDirectory(runs + "/any"), older_ms, now)) {
    if (!dry && unlink(entry.directory.c_str()) != 0) {
      Complain(ErrnoError(errno, "removing " + entry.directory).message());
      exit = kExitWorld;
      continue;
    }
    ++count;
    bytes += entry.bytes;
  }
  fmt::print("{}{} {} of remembered results, {}\n", dry ? "would remove " : "", count, count == 1 ? "file" : "files",
             report::FormatBytes(static_cast<int64_t>(bytes)));
  return exit;
}

int Run(Context&, const Arguments& arguments) {
  const ErrorOr<std::string> runs = RunsDirectory(arguments);
  const std::optional<int64_t> older = review::ParseDuration(arguments.Get("older-than", "30d"));
  if (!runs.ok() || !older) {
    Complain(!runs.ok() ? runs.error().message() : "`--older-than` wants an age: 12h, 30d");
    return kExitUsage;
  }
  const std::optional<int64_t> cache = review::ParseDuration(arguments.Get("cache", "0s"));
  if (!cache) {
    Complain("`--cache` wants an age: 12h, 30d");
    return kExitUsage;
  }
  const int64_t now = platform::RealClock().NowMs();
  std::vector<Candidate> candidates;
  for (const std::string& id : ListRuns(runs.value())) {
    const std::string directory = runs.value() + "/" + id;
    const std::string why = WhyToRemove(directory, *older, now);
    if (!why.empty()) candidates.push_back({directory, why, SizeOf(directory)});
  }
  AddLeftovers(runs.value(), now, candidates);
  const bool dry = arguments.Has("dry-run");
  uint64_t bytes = 0;
  int exit = kExitDone;
  for (const Candidate& candidate : candidates) {
    fmt::print("{} {}  {}  {}\n", dry ? "would remove" : "removing", candidate.directory,
               report::FormatBytes(static_cast<int64_t>(candidate.bytes)), candidate.why);
    bytes += candidate.bytes;
    if (dry) continue;
    const ErrorOr<Success> removed = Remove(candidate.directory);
    if (removed.ok()) continue;
    Complain(removed.error().message());
    exit = kExitWorld;
  }
  fmt::print("{} {}, {}\n", candidates.size(), candidates.size() == 1 ? "run" : "runs",
             report::FormatBytes(static_cast<int64_t>(bytes)));
  if (!arguments.Has("cache")) return exit;
  return std::max(exit, CollectCache(runs.value(), *cache, now, dry));
}

}  // namespace

CommandSpec GcCommand() {
  CommandSpec spec;
  spec.name = "gc";
  spec.summary = "remove old finished runs";
  spec.text =
      "Removes your finished runs that ended longer ago than --older-than, with all that their tasks made: later runs "
      "cannot\n"
      "reuse it any more. Never an unfinished run, nor what its reviews show.";
  spec.options = {RunsOption(),
                  {"older-than", "AGE", "how long ago a run must have ended: 12h, 30d (default: 30d)"},
                  {"cache", "AGE", "also forget results remembered for reuse that are older"},
                  {"dry-run", "", "only say what would be removed"}};
  spec.examples = {{"hwf gc --dry-run", "what would go"}, {"hwf gc --older-than 7d", "a week is enough"}};
  spec.run = Run;
  return spec;
}

}  // namespace hwf::cli
