// The container engines that a task can run in: apptainer (or singularity), podman, docker, charliecloud. An engine
// says whether it is fit for use, makes images ready, and gives the command line that runs a task in one; the runner
// starts that as any other process. What the task sees, its environment and its end do not depend on the engine: see
// box.h and inside.h. Calls of Detect, Fetch, End and Left start programs and wait for them: from any thread but the
// runner's loop; Command does nothing of the kind.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "runtime/container/reference.h"
#include "runtime/platform/process.h"

namespace hwf::container {

enum class EngineKind { kApptainer, kPodman, kDocker, kCharliecloud };
// apptainer, singularity, podman, docker, charliecloud.
std::optional<EngineKind> EngineNamed(std::string_view name);
const char* ToString(EngineKind kind);
inline constexpr EngineKind kEngines[] = {EngineKind::kApptainer, EngineKind::kPodman, EngineKind::kDocker,
                                          EngineKind::kCharliecloud};

// An image that is ready.
struct Image {
  std::string digest;            // of what it holds: "sha256:…" (a registry's, an engine's) or "b2:…" (of files)
  std::string local;             // how Command names it: an id or a path
  std::vector<std::string> env;  // NAME=value that it sets, where the engine does not
};

struct Bind {
  std::string source;
  std::string target;
  bool writable = false;
};

struct BoxSpec {
  std::string name;         // of the container; nobody else's
  std::string label;        // of all containers of one agent
  std::string directory;    // of the attempt
  std::string scratch;      // its tmp/ and var/ are the container's /tmp and /var/tmp
  std::vector<Bind> binds;  // those above others first
  std::vector<std::string> gpu_ids;
  int64_t memory = 0;  // bytes; 0: no limit
};

struct HostCommand {
  std::vector<std::string> argv;
  std::vector<std::string> env;
};

class Engine {
 public:
  virtual ~Engine() = default;
  virtual EngineKind kind() const = 0;
  // Its version; the error says in a line what is wrong and what to do. ENOENT: it is not here.
  virtual ErrorOr<std::string> Detect() = 0;
  // Makes it ready; below `directory` an engine without a store of its own keeps what it makes. One caller at a time
  // for one image: see image_store.h.
  virtual ErrorOr<Image> Fetch(const Reference& reference, const std::string& directory) = 0;
  // Runs the process inside, whose description it takes on its standard input, and ends with it.
  virtual ErrorOr<HostCommand> Command(const Image& image, const BoxSpec& spec) const = 0;
  // Variables that it adds to what the image sets: names, their beginnings with a `*`, or NAME=value.
  virtual std::vector<std::string> AddedVariables(bool gpus) const = 0;
  // Whether the kernel holds the container to BoxSpec::memory.
  virtual bool limits_memory() const = 0;
  // Whether the ids of GPUs begin at 0 in each container.
  virtual bool renumbers_gpus() const { return false; }
  // Whether all that runs inside descends from the command. Else a container is known by its name alone.
  virtual bool owns_processes() const = 0;
  // Kills what is inside and removes the container; it is no error if there is none.
  virtual ErrorOr<Success> End(const std::string& name);
  // The names of containers with that label.
  virtual ErrorOr<std::vector<std::string>> Left(const std::string& label);
};

std::unique_ptr<Engine> MakeEngine(EngineKind kind);

}  // namespace hwf::container
