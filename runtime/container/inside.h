// The first process of a task in a container, `hwf-runner inside`: this program itself, bound into the container. What
// it is to start comes on its standard input, so that odd values arrive as they are and secrets are in no argument
// list, no file and no engine's record of the container. It is the parent of all that the task leaves behind, sends the
// runner's signals on, and writes how the task ended into a file: an engine's exit code cannot tell its own failures
// from the task's. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace hwf::container {

// Where things are in the container.
inline constexpr const char* kInsideProgram = "/.hwf/inside";
inline constexpr const char* kInsideTools = "/.hwf/bin";  // in front of PATH
inline constexpr const char* kInsidePython = "/.hwf/python";
inline constexpr const char* kInsideBox = "/.hwf/box";  // the box's directory, see below
inline constexpr const char* kInsideOut = "/.hwf/out";
inline constexpr const char* kInsideErr = "/.hwf/err";

struct InsideSpec {
  std::vector<std::string> argv;
  std::vector<std::string> base;  // NAME=value that the image sets, where the engine does not
  std::vector<std::string> drop;  // what the engine adds: see Engine::AddedVariables
  std::vector<std::string> env;   // NAME=value, over what the image sets
  std::string directory;
  std::vector<int> cpu_ids;        // empty: all
  std::string outside;             // the runner's pid namespace: where this is another, all processes are the task's
  bool counts_oom = false;         // the container has a memory limit of its own
  bool signals_reach_all = false;  // whoever asks this process to end has asked all others too, as Slurm does
  int64_t stray_grace_ms = 0;      // for what outlives the command
  int64_t kill_grace_ms = 0;       // and when it was told to end
};
std::string Encode(const InsideSpec& spec);
ErrorOr<InsideSpec> Decode(std::string_view text);

// The box's directory holds `control`, a FIFO that the runner writes kAskToEnd and kKill to, `began`, an empty file,
// and at the end `status`.
inline constexpr char kAskToEnd = 'T';
inline constexpr char kKill = 'K';

struct Outcome {
  std::optional<int> exit_code;  // absent: by `signal`
  int signal = 0;
  int exec_error = 0;  // errno: the command could not be started (exit code 127 or 126)
  int64_t cpu_ms = 0;
  int64_t max_rss = 0;              // bytes, of its largest process
  int64_t oom_kills = 0;            // in the container, by the kernel
  std::vector<std::string> strays;  // "name (pid)" of what had to be killed
};
bool Began(const std::string& box_directory);
// Nothing if it has not said how it ended.
std::optional<Outcome> OutcomeIn(const std::string& box_directory);

// The program; the exit code is the task's (128 and more: by a signal), or 125: what it was told makes no sense.
int RunInside();

}  // namespace hwf::container
