// Nodes that are done in one step: `let`, `checkpoint`, `fail`; and `file()`, `dir()`, which the engine resolves.
#include "base/check.h"
#include "runtime/scheduler/impl.h"
#include "runtime/state/values.h"

namespace hwf::scheduler {

struct NodeRunner {
  Scheduler::Impl& impl;
  Frame& frame;
  uint32_t node;
  void operator()(const ir::LetNode& n) { impl.RunLet(frame, node, n); }
  void operator()(const ir::TaskNode& n) { impl.RunTask(frame, node, n); }
  void operator()(const ir::WorkflowNode& n) { impl.RunWorkflow(frame, node, n); }
  void operator()(const ir::IfNode& n) { impl.RunIf(frame, node, n); }
  void operator()(const ir::MatchNode& n) { impl.RunMatch(frame, node, n); }
  void operator()(const ir::ForNode& n) { impl.RunFor(frame, node, n); }
  void operator()(const ir::LoopNode& n) { impl.RunLoop(frame, node, n); }
  void operator()(const ir::ReviewNode& n) { impl.RunReview(frame, node, n); }
  void operator()(const ir::WatchNode& n) { impl.RunWatch(frame, node, n); }
  void operator()(const ir::SendNode& n) { impl.RunSend(frame, node, n); }
  void operator()(const ir::CancelNode&) { impl.RunCancel(frame, node); }
  void operator()(const ir::CheckpointNode& n) { impl.RunCheckpoint(frame, node, n); }
  void operator()(const ir::FailNode& n) { impl.RunFail(frame, node, n); }
  void operator()(const ir::SourceNode& n) { impl.RunSource(frame, node, n); }
};

void Scheduler::Impl::RunNode(Frame& frame, uint32_t node) {
  if (!assumed_.empty() && IsHeld(frame, node)) {
    held_.emplace_back(frame.id, node);
    return;
  }
  std::visit(NodeRunner{*this, frame, node}, frame.plan->nodes[node].node->body);
}

void Scheduler::Impl::RunLet(Frame& frame, uint32_t node, const ir::LetNode& let) {
  state::Evaluation value = Evaluate(frame, let.value);
  if (!value.ok()) return Die(frame, node, Fail(frame, node, *value.failure));
  Done(frame, node, std::move(value.value));
}

void Scheduler::Impl::RunCheckpoint(Frame& frame, uint32_t node, const ir::CheckpointNode& checkpoint) {
  state::Evaluation value = Evaluate(frame, checkpoint.value);
  if (!value.ok()) return Die(frame, node, Fail(frame, node, *value.failure));
  PinFiles(value.value);
  checkpoints.emplace_back(PlaceOf(frame, node), value.value);
  Done(frame, node, std::move(value.value));
}

void Scheduler::Impl::RunFail(Frame& frame, uint32_t node, const ir::FailNode& fail) {
  state::Evaluation message = Evaluate(frame, fail.message);
  if (!message.ok()) return Die(frame, node, Fail(frame, node, *message.failure));
  std::string text = message.value.is_string() ? message.value.AsString() : message.value.Dump();
  const uint32_t cause = Fail(frame, node, text, frame.plan->nodes[node].node->span, ir::Reason::kExit);
  causes_[cause].message = std::move(text);
  Die(frame, node, cause);
}

void Scheduler::Impl::RunSource(Frame& frame, uint32_t node, const ir::SourceNode& source) {
  state::Evaluation path = Evaluate(frame, source.path);
  if (!path.ok()) return Die(frame, node, Fail(frame, node, *path.failure));
  Place place = PlaceOf(frame, node);
  std::string text = path.value.is_string() ? path.value.AsString() : path.value.StringOr("path", "");
  SourceKnown& known = resolved_[place];
  if (memory_ && !Has(frame.nodes[node].taint, kRedone)) {
    const auto asked = memory_->sources.find(place);
    if (asked != memory_->sources.end() && asked->second.path == text) {
      SourceState state = std::move(asked->second);
      state.frame = frame.id;
      state.node = node;
      frame.nodes[node].instance = state.ask;
      sources_[SourceName(place, state.ask)] = std::move(state);
      return;
    }
    if (!known.value.is_null() && known.path == text) return Done(frame, node, known.value);
  }
  SourceState state{frame.id, node, place, ++known.asks, text, 0};
  const Place name = SourceName(place, state.ask);
  frame.nodes[node].instance = state.ask;
  state.sequence = Emit(ResolveSource{name, &source, text});
  sources_[name] = std::move(state);
}

void Scheduler::Impl::OnSourceResolved(const state::SourceResolved& event) {
  auto it = sources_.find(event.place);
  if (it == sources_.end()) return;
  SourceState source = std::move(it->second);
  sources_.erase(it);
  Frame* frame = Alive(source.frame);
  if (frame == nullptr) return;
  const ir::Node& node = *frame->plan->nodes[source.node].node;
  std::string error = event.error;
  ErrorOr<Json> value = Json();
  if (error.empty()) value = state::Convert(event.value, node.type, "`" + source.path + "`");
  if (!value.ok()) error = value.error().message();
  if (!error.empty()) return Die(*frame, source.node, Fail(*frame, source.node, error, node.span));
  SourceKnown& known = resolved_[source.place];
  known.path = source.path;
  known.value = *value;
  Done(*frame, source.node, std::move(*value));
}

}  // namespace hwf::scheduler
