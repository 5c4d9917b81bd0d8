// What a task made, found and checked when it has ended: files by size and digest, texts and JSON read. Nothing outside
// the attempt's directory is taken unless its absolute path was asked for, whatever links the task has laid. Any
// thread.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "runtime/runner/protocol.h"

namespace hwf::runner {

// The largest text or JSON output, in bytes.
inline constexpr uint64_t kMaxValueBytes = uint64_t{8} << 20;
// How deep a JSON output may be nested: the records around it have room for their own levels below the 128 that every
// reader takes.
inline constexpr int kMaxValueDepth = 100;

struct OutputsRequest {
  std::string directory;    // absolute, of the attempt
  std::string stdout_path;  // where its standard output lies now
  std::vector<OutputSpec> outputs;
  bool holds_command = false;  // the runner's own file `command` lies there: no pattern finds it
};

struct Outputs {
  Json values;  // an object, by name
  // The files and directories that these name: to be synced before anything says that they are there.
  std::vector<std::string> files;
};

// The error says which promise was broken, for people.
ErrorOr<Outputs> ResolveOutputs(const OutputsRequest& request);

// Whether that may take long (files to hash): then it is not done in the runner's loop.
bool OutputsAreHeavy(const OutputsRequest& request);

}  // namespace hwf::runner
