// Who gives an agent its work and hears what becomes of it: an engine at a socket (engine_link.h), or the files of a
// Slurm job (job_link.h). It watches descriptors of its own in the agent's loop, and hands requests on as they come.
// One thread: the agent's.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "base/error.h"
#include "runtime/runner/protocol.h"

namespace hwf::runner {

struct FrontCallbacks {
  std::function<void(int fd, uint32_t events)> watch;  // of epoll: to be added, or changed
  std::function<void(Request request)> request;        // Hello is dealt with already
};

class Front {
 public:
  virtual ~Front() = default;
  // False: it is not one of its descriptors.
  virtual bool OnReadable(int fd, uint32_t events) = 0;
  // A record is in the log.
  virtual void OnAppended(uint64_t begin, uint64_t end, std::string_view payload) = 0;
  // What is not logged: for whoever listens now.
  virtual void Say(const Report& report) = 0;
  // The end of an attempt that was asked for again, from the log.
  virtual void Repeat(uint64_t record) = 0;
  // Nothing is started for now (or, empty, it is again): told now and to who comes later.
  virtual void Hold(const std::string& why) = 0;
  // Before an attempt's record `claimed`: false if another has it.
  virtual ErrorOr<bool> Claim(const Start& start) = 0;
  // Looks now for what it else looks for from time to time.
  virtual void Look() = 0;
  // At the end of each turn of the loop; `now_ms` is CLOCK_BOOTTIME.
  virtual void Flush(int64_t now_ms) = 0;
  // When it wants Flush to be called at the latest; kNever: not before something happens.
  virtual int64_t due_ms() const = 0;
  // Whether requests may come. If not: since when.
  virtual bool listening() const = 0;
  virtual int64_t alone_since_ms() const = 0;
};

}  // namespace hwf::runner
