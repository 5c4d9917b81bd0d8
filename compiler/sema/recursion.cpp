#include "compiler/sema/recursion.h"

#include "compiler/sema/order.h"

namespace hwf::sema {

void RefuseRecursion(Context& context) {
  std::vector<const Decl*> nodes;
  llvm::DenseMap<const Decl*, uint32_t> index;
  for (const ModuleScope& scope : context.program.scopes) {
    for (const Decl* decl : scope.module->decls) {
      if (!llvm::isa<FnDecl>(decl) && !llvm::isa<WorkflowDecl>(decl)) continue;
      index[decl] = static_cast<uint32_t>(nodes.size());
      nodes.push_back(decl);
    }
  }
  Needs needs(nodes.size());
  for (size_t at = 0; at < nodes.size(); ++at) {
    auto calls = context.calls.find(nodes[at]);
    if (calls == context.calls.end()) continue;
    for (const Context::Call& call : calls->second) needs[at].push_back(index[call.callee]);
  }
  const Order order = OrderOf(needs);
  for (const std::vector<uint32_t>& cycle : order.cycles) {
    std::string way;
    for (const uint32_t at : cycle) way += nodes[at]->name.text.str() + " → ";
    const Decl& first = *nodes[cycle.front()];
    auto report =
        context.Report(first.name.range, diagnostics::kRecursion, first.name.text, way + first.name.text.str());
    for (size_t at = 0; at < cycle.size(); ++at) {
      const Decl* next = nodes[cycle[(at + 1) % cycle.size()]];
      for (const Context::Call& call : context.calls[nodes[cycle[at]]]) {
        if (call.callee != next) continue;
        report.Note(call.range, "called here");
        break;
      }
    }
  }
}

}  // namespace hwf::sema
