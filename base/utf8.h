// UTF-8, which every text in an event, a log's record or an answer is: JSON has no other. Pure functions, any thread.
#pragma once

#include <string>
#include <string_view>

namespace hwf {

bool IsUtf8(std::string_view text);
// The same text, with U+FFFD in the place of each byte that belongs to no character.
std::string ToUtf8(std::string text);

}  // namespace hwf
