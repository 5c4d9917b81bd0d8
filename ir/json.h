// The IR as versioned JSON: what `hwfc build` writes and a run directory keeps. The member "hwfir" is the version; a
// newer one is refused in one line. Types are written structurally, once each, and named by index. docs/ir.md shows the
// form. Reading never trusts its input: depth and ids are bounded, every error names the path of the offending member.
// What reads back is well-formed JSON, not yet a sound program: ir/verify.h says whether it is. Pure functions.
#pragma once

#include <string_view>

#include "base/error.h"
#include "base/json.h"
#include "ir/module.h"

namespace hwf::ir {

// Ids are small numbers, so that readers may keep values in arrays.
inline constexpr uint32_t kMaxValueId = 1u << 24;

Json ToJson(const Module& module);
ErrorOr<Module> ModuleFromJson(const Json& json);

// Parses text with limits that fit the IR (it nests deeper than other JSON of ours), then reads it.
ErrorOr<Module> ModuleFromText(std::string_view text);

}  // namespace hwf::ir
