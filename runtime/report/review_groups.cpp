#include "runtime/report/review_groups.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "runtime/report/review_text.h"

namespace hwf::report {
namespace {

using scheduler::ReviewStatus;
using scheduler::ReviewView;

constexpr size_t kMostLines = 12;  // of the reviews of a group
constexpr size_t kPartWidth = 60;

// What can differ between reviews from one place, by name and as text, in the order in which people see it. Their forms
// come from one source: they have the same choices and fields.
std::vector<std::pair<std::string, std::string>> PartsOf(const ReviewView& review) {
  std::vector<std::pair<std::string, std::string>> parts;
  parts.emplace_back("the question", FormatProse(review.question));
  for (size_t i = 0; i < review.show.size(); ++i) {
    const auto& [label, value] = review.show[i];
    const bool typed = review.node != nullptr && i < review.node->show.size();
    parts.emplace_back(label, FormatValue(value, typed ? review.node->show[i].value.type : nullptr));
  }
  parts.emplace_back("who may answer", RuleText(review.rule));
  for (const scheduler::ChoiceView& choice : review.choices) {
    for (const scheduler::FormFieldView& field : choice.fields) {
      parts.emplace_back(fmt::format("{} --{}", choice.name, field.name), FieldText(field));
    }
  }
  return parts;
}

// Whether each of the parts differs.
std::vector<bool> Differ(const ReviewGroup& group) {
  const auto first = PartsOf(*group.reviews.front());
  std::vector<bool> differ(first.size());
  for (const ReviewView* review : group.reviews) {
    const auto parts = PartsOf(*review);
    for (size_t i = 0; i < first.size() && i < parts.size(); ++i) {
      if (parts[i].second != first[i].second) differ[i] = true;
    }
  }
  return differ;
}

std::string Element(const ReviewView& review, const std::vector<bool>& differ) {
  const auto parts = PartsOf(review);
  std::string text;
  for (size_t i = 0; i < parts.size() && i < differ.size(); ++i) {
    if (!differ[i]) continue;
    const auto& [name, value] = parts[i];
    // A question speaks for itself.
    const std::string shown = i == 0 ? value : fmt::format("{} = {}", name, value);
    text += (text.empty() ? "" : "  ") + Fit(shown, kPartWidth);
  }
  return fmt::format("    {} {}\n", Pad(review.place, 28), text);
}

}  // namespace

std::vector<ReviewGroup> GroupReviews(const std::vector<const ReviewView*>& reviews) {
  std::vector<ReviewGroup> groups;
  std::unordered_map<std::string, size_t> known;
  for (const ReviewView* review : reviews) {
    if (!review->group.empty()) {
      const auto [at, fresh] = known.try_emplace(review->group, groups.size());
      if (!fresh) {
        groups[at->second].name = review->group;
        groups[at->second].reviews.push_back(review);
        continue;
      }
    }
    groups.push_back({"", {review}});
  }
  return groups;
}

std::vector<ReviewGroup> OpenGroups(const scheduler::Scheduler& scheduler) {
  std::vector<const ReviewView*> open;
  for (const ReviewView& review : scheduler.reviews()) {
    if (review.status == ReviewStatus::kOpen) open.push_back(&review);
  }
  return GroupReviews(open);
}

std::vector<std::string> DifferingParts(const ReviewGroup& group) {
  const std::vector<bool> differ = Differ(group);
  const auto parts = PartsOf(*group.reviews.front());
  std::vector<std::string> names;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (differ[i]) names.push_back(parts[i].first);
  }
  return names;
}

std::string GroupText(const ReviewGroup& group, const std::string& run, const Style& style, state::TimeMs now) {
  const ReviewView& first = *group.reviews.front();
  const std::vector<bool> differ = Differ(group);
  state::TimeMs deadline = 0;
  for (const ReviewView* review : group.reviews) {
    if (review->deadline != 0 && (deadline == 0 || review->deadline < deadline)) deadline = review->deadline;
  }
  std::string about = RuleText(first.rule);
  if (deadline != 0) {
    about += deadline > now ? fmt::format("; {} left", FormatDuration(deadline - now)) : std::string("; due now");
  }
  const std::string question = differ[0] ? std::string("different questions") : FormatProse(first.question);
  const std::string count = fmt::format("{} open", group.reviews.size());
  std::string text =
      fmt::format("  {} {} {}  ({})\n", Pad(group.name, 28), Pad(style.Yellow(count), 9), question, about);
  const std::vector<std::string> parts = DifferingParts(group);
  if (!parts.empty()) text += fmt::format("    they differ in: {}\n", fmt::join(parts, ", "));
  const size_t shown = std::min(group.reviews.size(), kMostLines);
  for (size_t i = 0; i < shown; ++i) text += Element(*group.reviews[i], differ);
  if (shown < group.reviews.size()) {
    text += fmt::format("    … and {} more: hwf review list {} --each\n", group.reviews.size() - shown, run);
  }
  return text + GroupHint(group, run, "    ");
}

std::string GroupHint(const ReviewGroup& group, const std::string& run, std::string_view indent) {
  return fmt::format("{0}hwf review answer {1} '{2}'\n{0}  # {3}; --except NAME leaves one of them out\n", indent, run,
                     group.name, ChoicesText(*group.reviews.front()));
}

}  // namespace hwf::report
