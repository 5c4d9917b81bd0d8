// Processes: starting one with exactly the descriptors, directory and environment that it should have, and telling
// whether a process met earlier still lives. Descriptors made anywhere in hwf are close-on-exec, and the child closes
// what is left above its own, so nothing leaks. Thread-safe.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"

namespace hwf::platform {

struct SpawnOptions {
  std::vector<std::string> argv;  // argv[0] with a slash is a path, else looked up in PATH of `env`
  std::vector<std::pair<std::string, std::string>> env;
  bool inherit_env = false;                // this process's environment, before `env`
  std::string directory;                   // "" stays
  std::vector<std::pair<int, int>> files;  // ours -> the child's number; 0, 1, 2 not named are /dev/null
  bool new_session = false;
  bool new_group = false;
};

// Starts it with no signal blocked and all dispositions default. The code of the error is that of exec (ENOENT,
// EACCES).
ErrorOr<pid_t> Spawn(const SpawnOptions& options);

// The path of `program` in the directories of `path`, or an error with ENOENT or EACCES.
ErrorOr<std::string> FindProgram(const std::string& program, const std::string& path);

struct Finished {
  std::optional<int> exit_code;  // absent: ended by `signal`
  int signal = 0;
  bool timed_out = false;  // and killed with its group
  std::string output;      // standard output and error, up to a limit
};
struct RunLimits {
  int64_t timeout_ms = 10'000;
  size_t output_bytes = 64 << 10;
};
// Starts it in a group of its own, feeds it `input`, waits for its end.
ErrorOr<Finished> RunToEnd(SpawnOptions options, const std::string& input, const RunLimits& limits);

// A process, told apart from every other that ever had its number.
struct ProcessIdentity {
  std::string boot;  // of the kernel's boot and the pid namespace: see BootIdentity
  int64_t pid = 0;
  int64_t start = 0;  // clock ticks since boot
  friend bool operator==(const ProcessIdentity&, const ProcessIdentity&) = default;
};
// "<boot id>/<pid namespace>". Pids can be compared only where this is equal.
std::string BootIdentity();
std::string HostName();
// The absolute path of this process's program.
std::string ThisProgram();
ProcessIdentity OwnIdentity();
// When the process started, in ticks since boot; ESRCH if there is none or it is a zombie.
ErrorOr<int64_t> StartTimeOf(int64_t pid);

enum class Liveness { kAlive, kGone, kUnknown };  // unknown: of another boot, host or pid namespace
Liveness LivenessOf(const ProcessIdentity& process);

}  // namespace hwf::platform
