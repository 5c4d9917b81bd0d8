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

// The engine has kept the log before it recorded the end; without it this is not all of the value, and null.
Json Scheduler::Impl::Caught(const state::AttemptEnded& end, bool cancelled) {
  if (!end.log.is_object()) return Json();
  const ir::Reason why = cancelled ? ir::Reason::kCancelled : *end.failure;
  Json fields = Json().Set("reason", ReasonValue(why)).Set("exit", end.exit_code ? Json(*end.exit_code) : Json());
  fields.Set("log", end.log);
  return Json().Set("variant", "failed").Set("fields", std::move(fields));
}

void Scheduler::Impl::Catch(Frame& frame, uint32_t node, uint32_t task) {
  const Json& value = Extra(task).caught;
  if (value.is_object()) return Done(frame, node, WithStreams(task, value));
  const ir::Span& span = frame.plan->nodes[node].node->span;
  Die(frame, node, Fail(frame, node, tasks[task].why + " (its log was not kept, so `try` gives nothing)", span));
}

}  // namespace hwf::scheduler
