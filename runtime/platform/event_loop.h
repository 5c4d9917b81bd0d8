// EventLoop: descriptors, timers and signals on one thread, by epoll. Sleeps until something happens; an idle loop
// costs nothing. All calls from the loop's thread but Post and Stop, which any thread may make. Callbacks may add and
// remove anything, themselves included.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "base/error.h"
#include "runtime/platform/file_descriptor.h"

namespace hwf::platform {

class EventLoop {
 public:
  enum Interest : uint32_t { kRead = 1, kWrite = 2 };
  // `ready` are Interests; a hang-up or error shows as all that was asked for.
  using FileCallback = std::function<void(uint32_t ready)>;
  using Callback = std::function<void()>;
  enum class TimerId : uint64_t { kNone = 0 };

  static ErrorOr<std::unique_ptr<EventLoop>> Make();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // The descriptor stays the caller's; Forget it before it is closed.
  ErrorOr<Success> Watch(int fd, uint32_t interest, FileCallback callback);
  void SetInterest(int fd, uint32_t interest);
  void Forget(int fd);

  // Once, after `delay_ms` of this host's running time.
  TimerId After(int64_t delay_ms, Callback callback);
  // Once, when the wall clock has reached `utc_ms`, also after the clock was set or the machine slept.
  TimerId AtUtc(int64_t utc_ms, Callback callback);
  void CancelTimer(TimerId id);

  // Blocks the signal in this thread (do it before starting others) and calls back in the loop.
  ErrorOr<Success> OnSignal(int signal, std::function<void(int signal)> callback);

  // Runs `callback` at the loop's next turn.
  void Post(Callback callback);

  // Until Stop.
  ErrorOr<Success> Run();
  // One turn: waits at most `timeout_ms` (-1: for ever) for something and handles what is there.
  ErrorOr<Success> RunOnce(int64_t timeout_ms);
  void Stop();

 private:
  struct File {
    FileCallback callback;
    uint32_t interest = 0;
    uint64_t serial = 0;
  };
  using Timers = std::map<std::pair<int64_t, uint64_t>, Callback>;  // by due time, then id

  EventLoop() = default;
  int64_t Timeout(int64_t at_most) const;
  bool FireTimers(Timers& timers, int64_t now);
  void ArmUtc();
  void DrainPosted();
  void DrainSignals();

  FileDescriptor epoll_, wake_, utc_timer_, signals_;
  std::map<int, File> files_;
  uint64_t next_serial_ = 1;
  Timers monotonic_, utc_;
  int64_t armed_utc_ = 0;                                   // what utc_timer_ is set to
  std::map<uint64_t, std::pair<bool, int64_t>> timer_due_;  // id -> (utc, due)
  std::map<int, std::function<void(int)>> on_signal_;
  std::mutex mutex_;  // for the two below
  std::vector<Callback> posted_;
  bool stopped_ = false;
};

}  // namespace hwf::platform
