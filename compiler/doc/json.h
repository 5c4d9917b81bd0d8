// The documentation for tools: one JSON document. Pure.
#pragma once

#include <vector>

#include "base/json.h"
#include "compiler/doc/model.h"

namespace hwf::doc {

// {"version": 1, "modules": […]}: the members of doc::Module, empty ones left out; links as in the pages.
Json DocumentJson(const std::vector<Module>& modules);

}  // namespace hwf::doc
