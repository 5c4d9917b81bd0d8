// When what could not be done is tried again: after half a second, then twice as long each time, up to ten seconds.
#pragma once

#include <algorithm>
#include <cstdint>

#include "runtime/platform/clock.h"

namespace hwf::staging {

class Pause {
 public:
  void Begin() {
    at_ms_ = Now() + next_ms_;
    next_ms_ = std::min<int64_t>(10'000, next_ms_ * 2);
  }
  bool over() const { return Now() >= at_ms_; }
  // Milliseconds until it is over.
  int left() const { return static_cast<int>(std::max<int64_t>(0, at_ms_ - Now())); }

 private:
  static int64_t Now() { return platform::RealClock().MonotonicMs(); }
  int64_t at_ms_ = 0, next_ms_ = 500;
};

}  // namespace hwf::staging
