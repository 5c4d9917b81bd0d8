// From the death of a task's main process to its end in the log.
#include <fmt/format.h>
#include <signal.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "runtime/runner/machine.h"
#include "runtime/runner/outputs.h"
#include "runtime/runner/process_tree.h"
#include "runtime/runner/runner.h"
#include "runtime/runner/sync_files.h"

namespace hwf::runner {
namespace {

constexpr size_t kTailBytes = 2048;
constexpr size_t kTailLines = 10;

std::string LastLines(std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  size_t at = text.size();
  for (size_t lines = 0; at > 0 && lines < kTailLines; ++lines) {
    const size_t newline = text.rfind('\n', at - 1);
    if (newline == std::string::npos) return text;
    at = newline;
  }
  return text.substr(at == 0 ? 0 : at + 1);
}

constexpr int64_t kDoubtMs = 1000;

// As Slurm ends all that a job has, its tasks as well as us.
bool DiedAsInTheEndOfAJob(int status) {
  if (WIFSIGNALED(status)) return WTERMSIG(status) == SIGTERM || WTERMSIG(status) == SIGKILL;
  return WEXITSTATUS(status) == 128 + SIGTERM || WEXITSTATUS(status) == 128 + SIGKILL;
}

int64_t Milliseconds(const timeval& time) { return int64_t{time.tv_sec} * 1000 + time.tv_usec / 1000; }

// Still as the runner wrote it: the task may have put a file of its own there.
bool IsOurCommand(const Attempt& attempt, const std::string& path) {
  struct stat now {};
  return attempt.command_inode != 0 && lstat(path.c_str(), &now) == 0 && now.st_ino == attempt.command_inode &&
         now.st_mtim.tv_sec == attempt.command_time.tv_sec && now.st_mtim.tv_nsec == attempt.command_time.tv_nsec;
}

// What we linked, and not what the task has put in its place.
void UnlinkIfLink(const std::string& path) {
  char target[1];
  if (readlink(path.c_str(), target, sizeof target) >= 0) (void)unlink(path.c_str());
}

}  // namespace

void Runner::ReapChildren() {
  bool strays = false;
  while (true) {
    siginfo_t info{};
    // Not those of the worker's threads, who wait for them.
    if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WNOTHREAD) != 0 || info.si_pid == 0) break;
    int status = 0;
    rusage usage{};
    auto it = by_pid_.find(info.si_pid);
    if (it == by_pid_.end()) {
      (void)wait4(info.si_pid, &status, WNOHANG, &usage);
      strays = true;
      continue;
    }
    Attempt& attempt = *it->second;
    // While it is a zombie, its process group cannot be another's.
    if (attempt.kill != Attempt::Kill::kNone)
      (void)kill(-attempt.pid, attempt.kill == Attempt::Kill::kOom ? SIGKILL : SIGTERM);
    (void)wait4(info.si_pid, &status, WNOHANG, &usage);
    by_pid_.erase(it);
    OnMainDead(attempt, status, usage);
  }
  if (strays) CheckDying();
}

void Runner::OnMainDead(Attempt& attempt, int status, const struct rusage& usage) {
  attempt.main_dead = true;
  attempt.status = status;
  attempt.usage.wall_ms = BootMs() - attempt.started_ms;
  attempt.usage.cpu_ms = Milliseconds(usage.ru_utime) + Milliseconds(usage.ru_stime);
  attempt.usage.max_rss = int64_t{usage.ru_maxrss} * 1024;
  attempt.deadline_ms = kNever;
  // What was killed has the rest of its grace; else a short one, for helpers that just finish (`> >(tee log)`).
  const bool killed = attempt.kill != Attempt::Kill::kNone;
  attempt.strays_until_ms = killed ? std::max(now_ms_, std::min(attempt.kill_at_ms, now_ms_ + options_.kill_grace_ms))
                                   : now_ms_ + options_.stray_grace_ms;
  attempt.kill_at_ms = kNever;
  if (attempt.box && !SettleBox(attempt)) return;
  const std::vector<pid_t> strays = DirectStrays();
  if (strays.empty() && unowned_.empty()) return Finalize(attempt);
  CheckDying();
}

