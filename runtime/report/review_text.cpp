#include "runtime/report/review_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "runtime/engine/review_record.h"

namespace hwf::report {
namespace {

using scheduler::ReviewStatus;
using scheduler::ReviewView;
using scheduler::RuleView;

constexpr size_t kMostPaths = 20;  // of the files in one value

std::string Remaining(const ReviewView& review, state::TimeMs now) {
  if (review.deadline == 0) return "";
  return review.deadline > now ? FormatDuration(review.deadline - now) + " left" : "due now";
}

std::string RuleLeaf(const RuleView& rule) {
  std::string text = rule.kind == ir::ByRule::Kind::kOwner ? "the run's owner" : Printable(rule.who);
  if (rule.quorum > 1) text += fmt::format(", {} of them", rule.quorum);
  if (rule.not_starter) text += ", not the starter";
  switch (rule.level) {
    case ir::ByRule::Level::kAny:
      break;
    case ir::ByRule::Level::kUid:
      text += ", as another user or signed";
      break;
    case ir::ByRule::Level::kService:
      text += ", through the service";
      break;
  }
  return text;
}

std::string Upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::toupper(c); });
  return text;
}

// Of a field of that answer; null if the form has none of that name.
ir::TypeRef FieldType(const ReviewView& review, std::string_view answer, std::string_view name) {
  for (const scheduler::ChoiceView& choice : review.choices) {
    if (choice.name != answer) continue;
    for (const scheduler::FormFieldView& field : choice.fields) {
      if (field.name == name) return field.type;
    }
  }
  return nullptr;
}

// `retune(rate: 0.05)`
std::string AnswerText(const ReviewView& review, const std::string& answer, const Json& given) {
  std::string fields;
  if (given.is_object()) {
    for (const JsonMember& member : given.AsObject()) {
      if (member.value.is_null()) continue;
      fields += fmt::format("{}{}: {}", fields.empty() ? "" : ", ", member.key,
                            FormatValue(member.value, FieldType(review, answer, member.key)));
    }
  }
  return fields.empty() ? answer : fmt::format("{}({})", answer, fields);
}

// Where the files in a value that is shown can be looked at.
void CollectPaths(const Json& value, std::vector<std::string>& paths) {
  if (paths.size() > kMostPaths) return;
  if (value.is_array()) {
    for (const Json& item : value.AsArray()) CollectPaths(item, paths);
  }
  if (!value.is_object()) return;
  const Json* path = value.Find("path");
  if (path != nullptr && path->is_string() && value.Find("digest") != nullptr) {
    paths.push_back(Printable(path->AsString()));
    return;
  }
  for (const JsonMember& member : value.AsObject()) CollectPaths(member.value, paths);
}

// The values that are shown, with the frozen files in them.
std::string ShownText(const ReviewView& review) {
  std::string text;
  for (size_t i = 0; i < review.show.size(); ++i) {
    const auto& [label, value] = review.show[i];
    const ir::TypeRef type =
        review.node != nullptr && i < review.node->show.size() ? review.node->show[i].value.type : nullptr;
    text += fmt::format("  {} = {}\n", label, FormatValue(value, type));
    const bool frozen = review.evidence.is_array() && i < review.evidence.AsArray().size();
    std::vector<std::string> paths;
    CollectPaths(frozen ? review.evidence.AsArray()[i]["value"] : value, paths);
    for (size_t p = 0; p < paths.size() && p < kMostPaths; ++p) text += fmt::format("      {}\n", paths[p]);
    if (paths.size() > kMostPaths) text += "      … and more: `hwf review show --json` has them all\n";
  }
  return text;
}

std::string Outcome(const ReviewView& review) {
  if (review.answer.empty()) return Printable(review.closed_by);
  return fmt::format("{} by {}{}", AnswerText(review, review.answer, review.answer_fields), Printable(review.closed_by),
                     review.carried_from.empty() ? "" : ", carried from " + Printable(review.carried_from));
}

}  // namespace

std::string RuleText(const RuleView& rule) {
  if (rule.parts.empty()) return RuleLeaf(rule);
  const std::string_view joint = rule.kind == ir::ByRule::Kind::kAnd ? " and " : " or ";
  std::string text;
  for (const RuleView& part : rule.parts) {
    const std::string inner = part.parts.empty() ? RuleLeaf(part) : "(" + RuleText(part) + ")";
    text += (text.empty() ? std::string() : std::string(joint)) + inner;
  }
  return text;
}

