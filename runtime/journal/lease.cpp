// Taking the lease: look at the newest; if it is free, write one's own beside it, durable, and link it to the next
// epoch's name. link() is the whole contest: of those who saw the same newest lease one succeeds. Its report is not
// believed (an NFS server may do it and the answer get lost): the link count of one's own file tells. A name may have
// become free again only because much newer leases exist; so the winner looks once more whether it holds the newest.
#include "runtime/journal/lease.h"

#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <set>

#include "base/json.h"
#include "runtime/platform/ids.h"

namespace hwf::journal {
namespace {

using platform::FileInfo;
using platform::FileSystem;
using platform::Liveness;

constexpr uint64_t kMaxLeaseBytes = 64 << 10;
// How many of the newest leases are kept.
constexpr int64_t kKept = 4;
constexpr int kMaxRaces = 8;

std::string NameOf(int64_t epoch) { return fmt::format("lease.{}", epoch); }
std::string PathOf(const std::string& run_dir, int64_t epoch) { return run_dir + "/" + NameOf(epoch); }

// The epoch of "lease.<N>", or nothing (also of "lease.<N>.beat").
std::optional<int64_t> EpochOf(std::string_view name) {
  constexpr std::string_view kPrefix = "lease.";
  if (name.substr(0, kPrefix.size()) != kPrefix) return std::nullopt;
  name.remove_prefix(kPrefix.size());
  int64_t epoch = 0;
  auto [end, code] = std::from_chars(name.data(), name.data() + name.size(), epoch);
  if (code != std::errc() || end != name.data() + name.size() || epoch <= 0) return std::nullopt;
  return epoch;
}

ErrorOr<std::set<int64_t>> Epochs(FileSystem& files, const std::string& run_dir) {
  HWF_ASSIGN(std::vector<std::string> names, files.List(run_dir));
  std::set<int64_t> epochs;
  for (const std::string& name : names) {
    if (std::optional<int64_t> epoch = EpochOf(name)) epochs.insert(*epoch);
  }
  return epochs;
}

std::string Text(const EngineId& engine, int64_t epoch, int64_t since_ms, int64_t released_ms) {
  Json json = Json::Object();
  json.Set("v", 1).Set("epoch", epoch).Set("host", engine.host).Set("boot", engine.process.boot);
  json.Set("pid", engine.process.pid).Set("start", engine.process.start).Set("since", since_ms);
  if (released_ms != 0) json.Set("released", released_ms);
  return json.Dump() + "\n";
}

// What lies in a lease's file. One that cannot be read (half written by a server that died) names nobody, and so can
// only be taken over when asked for.
LeaseView FromText(const std::string& text, int64_t epoch) {
  LeaseView view;
  view.epoch = epoch;
  ErrorOr<Json> json = Json::Parse(text);
  if (!json.ok()) return view;
  view.engine.host = json->StringOr("host", "");
  view.engine.process = {json->StringOr("boot", ""), json->IntOr("pid", 0), json->IntOr("start", 0)};
  view.since_ms = json->IntOr("since", 0);
  view.released_ms = json->IntOr("released", 0);
  return view;
}

ErrorOr<LeaseView> ReadOne(FileSystem& files, const std::string& run_dir, int64_t epoch,
                           const LivenessCheck& liveness) {
  HWF_ASSIGN(std::string text, files.Read(PathOf(run_dir, epoch), kMaxLeaseBytes));
  LeaseView view = FromText(text, epoch);
  ErrorOr<FileInfo> beat = files.Stat(PathOf(run_dir, epoch) + ".beat");
  if (!beat.ok()) beat = files.Stat(PathOf(run_dir, epoch));
  if (!beat.ok()) return beat.error();
  view.last_sign_ms = beat->mtime_ms;
  if (view.released_ms == 0 && !view.engine.process.boot.empty()) view.liveness = liveness(view.engine.process);
  return view;
}

std::string TimeText(int64_t ms, int64_t now_ms) {
  time_t then = ms / 1000, now = now_ms / 1000;
  tm then_parts{}, now_parts{};
  localtime_r(&then, &then_parts);
  localtime_r(&now, &now_parts);
  bool today = then_parts.tm_year == now_parts.tm_year && then_parts.tm_yday == now_parts.tm_yday;
  char text[32] = "";
  strftime(text, sizeof(text), today ? "%H:%M" : "%Y-%m-%d %H:%M", &then_parts);
  return text;
}

Error Held(const LeaseView& view, int64_t now_ms, const std::string& what_to_do) {
  return Error(fmt::format("the run has an {}; {}", Describe(view, now_ms), what_to_do), EBUSY);
}

// Whether a host of our name has been started anew since: then the holder is gone, unless two hosts share a name, which
// its silence must rule out.
bool Restarted(const EngineId& holder, const EngineId& engine) {
  auto boot = [](const EngineId& id) { return id.process.boot.substr(0, id.process.boot.find('/')); };
  return !holder.host.empty() && holder.host == engine.host && boot(holder) != boot(engine);
}

// Whether the lease may be taken from this holder; the error says why not. `server_ms` is the file system's time.
ErrorOr<Success> MayTake(const LeaseView& view, const EngineId& engine, const LeaseOptions& options,
                         int64_t server_ms) {
  if (!view.held()) return Success();
  if (view.liveness == Liveness::kAlive) {
    return Held(view, options.now_ms, "follow it with `hwf status`, or stop it there first");
  }
  int64_t silent_ms = std::max<int64_t>(0, server_ms - view.last_sign_ms);
  if (silent_ms < kStaleMs) {
    return Held(view, options.now_ms,
                fmt::format("its last heartbeat is {} s old, and from here it cannot be asked whether it lives",
                            silent_ms / 1000));
  }
  if (!options.take_over && !Restarted(view.engine, engine)) {
    return Held(view, options.now_ms,
                fmt::format("it has been silent for {} s, but only that host knows whether it is gone: when you know "
                            "it is, resume with --take-over",
                            silent_ms / 1000));
  }
  return Success();
}

void RemoveOld(FileSystem& files, const std::string& run_dir, const std::set<int64_t>& epochs, int64_t mine) {
  // In rising order: StillMine of an old holder relies on its own going before its successor's.
  for (int64_t epoch : epochs) {
    if (epoch > mine - kKept) return;
    // What stays behind is only litter.
    [[maybe_unused]] ErrorOr<Success> beat = files.Unlink(PathOf(run_dir, epoch) + ".beat");
    [[maybe_unused]] ErrorOr<Success> lease = files.Unlink(PathOf(run_dir, epoch));
  }
}

// Links `temporary` to the epoch's name; whether we are the one who did.
ErrorOr<bool> Contest(FileSystem& files, const std::string& run_dir, const std::string& temporary, int64_t epoch) {
  ErrorOr<Success> linked = files.Link(temporary, PathOf(run_dir, epoch));
  HWF_ASSIGN(FileInfo own, files.Stat(temporary));
  if (own.links >= 2) return true;
  if (linked.ok() || linked.error().code() == EEXIST) return false;
  return linked.error().WithContext("take the lease of " + run_dir);
}

}  // namespace

EngineId OwnEngineId() { return {platform::HostName(), platform::OwnIdentity()}; }

std::string Describe(const LeaseView& lease, int64_t now_ms) {
  std::string host = lease.engine.host.empty() ? "an unknown host" : lease.engine.host;
  if (lease.held()) {
    return fmt::format("engine pid {} on {} since {}", lease.engine.process.pid, host,
                       TimeText(lease.since_ms, now_ms));
  }
  int64_t ended = lease.released_ms != 0 ? lease.released_ms : lease.last_sign_ms;
  return fmt::format("no engine since {} on {}", TimeText(ended, now_ms), host);
}

ErrorOr<std::optional<LeaseView>> ReadLease(FileSystem& files, const std::string& run_dir,
                                            const LivenessCheck& liveness) {
  for (int round = 0; round < kMaxRaces; ++round) {
    HWF_ASSIGN(std::set<int64_t> epochs, Epochs(files, run_dir));
    if (epochs.empty()) return std::optional<LeaseView>();
    ErrorOr<LeaseView> view = ReadOne(files, run_dir, *epochs.rbegin(), liveness);
    if (view.ok()) return std::optional<LeaseView>(*view);
    if (view.error().code() != ENOENT) return view.error();  // ENOENT: replaced in between
  }
  return MakeError("read the lease in {}: it changes faster than it can be read", run_dir);
}

ErrorOr<std::optional<LeaseView>> ReadLease(FileSystem& files, const std::string& run_dir) {
  return ReadLease(files, run_dir, platform::LivenessOf);
}

Lease::Lease(FileSystem& files, std::string run_dir, EngineId engine, const LeaseOptions& options, int64_t epoch)
    : files_(&files),
      run_dir_(std::move(run_dir)),
      engine_(std::move(engine)),
      mode_(options.mode),
      since_ms_(options.now_ms),
      epoch_(epoch) {}

ErrorOr<std::unique_ptr<Lease>> Lease::Acquire(FileSystem& files, const std::string& run_dir, const EngineId& engine,
                                               const LeaseOptions& options) {
  LivenessCheck liveness = options.liveness ? options.liveness : LivenessCheck(platform::LivenessOf);
  for (int round = 0; round < kMaxRaces; ++round) {
    HWF_ASSIGN(std::optional<LeaseView> newest, ReadLease(files, run_dir, liveness));
    int64_t epoch = std::max(newest ? newest->epoch : 0, options.above_epoch) + 1;
    std::string temporary = run_dir + "/.lease-" + platform::NewId();
    HWF_TRY(files.WriteAtomically(temporary, Text(engine, epoch, options.now_ms, 0), options.mode, true));
    ErrorOr<FileInfo> own = files.Stat(temporary);
    ErrorOr<Success> may = !own.ok() ? ErrorOr<Success>(own.error())
                           : !newest ? ErrorOr<Success>(Success())
                                     : MayTake(*newest, engine, options, own->mtime_ms);
    ErrorOr<bool> won = may.ok() ? Contest(files, run_dir, temporary, epoch) : ErrorOr<bool>(may.error());
    [[maybe_unused]] ErrorOr<Success> removed = files.Unlink(temporary);
    if (!won.ok()) return won.error();
    if (!*won) continue;  // another took it: look who
    HWF_TRY(files.SyncDirectory(run_dir));
    HWF_ASSIGN(std::set<int64_t> epochs, Epochs(files, run_dir));
    if (epochs.empty() || *epochs.rbegin() > epoch) {
      HWF_TRY(files.Unlink(PathOf(run_dir, epoch)));
      continue;
    }
    RemoveOld(files, run_dir, epochs, epoch);
    return std::unique_ptr<Lease>(new Lease(files, run_dir, engine, options, epoch));
  }
  return Error(fmt::format("take the lease of {}: others are taking it at the same moment; try again", run_dir), EBUSY);
}

ErrorOr<bool> Lease::StillMine() {
  for (int64_t epoch : {epoch_ + 1, epoch_}) {
    ErrorOr<FileInfo> info = files_->Stat(PathOf(run_dir_, epoch));
    if (!info.ok() && info.error().code() != ENOENT) return info.error();
    if (info.ok() == (epoch == epoch_ + 1)) return false;
  }
  return true;
}

ErrorOr<Success> Lease::Heartbeat() {
  HWF_ASSIGN(bool mine, StillMine());
  if (!mine) return Error("another engine has taken over the run " + run_dir_, EBUSY);
  return files_->WriteAtomically(PathOf(run_dir_, epoch_) + ".beat", "", mode_, false);
}

ErrorOr<Success> Lease::Release(int64_t now_ms) {
  HWF_ASSIGN(bool mine, StillMine());
  if (!mine) return Success();
  return files_->WriteAtomically(PathOf(run_dir_, epoch_), Text(engine_, epoch_, since_ms_, now_ms), mode_, true);
}

}  // namespace hwf::journal
