// From the queue to a running process.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "runtime/platform/process.h"
#include "runtime/platform/rename.h"
#include "runtime/runner/attempt_files.h"
#include "runtime/runner/emission_check.h"
#include "runtime/runner/launch.h"
#include "runtime/runner/process_tree.h"
#include "runtime/runner/ranks.h"
#include "runtime/runner/runner.h"

extern char** environ;

namespace hwf::runner {
namespace {

// How far behind a task that does not fit smaller ones are looked for.
constexpr size_t kLookAhead = 64;
constexpr int64_t kFirstSampleMs = 200;

std::string BaseName(const std::string& path) {
  std::string_view text = path;
  while (text.size() > 1 && text.ends_with('/')) text.remove_suffix(1);
  return std::string(text.substr(text.rfind('/') + 1));
}

// What the launchers of ranks, and programs that ask where they are, find in a job; outside of containers, which have
// their own, also its TMPDIR: that is its node's.
template <typename Given>
void AddJobVariables(const Given& given, bool boxed, std::vector<std::string>& env) {
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const bool of_job = text.starts_with("SLURM") || (!boxed && text.starts_with("TMPDIR="));
    if (of_job && !given(text.substr(0, text.find('=')))) env.emplace_back(text);
  }
}

// The setup is shell text of the site's owner; a login shell's functions (`module`) are there for it. What it prints is
// no output of the task, and PATH stays as it was given until the setup changes it. The command then finds the
// variables that it exported.
std::vector<std::string> WithSetup(const std::string& setup, std::vector<std::string> argv) {
  std::vector<std::string> words = {"bash", "-c",
                                    "exec 3>&1 1>&2\ntask_path=$PATH\n[ -r /etc/profile ] && . "
                                    "/etc/profile\nPATH=$task_path\nunset task_path\nset -e\n" +
                                        setup + "\nset +e\nexec 1>&3 3>&-\nexec \"$@\"",
                                    "setup"};
  words.insert(words.end(), std::make_move_iterator(argv.begin()), std::make_move_iterator(argv.end()));
  return words;
}

bool NoMore(const Demand& a, const Demand& b) { return a.cpus >= b.cpus && a.gpus >= b.gpus && a.memory >= b.memory; }

}  // namespace

// In order; behind a task that waits for room smaller ones may go, as far as the ledger lets them.
void Runner::StartQueued() {
  queue_changed_ = false;
  in_line_ = false;
  if (terminated_ || ending_ >= kMostEnding) return;
  std::vector<Demand> refused;
  for (size_t i = 0; i < queue_.size() && i < kLookAhead;) {
    Start& start = queue_[i];
    if (WaitsForImage(start)) {
      ++i;
      continue;
    }
    const Demand demand{start.cpus, start.gpus, start.memory};
    auto admitted = ledger_->Admit(demand);
    if (!admitted.ok()) {
      const Start never = std::move(start);
      queue_.erase(queue_.begin() + static_cast<std::ptrdiff_t>(i));
      EndUnrun(never, ir::Reason::kSite, admitted.error().message());
      continue;
    }
    const bool hopeless =
        std::any_of(refused.begin(), refused.end(), [&](const Demand& other) { return NoMore(demand, other); });
    Share share;
    if (hopeless || !ledger_->Take(demand, refused.empty(), now_ms_, share)) {
      if (!hopeless) refused.push_back(demand);
      ++i;
      continue;
    }
    if (!Begin(start, share)) {
      ledger_->Give(share);
      return;
    }
    queue_.erase(queue_.begin() + static_cast<std::ptrdiff_t>(i));
  }
  if (queue_.empty()) {
    ledger_->LeaveLine();
    spares_.Remove();
  }
  in_line_ = !refused.empty();
}

