// Open reviews as people see them: what one `for` asks for each of its elements is one block. Pure functions; any
// thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/report/text.h"
#include "runtime/scheduler/scheduler.h"

namespace hwf::report {

struct ReviewGroup {
  std::string name;                                   // "each.*.call"; of a review that is alone: empty
  std::vector<const scheduler::ReviewView*> reviews;  // at least one, in order of opening
};

// In the order of their first. The views outlive the groups.
std::vector<ReviewGroup> GroupReviews(const std::vector<const scheduler::ReviewView*>& reviews);
// The open ones of a run.
std::vector<ReviewGroup> OpenGroups(const scheduler::Scheduler& scheduler);

// What is not the same in all: "the question", a value that is shown by its label, "who may answer", a field of the
// form
// ("retune --rate").
std::vector<std::string> DifferingParts(const ReviewGroup& group);

// A group of several: its line as ReviewLine is of one, the parts that differ, each review with them (at most a dozen),
// how to answer. `run` as in AnswerHint.
std::string GroupText(const ReviewGroup& group, const std::string& run, const Style& style, state::TimeMs now);
// How to answer all of them at once.
std::string GroupHint(const ReviewGroup& group, const std::string& run, std::string_view indent);

}  // namespace hwf::report