// Nothing of it lives: its last emissions, then its outputs. What it held of the machine is free.
void Runner::Finalize(Attempt& attempt) {
  GiveShare(attempt);
  if (!std::exchange(attempt.ending, true)) ++ending_;
  attempt.strays_until_ms = attempt.kill_at_ms = attempt.scan_at_ms = attempt.sample_at_ms = kNever;
  if (attempt.emissions) {
    ScanEmissions(attempt, true);
    if (attempt.scan_at_ms <= now_ms_) return;  // there are more: called again by Tick
  }
  attempt.scan_at_ms = kNever;
  // Its end may be the first that is seen of the job's.
  const bool alone = attempt.kill == Attempt::Kill::kNone;
  if (options_.in_job && alone && DiedAsInTheEndOfAJob(attempt.status)) {
    if (attempt.doubt_until_ms == 0) attempt.doubt_until_ms = now_ms_ + kDoubtMs;
    if (now_ms_ < attempt.doubt_until_ms) {
      attempt.scan_at_ms = attempt.doubt_until_ms;
      return;
    }
  }
  if (attempt.jobs > 0 || attempt.resolving) return;  // called again when they are done
  const bool failed =
      attempt.kill != Attempt::Kill::kNone || !WIFEXITED(attempt.status) || WEXITSTATUS(attempt.status) != 0;
  if (failed || attempt.start.outputs.empty()) return Conclude(attempt, Json::Object());
  OutputsRequest request;
  request.directory = attempt.start.directory;
  request.outputs = attempt.start.outputs;
  request.holds_command = IsOurCommand(attempt, request.directory + "/command");
  request.stdout_path = slots_.Path(attempt.slot, false);
  const bool stdout_file = std::any_of(request.outputs.begin(), request.outputs.end(), [](const OutputSpec& output) {
    return output.kind == OutputSpec::Kind::kStdoutFile;
  });
  if (stdout_file) {
    auto moved = slots_.Collect(attempt.slot, false, request.directory, true);
    if (!moved.ok()) return Conclude(attempt, moved.error());
    attempt.out_file = moved->file;
    request.stdout_path = request.directory + "/" + moved->file;
  }
  if (!OutputsAreHeavy(request)) return OnResolved({attempt.key, ResolveOutputs(request)});
  attempt.resolving = true;
  output_worker_.Add([this, key = attempt.key, request = std::move(request)]() -> Worker::Completion {
    auto resolved = std::make_shared<Resolved>(Resolved{key, ResolveOutputs(request)});
    return [this, resolved] { OnResolved(std::move(*resolved)); };
  });
}

// Its files have to be on disk before anything says that they are there.
void Runner::OnResolved(Resolved resolved) {
  if (resolved.outputs.ok() && !resolved.outputs->files.empty()) {
    to_sync_.push_back(std::move(resolved));
    return SyncResolved();
  }
  Attempt* attempt = FindRunning(resolved.key);
  if (attempt == nullptr) return;
  if (!resolved.outputs.ok()) return Conclude(*attempt, resolved.outputs.error());
  Conclude(*attempt, std::move(resolved.outputs->values));
}

// Those that come while others are synced go together, in one.
void Runner::SyncResolved() {
  if (syncing_ || to_sync_.empty()) return;
  syncing_ = true;
  auto batch = std::make_shared<std::vector<Resolved>>(std::exchange(to_sync_, {}));
  sync_worker_.Add([this, batch]() -> Worker::Completion {
    std::vector<std::vector<std::string>> groups;
    for (Resolved& one : *batch) groups.push_back(std::move(one.outputs->files));
    return [this, batch, results = SyncFiles(groups, options_.run_directory)] {
      syncing_ = false;
      for (size_t i = 0; i < batch->size(); ++i) {
        Resolved& one = (*batch)[i];
        Attempt* attempt = FindRunning(one.key);
        if (attempt == nullptr) continue;
        if (results[i].ok()) {
          Conclude(*attempt, std::move(one.outputs->values));
        } else {
          Conclude(*attempt, results[i].error().WithContext("its outputs"));
        }
      }
      SyncResolved();
    };
  });
}

// Why it failed, for people and for retries.
void Runner::Describe(const Attempt& attempt, Ended& ended) const {
  const int status = attempt.status;
  if (WIFEXITED(status)) ended.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) ended.signal = WTERMSIG(status);
  const Start& start = attempt.start;
  switch (attempt.kill) {
    case Attempt::Kill::kCancelled:
      ended.failure = ir::Reason::kCancelled;
      ended.message = "cancelled";
      return;
    case Attempt::Kill::kTimeLimit:
      ended.failure = ir::Reason::kTimeLimit;
      ended.message =
          fmt::format("it ran longer than its limit of {:g} s", static_cast<double>(start.time_limit_ms) / 1000);
      return;
    case Attempt::Kill::kOom:
      ended.failure = ir::Reason::kOom;
      ended.message = fmt::format("its processes used {} MiB of memory, more than its limit of {} MiB",
                                  attempt.peak_bytes >> 20, start.memory >> 20);
      return;
    case Attempt::Kill::kPreempted:
      ended.failure = ir::Reason::kPreempted;
      ended.message = "the runner was told to end (SIGTERM)";
      return;
    case Attempt::Kill::kNone:
      break;
  }
  if (DescribeTrouble(attempt, ended)) return;
  const bool by_kernel = (ended.signal == SIGKILL || ended.exit_code == 128 + SIGKILL) && start.memory > 0 &&
                         (attempt.box ? attempt.box->outcome->oom_kills > 0 : KernelOomKills() > attempt.oom_kills);
  if (by_kernel) {
    ended.failure = ir::Reason::kOom;
    ended.message = "the kernel killed it for memory";
  } else if (ended.signal != 0) {
    ended.failure = ir::Reason::kSignal;
    ended.message = fmt::format("killed by signal {} ({})", ended.signal, strsignal(ended.signal));
  } else if (ended.exit_code.value_or(0) != 0) {
    ended.failure = ir::Reason::kExit;
    ended.message = fmt::format("exit status {}", *ended.exit_code);
    if (*ended.exit_code > 128 && *ended.exit_code <= 128 + 64) {
      ended.message += fmt::format(" (as a shell says it: signal {}, {})", *ended.exit_code - 128,
                                   strsignal(*ended.exit_code - 128));
    }
  }
}