// False: nothing was claimed; it stays in the queue. Takes what it needs out of `start` otherwise.
bool Runner::Begin(Start& start, Share share) {
  if (!ReserveRoom()) return false;
  auto slot = slots_.Take();
  if (!slot.ok()) {
    Hold((slot.error().code() == ENOSPC ? "disk full: " : "") + slot.error().message());
    return false;
  }
  const std::string key = KeyOf(start.place, start.attempt);
  auto mine = front_->Claim(start);
  if (!mine.ok() || !*mine) {
    slots_.Give(*slot, false);
    queued_.erase(key);
    ledger_->Give(share);
    if (mine.ok()) return true;  // another has it: not ours to report
    EndUnrun(start, ir::Reason::kSite, mine.error().WithContext("claiming the attempt").message());
    return true;
  }
  if (auto claimed = log_->AppendNow(Claimed{start.place, start.attempt}); !claimed.ok()) {
    Hold(NoRoomText(claimed.error(), kLogStands));
    slots_.Give(*slot, false);
    return false;
  }
  log_->Note(key);
  queued_.erase(key);
  auto owned = std::make_unique<Attempt>();
  Attempt& attempt = *owned;
  attempt.key = key;
  attempt.start = std::move(start);
  attempt.share = std::move(share);
  attempt.slot = *slot;
  running_[key] = std::move(owned);
  auto ready = attempt.start.effect ? log_->Sync() : ErrorOr<Success>(Success{});
  if (ready.ok()) ready = Prepare(attempt);
  if (!ready.ok()) {
    const bool full = ready.error().code() == ENOSPC || ready.error().code() == EDQUOT;
    EndUnrun(attempt.start, ir::Reason::kSite, (full ? "disk full: " : "") + ready.error().message());
    Forget(attempt, false);
    return true;
  }
  LaunchTask(attempt);
  return true;
}

ErrorOr<Success> Runner::MakeAttemptDirectory(const std::string& directory) {
  if (options_.in_job) return Success{};  // whoever submitted has made it
  if (spares_.Use(directory)) return Success{};
  int error = MakeDirectory(directory, directory_mode_);
  if (error == ENOENT) {
    const std::string parent = directory.substr(0, directory.rfind('/'));
    const std::string grandparent = parent.substr(0, parent.rfind('/'));
    if (MakeDirectory(parent, directory_mode_) == ENOENT) {
      (void)MakeDirectory(grandparent, directory_mode_);
      (void)MakeDirectory(parent, directory_mode_);
    }
    error = MakeDirectory(directory, directory_mode_);
  }
  // The host died after an earlier claim that the log lost: what that execution left is kept beside.
  for (int n = 1; error == EEXIST && n < 1000; ++n) {
    const std::string aside = fmt::format("{}.lost-{}", directory, n);
    struct stat info {};
    if (lstat(aside.c_str(), &info) == 0) continue;
    const int moved = platform::RenameAndLook(directory, aside);
    if (moved != 0) return ErrnoError(moved, "moving aside " + directory);
    error = MakeDirectory(directory, directory_mode_);
  }
  if (error != 0) return ErrnoError(error, "making the attempt's directory " + directory);
  return Success{};
}

