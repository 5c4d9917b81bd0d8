// Whether a module is a sound program: names unique and safe as parts of a path, every reference resolved in its scope,
// types in agreement, regions well formed, jobs and their streams and messages real, reviews answerable, no cycles. The
// compiler runs it on what it made, the runtime on what it was given; what passes may be carried out without further
// checks. Pure.
#pragma once

#include <string>
#include <vector>

#include "ir/module.h"

namespace hwf::ir {

// One line a fault, each with its place ("workflow `digits`, node `job`: …"); empty if the module is sound. Stops at
// kMaxFaults.
inline constexpr size_t kMaxFaults = 50;
std::vector<std::string> Verify(const Module& module);

// Whether a value of type `from` is one of `to` as it is: as Converts, except that an Int is no Float (Op::kWiden makes
// it one).
bool Fits(TypeRef from, TypeRef to);

}  // namespace hwf::ir
