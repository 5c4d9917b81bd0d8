// Whether what a task emits is of the types that its streams declare. The engine checks it again where it records it;
// the runner must know before, so that an emission that will be refused displaces no other. Any thread.
#pragma once

#include <string_view>

#include "base/error.h"
#include "runtime/runner/emissions.h"

namespace hwf::runner {

// `stream_types`: of a Start; empty takes any values.
ErrorOr<Emissions::Check> MakeEmissionCheck(std::string_view stream_types);

}  // namespace hwf::runner
