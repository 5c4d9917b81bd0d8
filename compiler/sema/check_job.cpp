// What can be said to a running job: `watch job.stream`, `send job.message(…)`, `cancel job`. A job is the name in
// `let job = task(…)`.
#include "compiler/sema/checker.h"

namespace hwf::sema {

// The task of the job that `binding` names; null after a report.
const TaskDecl* Checker::JobOf(const Binding* binding, const Ident& job, std::string_view verb) {
  if (binding == nullptr) return nullptr;
  if (binding->kind == Binding::Kind::kLet && binding->task != nullptr) return binding->task;
  if (binding->kind == Binding::Kind::kLet && (binding->type == nullptr || IsPoison(binding->type))) return nullptr;
  auto report = Report(job.range, diagnostics::kNotAJob, job.text, verb);
  if (binding->name.range.end != 0) report.Note(binding->name.range, "bound here");
  report.Help("a job is the name in `let job = task(…)`");
  return nullptr;
}

void Checker::CheckWatch(WatchStmt& watch) {
  AllowNode(watch.range, "`watch`");
  watch.binding->type = Poison();
  const TaskDecl* task = JobOf(watch.job_binding, watch.job, "watched");
  if (task != nullptr) {
    context_.suggester.Begin(watch.stream.text);
    for (const StreamClause& stream : task->streams) {
      context_.suggester.Offer(stream.name.text);
      if (stream.name.text == watch.stream.text) watch.binding->type = stream.sema_type;
    }
    if (IsPoison(watch.binding->type) && watch.stream && !task->broken) {
      auto report = Report(watch.stream.range, diagnostics::kUnknownStream, task->name.text, watch.stream.text);
      report.Note(task->name.range, "the task is here");
      Suggest(report, watch.stream.range);
    }
  }
  FactScope facts(*this);
  if (watch.where != nullptr) {
    llvm::SaveAndRestore<std::string_view> pure(pure_, pure_.empty() ? "a `where`" : pure_);
    CheckAs(watch.where, Simple(TypeKind::kBool), "for `where`");
    facts.Assume(watch.where, true);
  }
  llvm::SaveAndRestore<const Binding*> watched(watched_, watch.job_binding);
  CheckBlock(*watch.body, false);
}

void Checker::CheckSend(SendStmt& send) {
  AllowNode(send.range, "`send`");
  const TaskDecl* task = JobOf(send.job_binding, send.job, "told anything");
  if (task != nullptr) {
    context_.suggester.Begin(send.message.text);
    for (const MessageClause& message : task->accepts) {
      context_.suggester.Offer(message.name.text);
      if (message.name.text != send.message.text) continue;
      const Callee callee{"message " + Quoted(message.name.text), message.name.range, false};
      send.by_param = MatchArgs(send.args, ParamsOf(message.fields), callee, send.range);
      return;
    }
    if (send.message && !task->broken) {
      auto report = Report(send.message.range, diagnostics::kUnknownMessage, task->name.text, send.message.text);
      report.Note(task->name.range, "the task is here");
      Suggest(report, send.message.range);
    }
  }
  for (const Arg& arg : send.args) Check(arg.value);
}

void Checker::CheckCancel(CancelStmt& cancel) {
  AllowNode(cancel.range, "`cancel`");
  JobOf(cancel.job_binding, cancel.job, "cancelled");
}

}  // namespace hwf::sema
