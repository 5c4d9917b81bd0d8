// Outputs that have to be written where hwf says, of which neither the command nor its environment is told the path:
// such a task fails whenever it runs.
#include <llvm/ADT/StringSet.h>

#include "compiler/sema/context.h"
#include "compiler/sema/lint.h"
#include "compiler/sema/walk.h"

namespace hwf::sema {
namespace {

bool IsOut(const Expr& expr) {
  const auto* name = llvm::dyn_cast<NameExpr>(&expr);
  return name != nullptr && name->binding != nullptr && name->binding->kind == Binding::Kind::kOut;
}

}  // namespace

void LintOutputs(const Program& program, diagnostics::Emitter& emitter) {
  for (const Decl* decl : program.modules.back()->decls) {
    const auto* task = llvm::dyn_cast<TaskDecl>(decl);
    if (task == nullptr) continue;
    llvm::StringSet<> told;
    auto expr = [&](const Expr& each) {
      const auto* field = llvm::dyn_cast<FieldExpr>(&each);
      if (field != nullptr && IsOut(*field->base)) told.insert(field->name.text);
    };
    Visit visit;
    visit.expr = expr;
    Walk(*task, visit);
    for (const Output& output : task->outputs) {
      if (output.at != nullptr || output.at_stdout || told.contains(output.name.text)) continue;
      const std::string name = output.name.text.str();
      emitter.Report(output.range, diagnostics::kUntoldOutput, output.name.text)
          .Help("say `~{out." + name + "}` in the command, which is the path to write, or `" + name +
                ": … at \"path\"` where the command writes it by itself");
    }
  }
}

}  // namespace hwf::sema