void Runner::Conclude(Attempt& attempt, ErrorOr<Json> outputs) {
  Ended ended;
  ended.place = attempt.start.place;
  ended.attempt = attempt.start.attempt;
  ended.usage = attempt.usage;
  ended.usage.max_rss = std::max(ended.usage.max_rss, attempt.peak_bytes);
  ended.outputs = Json::Object();
  Describe(attempt, ended);
  if (!outputs.ok()) {
    ended.failure = ir::Reason::kOutput;
    ended.message = outputs.error().message();
  } else if (!ended.failure) {
    ended.outputs = *std::move(outputs);
  }
  if (ended.failure && ended.failure != ir::Reason::kCancelled) {
    std::string tail = slots_.Tail(attempt.slot, true, kTailBytes);
    if (tail.empty()) tail = slots_.Tail(attempt.slot, false, kTailBytes);
    if (!tail.empty()) ended.message += "\n" + LastLines(std::move(tail));
  }
  if (!attempt.killed_strays.empty() && attempt.kill == Attempt::Kill::kNone) {
    const std::string names = fmt::format("{}", fmt::join(attempt.killed_strays, ", "));
    const std::string note = fmt::format("processes outlived its main process and were killed: {}", names);
    ended.message += ended.message.empty() ? note : "\n" + note;
  }
  for (const bool err : {false, true}) {
    Stream stream;
    if (!err && !attempt.out_file.empty()) {
      stream.file = attempt.out_file;
    } else if (auto collected = slots_.Collect(attempt.slot, err, attempt.start.directory, false); collected.ok()) {
      stream = *std::move(collected);
    } else {
      ended.message += (ended.message.empty() ? "" : "\n") + collected.error().message();
    }
    (err ? ended.err : ended.out) = std::move(stream.text);
    (err ? ended.err_file : ended.out_file) = std::move(stream.file);
  }
  TidyDirectory(attempt, ended.failure.has_value());
  Log(ended);
  Forget(attempt, !unowned_.empty());
}

// What we put there goes, and the directory with it if the task left nothing. A failed task keeps its command.
void Runner::TidyDirectory(const Attempt& attempt, bool failed) {
  const Start& start = attempt.start;
  const std::string& directory = start.directory;
  const std::string command = directory + "/command";
  if (!failed && IsOurCommand(attempt, command)) (void)unlink(command.c_str());
  if (!start.script.empty() && failed) return;
  for (const std::string& link : start.links) {
    std::string_view path = link;
    while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
    UnlinkIfLink(directory + "/" + std::string(path.substr(path.rfind('/') + 1)));
  }
  for (const auto& [name, path] : start.bundled) {
    const std::string link = BundledPath(directory, name, path);
    UnlinkIfLink(link);
    const std::string folder = link.substr(0, link.rfind('/'));
    if (rmdir(folder.c_str()) == 0) (void)rmdir(folder.substr(0, folder.rfind('/')).c_str());
  }
  if (start.accepts_messages || !start.messages.empty()) {
    (void)rmdir((directory + "/messages/taken").c_str());
    (void)rmdir((directory + "/messages").c_str());
  }
  if (attempt.emissions) (void)rmdir((directory + "/checkpoints").c_str());
  if (!failed && !queue_.empty() && unowned_.empty() && spares_.Keep(directory, directory_mode_)) return;
  if (rmdir(directory.c_str()) == 0) (void)rmdir(directory.substr(0, directory.rfind('/')).c_str());
}

void Runner::GiveShare(Attempt& attempt) {
  if (!attempt.share) return;
  ledger_->Give(*attempt.share);
  attempt.share.reset();
  queue_changed_ = queue_changed_ || !queue_.empty();
}

void Runner::Forget(Attempt& attempt, bool spoilt) {
  if (attempt.watch >= 0) {
    by_watch_.erase(attempt.watch);
    (void)inotify_rm_watch(inotify_, attempt.watch);
  }
  if (attempt.slot >= 0) slots_.Give(attempt.slot, spoilt);
  if (attempt.box || attempt.rank_boxes) {
    box_worker_.Add(
        [box = attempt.box ? attempt.box->directory : attempt.rank_boxes->directory]() -> Worker::Completion {
          RemoveBoxDirectory(box);
          return [] {};
        });
  }
  if (attempt.pid > 0) by_pid_.erase(attempt.pid);
  GiveShare(attempt);
  if (attempt.ending && ending_-- == kMostEnding) queue_changed_ = queue_changed_ || !queue_.empty();
  if (running_.size() == 1) idle_since_ms_ = now_ms_;
  running_.erase(std::string(attempt.key));
}

}  // namespace hwf::runner
