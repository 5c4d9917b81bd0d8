// A review's clocks: reminders, escalations, the deadline. Silence is never consent: what `else` gives is recorded as
// the policy's, not a person's.
#include <algorithm>

#include "base/check.h"
#include "runtime/scheduler/impl.h"
#include "runtime/state/values.h"

namespace hwf::scheduler {

// How long an open form keeps a `latest` watch from taking the review away.
constexpr TimeMs kFormOpenMs = 15 * 60 * 1000;

void Scheduler::Impl::Arm(uint32_t review, state::Clock clock, int index, TimeMs due) {
  ArmedClock armed{clock, index, due, 0};
  armed.sequence = Emit(ArmClock{reviews[review].id, clock, index, due});
  review_states_[review].clocks.push_back(armed);
}

void Scheduler::Impl::OnForm(const state::FormOpened& event) {
  uint32_t index = FindReviewIndex(event.review);
  if (index == kNothing || reviews[index].status != ReviewStatus::kOpen) return;
  ReviewState& state = review_states_[index];
  state.form_until = time_ + kFormOpenMs;
  if (LatestBodyAround(state.frame) == nullptr) return;
  std::erase_if(state.clocks, [](const ArmedClock& c) { return c.clock == state::Clock::kForm; });
  Arm(index, state::Clock::kForm, 0, state.form_until);
}

void Scheduler::Impl::OnClock(const state::ClockFired& event) {
  uint32_t index = FindReviewIndex(event.review);
  if (index == kNothing || reviews[index].status != ReviewStatus::kOpen) return;
  ReviewView& view = reviews[index];
  ReviewState& state = review_states_[index];
  auto armed = std::find_if(state.clocks.begin(), state.clocks.end(), [&](const ArmedClock& c) {
    return c.clock == event.clock && c.index == event.index && c.due <= time_;
  });
  if (armed == state.clocks.end()) return;
  TimeMs due = armed->due;
  state.clocks.erase(armed);
  switch (event.clock) {
    case state::Clock::kExpire:
      return Expire(index);
    case state::Clock::kRemind: {
      Emit(Notify{view.id, "remind"});
      if (const TimeMs next = NextReminder(index, due); next != 0) {
        Arm(index, state::Clock::kRemind, event.index + 1, next);
      }
      return;
    }
    case state::Clock::kEscalate: {
      RuleView rule;
      rule.kind = ir::ByRule::Kind::kOr;
      rule.parts = {view.rule, state.escalations[static_cast<size_t>(event.index)].second};
      view.rule = std::move(rule);
      Emit(Notify{view.id, "escalate"});
      return Decide(index);
    }
    case state::Clock::kForm:
      if (const Frame* body = LatestBodyAround(state.frame)) WaitingTakesPlace(body->watch);
      return;
  }
  HWF_UNREACHABLE();
}

// The next one behind `last`, the opening or the due time of another, without those that passed while no engine was
// alive; 0: there is none before the deadline.
TimeMs Scheduler::Impl::NextReminder(uint32_t review, TimeMs last) const {
  const ReviewState& state = review_states_[review];
  TimeMs next = 0;
  if (reviews[review].node->remind_workdays) {
    const auto at = std::upper_bound(state.remind_at.begin(), state.remind_at.end(), time_);
    if (at != state.remind_at.end()) next = *at;
  } else if (state.remind && *state.remind > 0) {
    next = last + *state.remind * ((time_ - last) / *state.remind + 1);
  }
  const TimeMs deadline = reviews[review].deadline;
  return deadline == 0 || next < deadline ? next : 0;
}

void Scheduler::Impl::Expire(uint32_t review) {
  ReviewView& view = reviews[review];
  ReviewState& state = review_states_[review];
  Json value = state.else_value;
  bool policy = !value.is_null();
  if (!policy) value = Json::Object().Set("variant", Json("expired")).Set("fields", Json::Object());
  view.answer = value.StringOr("variant", "");
  view.answer_fields = value["fields"];
  const int64_t within = state.within.value_or(0);
  const int64_t days = within / kWorkdayMs;
  std::string late =
      "no answer within " + (view.node->within_workdays ? fmt::format("{} working {}", days, days == 1 ? "day" : "days")
                                                        : state::DurationText(within));
  CloseReviewAs(review, ReviewStatus::kExpired, policy ? "policy (" + late + ")" : late);
  Conclude(review, std::move(value));
}

}  // namespace hwf::scheduler
