#include "runtime/engine/review_record.h"

#include <fmt/format.h>

#include <ctime>

namespace hwf::engine {
namespace {

using scheduler::ReviewStatus;
using scheduler::ReviewView;
using scheduler::RuleView;

Json RuleJson(const RuleView& rule) {
  Json json;
  switch (rule.kind) {
    case ir::ByRule::Kind::kOwner:
      json.Set("kind", "owner");
      break;
    case ir::ByRule::Kind::kWho:
      json.Set("kind", "who").Set("who", rule.who);
      break;
    case ir::ByRule::Kind::kAnd:
      json.Set("kind", "and");
      break;
    case ir::ByRule::Kind::kOr:
      json.Set("kind", "or");
      break;
  }
  if (rule.quorum != 1) json.Set("quorum", rule.quorum);
  if (rule.not_starter) json.Set("not_starter", true);
  if (rule.level == ir::ByRule::Level::kUid) json.Set("at", "uid");
  if (rule.level == ir::ByRule::Level::kService) json.Set("at", "service");
  if (rule.parts.empty()) return json;
  Json parts = Json::Array();
  for (const RuleView& part : rule.parts) parts.Add(RuleJson(part));
  return json.Set("parts", parts);
}

Json ChoicesJson(const ReviewView& review) {
  Json choices = Json::Array();
  for (const scheduler::ChoiceView& choice : review.choices) {
    Json fields = Json::Array();
    for (const scheduler::FormFieldView& field : choice.fields) {
      Json entry;
      entry.Set("name", field.name).Set("type", ir::ToString(field.type)).Set("required", field.required);
      if (!field.low.is_null()) entry.Set("low", field.low).Set("high", field.high);
      if (!field.one_of.is_null()) entry.Set("one_of", field.one_of);
      if (!field.default_value.is_null()) entry.Set("default", field.default_value);
      fields.Add(entry);
    }
    Json entry;
    entry.Set("name", choice.name).Set("fields", fields);
    if (!choice.grants.empty()) entry.Set("grants", choice.grants);
    choices.Add(entry);
  }
  return choices;
}

Json VotesJson(const ReviewView& review) {
  Json votes = Json::Array();
  for (size_t i = 0; i < review.votes.size(); ++i) {
    const state::Vote& vote = review.votes[i];
    Json entry;
    entry.Set("person", vote.person.name).Set("uid", vote.person.uid).Set("level", vote.person.level);
    entry.Set("proof", vote.person.proof).Set("variant", vote.variant).Set("fields", vote.fields);
    if (i < review.vote_times.size()) entry.Set("time", UtcText(review.vote_times[i]));
    votes.Add(entry);
  }
  return votes;
}

}  // namespace

std::string UtcText(state::TimeMs time) {
  const std::time_t seconds = time / 1000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  text[std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts)] = 0;
  return fmt::format("{}.{:03}Z", text, time % 1000);
}

std::string_view ToString(ReviewStatus status) {
  switch (status) {
    case ReviewStatus::kOpening:
      return "opening";
    case ReviewStatus::kOpen:
      return "open";
    case ReviewStatus::kAnswered:
      return "answered";
    case ReviewStatus::kExpired:
      return "expired";
    case ReviewStatus::kWithdrawn:
      return "withdrawn";
    case ReviewStatus::kVoided:
      return "void";
  }
  return "";
}

Json ReviewJson(const ReviewView& review, const std::string& run) {
  Json json;
  json.Set("v", 1)
      .Set("run", run)
      .Set("id", review.id)
      .Set("review", review.id)
      .Set("place", review.place)
      .Set("question", review.question);
  if (!review.group.empty()) json.Set("group", review.group);
  json.Set("status", ToString(review.status)).Set("form", review.form_digest);
  Json shown = Json::Array();
  for (const auto& [label, value] : review.show) shown.Add(Json().Set("label", label).Set("value", value));
  json.Set("show", review.evidence.is_array() ? review.evidence : shown)
      .Set("choices", ChoicesJson(review))
      .Set("by", RuleJson(review.rule));
  json.Set("opened", review.opened != 0 ? Json(UtcText(review.opened)) : Json());
  json.Set("deadline", review.deadline != 0 ? Json(UtcText(review.deadline)) : Json());
  json.Set("votes", VotesJson(review));
  if (!review.assumed.is_null()) json.Set("assumed", review.assumed);
  if (!review.carried_from.empty()) json.Set("carried_from", review.carried_from);
  if (review.generation > 1) json.Set("generation", review.generation);
  if (review.superseded) json.Set("superseded", true);
  if (!review.job_stream.empty()) json.Set("stream", review.job_stream).Set("emission", review.emission);
  if (review.status == ReviewStatus::kOpen || review.status == ReviewStatus::kOpening) return json;
  json.Set("closed", UtcText(review.closed)).Set("closed_by", review.closed_by);
  return json.Set("answer", review.answer).Set("answer_fields", review.answer_fields);
}

}  // namespace hwf::engine
