// Going back. A rewind goes through the program from its beginning again, within one step: what is not behind the place
// to go back to takes over what was there before (a task with its attempts and emissions, a review with its votes or
// its answer), so that nothing of it is done twice; what is behind it begins anew, under a place with a number of its
// own
// ("fit~2"). What nothing took over is then cancelled or withdrawn. Which is behind it is found by taint.
//
// An answer that is not the one that a review's `assume` named does the same, without a place: what stands behind the
// review with equal arguments is taken over.
#include <algorithm>

#include "runtime/scheduler/impl.h"
#include "runtime/state/values.h"

namespace hwf::scheduler {
namespace {

// Without the number that a later instance of a place has.
Place BaseOf(const Place& place) {
  const size_t at = place.rfind('~');
  const bool numbered = at != Place::npos && at + 1 < place.size() &&
                        std::all_of(place.begin() + static_cast<std::ptrdiff_t>(at) + 1, place.end(),
                                    [](char c) { return c >= '0' && c <= '9'; });
  return numbered ? place.substr(0, at) : place;
}

template <typename List>
bool Take(List& list, uint32_t index) {
  return std::erase(list, index) > 0;
}

}  // namespace

void Scheduler::Impl::OnRewind(const state::RewindRequested& event) {
  if (!started_) return;
  const std::string by = event.person.name.empty() ? "the run's owner" : event.person.name;
  const Place place = BaseOf(event.place);
  const std::string to = place.empty() ? "the beginning" : place;
  redo_ = Redo{place, true, event.set, event.fresh, fmt::format(": rewound to {} by {}", to, by)};
}

void Scheduler::Impl::Rewind(Redo redo) {
  Remember();
  memory_->redo = std::move(redo);
  if (memory_->redo.to_place) {
    ++generation;
    fresh_ = memory_->redo.fresh;
    rewound = {};
    if (memory_->redo.set.is_object()) {
      for (const JsonMember& member : memory_->redo.set.AsObject()) params_.Set(member.key, member.value);
    }
  }
  OpenRoot();
  Drain();
  Sweep();
  if (memory_->redo.to_place && !memory_->found && rewound.refused.empty()) {
    rewound.refused = fmt::format("the run has come to no place `{}`", memory_->redo.place);
  }
  const bool to_place = memory_->redo.to_place;
  Forget();
  Drain();
  Sweep();
  if (to_place && rewound.refused.empty()) rewound.refused = ShownWithoutFiles();
}

// Sets aside what there is, and makes room.
void Scheduler::Impl::Remember() {
  memory_ = std::make_unique<Memory>();
  for (uint32_t i = 0; i < tasks.size(); ++i) {
    task_states_[i].frame = kNothing;
    if (!tasks[i].superseded) memory_->tasks[BaseOf(tasks[i].place)].push_back(i);
    if (!task_states_[i].extra) continue;
    task_states_[i].extra->watches.clear();
    task_states_[i].extra->reviews.clear();
    task_states_[i].extra->sent_again.clear();
    task_states_[i].extra->shown_in.clear();
  }
  for (uint32_t i = 0; i < reviews.size(); ++i) {
    review_states_[i].frame = kNothing;
    if (!reviews[i].superseded) memory_->reviews[reviews[i].place].push_back(i);
  }
  for (WatchState& watch : watches_) memory_->watches.insert_or_assign(watch.place, std::move(watch));
  for (auto& [name, source] : sources_) memory_->sources.insert_or_assign(source.place, std::move(source));
  sources_.clear();
  frames_.clear();
  gone_.clear();
  queue_.clear();
  fors_.clear();
  loops_.clear();
  watches_.clear();
  held_.clear();
  assumed_.clear();
  assumed_tasks_.clear();
  approved_.clear();
  failures.clear();
  doubtful_failures_.clear();
  calls_.clear();
  ending_.clear();
  memory_->failed_calls = std::exchange(failed_calls_, {});
  caught.clear();
  checkpoints.clear();
  outputs_ = Json();
  root_cause_ = 0;
  root_done_ = finished = failed_before_cancel_ = false;
  finish_sequence_ = 0;
  cancelled_by_.clear();
}

// What nothing took over has no part in the run any more.
void Scheduler::Impl::Forget() {
  std::vector<uint32_t> left_tasks, left_reviews;
  for (const auto& [place, list] : memory_->tasks) left_tasks.insert(left_tasks.end(), list.begin(), list.end());
  for (const auto& [place, list] : memory_->reviews) left_reviews.insert(left_reviews.end(), list.begin(), list.end());
  std::sort(left_tasks.begin(), left_tasks.end());
  std::sort(left_reviews.begin(), left_reviews.end());
  // What was cancelled with a call that has failed again stays as it is.
  const auto stays = [this](const Place& place, bool ended_with_call) {
    return ended_with_call && IsWithin(failed_calls_, place);
  };
  std::erase_if(left_tasks,
                [&](uint32_t task) { return stays(tasks[task].place, task_states_[task].ended_with_call); });
  std::erase_if(left_reviews,
                [&](uint32_t each) { return stays(reviews[each].place, review_states_[each].ended_with_call); });
  const std::string why = memory_->redo.why;
  memory_.reset();
  for (const uint32_t task : left_tasks) {
    const TaskPhase phase = task_states_[task].phase;
    const bool runs = phase != TaskPhase::kIdle && phase != TaskPhase::kEnded;
    // Of what was submitted nobody knows how far it came, unless it says so.
    const bool begun = runs || tasks[task].submitted != 0 || tasks[task].started != 0 ||
                       tasks[task].status == TaskStatus::kReused || tasks[task].status == TaskStatus::kDone;
    if (begun) rewound.done_again.push_back(tasks[task].place);
    if (runs) rewound.cancelled.push_back(tasks[task].place);
    if (begun && tasks[task].task->effect) rewound.effects.push_back(tasks[task].place);
    tasks[task].superseded = true;
    CancelTask(task, why, true);
    MayRelease(task);
  }
  for (const uint32_t review : left_reviews) {
    rewound.reviews.push_back(reviews[review].id);
    reviews[review].superseded = true;
    const bool closed =
        reviews[review].status != ReviewStatus::kOpening && reviews[review].status != ReviewStatus::kOpen;
    Withdraw(review, why);
    // Its record says that it is superseded.
    if (closed) review_states_[review].close_sequence = Emit(CloseReview{reviews[review].id});
  }
  for (uint32_t task = 0; task < tasks.size(); ++task) {
    if (tasks[task].superseded || !task_states_[task].extra) continue;
    const TaskExtra& extra = *task_states_[task].extra;
    for (size_t i = task_states_[task].messages_at_start; i < tasks[task].messages.size(); ++i) {
      MessageRecord& message = tasks[task].messages[i];
      const bool waits = !message.delivered && extra.placed[i].sequence == 0;
      if (waits && extra.sent_again.count(message.number) == 0) message.taken_back = true;
    }
  }
}

bool Scheduler::Impl::IsTarget(const std::string& prefix) const {
  const Redo& redo = memory_->redo;
  const bool is = redo.to_place && prefix == (redo.place.empty() ? "" : redo.place + ".");
  memory_->found = memory_->found || is;
  return is;
}

void Scheduler::Impl::MarkTarget(Frame& frame, uint32_t node) {
  const Redo& redo = memory_->redo;
  if (!redo.to_place || PlaceOf(frame, node) != redo.place) return;
  memory_->found = true;
  frame.nodes[node].taint = Join(frame.nodes[node].taint, MarkedTaint(kRedone));
}

// Who watches or tells a job comes after it, so that the job is the one that goes on, or the one that begins anew. A
// job whose turn does not come is one that begins anew later.
bool Scheduler::Impl::WaitsForJob(const Frame& frame, uint32_t node) const {
  const NodePlan& plan = frame.plan->nodes[node];
  if (!plan.has_job && !plan.has_withdrawn_with) return false;
  const Address& job = plan.has_job ? plan.job : plan.withdrawn_with;
  const Frame* above = &frame;
  for (uint32_t i = 0; i < job.up; ++i) above = above->outer;
  return !above->nodes[job.slot - above->plan->params].begun;
}

// New parameters reach what is behind the place only.
void Scheduler::Impl::CheckChanged(const Frame& frame, uint32_t node) {
  const Taint taint = frame.nodes[node].taint;
  if (!rewound.refused.empty() || !Has(taint, kChanged) || Has(taint, kRedone)) return;
  const Place place = PlaceOf(frame, node);
  rewound.refused = fmt::format("what is to be set is used at `{}`, which is not behind `{}`; rewind to `{}`", place,
                                memory_->redo.place, place);
}

// The task that was at this node, if it is to go on; kNothing if there is none.
uint32_t Scheduler::Impl::ClaimTask(const Frame& frame, uint32_t node) {
  const auto found = memory_->tasks.find(PlaceOf(frame, node));
  if (found == memory_->tasks.end()) return kNothing;
  const NodeState& state = frame.nodes[node];
  for (const uint32_t task : found->second) {
    if (task_states_[task].plan != &frame.plan->nodes[node]) continue;
    const TaskPhase phase = task_states_[task].phase;
    const bool skipped = phase == TaskPhase::kEnded && tasks[task].status == TaskStatus::kSkipped;
    if (phase != TaskPhase::kIdle && !skipped) CheckChanged(frame, node);
    if (Has(state.taint, kRedone)) return kNothing;
    const bool fits = phase == TaskPhase::kIdle || (state.begun && (state.doom != 0) == skipped);
    if (!fits) return kNothing;
    Take(found->second, task);
    return task;
  }
  return kNothing;
}

// Gives back the task that was claimed for this node: another one takes its place.
uint32_t Scheduler::Impl::Replace(Frame& frame, uint32_t node, uint32_t task) {
  memory_->tasks[PlaceOf(frame, node)].push_back(task);
  task_states_[task].frame = kNothing;
  return NewTask(frame, node);
}

// Whether a task that has begun was at this node, and is not done again.
bool Scheduler::Impl::WasThere(const Frame& frame, uint32_t node) const {
  const auto found = memory_->tasks.find(PlaceOf(frame, node));
  if (found == memory_->tasks.end() || Has(frame.nodes[node].taint, kRedone)) return false;
  return std::any_of(found->second.begin(), found->second.end(), [&](uint32_t task) {
    return task_states_[task].plan == &frame.plan->nodes[node] && task_states_[task].phase != TaskPhase::kIdle;
  });
}

// Whether the task that was here, with these arguments, is the one that is wanted now: then its node is where it was.
bool Scheduler::Impl::GoesOn(Frame& frame, uint32_t node, uint32_t task, const std::vector<Json>& arguments) {
  TaskState& state = task_states_[task];
  // What was cancelled before it began got no arguments.
  const bool cancelled = state.cancel_asked || tasks[task].status == TaskStatus::kCancelled;
  const bool same = tasks[task].arguments == arguments || (cancelled && tasks[task].arguments.empty());
  if (!same || state.ended_with_run || state.ended_with_call) return false;
  state.taint = frame.nodes[node].taint;
  NoteAssumed(task);
  if (state.phase != TaskPhase::kEnded) return true;
  const TaskStatus status = tasks[task].status;
  if (status == TaskStatus::kDone || status == TaskStatus::kReused) {
    Done(frame, node, ValueOf(task));
  } else {
    DieEnded(frame, node, task);
  }
  return true;
}

bool Scheduler::Impl::ReviewGoesOn(Frame& frame, uint32_t node, const ir::ReviewNode& review) {
  const auto found = memory_->reviews.find(PlaceOf(frame, node));
  if (found == memory_->reviews.end()) return false;
  const auto at = std::find_if(found->second.begin(), found->second.end(),
                               [&](uint32_t index) { return reviews[index].node == &review; });
  if (at == found->second.end()) return false;
  const uint32_t index = *at;
  CheckChanged(frame, node);
  ReviewState& state = review_states_[index];
  if (Has(frame.nodes[node].taint, kRedone) || state.ended_with_run || state.ended_with_call) return false;
  if (!SameQuestion(frame, index)) return false;
  found->second.erase(at);
  frame.nodes[node].instance = index;
  state.frame = frame.id;
  state.node = node;
  const ReviewView& view = reviews[index];
  switch (view.status) {
    case ReviewStatus::kOpening:
    case ReviewStatus::kOpen:
      if (const NodePlan& plan = frame.plan->nodes[node]; plan.has_withdrawn_with) {
        Frame& above = At(frame, plan.withdrawn_with.up);
        Extra(EnsureTask(above, plan.withdrawn_with.slot - above.plan->params)).reviews.push_back(index);
      }
      Assume(frame, node, index);
      return true;
    case ReviewStatus::kAnswered:
    case ReviewStatus::kExpired:
      for (const ChoiceView& choice : view.choices) {
        const bool granted = choice.name == view.answer && !choice.grants.empty();
        if (granted && view.status == ReviewStatus::kAnswered) Approve(state.value["fields"][choice.grants]);
      }
      Done(frame, node, state.value);
      return true;
    case ReviewStatus::kWithdrawn:
      Die(frame, node, MakeCause("`" + view.id + "` was withdrawn: " + view.closed_by, false));
      return true;
    case ReviewStatus::kVoided:
      Die(frame, node,
          Fail(frame, node, "the review is void: " + view.closed_by, frame.plan->nodes[node].node->span,
               ir::Reason::kCancelled));
      return true;
  }
  return false;
}

// What it shows is what it showed. Under `assume` a review may stand behind another answer than before.
bool Scheduler::Impl::SameQuestion(const Frame& frame, uint32_t review) const {
  const ReviewView& view = reviews[review];
  for (size_t i = 0; i < view.node->show.size() && i < view.show.size(); ++i) {
    const state::Evaluation value = Evaluate(frame, view.node->show[i].value);
    if (!value.ok() || !(value.value == view.show[i].second)) return false;
  }
  const state::Evaluation question = Evaluate(frame, view.node->question);
  return question.ok() && state::ToText(question.value, view.node->question.type) == view.question;
}

// The emissions that had a body have it again, and no others of those that were there.
void Scheduler::Impl::WatchGoesOn(uint32_t watch, const WatchState& before) {
  for (const int64_t number : before.opened) {
    if (const EmissionRecord* emission = FindEmission(watches_[watch], number)) {
      const EmissionRecord shown = *emission;
      OpenBody(watch, shown);
    }
  }
  watches_[watch].waiting = before.waiting;
  BodyClosed(watch);
}

bool Scheduler::Impl::SentBefore(uint32_t task, const MessageRecord& record) {
  for (const MessageRecord& message : tasks[task].messages) {
    const bool same = message.place == record.place && message.message == record.message &&
                      message.fields == record.fields && !message.taken_back;
    if (same && Extra(task).sent_again.insert(message.number).second) return true;
  }
  return false;
}

}  // namespace hwf::scheduler
