// Votes and what closes a review. What an answer `grants` is the value as it was frozen when the review opened, and is
// remembered by digest: a task with an Approved parameter takes nothing else.
#include <algorithm>

#include "runtime/review/decision.h"
#include "runtime/scheduler/impl.h"
#include "runtime/state/values.h"

namespace hwf::scheduler {
namespace {

bool SameExpr(const ir::Expr& a, const ir::Expr& b) {
  if (a.op != b.op || a.ref != b.ref || a.name != b.name || a.args.size() != b.args.size()) return false;
  if (!(a.literal == b.literal) || a.labels != b.labels) return false;
  return std::equal(a.args.begin(), a.args.end(), b.args.begin(), SameExpr);
}

}  // namespace

void Scheduler::Impl::OnVote(const state::Vote& event) {
  uint32_t index = FindReviewIndex(event.review);
  if (index == kNothing || reviews[index].status != ReviewStatus::kOpen) return;
  ReviewView& view = reviews[index];
  bool known = std::any_of(view.choices.begin(), view.choices.end(),
                           [&](const ChoiceView& choice) { return choice.name == event.variant; });
  if (!known) return;
  for (size_t i = 0; i < view.votes.size(); ++i) {
    if (!review::SamePerson(view.votes[i].person, event.person)) continue;
    view.votes.erase(view.votes.begin() + static_cast<std::ptrdiff_t>(i));
    view.vote_times.erase(view.vote_times.begin() + static_cast<std::ptrdiff_t>(i));
    break;
  }
  view.votes.push_back(event);
  view.vote_times.push_back(time_);
  Decide(index);
}

void Scheduler::Impl::Decide(uint32_t review) {
  const ReviewView& view = reviews[review];
  std::optional<size_t> decisive = review::Decide(view.rule, view.votes, view.choices, starter_);
  if (decisive) Answer(review, view.votes[*decisive]);
}

void Scheduler::Impl::Answer(uint32_t review, const state::Vote& deciding) {
  state::Vote vote = deciding;
  ReviewView& view = reviews[review];
  Json fields = Json::Object();
  const ir::Choice* choice = nullptr;
  for (size_t i = 0; i < view.choices.size(); ++i) {
    if (view.choices[i].name != vote.variant) continue;
    choice = &view.node->choices[i];
    for (const FormFieldView& field : view.choices[i].fields) {
      const Json* given = vote.fields.Find(field.name);
      Json value = given != nullptr ? *given : field.default_value;
      ErrorOr<Json> converted = state::Convert(value, field.type, field.name);
      // The form was checked before the vote was recorded; a vote that does not fit decides nothing.
      if (!converted.ok()) return;
      fields.AsObject().push_back({field.name, std::move(*converted)});
    }
  }
  if (choice == nullptr) return;
  view.answer = vote.variant;
  view.answer_fields = fields;
  if (!choice->grants.empty() && choice->granted) {
    Json granted = Granted(review, *choice->granted);
    Approve(granted);
    fields.Set(choice->grants, std::move(granted));
  }
  CloseReviewAs(review, ReviewStatus::kAnswered, vote.person.name);
  Json value = Json::Object().Set("variant", Json(vote.variant)).Set("fields", std::move(fields));
  Conclude(review, std::move(value));
}

// The granted expression is a shown one, or a field of one: the same path in the frozen evidence.
Json Scheduler::Impl::Granted(uint32_t review, const ir::Expr& granted) const {
  const ReviewView& view = reviews[review];
  std::vector<const ir::Expr*> path;
  for (const ir::Expr* at = &granted; at != nullptr; at = at->args.empty() ? nullptr : &at->args[0]) {
    for (size_t i = 0; i < view.node->show.size(); ++i) {
      if (!SameExpr(*at, view.node->show[i].value)) continue;
      const Json* value = &view.show[i].second;
      if (view.evidence.is_array() && i < view.evidence.AsArray().size()) {
        const Json* frozen = view.evidence.AsArray()[i].Find("value");
        if (frozen != nullptr) value = frozen;
      }
      for (size_t k = path.size(); k-- > 0;) value = &(*value)[path[k]->name];
      return *value;
    }
    if (at->op != ir::Op::kField && at->op != ir::Op::kOptField) break;
    path.push_back(at);
  }
  const Frame* frame = Alive(review_states_[review].frame);
  if (frame == nullptr) return Json();
  return Evaluate(*frame, granted).value;
}

// A value, and each field and element of it.
void Scheduler::Impl::Approve(const Json& value) {
  if (value.is_null()) return;
  approved_.insert(state::DigestOf(value));
  bool file = value.is_object() && value["path"].is_string();
  if (value.is_object() && !file) {
    for (const JsonMember& member : value.AsObject()) Approve(member.value);
  }
  if (!value.is_array()) return;
  for (const Json& item : value.AsArray()) Approve(item);
}

void Scheduler::Impl::CloseReviewAs(uint32_t review, ReviewStatus status, std::string by) {
  ReviewView& view = reviews[review];
  view.status = status;
  view.closed_by = std::move(by);
  view.closed = time_;
  review_states_[review].clocks.clear();
  review_states_[review].close_sequence = Emit(CloseReview{view.id});
}

// Nobody's answer counts any more. `why` may begin as the end of a sentence (": …", " by ana").
void Scheduler::Impl::Withdraw(uint32_t review, const std::string& why) {
  ReviewStatus status = reviews[review].status;
  if (status != ReviewStatus::kOpen && status != ReviewStatus::kOpening) return;
  std::string text = why.rfind(" by ", 0) == 0 ? "cancelled" + why : why.substr(why.find_first_not_of(": "));
  CloseReviewAs(review, ReviewStatus::kWithdrawn, text);
  ReviewState& state = review_states_[review];
  state.ended_with_run = !cancelled_by_.empty();
  Frame* frame = Alive(state.frame);
  if (frame == nullptr) return;
  if (IsAssumed(review)) return EndAssumption(review, true);
  Die(*frame, state.node, MakeCause("`" + reviews[review].id + "` was withdrawn: " + text, false));
}

void Scheduler::Impl::OnCarried(const state::AnswerCarried& event) {
  uint32_t index = FindReviewIndex(event.review);
  if (index == kNothing || reviews[index].status != ReviewStatus::kOpen) return;
  ReviewView& view = reviews[index];
  view.carried_from = event.from_run;
  view.votes.push_back(event.vote);
  view.vote_times.push_back(time_);
  Answer(index, event.vote);
}

void Scheduler::Impl::OnWithdrawn(const state::ReviewWithdrawn& event) {
  uint32_t index = FindReviewIndex(event.review);
  if (index == kNothing) return;
  const std::string by = "taken back by " + (event.person.name.empty() ? "the run's owner" : event.person.name);
  Withdraw(index, event.why.empty() ? by : by + ": " + event.why);
}

void Scheduler::Impl::OnVoided(const state::ReviewVoided& event) {
  uint32_t index = FindReviewIndex(event.review);
  if (index == kNothing) return;
  ReviewStatus status = reviews[index].status;
  if (status != ReviewStatus::kOpen && status != ReviewStatus::kOpening) return;
  CloseReviewAs(index, ReviewStatus::kVoided, event.why);
  const ReviewState& state = review_states_[index];
  Frame* frame = Alive(state.frame);
  if (frame == nullptr) return;
  if (IsAssumed(index)) return EndAssumption(index, true);
  Die(*frame, state.node,
      Fail(*frame, state.node, "the review is void: " + event.why, frame->plan->nodes[state.node].node->span,
           ir::Reason::kCancelled));
}

std::string Scheduler::Impl::Explain(const state::Vote& vote) const {
  uint32_t index = FindReviewIndex(vote.review);
  if (index == kNothing) return "there is no review `" + vote.review + "`";
  const ReviewView& view = reviews[index];
  if (view.status == ReviewStatus::kOpening) return "the review is not open yet";
  if (view.status != ReviewStatus::kOpen) return "closed by " + view.closed_by;
  return review::Explain(view.rule, view.votes, view.choices, starter_, vote);
}

}  // namespace hwf::scheduler
