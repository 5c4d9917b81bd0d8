// The task's side of the file protocol (docs/task_protocol.md): emissions written beside their target and renamed,
// messages taken by renaming. Used by hwf-task; the Python module does the same. No state but the files; several
// processes of one task may use it at the same time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/json.h"

namespace hwf::task {

struct CheckpointRequest {
  std::string stream;
  Json values;                                             // object
  std::vector<std::pair<std::string, std::string>> files;  // key, path: moved into the emission
  bool copy = false;                                       // copied instead
};
// `task_directory`: HWF_TASK_DIR. Never waits for anyone.
ErrorOr<Success> EmitCheckpoint(const std::string& task_directory, const CheckpointRequest& request);

// Takes what has come, in order; each message is taken by one process only.
ErrorOr<std::vector<Json>> TakeMessages(const std::string& task_directory);
// The same, waiting for the first at most so long (nothing: without end). Empty: none came.
ErrorOr<std::vector<Json>> WaitForMessages(const std::string& task_directory, std::optional<int64_t> timeout_ms);

// A value of the command line: JSON if it is, else the text itself.
Json ValueOf(const std::string& text);

}  // namespace hwf::task
