// Where in a value of some type approved values are. Pure functions, any thread.
#pragma once

#include <vector>

#include "base/json.h"
#include "ir/type.h"

namespace hwf::state {

// The parts of a value whose types are Approved[…]: itself, elements, members and fields, but not parts of such a part.
// They point into `value`.
std::vector<const Json*> ApprovedParts(const Json& value, ir::TypeRef type);
std::vector<Json*> ApprovedParts(Json& value, ir::TypeRef type);

}  // namespace hwf::state
