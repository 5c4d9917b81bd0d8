// From an ir::Task and its values to what a runner starts: argument vector, script, environment, paths of outputs,
// resources. No value is ever text of the shell: each becomes quoted words or the value of a variable. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "ir/module.h"

namespace hwf::state {

// What the expressions of a task read.
struct TaskValues {
  std::vector<Json> arguments;  // one per parameter
  Json out;                     // object: output name -> path as the command sees it
  Json previous;                // object: stream -> newest emission or null
  int attempt = 1;
};

struct RenderedCommand {
  // Looked up in PATH. A script is written by the runner to the file `command` in the attempt directory, whose name is
  // appended: {"bash"}, {"ruby"}.
  std::vector<std::string> argv;
  std::string script;                                    // empty: argv alone
  std::vector<std::pair<std::string, std::string>> env;  // the task's own `env` clauses only
};

// The error says which expression could not be computed, or which value cannot be passed (a NUL byte).
ErrorOr<RenderedCommand> RenderCommand(const ir::Module& module, const ir::Task& task, const TaskValues& values);

// Where an output is to be written, relative to the attempt directory: `at "…"`, or the engine's own name for it, which
// is the output's name ("model", of a kStdout output "stdout"). A glob's pattern is the path. Paths that are absolute
// or leave the directory are refused.
struct OutputPath {
  const ir::Output* output = nullptr;
  std::string path;
};
ErrorOr<std::vector<OutputPath>> OutputPaths(const ir::Module& module, const ir::Task& task, const TaskValues& values);

// `needs`, evaluated. 0 or empty where the task asks for nothing.
struct Needs {
  double cpus = 1;
  int64_t gpus = 0;
  std::string gpu;
  int64_t memory = 0;  // bytes
  int64_t time_ms = 0;
  int64_t disk = 0;  // bytes
  int64_t nodes = 1, ranks = 1, ranks_per_node = 0;
};
ErrorOr<Needs> EvaluateNeeds(const ir::Module& module, const ir::Task& task, const TaskValues& values);

// `image`, evaluated; empty: the task has none. An empty text is an error.
ErrorOr<std::string> EvaluateImage(const ir::Module& module, const ir::Task& task, const TaskValues& values);

// One word for bash, in single quotes.
std::string ShellQuote(std::string_view text);

}  // namespace hwf::state
