// Tells people that a review waits: runs the command of `--notify` through the shell, detached, with HWF_RUN,
// HWF_REVIEW, HWF_QUESTION and HWF_WHAT in its environment. Never blocks the engine: at most a few at a time, ended
// after a minute, the rest dropped and counted. One thread.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/error.h"
#include "runtime/state/events.h"

namespace hwf::engine {

class Notifier {
 public:
  explicit Notifier(std::string command) : command_(std::move(command)) {}
  ~Notifier();

  struct Notice {
    std::string run, review, question, event;
  };
  // Does nothing without a command.
  ErrorOr<Success> Notify(const Notice& notice, int64_t monotonic_ms);
  // Reaps what ended and ends what takes too long. Returns after how many milliseconds to call again, -1: never.
  int Poll(int64_t monotonic_ms);
  // Gives those that were just begun a moment to fail, before nobody looks any more.
  void Linger();
  // What went wrong since the last call, for people.
  std::vector<std::string> TakeTroubles();

 private:
  struct Child {
    pid_t pid = 0;
    int64_t started_ms = 0;
    std::string what;  // "c opened"
  };
  std::string command_;
  std::vector<Child> children_;
  std::vector<std::string> troubles_;
};

}  // namespace hwf::engine
