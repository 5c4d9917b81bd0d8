// `hwf gc`: removes what finished runs left. Never an unfinished run (its open reviews show what lies there), never
// another person's, nothing without having said what.
#include <fmt/format.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <set>
#include <utility>

#include "runtime/cli/commands.h"
#include "runtime/cli/open_run.h"
#include "runtime/engine/evidence.h"
#include "runtime/engine/run_directory.h"
#include "runtime/platform/clock.h"
#include "runtime/platform/paths.h"
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

// Directories that a task closed, and that there are such behind one that could not be read.
thread_local bool opened_more = false;
int OpenUp(const char* path, const struct stat* info, int type, struct FTW*) {
  const bool closed = (type == FTW_D || type == FTW_DNR) && (info->st_mode & 0700) != 0700;
  if (!closed || chmod(path, (info->st_mode & 07777) | 0700) != 0) return 0;
  opened_more = opened_more || type == FTW_DNR;
  return 0;
}

// Also what lies in directories that a task closed.
ErrorOr<Success> RemoveTree(const std::string& directory) {
  constexpr int kMostPasses = 100;  // one a level of directories that could not be read
  if (nftw(directory.c_str(), RemoveEntry, kOpenDirectories, FTW_DEPTH | FTW_PHYS) == 0) return Success{};
  opened_more = true;
  for (int pass = 0; std::exchange(opened_more, false) && pass < kMostPasses; ++pass) {
    nftw(directory.c_str(), OpenUp, kOpenDirectories, FTW_PHYS);
  }
  if (nftw(directory.c_str(), RemoveEntry, kOpenDirectories, FTW_DEPTH | FTW_PHYS) == 0) return Success{};
  return ErrnoError(errno, "removing " + directory);
}

uint64_t SizeOf(const std::string& directory) {
  walked_bytes = 0;
  nftw(directory.c_str(), AddSize, kOpenDirectories, FTW_PHYS);
  return walked_bytes;
}

// A directory that goes is renamed first, so that it is no run any more whatever happens next. Its results in the cache
// go before.
ErrorOr<Success> Remove(const std::string& directory) {
  const size_t slash = directory.find_last_of('/');
  const std::string log = directory.substr(slash + 1) + "-";
  for (const std::string& cache : engine::OwnCaches(directory)) {
    const auto names = platform::RealFileSystem().List(cache);
    for (const std::string& name : names.ok() ? *names : std::vector<std::string>()) {
      if (name.starts_with(log)) (void)unlink((cache + "/" + name).c_str());
    }
  }
  const std::string gone = directory.substr(0, slash) + "/.gone-" + directory.substr(slash + 1);
  if (rename(directory.c_str(), gone.c_str()) != 0) return ErrnoError(errno, "removing " + directory);
  return RemoveTree(gone);
}

// The names of all directories in which files of `value` lie.
void AddDirectories(const Json& value, std::set<std::string>& names) {
  std::vector<const Json*> files;
  engine::CollectFiles(value, files);
  for (const Json* file : files) {
    const std::string path = file->StringOr("path", "");
    for (size_t from = 0, to = 0; (to = path.find('/', from)) != std::string::npos; from = to + 1) {
      names.insert(path.substr(from, to - from));
    }
  }
}

