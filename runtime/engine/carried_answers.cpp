#include "runtime/engine/carried_answers.h"

#include <algorithm>
#include <unordered_map>

#include "runtime/engine/evidence.h"
#include "runtime/engine/review_record.h"
#include "runtime/review/decision.h"
#include "runtime/review/form.h"
#include "runtime/state/values.h"

namespace hwf::engine {
namespace {

using scheduler::ReviewStatus;
using scheduler::ReviewView;

constexpr int kAnswersVersion = 1;

// The variants of an enum that a form asks for: of two programs they may differ under one name.
Json VariantsOf(ir::TypeRef type) {
  while (type->element != nullptr) type = type->element;
  Json names = Json::Array();
  if (type->enumeration == nullptr) return names;
  for (const ir::VariantDef& variant : type->enumeration->variants) names.Add(variant.name);
  return names;
}

// A group that the program declares is part of the rule that names it.
Json GroupsIn(const scheduler::RuleView& rule, const ir::Module& module) {
  Json groups = Json::Object();
  const std::vector<std::string> names = review::NamesIn(rule);
  for (const ir::Group& group : module.groups) {
    if (std::find(names.begin(), names.end(), group.name) == names.end()) continue;
    Json members = Json::Array();
    for (const std::string& member : group.members) members.Add(member);
    groups.Set(group.name, std::move(members));
  }
  return groups;
}

// The labels count: they say what of the evidence an answer grants. An escalation that has happened is part of the
// rule, and so an answer that came after it is no answer to a review that has not escalated.
std::string MatchOf(const ReviewView& review, const ir::Module& module) {
  const Json record = ReviewJson(review, "");
  Json enums = Json::Array();
  for (const scheduler::ChoiceView& choice : review.choices) {
    for (const scheduler::FormFieldView& field : choice.fields) enums.Add(VariantsOf(field.type));
  }
  Json match;
  match.Set("question", review.question).Set("choices", record["choices"]).Set("enums", std::move(enums));
  match.Set("by", record["by"]).Set("groups", GroupsIn(review.rule, module));
  return state::DigestOf(match.Set("show", ByContent(record["show"])));
}

const state::Vote* DecidingVote(const ReviewView& review) {
  const auto decides = [&](const state::Vote& vote) {
    return vote.variant == review.answer && vote.person.name == review.closed_by;
  };
  const auto found = std::find_if(review.votes.rbegin(), review.votes.rend(), decides);
  return found != review.votes.rend() ? &*found : nullptr;
}

bool Approves(const ReviewView& review) {
  return std::any_of(review.choices.begin(), review.choices.end(), [&](const scheduler::ChoiceView& choice) {
    return choice.name == review.answer && !choice.grants.empty();
  });
}

}  // namespace

CarriedAnswers CarriedAnswers::Of(const std::vector<ReviewView>& reviews, const ir::Module& module,
                                  const std::string& run, bool approvals) {
  CarriedAnswers carried;
  std::unordered_map<std::string, int> asked;
  for (const ReviewView& review : reviews) {
    if (review.superseded) continue;
    const std::string match = MatchOf(review, module);
    ++asked[match];
    const state::Vote* vote = review.status == ReviewStatus::kAnswered ? DecidingVote(review) : nullptr;
    if (vote == nullptr) continue;
    if (!approvals && Approves(review)) {
      ++carried.left_out_;
      continue;
    }
    carried.answers_.push_back({match, review.place, true, {"", run, review.id, *vote}});
  }
  for (Answer& answer : carried.answers_) answer.alone = asked[answer.match] == 1;
  return carried;
}

std::string CarriedAnswers::Text() const {
  Json answers = Json::Array();
  for (const Answer& answer : answers_) {
    Json entry;
    entry.Set("match", answer.match).Set("place", answer.place).Set("alone", answer.alone);
    answers.Add(entry.Set("event", state::ToJson({.time = 0, .epoch = 0, .body = answer.event})));
  }
  return Json().Set("v", kAnswersVersion).Set("answers", std::move(answers)).Dump();
}

ErrorOr<Success> CarriedAnswers::Read(std::string_view text) {
  HWF_ASSIGN(const Json json, Json::Parse(text, {.allow_nan = true}));
  if (json.IntOr("v", 0) != kAnswersVersion || !json["answers"].is_array()) {
    return MakeError("these are no answers of version {}", kAnswersVersion);
  }
  for (const Json& entry : json["answers"].AsArray()) {
    HWF_ASSIGN(state::Event event, state::EventFromJson(entry["event"]));
    auto* carried = std::get_if<state::AnswerCarried>(&event.body);
    if (carried == nullptr) return MakeError("among the answers is a `{}`", state::KindOf(event.body));
    answers_.push_back(
        {entry.StringOr("match", ""), entry.StringOr("place", ""), entry.BoolOr("alone", false), std::move(*carried)});
  }
  return Success{};
}

bool CarriedAnswers::IsFree(const Answer& answer, const std::string& match) const {
  return answer.match == match && taken_.count(answer.event.from_review) == 0;
}

std::optional<state::AnswerCarried> CarriedAnswers::Find(const ReviewView& review, const ir::Module& module) const {
  if (answers_.empty()) return std::nullopt;
  const std::string match = MatchOf(review, module);
  auto found = std::find_if(answers_.begin(), answers_.end(), [&](const Answer& answer) {
    return IsFree(answer, match) && answer.place == review.place;
  });
  if (found == answers_.end()) {
    found = std::find_if(answers_.begin(), answers_.end(),
                         [&](const Answer& answer) { return IsFree(answer, match) && answer.alone; });
  }
  if (found == answers_.end()) return std::nullopt;
  state::AnswerCarried carried = found->event;
  ErrorOr<Json> fields = review::CheckAnswer(review, carried.vote.variant, carried.vote.fields);
  if (!fields.ok()) return std::nullopt;
  carried.review = carried.vote.review = review.id;
  carried.vote.fields = std::move(fields).value();
  return carried;
}

}  // namespace hwf::engine
