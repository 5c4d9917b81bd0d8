// Containers of a task that runs over nodes: srun starts `hwf-runner box` on them, and each of those has a container of
// its own, with a box as other containers have. What they are to run comes on their standard input, which srun gives to
// all: secrets are in no file and no argument list. What the task prints goes out by way of srun. One thread each.
#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "runtime/container/engine.h"
#include "runtime/platform/file_descriptor.h"
#include "runtime/runner/protocol.h"

namespace hwf::runner {

struct RankBoxes {
  container::EngineKind engine = container::EngineKind::kApptainer;
  container::Image image;
  std::string directory;  // of all the boxes, which all nodes see
  // The task, with what each container is to run as its `argv`, and its whole environment.
  Start start;
  int64_t stray_grace_ms = 0, kill_grace_ms = 0;
};
std::string Encode(const RankBoxes& boxes);
ErrorOr<RankBoxes> DecodeRankBoxes(const std::string& text);

// What went wrong with a container that was not its task's doing.
struct RankTrouble {
  bool began = false;  // the task ran
  std::string why;
};
// The first; nothing if none had any. `directory`: RankBoxes::directory.
std::optional<RankTrouble> RankTroubleIn(const std::string& directory);

// The program; the exit code is that of its task, 128 and more: by a signal.
int RunRankBox();

}  // namespace hwf::runner
