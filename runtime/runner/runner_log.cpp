// The runner's log: appending and sending on, room held back for the ends of what runs, and what a runner that died
// has left: processes without anyone to wait for them, attempts without an end.
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <map>
#include <set>

#include "base/utf8.h"
#include "runtime/runner/digest.h"
#include "runtime/runner/process_tree.h"
#include "runtime/runner/room.h"
#include "runtime/runner/runner.h"

namespace hwf::runner {
namespace {

// Enough for the end of an attempt with two short streams and values of usual size.
constexpr uint64_t kRoomForEnd = 64 * 1024;
constexpr int64_t kTickMs = 10;
constexpr int64_t kSoonMs = 1000;
constexpr int64_t kRoomCheckMs = 100;
constexpr int kKillRounds = 200;  // of 10 ms

// The engine may have named the directory by way of a link.
bool SamePlace(const std::string& named, const std::string& directory) {
  if (named == directory) return true;
  struct stat a {
  }, b{};
  return named.substr(named.rfind('/') + 1) == directory.substr(directory.rfind('/') + 1) &&
         stat(named.c_str(), &a) == 0 && stat(directory.c_str(), &b) == 0 && a.st_ino == b.st_ino &&
         a.st_dev == b.st_dev;
}

void SleepMs(int ms) {
  timespec time{0, ms * 1'000'000L};
  nanosleep(&time, nullptr);
}

}  // namespace

// What the log says of an attempt that has no end.
struct Runner::LostAttempt {
  state::Place place;
  int attempt = 1;
  int64_t pid = 0;
  int64_t boot_ms = 0;
  std::string boot;
  int slot = -1;
  std::set<std::string> emitted;
};

bool Runner::Log(const Report& report) {
  auto appended = log_->Append(report);
  if (!appended.ok()) Hold(NoRoomText(appended.error(), kLogStands));
  return appended.ok();
}

// Before a claim: the ends of all that runs, and of one more, will find room.
bool Runner::ReserveRoom() {
  if (log_->waits()) return false;
  if (now_ms_ - room_seen_ms_ >= kRoomCheckMs) {
    if (const std::string lack = LackOfRoom(options_.run_directory); !lack.empty()) {
      Hold(lack);
      return false;
    }
    room_seen_ms_ = now_ms_;
  }
  auto reserved = log_->Reserve((running_.size() + 1) * kRoomForEnd);
  if (reserved.ok()) {
    if (!held_.empty()) Hold("");
    return true;
  }
  Hold("disk full: no room for the records of a task that would start now: " + reserved.error().message());
  return false;
}

void Runner::Hold(const std::string& why) {
  if (!why.empty()) retry_at_ms_ = now_ms_ + kRetryMs;
  if (why.empty() == held_.empty()) return;
  held_ = why;
  if (front_) front_->Hold(held_);
}

// Replays the log; what it does not say the end of is lost: its runner died.
ErrorOr<Success> Runner::Recover() {
  std::map<std::string, LostAttempt> open_attempts;
  HWF_TRY(log_->Replay([&](const Report& report) {
    if (const Claimed* claimed = std::get_if<Claimed>(&report)) {
      LostAttempt& lost = open_attempts[KeyOf(claimed->place, claimed->attempt)];
      lost.place = claimed->place;
      lost.attempt = claimed->attempt;
    } else if (const Started* started = std::get_if<Started>(&report)) {
      LostAttempt& lost = open_attempts[KeyOf(started->place, started->attempt)];
      lost.pid = started->pid;
      lost.boot_ms = started->boot_ms;
      lost.boot = started->boot;
      lost.slot = started->slot;
    } else if (const Emitted* emitted = std::get_if<Emitted>(&report)) {
      open_attempts[KeyOf(emitted->place, emitted->attempt)].emitted.insert(emitted->file);
    } else if (const Ended* ended = std::get_if<Ended>(&report)) {
      open_attempts.erase(KeyOf(ended->place, ended->attempt));
    }
  }));
  if (boxes_ && !open_attempts.empty()) left_ = boxes_->EndLeft();
  for (auto& [key, lost] : open_attempts) {
    if (!lost.place.empty()) EndLost(lost);
  }
  return Success{};
}

// What still lives of it: by its environment, or in the session or process group of its main process, which nobody
// else can have had while any of them lives. A later process of the main one's number is told by its start.
std::vector<pid_t> Runner::RemainsOf(const LostAttempt& lost, const std::string& directory) const {
  const auto main = static_cast<pid_t>(lost.pid);
  const std::optional<ProcessStat> leader = main > 0 && lost.boot == boot_ ? StatOf(main) : std::nullopt;
  // The kernel tells starts in ticks; a number is not given out again so soon.
  const int64_t since = lost.boot_ms - kTickMs;
  const auto is_main = [&](const ProcessStat& one) {
    return one.started_ms >= since && one.started_ms < since + kSoonMs;
  };
  const bool known = main > 0 && lost.boot == boot_ && (!leader || is_main(*leader));
  std::vector<pid_t> remains;
  for (const ProcessStat& process : OwnProcesses()) {
    const bool member = known && (process.session == main || process.group == main) && process.started_ms >= since;
    const std::optional<std::string> named = member ? std::nullopt : EnvironmentValue(process.pid, "HWF_TASK_DIR");
    if (member || (named && SamePlace(*named, directory))) remains.push_back(process.pid);
  }
  return remains;
}

// The emissions that a dead runner did not record. Whose files are wrong is passed over: nobody is left to be told.
void Runner::RecordLeft(LostAttempt& lost, const std::string& checkpoints) {
  Emissions left(checkpoints, {}, {}, lost.emitted);
  std::vector<ReadyEmission> ready;
  int again = 0;
  while (again == 0) {
    ready.clear();
    again = left.Scan(BootMs(), true, ready);
    for (const ReadyEmission& item : ready) {
      if (!item.bad.empty()) continue;
      auto content = ResolveEmission(item.emission, checkpoints, options_.run_directory);
      if (!content.ok()) continue;
      if (Log(Emitted{lost.place, lost.attempt, item.file, *std::move(content), item.dropped})) left.Done(item.file);
    }
  }
}

// Kills what remains of an attempt (its processes are not our children), then records what it emitted, and its end.
void Runner::EndLost(LostAttempt& lost) {
  const std::string directory = fmt::format("{}/tasks/{}/{}", options_.run_directory, lost.place, lost.attempt);
  size_t killed = 0;
  for (int round = 0; round < kKillRounds; ++round) {
    const std::vector<pid_t> roots = RemainsOf(lost, directory);
    if (roots.empty()) break;
    for (pid_t process : TreeOf(roots)) killed += kill(process, SIGKILL) == 0 ? 1 : 0;
    SleepMs(10);
  }
  RecordLeft(lost, directory + "/checkpoints");
  Ended ended;
  ended.place = lost.place;
  ended.attempt = lost.attempt;
  ended.failure = ir::Reason::kNodeFail;
  ended.message = killed > 0 ? "the runner died; what was left of the task was killed" : "the runner died";
  if (!left_.ok()) ended.message += "; whether containers of it still run is not known: " + left_.error().message();
  ended.outputs = Json::Object();
  if (lost.slot >= 0) {
    for (const bool err : {false, true}) {
      auto moved = slots_.Move(lost.slot, err, directory);
      if (moved.ok()) (err ? ended.err_file : ended.out_file) = *std::move(moved);
    }
  }
  Log(ended);
}

}  // namespace hwf::runner