std::string FieldText(const scheduler::FormFieldView& field) {
  std::string text = ir::ToString(field.type);
  if (!field.low.is_null()) {
    text += fmt::format(" in {}..{}", FormatValue(field.low, field.type), FormatValue(field.high, field.type));
  }
  if (!field.one_of.is_null()) text += " of " + FormatValue(field.one_of, nullptr);
  if (!field.default_value.is_null()) text += ", default " + FormatValue(field.default_value, field.type);
  if (!field.required && field.default_value.is_null()) text += ", optional";
  return text;
}

std::string ChoicesText(const ReviewView& review) {
  std::string text;
  for (const scheduler::ChoiceView& choice : review.choices) {
    text += (text.empty() ? "" : ", ") + choice.name;
    for (const scheduler::FormFieldView& field : choice.fields) {
      if (field.required) text += fmt::format(" --{} {}", field.name, Upper(ir::ToString(field.type)));
    }
  }
  return text;
}

// A person copies whole lines: nothing in them may be an answer, nor a pipe to a program of that name.
std::string AnswerHint(const ReviewView& review, const std::string& run, std::string_view indent) {
  return fmt::format("{0}hwf review answer {1} {2}\n{0}  # {3}\n", indent, run, review.id, ChoicesText(review));
}

std::string DoubtHint(const scheduler::TaskView& task, const std::string& run, std::string_view indent) {
  return fmt::format("{0}hwf doubt {1} {2}\n{0}  # happened, did-not\n", indent, run, task.place);
}

std::string ReviewLine(const ReviewView& review, const Style& style, state::TimeMs now) {
  const std::string status =
      review.status == ReviewStatus::kOpen ? style.Yellow("open") : std::string(engine::ToString(review.status));
  std::string text = fmt::format("  {} {} {}", Pad(review.place, 28), Pad(status, 9), FormatProse(review.question));
  if (review.status == ReviewStatus::kOpen) {
    const size_t votes = review.votes.size();
    const std::string cast = votes == 0 ? std::string() : fmt::format("{} {}; ", votes, votes == 1 ? "vote" : "votes");
    text += fmt::format("  ({}{}{}{})", cast, RuleText(review.rule), review.deadline != 0 ? "; " : "",
                        Remaining(review, now));
  } else if (review.status != ReviewStatus::kOpening) {
    text += "  → " + Outcome(review);
  }
  return text + "\n";
}

std::string ReviewText(const ReviewView& review, const std::string& run, const Style& style, state::TimeMs now) {
  std::string text = style.Bold(FormatProse(review.question)) + "\n";
  text += fmt::format("  review   {}  ({})\n", review.id, review.place);
  if (!review.job_stream.empty()) text += fmt::format("  about    {} {}\n", review.job_stream, review.emission);
  text += fmt::format("  who      {}\n", RuleText(review.rule));
  if (review.opened != 0) text += fmt::format("  opened   {}\n", FormatTime(review.opened));
  if (review.status == ReviewStatus::kOpen && review.deadline != 0) {
    text += fmt::format("  until    {} ({})\n", FormatTime(review.deadline), Remaining(review, now));
  }
  if (!review.show.empty()) text += "shown:\n" + ShownText(review);
  for (size_t i = 0; i < review.votes.size(); ++i) {
    const state::Vote& vote = review.votes[i];
    // The run's own account is its tasks' account too.
    text += fmt::format("vote: {} by {} ({}{})\n", AnswerText(review, vote.variant, vote.fields),
                        Printable(vote.person.name), vote.person.proof, vote.person.level < 2 ? ", unproven" : "");
  }
  if (review.status != ReviewStatus::kOpen) {
    return text + fmt::format("{}: {}\n", engine::ToString(review.status), Outcome(review));
  }
  text += "answers:\n";
  for (const scheduler::ChoiceView& choice : review.choices) {
    text += fmt::format("  {}{}\n", style.Blue(choice.name),
                        choice.grants.empty() ? "" : fmt::format("  (approves {})", choice.grants));
    for (const scheduler::FormFieldView& field : choice.fields) {
      text += fmt::format("      --{}  {}\n", field.name, FieldText(field));
    }
  }
  return text + "answer with:\n" + AnswerHint(review, run, "  ");
}

}  // namespace hwf::report
