#include "runtime/scheduler/scheduler.h"

#include <algorithm>

#include "runtime/scheduler/impl.h"
#include "runtime/state/values.h"

namespace hwf::scheduler {

struct EventHandler {
  Scheduler::Impl& impl;
  void operator()(const state::RunStarted& e) { impl.OnRunStarted(e); }
  void operator()(const state::EngineStarted&) {}
  void operator()(const state::SourceResolved& e) { impl.OnSourceResolved(e); }
  void operator()(const state::AttemptSubmitted& e) { impl.OnSubmitted(e); }
  void operator()(const state::AttemptStarted& e) { impl.OnStarted(e); }
  void operator()(const state::AttemptEnded& e) { impl.OnEnded(e); }
  void operator()(const state::TaskReused& e) { impl.OnReused(e); }
  void operator()(const state::Emission& e) { impl.OnEmission(e); }
  void operator()(const state::EmissionRefused&) {}
  void operator()(const state::EmissionsCoalesced&) {}
  void operator()(const state::ReviewOpened& e) { impl.OnOpened(e); }
  void operator()(const state::Vote& e) { impl.OnVote(e); }
  void operator()(const state::FormOpened& e) { impl.OnForm(e); }
  void operator()(const state::ClockFired& e) { impl.OnClock(e); }
  void operator()(const state::ReviewVoided& e) { impl.OnVoided(e); }
  void operator()(const state::MessageDelivered& e) { impl.OnDelivered(e); }
  void operator()(const state::CancelRequested& e) { impl.OnCancel(e); }
  void operator()(const state::DoubtResolved& e) { impl.OnDoubtResolved(e); }
  void operator()(const state::RunFinished&) { impl.finished = true; }
  void operator()(const state::AttemptWaiting& e) { impl.OnWaiting(e); }
  void operator()(const state::SiteTroubled&) {}
  void operator()(const state::AnswerCarried& e) { impl.OnCarried(e); }
  void operator()(const state::ReviewWithdrawn& e) { impl.OnWithdrawn(e); }
  void operator()(const state::RewindRequested& e) { impl.OnRewind(e); }
};

Scheduler::Impl::Impl(const ir::Module& module) : module_(module), plans_(BuildPlans(module)) {
  causes_.emplace_back();  // 0 is no cause
}

std::vector<Command> Scheduler::Impl::Apply(const state::Event& event) {
  if (finished && !std::holds_alternative<state::RewindRequested>(event.body)) return {};
  time_ = event.time;
  std::visit(EventHandler{*this}, event.body);
  Drain();
  Sweep();
  while (redo_) Rewind(*std::exchange(redo_, std::nullopt));
  ReleaseFiles();
  TryFinishRun();
  return std::exchange(commands_, {});
}

void Scheduler::Impl::OnRunStarted(const state::RunStarted& event) {
  if (started_) return;
  started_ = true;
  starter_ = event.starter;
  params_ = event.params;
  directory_ = event.directory;
  OpenRoot();
}

void Scheduler::Impl::OpenRoot() {
  const WorkflowPlan* entry = plans_->Find(module_.entry);
  if (entry == nullptr) {
    failures.push_back("the program has no workflow `" + module_.entry + "` to run");
    root_done_ = true;
    return;
  }
  Frame& root = Open(*entry->root, nullptr, kNothing, 0, 0, "", {});
  const std::vector<ir::Param>& params = entry->workflow->region.params;
  for (size_t i = 0; i < params.size(); ++i) {
    const Json* given = params_.Find(params[i].name);
    Slot& slot = root.slots[i];
    slot.taint = memory_ && memory_->redo.set.Find(params[i].name) != nullptr ? MarkedTaint(kChanged) : 0;
    if (given != nullptr) {
      slot.value = state::Widen(*given, params[i].type);
      slot.state = SlotState::kValue;
    } else if (params[i].default_value) {
      state::Evaluation value = Evaluate(root, *params[i].default_value);
      slot.state = value.ok() ? SlotState::kValue : SlotState::kDead;
      if (!value.ok()) slot.cause = Fail(root, kNothing, *value.failure);
      slot.value = std::move(value.value);
    } else {
      failures.push_back("the parameter `" + params[i].name + "` was not given");
      slot.state = SlotState::kDead;
      slot.cause = MakeCause("the parameter `" + params[i].name + "` was not given", true);
    }
  }
  Register(root);
}

void Scheduler::Impl::TryFinishRun() {
  if (!started_ || finished || finish_sequence_ != 0 || !root_done_ || active_ > 0) return;
  finish_sequence_ = Emit(FinishRun());
  commands_.back() = FinishCommand();
}

FinishRun Scheduler::Impl::FinishCommand() const {
  FinishRun finish;
  finish.ok = failures.empty() && root_cause_ == 0 && cancelled_by_.empty();
  finish.generation = generation;
  finish.outputs = cancelled_by_.empty() && root_cause_ == 0 ? outputs_ : Json();
  if (finish.ok) return finish;
  if (!cancelled_by_.empty() && failed_before_cancel_) {
    finish.why = failures[0] + "; the rest was cancelled" + cancelled_by_;
  } else if (!cancelled_by_.empty()) {
    finish.why = "cancelled" + cancelled_by_;
  } else if (!failures.empty()) {
    finish.why = failures.size() == 1 ? failures[0] : fmt::format("{} (and {} more)", failures[0], failures.size() - 1);
  } else {
    finish.why = "there is no result: " + causes_[root_cause_].text;
  }
  return finish;
}

const TaskView* Scheduler::Impl::FindTask(std::string_view place) const {
  uint32_t index = FindTaskIndex(place);
  return index != kNothing ? &tasks[index] : nullptr;
}

const ReviewView* Scheduler::Impl::FindReview(std::string_view id) const {
  uint32_t index = FindReviewIndex(id);
  return index != kNothing ? &reviews[index] : nullptr;
}

Scheduler::Scheduler(const ir::Module& module) : impl_(std::make_unique<Impl>(module)) {}
Scheduler::~Scheduler() = default;

std::vector<Command> Scheduler::Apply(const state::Event& event) { return impl_->Apply(event); }
std::vector<Command> Scheduler::Pending() const { return impl_->Pending(); }
std::optional<StartTask> Scheduler::FindStart(std::string_view place) const { return impl_->FindStart(place); }
const std::vector<TaskView>& Scheduler::tasks() const { return impl_->tasks; }
const std::vector<ReviewView>& Scheduler::reviews() const { return impl_->reviews; }
const TaskView* Scheduler::FindTask(std::string_view place) const { return impl_->FindTask(place); }
const ReviewView* Scheduler::FindReview(std::string_view id) const { return impl_->FindReview(id); }
const std::vector<std::pair<Place, Json>>& Scheduler::checkpoints() const { return impl_->checkpoints; }
bool Scheduler::finished() const { return impl_->finished; }
int Scheduler::generation() const { return impl_->generation; }
const Scheduler::Rewound& Scheduler::rewound() const { return impl_->rewound; }
const std::vector<std::string>& Scheduler::failures() const { return impl_->failures; }
const std::vector<std::pair<Place, std::string>>& Scheduler::caught() const { return impl_->caught; }
std::string Scheduler::Explain(const state::Vote& vote) const { return impl_->Explain(vote); }

}  // namespace hwf::scheduler
