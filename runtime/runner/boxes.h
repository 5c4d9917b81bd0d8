// Containers as the runner has them: for each attempt with an image a box, which is what its container sees of this
// machine. The runner starts the engine's command like any process; how the task in it ended is
// in the box. One thread, unless said otherwise.
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "runtime/container/engine.h"
#include "runtime/container/inside.h"
#include "runtime/platform/file_descriptor.h"
#include "runtime/runner/images.h"
#include "runtime/runner/launch.h"
#include "runtime/runner/protocol.h"

namespace hwf::runner {

// `directory` holds io/ (what the process inside says and is told), scratch/ (the container's /tmp) and `words` (what
// the engine's own program prints).
struct Box {
  std::string name;  // of the container
  std::string directory;
  std::string program;                   // that the process inside starts
  platform::FileDescriptor description;  // of the task, for the process inside
  platform::FileDescriptor control;
  platform::FileDescriptor words;
  int kills = 0;           // how often it was asked to be killed
  bool removing = false;   // the engine was asked to
  bool unsettled = false;  // whether something of it lives is not known yet
  int removals = 0;
  pid_t inside = -1;  // the process inside, as this machine numbers it
  std::optional<container::Outcome> outcome;
  std::string trouble;  // of the engine, if there is no outcome

  void Tell(char word) const;
  std::string io() const { return directory + "/io"; }
  // The end of what the engine's program printed.
  std::string LastWords() const;
};

// A text to be read from its beginning: secrets among it are in no file.
ErrorOr<platform::FileDescriptor> InMemory(const std::string& text);

// It may take its time; any thread.
void RemoveBoxDirectory(const std::string& directory);

struct BoxTask {
  const Start* start = nullptr;
  std::vector<std::string> argv;
  std::vector<std::string> env;  // NAME=value
  std::vector<std::string> gpu_ids;
  std::vector<int> cpu_ids;
  std::string out, err;  // paths of its streams
  int64_t stray_grace_ms = 0;
  int64_t kill_grace_ms = 0;
  bool signals_reach_all = false;  // see container::InsideSpec
};

struct BoxPlace {
  std::string name, label;  // of the container: see container::BoxSpec
  std::string directory;    // of the box
};
// Makes a box, and the command that starts its container.
ErrorOr<std::unique_ptr<Box>> FurnishBox(const container::Engine& engine, const container::Image& image,
                                         const BoxPlace& place, const BoxTask& task, LaunchSpec& launch);

// The containers of a task that runs over nodes, which rank_box.h makes there.
struct FurnishedRanks {
  std::string directory;
  platform::FileDescriptor description;  // for all of them
};

class Boxes {
 public:
  // `state_directory`: of the agent; `images` outlives it.
  Boxes(Images& images, std::string state_directory);

  const container::Engine& engine() const { return engine_; }

  // The same for an attempt of this agent.
  ErrorOr<std::unique_ptr<Box>> Furnish(const BoxTask& task, LaunchSpec& launch);
  // What `hwf-runner box` reads, and what it is started with.
  ErrorOr<std::unique_ptr<FurnishedRanks>> FurnishRanks(const BoxTask& task, LaunchSpec& launch);
  // Kills what is inside and removes the container; waits, for any thread but the loop's.
  ErrorOr<Success> End(const std::string& name) const { return engine_.End(name); }
  // What a dead agent left: its containers, its boxes. Waits. The error says which containers may live on.
  ErrorOr<Success> EndLeft() const;

  // All boxes' directories.
  void RemoveDirectories() const;

  // The engine's own processes, which leave the command's tree and end by themselves.
  bool IsEngines(pid_t pid) const;
  // The task's processes, where they can be seen; `command`: the engine's.
  std::vector<pid_t> ProcessesIn(Box& box, pid_t command, const std::vector<pid_t>& children) const;

 private:
  Images& images_;
  container::Engine& engine_;
  std::string state_directory_;
  std::string label_;
  int64_t made_ = 0;
};

}  // namespace hwf::runner
