// The clock seam. UTC for what is recorded and for deadlines, the monotonic clock for distances on this host.
#pragma once

#include <atomic>
#include <cstdint>

namespace hwf::platform {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual int64_t NowMs() const = 0;        // UTC since 1970
  virtual int64_t MonotonicMs() const = 0;  // since some fixed moment of this boot
};

// The machine's; thread-safe, without state.
Clock& RealClock();

// Stands still until it is told to go on. Thread-safe.
class ManualClock : public Clock {
 public:
  explicit ManualClock(int64_t now_ms) : now_ms_(now_ms) {}
  int64_t NowMs() const override { return now_ms_; }
  int64_t MonotonicMs() const override { return monotonic_ms_; }
  void Advance(int64_t ms) {
    now_ms_ += ms;
    monotonic_ms_ += ms;
  }
  // A step of the wall clock alone, as by NTP or a person.
  void SetNow(int64_t now_ms) { now_ms_ = now_ms; }

 private:
  std::atomic<int64_t> now_ms_;
  std::atomic<int64_t> monotonic_ms_{0};
};

}  // namespace hwf::platform