ErrorOr<Success> Runner::Prepare(Attempt& attempt) {
  const Start& start = attempt.start;
  HWF_TRY(MakeAttemptDirectory(start.directory));
  for (const std::string& link : start.links) {
    const std::string path = start.directory + "/" + BaseName(link);
    if (symlink(link.c_str(), path.c_str()) != 0) return ErrnoError(errno, fmt::format("linking {} to {}", path, link));
  }
  for (const auto& [name, path] : start.bundled) {
    const std::string link = BundledPath(start.directory, name, path);
    const std::string folder = link.substr(0, link.rfind('/'));
    for (const std::string& part : {folder.substr(0, folder.rfind('/')), folder}) {
      const int error = MakeDirectory(part, directory_mode_);
      if (error != 0 && error != EEXIST) return ErrnoError(error, "making " + part);
    }
    if (symlink(path.c_str(), link.c_str()) != 0) return ErrnoError(errno, fmt::format("linking {} to {}", link, path));
  }
  // A file, not a memfd behind /dev/fd: that saves some 30 µs of a start that takes bash a millisecond, but messages of
  // bash and python would name /dev/fd/3, python would not find modules that lie beside its script, and its
  // multiprocessing could not read the script again.
  if (!start.script.empty()) {
    struct stat written {};
    HWF_TRY(WriteNew(start.directory + "/command", start.script, &written));
    attempt.command_inode = written.st_ino;
    attempt.command_time = written.st_mtim;
  }
  if (start.accepts_messages || !start.messages.empty()) {
    HWF_TRY(MakeMessageDirectories(start.directory, directory_mode_));
    for (const Json& body : start.messages) HWF_TRY(Place(start, body));
  }
  if (start.streams.empty()) return Success{};
  const std::string checkpoints = start.directory + "/checkpoints";
  const int error = MakeDirectory(checkpoints, directory_mode_);
  if (error != 0) return ErrnoError(error, "making " + checkpoints);
  HWF_ASSIGN(Emissions::Check check, MakeEmissionCheck(start.stream_types));
  attempt.emissions = std::make_unique<Emissions>(checkpoints, start.streams, start.every_all, std::set<std::string>(),
                                                  std::move(check));
  if (inotify_ >= 0) {
    attempt.watch =
        inotify_add_watch(inotify_, checkpoints.c_str(), IN_MOVED_TO | IN_CLOSE_WRITE | IN_ONLYDIR | IN_DONT_FOLLOW);
    if (attempt.watch >= 0) by_watch_[attempt.watch] = &attempt;
  }
  attempt.scan_at_ms = now_ms_ + (attempt.watch >= 0 ? kScanMs : kScanPollMs);
  return Success{};
}

std::vector<std::string> Runner::EnvironmentOf(const Attempt& attempt) const {
  const Start& start = attempt.start;
  std::vector<std::string> env;
  env.reserve(start.env.size() + 8);
  auto given = [&](std::string_view name) {
    return std::any_of(start.env.begin(), start.env.end(), [&](const auto& pair) { return pair.first == name; });
  };
  for (const auto& [name, value] : start.env) {
    if (name == "HWF_TASK_DIR" || name == "HWF_PLACE" || name == "HWF_ATTEMPT") continue;
    if (name == "CUDA_VISIBLE_DEVICES" && start.gpus > 0) continue;
    env.push_back(name + "=" + value);
  }
  for (const auto& [name, value] : start.secrets) env.push_back(name + "=" + value);
  if (options_.in_job) AddJobVariables(given, !start.image.empty(), env);
  env.push_back("HWF_TASK_DIR=" + start.directory);
  env.push_back("HWF_PLACE=" + start.place);
  env.push_back(fmt::format("HWF_ATTEMPT={}", start.attempt));
  const int threads = std::max(1, static_cast<int>(start.cpus));
  for (const char* name : {"OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS"}) {
    if (!given(name)) env.push_back(fmt::format("{}={}", name, threads));
  }
  if (start.gpus > 0) {
    std::string ids;
    for (const std::string& id : attempt.share->gpu_ids) ids += (ids.empty() ? "" : ",") + id;
    env.push_back("CUDA_VISIBLE_DEVICES=" + ids);
  }
  return env;
}

// Its command on this machine, with the launcher of its ranks.
ErrorOr<Success> Runner::DescribeTask(const Attempt& attempt, LaunchSpec& spec) const {
  const Start& start = attempt.start;
  spec.env = EnvironmentOf(attempt);
  HWF_ASSIGN(TaskCommand command, CommandOf(start, {options_.launch, self_, options_.in_job}, spec.env));
  spec.argv = std::move(command.over_nodes);
  spec.argv.insert(spec.argv.end(), command.here.begin(), command.here.end());
  spec.directory = start.directory;
  spec.out = slots_.out(attempt.slot);
  spec.err = slots_.err(attempt.slot);
  return Success{};
}

