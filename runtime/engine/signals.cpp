#include "runtime/engine/signals.h"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "base/check.h"

namespace hwf::engine {

sigset_t Signals::Set() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGWINCH}) sigaddset(&set, signal);
  return set;
}

void Signals::Block() {
  const sigset_t set = Set();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signal(SIGPIPE, SIG_IGN);
}

Signals::Signals() {
  int ends[2];
  HWF_CHECK(pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0);
  came_ = platform::FileDescriptor(ends[0]);
  tell_ = platform::FileDescriptor(ends[1]);
  thread_ = std::thread([this] { Take(); });
}

Signals::~Signals() {
  stop_ = true;
  pthread_kill(thread_.native_handle(), SIGWINCH);
  thread_.join();
}

void Signals::Take() {
  const sigset_t set = Set();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  while (!stop_) {
    const int signal = sigwaitinfo(&set, nullptr);
    if (signal <= 0 || stop_) continue;
    const auto byte = static_cast<unsigned char>(signal);
    // A full pipe holds 64 Ki signals that nobody has looked at: one more says nothing new.
    [[maybe_unused]] const ssize_t written = write(tell_.get(), &byte, 1);
  }
}

int Signals::Next() {
  unsigned char byte = 0;
  return read(came_.get(), &byte, 1) == 1 ? byte : 0;
}

}  // namespace hwf::engine
