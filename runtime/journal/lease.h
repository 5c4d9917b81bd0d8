// The lease: which engine runs this run. A holder of epoch N has made `lease.<N>` in the run's directory by link(),
// which the file system lets only one do; the highest N counts, and the newest few stay, so that no epoch is used
// twice. The holder's sign of life is `lease.<N>.beat`. No file locks, so it is right on network file systems too.
//
// A held lease is taken over when its process is provably gone (same boot and pid namespace). After kStaleMs without a
// heartbeat it is also taken over from this host before its restart, and when asked from any other. The age of a
// heartbeat is taken from the file system's own times, never from two hosts' clocks.
// One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/error.h"
#include "runtime/platform/file_system.h"
#include "runtime/platform/process.h"

namespace hwf::journal {

inline constexpr int64_t kHeartbeatMs = 10'000;
inline constexpr int64_t kStaleMs = 60'000;

struct EngineId {
  std::string host;
  platform::ProcessIdentity process;
};
// This process on this machine.
EngineId OwnEngineId();

struct LeaseView {
  int64_t epoch = 0;
  EngineId engine;
  int64_t since_ms = 0;                                        // UTC, the holder's clock
  int64_t released_ms = 0;                                     // UTC; 0: not given back
  int64_t last_sign_ms = 0;                                    // the file system's time of the last heartbeat
  platform::Liveness liveness = platform::Liveness::kUnknown;  // of a lease not given back
  bool held() const { return released_ms == 0 && liveness != platform::Liveness::kGone; }
};
// "engine pid 4242 on login2 since 03:12", or "no engine since 03:12 on login2". Times in the local zone; with the date
// if they are not of the day of `now_ms`.
std::string Describe(const LeaseView& lease, int64_t now_ms);

using LivenessCheck = std::function<platform::Liveness(const platform::ProcessIdentity&)>;

// The newest lease, or nothing if there never was an engine.
ErrorOr<std::optional<LeaseView>> ReadLease(platform::FileSystem& files, const std::string& run_dir);
ErrorOr<std::optional<LeaseView>> ReadLease(platform::FileSystem& files, const std::string& run_dir,
                                            const LivenessCheck& liveness);

struct LeaseOptions {
  bool take_over = false;   // also from a host that cannot be asked, once its heartbeats have stopped
  int64_t above_epoch = 0;  // the highest epoch seen in the journal: the new one is higher
  mode_t mode = 0640;
  int64_t now_ms = 0;
  LivenessCheck liveness;  // of platform::LivenessOf if empty
};

class Lease {
 public:
  // EBUSY, with who holds it, if it is not to be had.
  static ErrorOr<std::unique_ptr<Lease>> Acquire(platform::FileSystem& files, const std::string& run_dir,
                                                 const EngineId& engine, const LeaseOptions& options);
  // Neither copied nor given back by destruction: a process that ends without Release leaves the lease to be taken
  // over.
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;

  int64_t epoch() const { return epoch_; }
  // Whether nobody has taken it over: two look-ups of names. Before each act that others see.
  ErrorOr<bool> StillMine();
  // Every kHeartbeatMs. An error if the lease is not ours any more (EBUSY), or the file system's.
  ErrorOr<Success> Heartbeat();
  // Gives it back. The epoch stays used.
  ErrorOr<Success> Release(int64_t now_ms);

 private:
  Lease(platform::FileSystem& files, std::string run_dir, EngineId engine, const LeaseOptions& options, int64_t epoch);

  platform::FileSystem* files_;
  std::string run_dir_;
  EngineId engine_;
  mode_t mode_;
  int64_t since_ms_;
  int64_t epoch_;
};

}  // namespace hwf::journal
