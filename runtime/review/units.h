// Durations and sizes as people write them, as in the language: `30s 5min 12h 7d`, `512MiB 64GiB 2GB`. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hwf::review {

// Milliseconds; nothing if it is no duration or too long.
std::optional<int64_t> ParseDuration(std::string_view text);
std::optional<int64_t> ParseBytes(std::string_view text);
// In the largest unit that loses nothing: "30min", "90s", "1500ms".
std::string FormatDuration(int64_t ms);
std::string FormatBytes(int64_t bytes);

}  // namespace hwf::review
