// `try task(…)`: a failure that no retry mends is the call's value, `failed(reason, exit, log)`. It is no failure of
// the run, and nothing that reads the value is skipped for it. What never began because its inputs died is not caught.
#include "runtime/scheduler/impl.h"

namespace hwf::scheduler {

// Whether somebody still takes the value of a tried call.
bool Scheduler::Impl::IsTried(uint32_t task) const {
  const TaskState& state = task_states_[task];
  const auto* call = std::get_if<ir::TaskNode>(&state.plan->node->body);
  return call != nullptr && call->tried && Alive(state.frame) != nullptr;
}

// The engine has kept the log before it recorded the end; a journal without it does not say all of what the value is.
void Scheduler::Impl::Catch(uint32_t task, Frame& frame, uint32_t node, const state::AttemptEnded& end) {
  if (!end.log.is_object()) {
    const ir::Span& span = frame.plan->nodes[node].node->span;
    return Die(frame, node,
               Fail(frame, node, tasks[task].why + " (its log was not kept, so `try` gives nothing)", span));
  }
  Json reason = Json().Set("variant", std::string(ir::ToString(*end.failure))).Set("fields", Json::Object());
  Json fields = Json().Set("reason", std::move(reason)).Set("exit", end.exit_code ? Json(*end.exit_code) : Json());
  fields.Set("log", end.log);
  Json value = Json().Set("variant", "failed").Set("fields", std::move(fields));
  Done(frame, node, WithStreams(task, std::move(value)));
}

}  // namespace hwf::scheduler
