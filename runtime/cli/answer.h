// An answer to a review, from options or a form, and the request that brings it. The main thread only.
#pragma once

#include <string>

#include "base/error.h"
#include "base/json.h"
#include "runtime/cli/command.h"
#include "runtime/review/request.h"
#include "runtime/scheduler/scheduler.h"

namespace hwf::cli {

struct ReviewAnswer {
  const scheduler::ChoiceView* choice = nullptr;  // of the review
  Json fields = Json::Object();
};

// Null if the review has no such choice.
const scheduler::ChoiceView* FindChoice(const scheduler::ReviewView& review, const std::string& name);
// "keep, retune, halt"
std::string ChoiceNames(const scheduler::ReviewView& review);
// `retune(rate: 0.05)`, as a person reads it.
std::string AnswerText(const ReviewAnswer& answer);

// The choice `name` with the fields that the options give, whole and within its bounds. Errors are for people.
ErrorOr<ReviewAnswer> AnswerFromOptions(const scheduler::ReviewView& review, const std::string& name,
                                        const Arguments& arguments);

// To the run with this id; signed if the options say so.
ErrorOr<review::Request> AnswerRequest(const std::string& run, const scheduler::ReviewView& review,
                                       const ReviewAnswer& answer, const Arguments& arguments);

// `hwf review answer RUN GROUP CHOICE`: whether a group is named, and answering its reviews.
bool NamesGroup(const Arguments& arguments);
int AnswerGroup(Context& context, const Arguments& arguments);

}  // namespace hwf::cli
