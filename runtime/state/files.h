// File and Dir values inside others. Pure.
#pragma once

#include <vector>

#include "base/json.h"

namespace hwf::state {

bool IsFileValue(const Json& value);
// Every File and Dir value inside `value`, which outlives the pointers.
void CollectFiles(const Json& value, std::vector<const Json*>& files);

}  // namespace hwf::state
