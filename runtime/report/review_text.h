// Reviews for people and programs: one line each, one in full, the ways to answer. Pure functions; any thread.
#pragma once

#include <string>
#include <string_view>

#include "runtime/report/text.h"
#include "runtime/scheduler/scheduler.h"

namespace hwf::report {

std::string ReviewLine(const scheduler::ReviewView& review, const Style& style, state::TimeMs now);
std::string ReviewText(const scheduler::ReviewView& review, const std::string& run, const Style& style,
                       state::TimeMs now);

std::string RuleText(const scheduler::RuleView& rule);  // "safety-board, 2 of them, not the starter"
// How to answer, for copying: a command that by itself only asks, and behind a `#` what can be added to it. Two lines,
// each begun with `indent`.
std::string AnswerHint(const scheduler::ReviewView& review, const std::string& run, std::string_view indent);
// The same for a task in doubt.
std::string DoubtHint(const scheduler::TaskView& task, const std::string& run, std::string_view indent);
std::string ChoicesText(const scheduler::ReviewView& review);  // "keep, retune --rate FLOAT, halt"
std::string FieldText(const scheduler::FormFieldView& field);  // "Float in 0.0001..1.0, default 0.1"

}  // namespace hwf::report
