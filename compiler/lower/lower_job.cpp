// What is said to a running job: `watch`, `send`, `cancel`.
#include "compiler/lower/lowerer.h"

namespace hwf::lower {

ValueId Lowerer::JobId(const Binding* binding) const {
  auto found = names_.find(binding);
  HWF_CHECK(found != names_.end() && found->second.op == ir::Op::kRef);
  return found->second.ref;
}

void Lowerer::LowerWatch(const WatchStmt& watch) {
  ir::WatchNode node;
  node.latest = watch.latest;
  node.job = JobId(watch.job_binding);
  node.stream = watch.stream.text.str();
  const RegionParam emission{watch.binding, watch.name.text.str(), watch.binding->type};
  if (watch.where != nullptr) {
    const TypeRef boolean = Simple(TypeKind::kBool);
    node.where = RegionOf([&] { return LowerExpr(*watch.where); }, boolean, emission);
  }
  node.body = LowerBlock(*watch.body, Simple(TypeKind::kUnit), emission);
  AddNode({"watch", ValueId::kNone, {}}, Simple(TypeKind::kUnit), watch.range, std::move(node));
}

void Lowerer::LowerSend(const SendStmt& send) {
  ir::SendNode node;
  node.job = JobId(send.job_binding);
  node.message = send.message.text.str();
  for (const MessageClause& message : send.job_binding->task->accepts) {
    if (message.name.text == send.message.text) node.args = LowerArgs(message.fields, send.by_param);
  }
  AddNode({"send", ValueId::kNone, {}}, Simple(TypeKind::kUnit), send.range, std::move(node));
}

void Lowerer::LowerCancel(const CancelStmt& cancel) {
  AddNode({"cancel", ValueId::kNone, {}}, Simple(TypeKind::kUnit), cancel.range,
          ir::CancelNode{JobId(cancel.job_binding)});
}

}  // namespace hwf::lower
