// Forms: whether an answer fits the form of its review, and what people type on a command line as typed values. Pure.
// Values are as ir/module.h says; messages name the field, what was given and what is wanted.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json.h"
#include "ir/type.h"
#include "runtime/scheduler/scheduler.h"

namespace hwf::review {

// The answer's fields, complete (defaults and `none` filled in, Ints widened where a Float is wanted) and in the form's
// order; or what is wrong with it.
ErrorOr<Json> CheckAnswer(const scheduler::ReviewView& review, std::string_view variant, const Json& fields);
// The same of one field's value.
ErrorOr<Json> CheckField(const scheduler::FormFieldView& field, const Json& value);

// A value of `type` from text: `0.05`, `true`, `30min`, `16GiB`, `approve`, `a,b,c` or JSON for lists, `none` or
// nothing for an optional, JSON for records, maps and variants with fields.
ErrorOr<Json> ParseField(ir::TypeRef type, std::string_view text);

// The value as ParseField would read it, for messages and forms: `30min`, `16GiB`, `0.05`.
std::string FormatField(ir::TypeRef type, const Json& value);

}  // namespace hwf::review
