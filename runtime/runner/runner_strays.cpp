// Whose processes are whose, and the end of those that outlive a task's main process.
//
// The runner is a subreaper, so whatever a dead process of a task leaves becomes a direct child of ours: strays are our
// children that are no main process. They cannot vanish before we wait for them, so killing them by pid is safe; as
// they die, their own children come to us in turn, until nothing is left.
//
// A stray belongs to the attempt that its environment names, or else to the one in whose session or process group it
// is, among whose processes it was seen before, whose streams it has open or in whose directory it stands.
#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "runtime/runner/process_tree.h"
#include "runtime/runner/runner.h"

namespace hwf::runner {
namespace {

constexpr size_t kMaxNamedStrays = 5;
constexpr size_t kMaxMembers = 4096;  // above, those that are dead are forgotten

std::string ProcessName(pid_t pid) {
  std::string name = ReadSmall(fmt::format("/proc/{}/comm", pid).c_str(), 64);
  while (name.ends_with('\n')) name.pop_back();
  return name;
}

bool IsZombie(pid_t pid) { return !StartedAtBootMs(pid).has_value(); }

bool SameFile(const struct stat& a, const struct stat& b) { return a.st_dev == b.st_dev && a.st_ino == b.st_ino; }

// The process that has been seen as `number`, or one whose session or group it leads or led. The number cannot be
// another's while that session or group lives, but may have become another's since.
bool IsOrFollows(const ProcessStat& process, pid_t number, int64_t started_ms) {
  if (process.pid == number) return process.started_ms == started_ms;
  if (process.session != number && process.group != number) return false;
  const std::optional<ProcessStat> leader = StatOf(number);
  return process.started_ms >= started_ms && (!leader || leader->started_ms == started_ms);
}

bool WasSeen(const Attempt& attempt, const ProcessStat& process) {
  for (const pid_t number : {process.pid, process.session, process.group}) {
    const auto it = attempt.members.find(number);
    if (it != attempt.members.end() && IsOrFollows(process, it->first, it->second)) return true;
  }
  return false;
}

}  // namespace

// Our children that are no main process. proc(5) calls the list unreliable when children exit while it is read: what
// leaves it then are those that are waited for, which only this thread does; it is complete for us.
std::vector<pid_t> Runner::DirectStrays() const {
  std::vector<pid_t> strays;
  if (children_ < 0) {  // a kernel without the list
    for (pid_t pid : ChildrenOf(getpid())) {
      if (!by_pid_.contains(pid) && !(boxes_ && boxes_->IsEngines(pid))) strays.push_back(pid);
    }
    return strays;
  }
  char buffer[16 * 1024];
  off_t offset = 0;
  std::string text;
  while (true) {
    const ssize_t count = pread(children_, buffer, sizeof buffer, offset);
    if (count <= 0) break;
    text.append(buffer, static_cast<size_t>(count));
    offset += count;
  }
  const char* at = text.data();
  const char* end = at + text.size();
  while (at < end) {
    pid_t pid = 0;
    auto [next, error] = std::from_chars(at, end, pid);
    const bool ours = error == std::errc() && pid > 0;
    if (ours && !by_pid_.contains(pid) && !(boxes_ && boxes_->IsEngines(pid))) strays.push_back(pid);
    at = next == at ? at + 1 : next;
  }
  return strays;
}

// By what it holds: the attempt's streams, or its directory as its own.
bool Runner::HoldsFilesOf(pid_t pid, const Attempt& attempt) const {
  struct stat theirs {
  }, ours{};
  for (const bool err : {false, true}) {
    const int stream = attempt.slot < 0 ? -1 : err ? slots_.err(attempt.slot) : slots_.out(attempt.slot);
    if (stream < 0 || fstat(stream, &ours) != 0) continue;
    for (const int fd : {1, 2}) {
      if (stat(fmt::format("/proc/{}/fd/{}", pid, fd).c_str(), &theirs) == 0 && SameFile(theirs, ours)) return true;
    }
  }
  return stat(attempt.start.directory.c_str(), &ours) == 0 &&
         stat(fmt::format("/proc/{}/cwd", pid).c_str(), &theirs) == 0 && SameFile(theirs, ours);
}

// The attempt that a process belongs to; null if it does not show.
Attempt* Runner::OwnerOf(pid_t pid) const {
  const std::optional<ProcessStat> process = StatOf(pid);
  if (!process) return nullptr;
  const auto first = [this](const auto& belongs) -> Attempt* {
    for (const auto& [key, attempt] : running_) {
      if (belongs(*attempt)) return attempt.get();
    }
    return nullptr;
  };
  if (const std::optional<std::string> directory = EnvironmentValue(pid, "HWF_TASK_DIR")) {
    if (Attempt* owner = first([&](const Attempt& one) { return one.start.directory == *directory; })) return owner;
  }
  if (Attempt* owner = first([&](const Attempt& one) {
        return one.pid == process->session || one.pid == process->group || WasSeen(one, *process);
      })) {
    return owner;
  }
  if (Attempt* owner = first([&](const Attempt& one) { return HoldsFilesOf(pid, one); })) return owner;
  return running_.size() == 1 ? running_.begin()->second.get() : nullptr;
}

// So that they are known for the attempt's when they have left its tree.
void Runner::Remember(Attempt& attempt, const std::vector<pid_t>& pids) {
  for (const pid_t pid : pids) {
    if (const std::optional<ProcessStat> process = StatOf(pid)) attempt.members[pid] = process->started_ms;
  }
  if (attempt.members.size() <= kMaxMembers) return;
  std::erase_if(attempt.members, [](const auto& member) {
    const std::optional<ProcessStat> process = StatOf(member.first);
    return !process || process->started_ms != member.second;
  });
}

// All that lives of it, as far as it shows: what descends from its main process and from strays of its own.
std::vector<pid_t> Runner::ProcessesOf(Attempt& attempt) {
  std::vector<pid_t> roots;
  if (!attempt.main_dead && attempt.pid > 0) roots.push_back(attempt.pid);
  for (pid_t pid : DirectStrays()) {
    if (OwnerOf(pid) == &attempt) roots.push_back(pid);
  }
  std::vector<pid_t> processes = TreeOf(roots);
  Remember(attempt, processes);
  return processes;
}

// Our children that are no main process and live. One that died since it was listed has left its own children to us,
// who are in no list yet: dead ones are reaped and the list is taken again until all of it lives.
std::vector<pid_t> Runner::LivingStrays() const {
  while (true) {
    std::vector<pid_t> strays = DirectStrays();
    bool died = false;
    for (const pid_t pid : strays) {
      int status = 0;
      if (IsZombie(pid) && waitpid(pid, &status, WNOHANG) == pid) died = true;
    }
    if (!died) return strays;
  }
}

// The strays by their attempts. One that is nobody's waits for the end of all that it may belong to.
std::map<Attempt*, std::vector<pid_t>> Runner::SortStrays() {
  std::map<Attempt*, std::vector<pid_t>> owned;
  std::vector<Unowned> unowned;
  for (pid_t pid : LivingStrays()) {
    if (Attempt* owner = OwnerOf(pid)) {
      owned[owner].push_back(pid);
      Remember(*owner, {pid});
      continue;
    }
    auto before = std::find_if(unowned_.begin(), unowned_.end(), [pid](const Unowned& one) { return one.pid == pid; });
    Unowned one;
    one.pid = pid;
    if (before != unowned_.end()) {
      std::copy_if(before->candidates.begin(), before->candidates.end(), std::back_inserter(one.candidates),
                   [this](const std::string& key) { return running_.contains(key); });
    } else {
      for (const auto& [key, attempt] : running_) one.candidates.push_back(key);
    }
    const bool all_dead = std::none_of(one.candidates.begin(), one.candidates.end(),
                                       [this](const std::string& key) { return !running_.at(key)->main_dead; });
    if (all_dead) (void)kill(pid, SIGKILL);
    unowned.push_back(std::move(one));
  }
  unowned_ = std::move(unowned);
  return owned;
}

void Runner::KillStrays(Attempt& attempt, const std::vector<pid_t>& strays) {
  std::vector<std::string>& named = attempt.killed_strays;
  for (pid_t pid : TreeOf(strays)) {
    if (named.size() < kMaxNamedStrays) {
      std::string name = fmt::format("{} ({})", ProcessName(pid), pid);
      if (std::find(named.begin(), named.end(), name) == named.end()) named.push_back(std::move(name));
    }
    (void)kill(pid, SIGKILL);
  }
}

// Looks at the attempts whose main process is dead: ends what outlived it when its time is over, and finishes those of
// which nothing lives.
void Runner::CheckDying() {
  const std::map<Attempt*, std::vector<pid_t>> owned = SortStrays();
  std::vector<Attempt*> finished;
  for (auto& [key, attempt] : running_) {
    if (!attempt->main_dead || attempt->ending || (attempt->box && attempt->box->unsettled)) continue;
    const auto strays = owned.find(attempt.get());
    if (strays == owned.end()) {
      finished.push_back(attempt.get());
    } else if (now_ms_ >= attempt->strays_until_ms) {
      KillStrays(*attempt, strays->second);
      attempt->strays_until_ms = now_ms_ + 50;  // until all are dead
    }
  }
  for (Attempt* attempt : finished) Finalize(*attempt);
}

// To its process group and to all else that we know of it.
void Runner::SignalTree(Attempt& attempt, int signal) {
  if (attempt.pid <= 0) return;
  const std::vector<pid_t> processes = ProcessesOf(attempt);
  if (!attempt.main_dead) (void)kill(-attempt.pid, signal);
  for (pid_t pid : processes) {
    if (attempt.main_dead || getpgid(pid) != attempt.pid) (void)kill(pid, signal);
  }
}

}  // namespace hwf::runner
