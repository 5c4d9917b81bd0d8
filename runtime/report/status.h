// `hwf status`: where a run stands, for people and for programs. Pure functions of the run's record; any thread.
#pragma once

#include <string>

#include "runtime/engine/run_record.h"
#include "runtime/report/text.h"

namespace hwf::report {

// Who carries the run out now.
struct EngineState {
  bool alive = false;
  bool unknown = false;  // on another host; its heartbeat is fresh
  std::string host;
  int64_t pid = 0;
  state::TimeMs heartbeat = 0;  // the last sign of life; 0: none known
};

// An output of the run for a person; a file with its whole path: it is what the person came for.
std::string OutputText(const Json& value, ir::TypeRef type);
// Of the entry workflow's output `name`; null if there is none.
ir::TypeRef OutputType(const ir::Module& module, std::string_view name);

std::string StatusText(const engine::RunRecord& record, const std::string& run, const EngineState& engine,
                       const Style& style, state::TimeMs now);
Json StatusJson(const engine::RunRecord& record, const EngineState& engine);

// "waiting", "running", …
std::string_view ToString(scheduler::TaskStatus status);

// How many tasks are in each state.
struct TaskCounts {
  size_t waiting = 0, running = 0, retrying = 0, done = 0, reused = 0, failed = 0, skipped = 0, cancelled = 0,
         in_doubt = 0;
};
TaskCounts CountTasks(const scheduler::Scheduler& scheduler);
std::string CountsText(const TaskCounts& counts, const Style& style);  // "3 done · 1 running"

Json TaskJson(const scheduler::TaskView& task);

// The newest emission's fields that a line has room for: "n 12, loss 0.31".
std::string EmissionText(const scheduler::EmissionRecord& emission, const ir::Task* task, std::string_view stream);
// "retune(rate: 0.05), seen at epoch 10, first carried by epoch 11".
std::string MessageText(const scheduler::MessageRecord& message, const ir::Task* task);

}  // namespace hwf::report
