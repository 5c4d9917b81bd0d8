// How values are written, for the languages that differ in words and signs alone. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "languages/literal.h"

namespace hwf::languages {

struct LiteralForm {
  const char *none, *yes, *no;
  const char *nan, *infinity, *minus_infinity;
  const char *before_key, *behind_key;  // in `{…}`
  std::string (*text)(std::string_view text);
  ErrorOr<std::string> (*whole)(int64_t value);
};

ErrorOr<std::string> Write(const LiteralForm& form, const Literal& value);

ErrorOr<std::string> Decimal(int64_t value);
std::string Float(const LiteralForm& form, double value);

// In "…": a backslash before each of `signs`, and control signs as `before_hex`, two digits, `behind_hex`; so all that
// is no ASCII, too, if `ascii`.
struct Quoting {
  std::string_view signs;
  std::string_view before_hex = "\\x";
  std::string_view behind_hex = "";
  bool ascii = false;
};
std::string QuoteText(const Quoting& quoting, std::string_view text);

}  // namespace hwf::languages
