#include "runtime/platform/clock.h"

#include <time.h>

namespace hwf::platform {
namespace {

int64_t Now(clockid_t id) {
  timespec now{};
  clock_gettime(id, &now);
  return static_cast<int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1000000;
}

class SystemClock : public Clock {
 public:
  int64_t NowMs() const override { return Now(CLOCK_REALTIME); }
  int64_t MonotonicMs() const override { return Now(CLOCK_MONOTONIC); }
};

}  // namespace

Clock& RealClock() {
  static SystemClock real;
  return real;
}

}  // namespace hwf::platform
