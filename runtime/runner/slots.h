// Files for the standard streams of running tasks, used again and again: most tasks write little, which is folded into
// the runner's log, so they cost no file of their own. What is longer is renamed into the attempt's directory and the
// slot gets a new file. One thread.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/error.h"

namespace hwf::runner {

// The longest stream, in bytes, that is folded into the log.
inline constexpr size_t kShortStream = 4096;

struct Stream {
  std::string text;  // a short one
  std::string file;  // of a long one: its name in the attempt's directory
};

class Slots {
 public:
  // `directory`: the run's `runner/`; `mode`: exactly that of the files.
  Slots(std::string directory, mode_t mode) : directory_(std::move(directory)), mode_(mode) {}
  ~Slots();
  Slots(const Slots&) = delete;
  Slots& operator=(const Slots&) = delete;

  // The lowest free slot, its files empty and open for appending.
  ErrorOr<int> Take();
  int out(int slot) const { return slots_[static_cast<size_t>(slot)].out; }
  int err(int slot) const { return slots_[static_cast<size_t>(slot)].err; }
  std::string Path(int slot, bool err) const;

  // What the task wrote: a short stream's text, or the file moved into the attempt's `directory`. `keep_file` moves a
  // short one as well.
  ErrorOr<Stream> Collect(int slot, bool err, const std::string& directory, bool keep_file);
  // Moves the file there as `stdout` or `stderr`, or, where the task itself made one, as `stdout.2` and so on.
  ErrorOr<std::string> Move(int slot, bool err, const std::string& directory) const;
  // Free again. `spoilt`: something may still write to its files, so new ones are made.
  void Give(int slot, bool spoilt);
  // The last lines of a stream, at most `limit` bytes; before Collect.
  std::string Tail(int slot, bool err, size_t limit) const;

 private:
  struct Slot {
    int out = -1;
    int err = -1;
    bool used = false;
  };
  ErrorOr<int> OpenFile(int slot, bool err);
  std::string directory_;
  mode_t mode_;
  std::vector<Slot> slots_;
};

}  // namespace hwf::runner
