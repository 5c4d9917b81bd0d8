// The signals that mean something to an engine, read from a descriptor. They must be blocked in all threads.
#pragma once

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "runtime/platform/file_descriptor.h"

namespace hwf::engine {

class Signals {
 public:
  static sigset_t Set() {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGWINCH}) sigaddset(&set, signal);
    return set;
  }
  // Before the first thread is started.
  static void Block() {
    const sigset_t set = Set();
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    signal(SIGPIPE, SIG_IGN);
  }
  Signals() {
    const sigset_t set = Set();
    fd_ = platform::FileDescriptor(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  }
  int fd() const { return fd_.get(); }
  // The next one that came, 0: none.
  int Next() {
    signalfd_siginfo info{};
    return read(fd_.get(), &info, sizeof info) == sizeof info ? static_cast<int>(info.ssi_signo) : 0;
  }

 private:
  platform::FileDescriptor fd_;
};

}  // namespace hwf::engine
