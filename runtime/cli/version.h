// The version that all programs of one build share.
#pragma once

namespace hwf::cli {

inline constexpr const char* kVersion = HWF_VERSION;

}  // namespace hwf::cli
