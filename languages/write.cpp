#include "languages/write.h"

#include <fmt/format.h>

#include <cmath>

#include "base/check.h"
#include "base/json.h"

namespace hwf::languages {

ErrorOr<std::string> Decimal(int64_t value) { return std::to_string(value); }

std::string Float(const LiteralForm& form, double value) {
  if (std::isnan(value)) return form.nan;
  if (std::isinf(value)) return value > 0 ? form.infinity : form.minus_infinity;
  return Json(value).Dump();
}

std::string QuoteText(const Quoting& quoting, std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (quoting.signs.find(c) != std::string_view::npos) {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f || (quoting.ascii && byte > 0x7f)) {
      out += fmt::format("{}{:02x}{}", quoting.before_hex, byte, quoting.behind_hex);
    } else {
      out += c;
    }
  }
  return out + "\"";
}

ErrorOr<std::string> Write(const LiteralForm& form, const Literal& value) {
  switch (value.kind) {
    case Literal::Kind::kNone:
      return std::string(form.none);
    case Literal::Kind::kBool:
      return std::string(value.truth ? form.yes : form.no);
    case Literal::Kind::kInt:
      return form.whole(value.whole);
    case Literal::Kind::kFloat:
      return Float(form, value.real);
    case Literal::Kind::kString:
      return form.text(value.text);
    case Literal::Kind::kList:
    case Literal::Kind::kMap:
      break;
  }
  const bool map = value.kind == Literal::Kind::kMap;
  std::string out = map ? "{" : "[";
  for (size_t i = 0; i < value.items.size(); ++i) {
    if (i > 0) out += ", ";
    if (map) {
      HWF_ASSIGN(const std::string key, Write(form, value.keys[i]));
      out += form.before_key + key + form.behind_key;
    }
    HWF_ASSIGN(const std::string item, Write(form, value.items[i]));
    out += item;
  }
  return out + (map ? "}" : "]");
}

}  // namespace hwf::languages
