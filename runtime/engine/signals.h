// The signals that mean something to an engine. They must be blocked in all threads. A thread of its own takes them as
// they come: the kernel keeps only one of a kind waiting, so a second Ctrl-C while the engine is busy would be lost.
#pragma once

#include <signal.h>

#include <atomic>
#include <thread>

#include "runtime/platform/file_descriptor.h"

namespace hwf::engine {

class Signals {
 public:
  static sigset_t Set();
  // Before the first thread is started.
  static void Block();

  Signals();
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  int fd() const { return came_.get(); }
  // The next one that came, 0: none.
  int Next();

 private:
  void Take();

  platform::FileDescriptor came_, tell_;  // a pipe of signal numbers, a byte each
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

}  // namespace hwf::engine
