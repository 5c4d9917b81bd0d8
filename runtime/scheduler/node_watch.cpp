// `watch`: a body for each emission, or, with `latest`, at most one at a time: the newest emission waits for its turn,
// and an open body gives way to it if nobody has begun to answer.
#include "runtime/scheduler/impl.h"

namespace hwf::scheduler {

void Scheduler::Impl::RunWatch(Frame& frame, uint32_t node, const ir::WatchNode& watch) {
  const NodePlan& plan = frame.plan->nodes[node];
  if (!plan.has_job) return Die(frame, node, Fail(frame, node, "there is no such job to watch", plan.node->span));
  Frame& above = At(frame, plan.job.up);
  uint32_t task = EnsureTask(above, plan.job.slot - above.plan->params);
  auto index = static_cast<uint32_t>(watches_.size());
  WatchState& state = watches_.emplace_back();
  state.place = PlaceOf(frame, node);
  state.frame = frame.id;
  state.node = node;
  state.task = task;
  state.job_ended = task_states_[task].phase == TaskPhase::kEnded;
  frame.nodes[node].instance = index;
  if (!state.job_ended) Extra(task).watches.push_back(index);
  Extra(task).shown_in.push_back(index);
  MayRelease(task);
  std::vector<EmissionRecord>* records = StreamOf(task, watch.stream);
  if (records == nullptr) {
    state.closed = true;
    return Die(frame, node, Fail(frame, node, "the job has no checkpoint `" + watch.stream + "`", plan.node->span));
  }
  const WatchState* before = nullptr;
  if (memory_ && !Has(frame.nodes[node].taint, kRedone)) {
    const auto found = memory_->watches.find(state.place);
    if (found != memory_->watches.end() && found->second.task == task) before = &found->second;
  }
  // To an ended job nothing can be said any more.
  const bool too_late = state.job_ended && plan.only_for_job;
  if (too_late && before == nullptr) return BodyClosed(index);
  // What was shown before the watch began.
  const std::vector<EmissionRecord> shown = *records;
  for (const EmissionRecord& emission : shown) {
    if (IsWanted(index, emission)) state.wanted.push_back(emission.number);
  }
  if (before != nullptr && state.wanted == before->wanted) return WatchGoesOn(index, *before);
  for (size_t i = 0; i < state.wanted.size() && !too_late; ++i) {
    ShowEmission(index, shown[static_cast<size_t>(state.wanted[i] - 1)]);
  }
  BodyClosed(index);
}

const EmissionRecord* Scheduler::Impl::FindEmission(const WatchState& watch, int64_t number) const {
  const Frame* frame = Alive(watch.frame);
  if (frame == nullptr) return nullptr;
  const auto& node = std::get<ir::WatchNode>(frame->plan->nodes[watch.node].node->body);
  for (const auto& [name, emissions] : tasks[watch.task].streams) {
    if (name != node.stream) continue;
    auto index = static_cast<size_t>(number - 1);
    return index < emissions.size() ? &emissions[index] : nullptr;
  }
  return nullptr;
}

void Scheduler::Impl::WatchEmission(uint32_t watch, const EmissionRecord& emission) {
  WatchState& state = watches_[watch];
  Frame* frame = Alive(state.frame);
  if (frame == nullptr || state.closed) return;
  if (!IsWanted(watch, emission)) return;
  watches_[watch].wanted.push_back(emission.number);
  ShowEmission(watch, emission);
}

// Whether its `where` takes the emission. One that fails is a failure of the watch.
bool Scheduler::Impl::IsWanted(uint32_t watch, const EmissionRecord& emission) {
  const WatchState& state = watches_[watch];
  Frame* frame = Alive(state.frame);
  const auto& node = std::get<ir::WatchNode>(frame->plan->nodes[state.node].node->body);
  if (!node.where) return true;
  const state::Evaluation wanted = EvaluateIn(*frame, *node.where, emission.values);
  if (wanted.ok()) return wanted.value.is_bool() && wanted.value.AsBool();
  const uint32_t cause = Fail(*frame, state.node, *wanted.failure);
  if (frame->first_failure == 0) frame->first_failure = cause;
  return false;
}

void Scheduler::Impl::ShowEmission(uint32_t watch, const EmissionRecord& emission) {
  WatchState& state = watches_[watch];
  const Frame* frame = Alive(state.frame);
  if (frame == nullptr || state.closed) return;
  const auto& node = std::get<ir::WatchNode>(frame->plan->nodes[state.node].node->body);
  if (!node.latest || state.open == 0) return OpenBody(watch, emission);
  state.waiting = emission.number;
  WaitingTakesPlace(watch);
}

// Of a `latest` watch: the emission that waits, if the open body gives way to it.
void Scheduler::Impl::WaitingTakesPlace(uint32_t watch) {
  WatchState& state = watches_[watch];
  const EmissionRecord* emission = state.waiting != 0 ? FindEmission(state, state.waiting) : nullptr;
  Frame* body = Alive(state.body);
  if (emission == nullptr || body == nullptr || !GivesWay(*body)) return;
  std::erase(state.opened, body->emission);
  std::erase(state.showing, body->emission);
  MayRelease(state.task);
  state.body = kNothing;
  state.waiting = 0;
  --state.open;
  CancelFrame(*body, fmt::format(": emission {} took its place", emission->number));
  OpenBody(watch, *emission);
}

// The body of the innermost `latest` watch in which a frame is; null if there is none.
const Frame* Scheduler::Impl::LatestBodyAround(FrameId id) const {
  for (const Frame* frame = Alive(id); frame != nullptr; frame = Alive(frame->owner)) {
    if (frame->watch == kNothing) continue;
    const Frame* around = Alive(watches_[frame->watch].frame);
    const uint32_t node = watches_[frame->watch].node;
    if (around != nullptr && std::get<ir::WatchNode>(around->plan->nodes[node].node->body).latest) return frame;
  }
  return nullptr;
}

void Scheduler::Impl::OpenBody(uint32_t watch, const EmissionRecord& emission) {
  WatchState& state = watches_[watch];
  Frame* frame = Alive(state.frame);
  const RegionPlan& plan = *frame->plan->nodes[state.node].bodies[0];
  const Taint taint = Join(frame->nodes[state.node].taint, task_states_[state.task].taint);
  std::vector<Slot> params;
  params.push_back(ValueSlot(emission.values, taint));
  std::string prefix = fmt::format("{}.{}.", PlaceOf(*frame, state.node), emission.number);
  Frame& body = Open(plan, frame, frame->id, state.node, static_cast<uint32_t>(emission.number), std::move(prefix),
                     std::move(params));
  body.watch = watch;
  body.emission = emission.number;
  body.taint = Join(body.taint, taint);
  state.opened.push_back(emission.number);
  state.showing.push_back(emission.number);
  ++state.open;
  state.body = body.id;
  Register(body);
}

// At least one review is open in it, and none has a vote or lies open on somebody's screen.
bool Scheduler::Impl::GivesWay(const Frame& body) const {
  int open = 0;
  bool held = false;
  CountReviews(body, open, held);
  return open > 0 && !held;
}

void Scheduler::Impl::CountReviews(const Frame& frame, int& open, bool& held) const {
  for (size_t i = 0; i < frame.nodes.size(); ++i) {
    uint32_t instance = frame.nodes[i].instance;
    if (instance == kNothing || !std::holds_alternative<ir::ReviewNode>(frame.plan->nodes[i].node->body)) continue;
    const ReviewView& review = reviews[instance];
    if (review.status == ReviewStatus::kOpen || review.status == ReviewStatus::kOpening) ++open;
    if (!review.votes.empty() || review_states_[instance].form_until > time_) held = true;
  }
  for (FrameId id : frame.children) {
    if (const Frame* child = Alive(id)) CountReviews(*child, open, held);
  }
}

void Scheduler::Impl::WatchJobEnded(uint32_t watch) {
  WatchState& state = watches_[watch];
  Frame* frame = Alive(state.frame);
  if (frame == nullptr || state.closed) return;
  if (frame->plan->nodes[state.node].only_for_job) state.waiting = 0;
  BodyClosed(watch);
}

// A body has ended, or may have: the next one, or the end of the watch.
void Scheduler::Impl::BodyClosed(uint32_t watch) {
  WatchState& state = watches_[watch];
  Frame* frame = Alive(state.frame);
  if (frame == nullptr || state.closed) return;
  const auto& node = std::get<ir::WatchNode>(frame->plan->nodes[state.node].node->body);
  bool pointless = state.job_ended && frame->plan->nodes[state.node].only_for_job;
  if (node.latest && state.open == 0 && state.waiting != 0) {
    const EmissionRecord* emission = pointless ? nullptr : FindEmission(state, state.waiting);
    state.waiting = 0;
    MayRelease(state.task);
    if (emission != nullptr) return OpenBody(watch, *emission);
  }
  if (!state.job_ended || state.open > 0) return;
  state.closed = true;
  MayRelease(state.task);
  Done(*frame, state.node, Json());
}

}  // namespace hwf::scheduler
