// The limits of rsync and of a script at a distant machine.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hwf::staging {

inline constexpr int64_t kWordMs = 90'000;          // of a script, whatever start-up files do
inline constexpr const char* kStillSeconds = "60";  // without a byte rsync gives up
inline constexpr size_t kMaxOut = 8 << 20;          // bytes of what either prints

}  // namespace hwf::staging
