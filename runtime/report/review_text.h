// Reviews for people and programs: one line each, one in full, the ways to answer. Pure functions; any thread.
#pragma once

#include <string>

#include "runtime/report/text.h"
#include "runtime/scheduler/scheduler.h"

namespace hwf::report {

std::string ReviewLine(const scheduler::ReviewView& review, const Style& style, state::TimeMs now);
std::string ReviewText(const scheduler::ReviewView& review, const std::string& run, const Style& style,
                       state::TimeMs now);

std::string RuleText(const scheduler::RuleView& rule);         // "safety-board, 2 of them, not the starter"
std::string ChoicesText(const scheduler::ReviewView& review);  // "keep | retune --rate FLOAT | halt"
std::string FieldText(const scheduler::FormFieldView& field);  // "Float in 0.0001..1.0, default 0.1"

}  // namespace hwf::report