void Runner::LaunchTask(Attempt& attempt) {
  const Start& start = attempt.start;
  LaunchSpec spec;
  const auto described = start.image.empty() ? DescribeTask(attempt, spec) : DescribeBox(attempt, spec);
  if (!described.ok()) {
    EndUnrun(start, ir::Reason::kSite, described.error().message());
    return Forget(attempt, false);
  }
  attempt.by_srun = HasRanks(start) && spec.argv.front() == "srun";
  if (!options_.setup.empty()) spec.argv = WithSetup(options_.setup, std::move(spec.argv));
  spec.cpu_ids = attempt.share->cpu_ids;
  attempt.started_ms = BootMs();
  const LaunchResult launched = Launch(spec);
  if (launched.pid < 0) {
    EndUnrun(start, ir::Reason::kSite,
             ErrnoError(launched.error, fmt::format("starting a process: {}", launched.step)).message());
    return Forget(attempt, false);
  }
  attempt.pid = launched.pid;
  by_pid_[attempt.pid] = &attempt;
  if (launched.error != 0) {
    // The child is a zombie that says 127; as a shell would, the command's absence is its exit status.
    std::string text =
        launched.step == std::string_view("exec") && launched.error == ENOENT
            ? fmt::format("{}: command not found\n", spec.argv.front())
            : ErrnoError(launched.error, fmt::format("{}: {}", spec.argv.front(), launched.step)).message() + "\n";
    (void)!write(spec.err, text.data(), text.size());
  }
  if (start.time_limit_ms > 0) attempt.deadline_ms = attempt.started_ms + start.time_limit_ms;
  attempt.sample_at_ms = attempt.started_ms + kFirstSampleMs;
  if (start.memory > 0) attempt.oom_kills = KernelOomKills();
  Log(Started{start.place, start.attempt, attempt.pid, attempt.slot, attempt.started_ms, boot_,
              options_.in_job ? platform::HostName() : ""});
}

// Ended without having run.
void Runner::EndUnrun(const Start& start, ir::Reason reason, const std::string& why) {
  const std::string key = KeyOf(start.place, start.attempt);
  queued_.erase(key);
  log_->Note(key);
  Ended ended;
  ended.place = start.place;
  ended.attempt = start.attempt;
  ended.failure = reason;
  ended.message = why;
  ended.outputs = Json::Object();
  Log(ended);
}

ErrorOr<Success> Runner::Place(const Start& start, const Json& body) {
  HWF_TRY(PlaceMessage(start.directory, body));
  Log(MessagePlaced{start.place, start.attempt, body["number"].AsInt()});
  return Success{};
}

void Runner::OnMessage(const Message& message) {
  const std::string key = KeyOf(message.place, message.attempt);
  for (Start& start : queue_) {
    if (start.place == message.place && start.attempt == message.attempt) {
      start.messages.push_back(message.body);
      return;
    }
  }
  const Attempt* attempt = FindRunning(key);
  if (attempt == nullptr || attempt->main_dead) return;  // the engine hears of its end
  auto placed = Place(attempt->start, message.body);
  if (placed.ok()) return;
  unplaced_.push_back(message);
  const bool full = placed.error().code() == ENOSPC || placed.error().code() == EDQUOT;
  Hold(fmt::format("{}a message cannot be placed: {}", full ? "disk full: " : "", placed.error().message()));
}

// Those that failed, in their order.
void Runner::PlaceWaiting() {
  std::vector<Message> waiting;
  waiting.swap(unplaced_);
  for (const Message& message : waiting) {
    if (unplaced_.empty()) {
      OnMessage(message);
    } else {
      unplaced_.push_back(message);
    }
  }
}

}  // namespace hwf::runner
