#include "base/utf8.h"

#include <cstdint>
#include <cstring>

namespace hwf {
namespace {

// Behind the ASCII from `at` on, eight bytes a step: nearly all text is nothing else.
size_t SkipAscii(std::string_view text, size_t at) {
  constexpr uint64_t kHighBits = 0x8080808080808080;
  uint64_t bytes = 0;
  for (; at + sizeof bytes <= text.size(); at += sizeof bytes) {
    std::memcpy(&bytes, text.data() + at, sizeof bytes);
    if ((bytes & kHighBits) != 0) break;
  }
  while (at < text.size() && static_cast<unsigned char>(text[at]) < 0x80) ++at;
  return at;
}

// The length of the character of more than one byte at `at`; 0 if there is none.
size_t CharacterAt(std::string_view text, size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  const size_t more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
  if (lead < 0xc2 || lead > 0xf4 || at + more >= text.size()) return 0;
  uint32_t code = lead & (0x3fu >> more);
  for (size_t k = 1; k <= more; ++k) {
    const auto next = static_cast<unsigned char>(text[at + k]);
    if ((next & 0xc0) != 0x80) return 0;
    code = code << 6 | (next & 0x3f);
  }
  // Overlong forms, surrogates and what lies behind the last code point.
  if ((more == 2 && code < 0x800) || (more == 3 && (code < 0x10000 || code > 0x10ffff))) return 0;
  if (code >= 0xd800 && code <= 0xdfff) return 0;
  return more + 1;
}

// Where the first byte lies that belongs to no character, from `at` on; the size if there is none.
size_t FirstWrong(std::string_view text, size_t at) {
  while (true) {
    at = SkipAscii(text, at);
    if (at == text.size()) return at;
    const size_t length = CharacterAt(text, at);
    if (length == 0) return at;
    at += length;
  }
}

}  // namespace

size_t FirstNotUtf8(std::string_view text) {
  const size_t wrong = FirstWrong(text, 0);
  return wrong == text.size() ? std::string_view::npos : wrong;
}

bool IsUtf8(std::string_view text) { return FirstNotUtf8(text) == std::string_view::npos; }

std::string ToUtf8(std::string text) {
  size_t wrong = FirstWrong(text, 0);
  if (wrong == text.size()) return text;
  std::string out;
  size_t begin = 0;
  while (wrong < text.size()) {
    out.append(text, begin, wrong - begin).append("\xef\xbf\xbd");
    begin = wrong + 1;
    wrong = FirstWrong(text, begin);
  }
  return out.append(text, begin);
}

}  // namespace hwf
