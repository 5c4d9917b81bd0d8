// UTF-8, which every text in an event, a log's record or an answer is: JSON has no other. Pure functions, any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace hwf {

// Where the first byte lies that belongs to no character (overlong forms, surrogates and what is beyond U+10FFFF are
// none); npos if all do.
size_t FirstNotUtf8(std::string_view text);
bool IsUtf8(std::string_view text);
// The same text, with U+FFFD in the place of each byte that belongs to no character.
std::string ToUtf8(std::string text);

}  // namespace hwf
