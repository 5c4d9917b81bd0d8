// Ids of time and chance: 26 characters of Crockford's base 32, 48 bits of UTC milliseconds and 80 random bits. Later
// ids sort behind earlier ones (to the millisecond). Used for runs, requests and temporary names. Thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace hwf::platform {

inline constexpr size_t kIdLength = 26;

std::string NewId(int64_t now_ms);
// With the machine's clock.
std::string NewId();

// Whether `text` could have come from NewId: the only names that the mailbox accepts.
bool IsId(std::string_view text);

// `count` bytes from the kernel's generator.
void RandomBytes(void* out, size_t count);

}  // namespace hwf::platform
