// The ledger of this machine: which of a user's runners hold how many CPUs, GPUs and how much memory, so that several
// runs share a machine without knowing of each other. One file per user, mapped by all runners, changed under flock;
// records of runners that died are taken away by whoever needs the room. Runners in several containers share it where
// they share /tmp.
//
// Who does not get what it asks for stands in line. The first in line may be passed by smaller requests, but only for
// kMaxPassedMs: then nothing else starts until it fits. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "runtime/platform/file_descriptor.h"
#include "runtime/runner/machine.h"

namespace hwf::runner {

inline constexpr int64_t kMaxPassedMs = 10'000;

struct Demand {
  double cpus = 1;
  int gpus = 0;
  int64_t memory = 0;
};

// What a task holds until it is given back.
struct Share {
  int64_t millicpus = 0;
  std::vector<int> cpu_ids;  // bound to these; empty: not bound
  std::vector<std::string> gpu_ids;
  std::vector<int> gpu_indices;
  int64_t memory = 0;
};

class Ledger {
 public:
  // `directory` empty: /tmp/hwf-<uid>.
  static ErrorOr<std::unique_ptr<Ledger>> Open(const Machine& machine, const std::string& directory);
  ~Ledger();
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  // Could it ever be given? The error says what is asked and what there is.
  ErrorOr<Success> Admit(const Demand& demand) const;

  // Takes it or says false. The first of our queue (`head`) then stands in line with it; what is behind it may be tried
  // too, and gets what the line leaves. `now_ms` is CLOCK_BOOTTIME.
  bool Take(const Demand& demand, bool head, int64_t now_ms, Share& share);
  void Give(const Share& share);
  // Nothing is wanted any more: leaves the line.
  void LeaveLine();

  // Readable (inotify) when another runner gave something back while we stood in line; the caller polls besides.
  int fd() const { return watch_; }
  void DrainWatch();

 private:
  struct File;
  struct Record;
  Ledger() = default;

  bool Fits(const Demand& demand) const;
  bool MayPass(const Demand& demand, bool head, int64_t now_ms) const;
  bool LockRecord(const Record& record, int how) const;
  void Purge();
  bool Enter();
  void Nudge();
  void Choose(const Demand& demand, Share& share);

  Machine machine_;
  platform::FileDescriptor directory_;
  int fd_ = -1;
  int watch_ = -1;
  int64_t purged_ms_ = INT64_MIN / 2;
  File* file_ = nullptr;
  Record* mine_ = nullptr;
};

}  // namespace hwf::runner
