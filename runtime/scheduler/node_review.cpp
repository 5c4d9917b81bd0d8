// `await review`: the request is put together here, opened by the engine, and then answered, expired or withdrawn
// (review_answer.cpp, review_clock.cpp).
#include "runtime/scheduler/impl.h"
#include "runtime/state/values.h"

namespace hwf::scheduler {
namespace {

Json RuleJson(const RuleView& rule) {
  Json out = Json::Object();
  out.Set("kind", Json(static_cast<int64_t>(rule.kind))).Set("who", Json(rule.who)).Set("quorum", Json(rule.quorum));
  out.Set("not_starter", Json(rule.not_starter)).Set("level", Json(static_cast<int64_t>(rule.level)));
  Json parts = Json::Array();
  for (const RuleView& part : rule.parts) parts.Add(RuleJson(part));
  return out.Set("parts", std::move(parts));
}

// Of what an answer must be an answer to: the question, the form and who may answer. Escalations are part of it from
// the start, so that the digest stays when one happens.
std::string FormDigest(const ReviewView& view, const ReviewState& state) {
  Json choices = Json::Array();
  for (const ChoiceView& choice : view.choices) {
    Json fields = Json::Array();
    for (const FormFieldView& field : choice.fields) {
      Json one = Json::Object();
      one.Set("name", Json(field.name))
          .Set("type", Json(ir::ToString(field.type)))
          .Set("required", Json(field.required));
      one.Set("low", field.low).Set("high", field.high).Set("one_of", field.one_of).Set("default", field.default_value);
      fields.Add(std::move(one));
    }
    choices.Add(Json::Object().Set("name", Json(choice.name)).Set("fields", fields).Set("grants", Json(choice.grants)));
  }
  Json escalations = Json::Array();
  for (const auto& [delay, rule] : state.escalations) {
    escalations.Add(Json::Object().Set("delay", Json(delay)).Set("to", RuleJson(rule)));
  }
  Json form = Json::Object();
  form.Set("review", Json(view.id)).Set("question", Json(view.question)).Set("choices", std::move(choices));
  form.Set("rule", RuleJson(view.rule)).Set("escalations", std::move(escalations));
  return state::DigestOf(form);
}

}  // namespace

uint32_t Scheduler::Impl::FindReviewIndex(std::string_view id) const {
  auto it = review_index_.find(std::string(id));
  return it != review_index_.end() ? it->second : kNothing;
}

// The value; after a failure nothing, and the node is dead.
std::optional<Json> Scheduler::Impl::ValueOrFail(Frame& frame, uint32_t node, const ir::Expr& expr) {
  state::Evaluation result = Evaluate(frame, expr);
  if (result.ok()) return std::move(result.value);
  Die(frame, node, Fail(frame, node, *result.failure));
  return std::nullopt;
}

void Scheduler::Impl::RunReview(Frame& frame, uint32_t node, const ir::ReviewNode& review) {
  if (memory_ && ReviewGoesOn(frame, node, review)) return;
  const NodePlan& plan = frame.plan->nodes[node];
  uint32_t job = kNothing;
  if (plan.has_withdrawn_with) {
    Frame& above = At(frame, plan.withdrawn_with.up);
    job = EnsureTask(above, plan.withdrawn_with.slot - above.plan->params);
    if (task_states_[job].phase == TaskPhase::kEnded) {
      return Die(frame, node, MakeCause("`" + PlaceOf(frame, node) + "` was not asked: job ended", false));
    }
  }
  ReviewView view;
  ReviewState state;
  view.generation = generation;
  if (!FillView(frame, node, review, view, state)) return;
  auto index = static_cast<uint32_t>(reviews.size());
  if (job != kNothing) Extra(job).reviews.push_back(index);
  frame.nodes[node].instance = index;
  review_index_[view.id] = index;
  state.open_sequence = Emit(OpenReview{view.id, view.place});
  reviews.push_back(std::move(view));
  review_states_.push_back(std::move(state));
  Assume(frame, node, index);
}

bool Scheduler::Impl::FillView(Frame& frame, uint32_t node, const ir::ReviewNode& review, ReviewView& view,
                               ReviewState& state) {
  view.place = PlaceOf(frame, node);
  view.id = UniquePlace(view.place);
  view.group = GroupOf(frame, view.place);
  view.node = &review;
  state.frame = frame.id;
  state.node = node;
  std::optional<Json> question = ValueOrFail(frame, node, review.question);
  if (!question) return false;
  view.question = state::ToText(*question, review.question.type);
  for (const ir::Shown& shown : review.show) {
    std::optional<Json> value = ValueOrFail(frame, node, shown.value);
    if (!value) return false;
    view.show.emplace_back(shown.label, std::move(*value));
  }
  if (!FillChoices(frame, node, review, view)) return false;
  std::optional<RuleView> rule = MakeRule(frame, node, review.by);
  if (!rule) return false;
  view.rule = std::move(*rule);
  for (auto [expr, target] : {std::pair(&review.within, &state.within), std::pair(&review.remind, &state.remind)}) {
    if (!*expr) continue;
    std::optional<Json> delay = ValueOrFail(frame, node, **expr);
    if (!delay) return false;
    if (delay->is_int()) *target = delay->AsInt();
  }
  for (const ir::ReviewNode::Escalation& escalation : review.escalations) {
    std::optional<Json> delay = ValueOrFail(frame, node, escalation.delay);
    if (!delay) return false;
    std::optional<RuleView> to = MakeRule(frame, node, escalation.to);
    if (!to) return false;
    state.escalations.emplace_back(delay->is_int() ? delay->AsInt() : 0, std::move(*to));
  }
  if (review.else_answer) {
    std::optional<Json> answer = ValueOrFail(frame, node, *review.else_answer);
    if (!answer) return false;
    state.else_value = std::move(*answer);
  }
  if (review.assume) {
    std::optional<Json> answer = ValueOrFail(frame, node, review.assume->answer);
    if (!answer) return false;
    view.assumed = std::move(*answer);
    for (const ir::NamedExpr& limit : review.assume->up_to) {
      std::optional<Json> most = ValueOrFail(frame, node, limit.value);
      if (!most) return false;
      state.up_to.emplace_back(limit.name, most->is_int() ? most->AsInt() : 0);
    }
  }
  if (frame.watch != kNothing) {
    const WatchState& watch = watches_[frame.watch];
    const Frame* above = Alive(watch.frame);
    const auto& watched = std::get<ir::WatchNode>(above->plan->nodes[watch.node].node->body);
    view.job_stream = tasks[watch.task].place + "." + watched.stream;
    view.emission = frame.emission;
  }
  view.form_digest = FormDigest(view, state);
  return true;
}

// What the innermost `for` around it asks at this place, for each of its elements: "each.*.call". A round of a loop and
// an emission of a watch are places of their own.
std::string Scheduler::Impl::GroupOf(const Frame& frame, const Place& place) const {
  for (const Frame* inner = &frame; inner != nullptr && inner->owner != kNothing;) {
    const Frame* owner = Alive(inner->owner);
    if (owner == nullptr) return "";
    if (std::holds_alternative<ir::ForNode>(owner->plan->nodes[inner->owner_node].node->body)) {
      const uint32_t made = owner->nodes[inner->owner_node].instance;
      if (fors_[made].bodies.size() < 2) return "";
      return PlaceOf(*owner, inner->owner_node) + ".*." + place.substr(inner->prefix.size());
    }
    inner = owner;
  }
  return "";
}

bool Scheduler::Impl::FillChoices(Frame& frame, uint32_t node, const ir::ReviewNode& review, ReviewView& view) {
  for (const ir::Choice& choice : review.choices) {
    ChoiceView& out = view.choices.emplace_back();
    out.name = choice.name;
    out.grants = choice.grants;
    for (const ir::FormField& field : choice.fields) {
      FormFieldView& made = out.fields.emplace_back();
      made.name = field.name;
      made.type = field.type;
      made.required = field.type->kind != ir::TypeKind::kOptional && !field.default_value;
      for (auto [expr, target] :
           {std::pair(&field.low, &made.low), std::pair(&field.high, &made.high),
            std::pair(&field.one_of, &made.one_of), std::pair(&field.default_value, &made.default_value)}) {
        if (!*expr) continue;
        std::optional<Json> value = ValueOrFail(frame, node, **expr);
        if (!value) return false;
        *target = state::Widen(std::move(*value), field.type);
      }
    }
  }
  return true;
}

std::optional<RuleView> Scheduler::Impl::MakeRule(Frame& frame, uint32_t node, const ir::ByRule& rule) {
  RuleView out;
  out.kind = rule.kind;
  out.quorum = rule.quorum;
  out.not_starter = rule.not_starter;
  out.level = rule.level;
  if (rule.who) {
    std::optional<Json> who = ValueOrFail(frame, node, *rule.who);
    if (!who) return std::nullopt;
    out.who = who->is_string() ? who->AsString() : "";
  }
  for (const ir::ByRule& part : rule.parts) {
    std::optional<RuleView> made = MakeRule(frame, node, part);
    if (!made) return std::nullopt;
    out.parts.push_back(std::move(*made));
  }
  return out;
}

void Scheduler::Impl::OnOpened(const state::ReviewOpened& event) {
  uint32_t index = FindReviewIndex(event.review);
  if (index == kNothing || reviews[index].status != ReviewStatus::kOpening) return;
  ReviewView& view = reviews[index];
  ReviewState& state = review_states_[index];
  view.status = ReviewStatus::kOpen;
  view.opened = time_;
  view.evidence = event.evidence;
  Emit(Notify{view.id, "opened"});
  // In working days it was worked out by the calendar; else it is so long from now.
  const auto due = [&](const Json& worked_out, int64_t delay) {
    return worked_out.is_int() ? worked_out.AsInt() : time_ + delay;
  };
  if (state.within) {
    view.deadline = due(event.due["expire"], *state.within);
    Arm(index, state::Clock::kExpire, 0, view.deadline);
  }
  if (event.due["remind"].is_array()) {
    for (const Json& at : event.due["remind"].AsArray()) {
      if (at.is_int()) state.remind_at.push_back(at.AsInt());
    }
  }
  if (const TimeMs first = NextReminder(index, time_); first != 0) Arm(index, state::Clock::kRemind, 0, first);
  const Json& escalate = event.due["escalate"];
  for (size_t i = 0; i < state.escalations.size(); ++i) {
    const bool known = escalate.is_array() && i < escalate.AsArray().size();
    Arm(index, state::Clock::kEscalate, static_cast<int>(i),
        due(known ? escalate.AsArray()[i] : Json(), state.escalations[i].first));
  }
}

}  // namespace hwf::scheduler
