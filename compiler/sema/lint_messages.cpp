// Messages that a task accepts and that nobody sends.
#include <llvm/ADT/DenseSet.h>

#include "compiler/sema/context.h"
#include "compiler/sema/lint.h"
#include "compiler/sema/walk.h"

namespace hwf::sema {

void LintMessages(const Program& program, diagnostics::Emitter& emitter) {
  llvm::DenseSet<std::pair<const TaskDecl*, StringRef>> sent;
  auto take = [&](const Stmt& stmt) {
    const auto* send = llvm::dyn_cast<SendStmt>(&stmt);
    if (send != nullptr && send->job_binding != nullptr) sent.insert({send->job_binding->task, send->message.text});
  };
  Visit visit;
  visit.stmt = take;
  WalkAll(program, visit);
  for (const Decl* decl : program.modules.back()->decls) {
    const auto* task = llvm::dyn_cast<TaskDecl>(decl);
    if (task == nullptr) continue;
    for (const MessageClause& message : task->accepts) {
      if (sent.contains({task, message.name.text})) continue;
      emitter.Report(message.range, diagnostics::kUnsentMessage, message.name.text, task->name.text)
          .Help("send it, `send job." + message.name.text.str() + "(…)`, or leave it out");
    }
  }
}

}  // namespace hwf::sema
