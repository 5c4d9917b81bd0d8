// Calls of an array that share a job: as many as the task says, else its site. What spans nodes has its job alone.
#include <algorithm>

#include "compiler/passes/passes.h"
#include "ir/sites.h"
#include "ir/walk.h"

namespace hwf::passes {
namespace {

bool MaySpan(const ir::Task& task) {
  return std::any_of(task.needs.begin(), task.needs.end(), [](const ir::NamedExpr& need) {
    if (need.name != "nodes" && need.name != "ranks") return false;
    return !(need.value.op == ir::Op::kLiteral && need.value.literal == Json(1));
  });
}

int64_t PackOf(const ir::Module& module, const ir::TaskNode& call) {
  if (!call.array) return 0;
  const ir::Task* task = module.FindTask(call.task);
  if (task == nullptr) return 0;
  if (MaySpan(*task)) return 1;
  if (task->pack != 0) return task->pack;
  const ir::Site* site = ir::FindSite(module, ir::SiteOf(*task, call));
  const Json* pack = site == nullptr ? nullptr : site->fields.Find("pack");
  const bool valid = pack != nullptr && pack->is_int() && pack->AsInt() >= 1 && pack->AsInt() <= ir::kMaxPack;
  return valid ? pack->AsInt() : 0;
}

void Mark(const ir::Module& module, ir::Region& region) {
  for (ir::Node& node : region.nodes) {
    if (auto* call = std::get_if<ir::TaskNode>(&node.body)) call->pack = PackOf(module, *call);
    ir::ForEachRegion(node, [&](ir::Region& inner) { Mark(module, inner); });
  }
}

}  // namespace

ir::Module Packs(ir::Module module) {
  for (ir::Workflow& workflow : module.workflows) Mark(module, workflow.region);
  return module;
}

}  // namespace hwf::passes