// Why the run may go, or empty if it stays. One that is not finished adds where the results lie that it took from
// earlier runs: it goes on with them, and what its reviews show may be among them.
std::string WhyToRemove(const std::string& directory, int64_t older_ms, int64_t now, std::set<std::string>& needed) {
  struct stat info {};
  if (lstat(directory.c_str(), &info) != 0 || info.st_uid != geteuid()) return "";
  std::set<std::string> taken;
  const auto note = [&](const state::Event& event, const std::vector<scheduler::Command>&) {
    if (const auto* reused = std::get_if<state::TaskReused>(&event.body)) AddDirectories(reused->outputs, taken);
  };
  const auto record = engine::RunRecord::Load(platform::RealFileSystem(), directory, note);
  if (!record.ok()) return "";
  const engine::RunFacts& facts = record.value()->facts();
  if (!facts.finished) needed.merge(taken);
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

// Removes candidates, or only says what it would remove, and counts.
class Collector {
 public:
  Collector(bool dry, bool json) : dry_(dry), json_(json) {}

  void Run(const Candidate& run) {
    if (!json_) {
      fmt::print("{} {}  {}  {}\n", dry_ ? "would remove" : "removing", run.directory, Size(run.bytes), run.why);
    }
    const ErrorOr<Success> removed = dry_ ? ErrorOr<Success>(Success{}) : Remove(run.directory);
    Count(run, removed, run_count_, run_bytes_, runs_);
  }
  void Results(const Candidate& file) {
    ErrorOr<Success> removed = Success{};
    if (!dry_ && unlink(file.directory.c_str()) != 0) removed = ErrnoError(errno, "removing " + file.directory);
    Count(file, removed, result_count_, result_bytes_, results_);
  }

  // Prints the sums; the exit code.
  int Close(bool with_results) const {
    if (json_) {
      Json json;
      json.Set("dry_run", dry_).Set("runs", runs_).Set("results", results_);
      fmt::print("{}\n", json.Dump());
      return exit_;
    }
    fmt::print("{} {}, {}\n", run_count_, run_count_ == 1 ? "run" : "runs", Size(run_bytes_));
    if (with_results) {
      fmt::print("{}{} {} of remembered results, {}\n", dry_ ? "would remove " : "", result_count_,
                 result_count_ == 1 ? "file" : "files", Size(result_bytes_));
    }
    return exit_;
  }

 private:
  static std::string Size(uint64_t bytes) { return report::FormatBytes(static_cast<int64_t>(bytes)); }
  void Count(const Candidate& gone, const ErrorOr<Success>& removed, size_t& count, uint64_t& bytes, Json& list) {
    Json entry;
    entry.Set("path", gone.directory).Set("bytes", static_cast<int64_t>(gone.bytes));
    if (!gone.why.empty()) entry.Set("why", gone.why);
    if (!removed.ok()) {
      Complain(removed.error().message());
      exit_ = kExitWorld;
      entry.Set("error", removed.error().message());
    } else {
      ++count;
      bytes += gone.bytes;
    }
    list.Add(std::move(entry));
  }

  bool dry_, json_;
  int exit_ = kExitDone;
  size_t run_count_ = 0, result_count_ = 0;
  uint64_t run_bytes_ = 0, result_bytes_ = 0;
  Json runs_ = Json::Array(), results_ = Json::Array();
};

int RunGc(Context&, const Arguments& arguments) {
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
  std::set<std::string> needed;
  for (const std::string& id : ListRuns(runs.value())) {
    const std::string directory = runs.value() + "/" + id;
    const std::string why = WhyToRemove(directory, *older, now, needed);
    if (!why.empty()) candidates.push_back({directory, why, SizeOf(directory)});
  }
  std::erase_if(candidates, [&](const Candidate& run) { return needed.contains(platform::BaseName(run.directory)); });
  AddLeftovers(runs.value(), now, candidates);
  Collector collector(arguments.Has("dry-run"), arguments.Has("json"));
  for (const Candidate& candidate : candidates) collector.Run(candidate);
  if (!arguments.Has("cache")) return collector.Close(false);
  for (const std::string& place : engine::OwnCaches(runs.value() + "/any")) {
    for (const Candidate& file : OldResults(place, *cache, now)) collector.Results(file);
  }
  return collector.Close(true);
}

}  // namespace

CommandSpec GcCommand() {
  CommandSpec spec;
  spec.name = "gc";
  spec.summary = "remove old finished runs";
  spec.text =
      "Removes your finished runs that ended longer ago than --older-than, with all that their tasks made: later runs "
      "cannot\n"
      "reuse it any more. Never an unfinished run, nor a run whose results it took: what reviews show is there as long "
      "as\n"
      "they are open, whatever their deadline. Which results other people's runs took (--trust) it does not know.";
  spec.options = {RunsOption(),
                  {"older-than", "AGE", "how long ago a run must have ended: 12h, 30d (default: 30d)"},
                  {"cache", "AGE", "also forget results remembered for reuse that are older"},
                  {"dry-run", "", "only say what would be removed"},
                  JsonOption()};
  spec.examples = {{"hwf gc --dry-run", "what would go"}, {"hwf gc --older-than 7d", "a week is enough"}};
  spec.run = RunGc;
  return spec;
}

}  // namespace hwf::cli
