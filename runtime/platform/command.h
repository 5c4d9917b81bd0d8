// A program that runs beside its caller's loop: input given, output collected, its end noticed, its time bounded. The
// loop watches fd() and calls Poll. One thread.
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>

#include "base/error.h"
#include "runtime/platform/file_descriptor.h"
#include "runtime/platform/process.h"

namespace hwf::platform {

struct CommandResult {
  std::optional<int> exit_code;  // absent: ended by `signal`
  int signal = 0;
  bool timed_out = false;  // and killed with its group
  std::string out;         // up to the limit each; what is beyond is dropped
  std::string err;
};

class Command {
 public:
  // Starts it in a group of its own; `options.files` are replaced.
  static ErrorOr<std::unique_ptr<Command>> Start(SpawnOptions options, const std::string& input,
                                                 const RunLimits& limits);
  // Kills and waits for what still runs.
  ~Command();
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;

  // Readable (an epoll set) when Poll has something to do.
  int fd() const { return epoll_.get(); }
  // CLOCK_MONOTONIC ms when its time is over.
  int64_t deadline_ms() const { return deadline_ms_; }
  pid_t pid() const { return pid_; }
  // What it has written to its standard output, as of the last Poll.
  const std::string& out_so_far() const { return result_.out; }
  // The result, once it has ended or its time is over.
  std::optional<CommandResult> Poll();

 private:
  Command() = default;
  ErrorOr<Success> Launch(SpawnOptions options, const std::string& input);

  FileDescriptor epoll_, process_, out_, err_;
  pid_t pid_ = -1;
  size_t output_bytes_ = 0;
  int64_t deadline_ms_ = 0;
  CommandResult result_;
};

}  // namespace hwf::platform
