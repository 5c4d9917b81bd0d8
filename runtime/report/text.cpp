#include "runtime/report/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <cstdlib>
#include <ctime>

#include "runtime/engine/review_record.h"

namespace hwf::report {
namespace {

struct CodePoint {
  char32_t value = 0;
  size_t bytes = 1;
  bool valid = false;
};

CodePoint Decode(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[at + i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return {first, 1, true};
  const size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
  if (length == 0 || first > 0xf4 || at + length > text.size()) return {};
  char32_t value = first & (0xff >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {};
    value = (value << 6) | (byte(i) & 0x3f);
  }
  return {value, length, true};
}

size_t ColumnsOf(char32_t c) {
  if (c < 0x20 || (c >= 0x300 && c < 0x370) || c == 0x200b || c == 0x200d || (c >= 0xfe00 && c <= 0xfe0f)) return 0;
  const bool wide = (c >= 0x1100 && c <= 0x115f) || (c >= 0x2e80 && c <= 0xa4cf) || (c >= 0xac00 && c <= 0xd7a3) ||
                    (c >= 0xf900 && c <= 0xfaff) || (c >= 0xfe30 && c <= 0xfe6f) || (c >= 0xff00 && c <= 0xff60) ||
                    (c >= 0x1f300 && c <= 0x1faff) || (c >= 0x20000 && c <= 0x3fffd);
  return wide ? 2 : 1;
}

// Bytes of the escape sequence at `at` (ESC [ … letter), or 0.
size_t EscapeLength(std::string_view text, size_t at) {
  if (text[at] != '\x1b' || at + 1 >= text.size() || text[at + 1] != '[') return 0;
  size_t end = at + 2;
  while (end < text.size() && (text[end] < '@' || text[end] > '~')) ++end;
  return std::min(end + 1, text.size()) - at;
}

std::tm LocalTime(state::TimeMs time) {
  const std::time_t seconds = time / 1000;
  std::tm parts{};
  localtime_r(&seconds, &parts);
  return parts;
}

std::string Strftime(const char* format, const std::tm& parts) {
  std::array<char, 64> buffer{};
  const size_t length = std::strftime(buffer.data(), buffer.size(), format, &parts);
  return std::string(buffer.data(), length);
}

std::string FormatFields(const Json& fields, const std::vector<ir::FieldDef>& defs) {
  std::string text;
  for (const ir::FieldDef& def : defs) {
    const Json* value = fields.Find(def.name);
    if (value == nullptr || value->is_null()) continue;
    text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", def.name, FormatValue(*value, def.type));
  }
  return text;
}

std::string FormatObject(const Json& value) {
  const Json* path = value.Find("path");
  if (path != nullptr && path->is_string() && value.Find("digest") != nullptr) {
    return Printable(FileName(path->AsString()));
  }
  std::string text;
  for (const JsonMember& member : value.AsObject()) {
    text +=
        fmt::format("{}{}: {}", text.empty() ? "" : ", ", Printable(member.key), FormatValue(member.value, nullptr));
  }
  return "(" + text + ")";
}

std::string FormatList(const Json& value, ir::TypeRef element) {
  std::string text;
  size_t shown = 0;
  for (const Json& item : value.AsArray()) {
    if (++shown > 20) return fmt::format("[{}, … {} in all]", text, value.AsArray().size());
    text += (text.empty() ? "" : ", ") + FormatValue(item, element);
  }
  return "[" + text + "]";
}

size_t DigitsAt(std::string_view text, size_t at) {
  size_t count = 0;
  while (at + count < text.size() && text[at + count] >= '0' && text[at + count] <= '9') ++count;
  return count;
}

bool InWord(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

// Bytes of a decimal number with more than 7 decimals that stands alone at `at`, or 0. A full stop may follow it.
size_t LongNumber(std::string_view text, size_t at) {
  const size_t whole = DigitsAt(text, at);
  if (whole == 0 || at + whole >= text.size() || text[at + whole] != '.') return 0;
  const size_t decimals = DigitsAt(text, at + whole + 1);
  if (decimals <= 7) return 0;
  size_t end = at + whole + 1 + decimals;
  if (end + 2 < text.size() && text[end] == 'e' && (text[end + 1] == '-' || text[end + 1] == '+')) {
    end += 2 + DigitsAt(text, end + 2);
  }
  const bool stop = end < text.size() && text[end] == '.' && (end + 1 == text.size() || !InWord(text[end + 1]));
  return end == text.size() || stop || (!InWord(text[end]) && text[end] != '-') ? end - at : 0;
}

std::string FormatUntyped(const Json& value, ir::TypeRef type) {
  if (value.is_null()) return "none";
  if (value.is_bool()) return value.AsBool() ? "true" : "false";
  if (value.is_int()) return std::to_string(value.AsInt());
  if (value.is_double()) return FormatNumber(value.AsDouble());
  if (value.is_string()) return Printable(value.AsString());
  if (value.is_array()) return FormatList(value, type != nullptr ? type->element : nullptr);
  return FormatObject(value);
}

}  // namespace

std::string Style::Wrap(std::string_view code, std::string_view text) const {
  return color_ ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : std::string(text);
}

std::string Printable(std::string_view text, bool keep_newlines) {
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const CodePoint c = Decode(text, at);
    const bool bidi = (c.value >= 0x202a && c.value <= 0x202e) || (c.value >= 0x2066 && c.value <= 0x2069);
    const bool control = c.value < 0x20 || (c.value >= 0x7f && c.value < 0xa0);
    if (c.valid && c.value == '\n') {
      out += keep_newlines ? "\n" : "⏎";
    } else if (c.valid && c.value == '\t') {
      out += ' ';
    } else if (!c.valid || bidi || control) {
      out += "\xef\xbf\xbd";
    } else {
      out.append(text.substr(at, c.bytes));
    }
    at += c.bytes;
  }
  return out;
}

std::string FormatDuration(int64_t milliseconds) {
  if (milliseconds < 0) return "-" + FormatDuration(-milliseconds);
  if (milliseconds < 1000) return fmt::format("{} ms", milliseconds);
  const int64_t seconds = milliseconds / 1000;
  if (seconds < 10 && milliseconds % 1000 >= 100)
    return fmt::format("{:.1f} s", static_cast<double>(milliseconds) / 1000);
  if (seconds < 60) return fmt::format("{} s", seconds);
  const auto two = [](int64_t big, const char* big_unit, int64_t small, const char* small_unit) {
    return small == 0 ? fmt::format("{} {}", big, big_unit)
                      : fmt::format("{} {} {} {}", big, big_unit, small, small_unit);
  };
  if (seconds < 3600) return two(seconds / 60, "min", seconds % 60, "s");
  if (seconds < 86400) return two(seconds / 3600, "h", seconds % 3600 / 60, "min");
  return two(seconds / 86400, "d", seconds % 86400 / 3600, "h");
}

std::string FormatBytes(int64_t bytes) {
  static constexpr std::array<const char*, 6> kUnits = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  double value = static_cast<double>(bytes);
  size_t unit = 0;
  while (std::fabs(value) >= 1024 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  const bool whole = unit == 0 || value == std::floor(value);
  return whole ? fmt::format("{:.0f} {}", value, kUnits[unit]) : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string OnSite(const std::string& site) {
  return site.empty() || site == "here" ? std::string() : "on " + Printable(site);
}

std::string FormatClock(state::TimeMs time) { return Strftime("%H:%M:%S", LocalTime(time)); }
std::string FormatTime(state::TimeMs time) { return Strftime("%Y-%m-%d %H:%M", LocalTime(time)); }

std::string FormatNear(state::TimeMs time, state::TimeMs now) {
  const std::tm at = LocalTime(time), today = LocalTime(now);
  return at.tm_year == today.tm_year && at.tm_yday == today.tm_yday ? Strftime("%H:%M", at) : FormatTime(time);
}

std::string FormatUtc(state::TimeMs time) { return engine::UtcText(time); }

std::string FormatNumber(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  std::string text = fmt::format("{:.6g}", value);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

std::string FormatProse(std::string_view text) {
  const std::string clean = Printable(text);
  std::string out;
  for (size_t at = 0; at < clean.size();) {
    const size_t length = at == 0 || !InWord(clean[at - 1]) ? LongNumber(clean, at) : 0;
    if (length == 0) {
      out += clean[at++];
      continue;
    }
    out += FormatNumber(std::strtod(clean.substr(at, length).c_str(), nullptr));
    at += length;
  }
  return out;
}

std::string FileName(std::string_view path) {
  const std::string_view name = path.substr(path.find_last_of('/') + 1);
  const size_t stamp = DigitsAt(name, 0);
  if (stamp < 19) return std::string(name);
  // <nanoseconds>-<host>-r<rank>-<pid>-<counter>-<index>-<name>
  for (size_t at = name.find("-r", stamp); at != std::string_view::npos; at = name.find("-r", at + 1)) {
    size_t end = at + 2;
    int numbers = 0;
    for (; numbers < 4; ++numbers) {
      const size_t digits = DigitsAt(name, end);
      if (digits == 0 || end + digits + 1 >= name.size() || name[end + digits] != '-') break;
      end += digits + 1;
    }
    if (numbers == 4) return std::string(name.substr(end));
  }
  return std::string(name);
}

std::string ShellWord(std::string_view text) {
  const bool plain = !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || std::string_view("/._-+=:,@%").find(static_cast<char>(c)) != std::string_view::npos;
  });
  if (plain) return std::string(text);
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
}

std::string FormatValue(const Json& value, ir::TypeRef type) {
  while (type != nullptr && (type->kind == ir::TypeKind::kOptional || type->kind == ir::TypeKind::kApproved)) {
    type = type->element;
  }
  if (type == nullptr || value.is_null()) return FormatUntyped(value, nullptr);
  if (type->kind == ir::TypeKind::kDuration && value.is_int()) return FormatDuration(value.AsInt());
  if (type->kind == ir::TypeKind::kBytes && value.is_int()) return FormatBytes(value.AsInt());
  if (type->kind == ir::TypeKind::kEnum && value.is_object()) {
    const std::string variant = value.StringOr("variant", "?");
    const ir::VariantDef* def = type->enumeration->Find(variant);
    const std::string fields = def != nullptr ? FormatFields(value["fields"], def->fields) : std::string();
    return fields.empty() ? variant : fmt::format("{}({})", variant, fields);
  }
  if (type->kind == ir::TypeKind::kRecord && value.is_object())
    return "(" + FormatFields(value, type->record->fields) + ")";
  return FormatUntyped(value, type);
}

size_t Width(std::string_view text) {
  size_t width = 0;
  for (size_t at = 0; at < text.size();) {
    if (const size_t escape = EscapeLength(text, at); escape != 0) {
      at += escape;
      continue;
    }
    const CodePoint c = Decode(text, at);
    width += c.valid ? ColumnsOf(c.value) : 1;
    at += c.bytes;
  }
  return width;
}

std::string Fit(std::string_view text, size_t columns) {
  if (Width(text) <= columns) return std::string(text);
  if (columns == 0) return "";
  std::string out;
  size_t width = 0;
  bool escaped = false;
  for (size_t at = 0; at < text.size();) {
    if (const size_t escape = EscapeLength(text, at); escape != 0) {
      out.append(text.substr(at, escape));
      escaped = true;
      at += escape;
      continue;
    }
    const CodePoint c = Decode(text, at);
    const size_t wide = c.valid ? ColumnsOf(c.value) : 1;
    if (width + wide > columns - 1) break;
    out.append(text.substr(at, c.bytes));
    width += wide;
    at += c.bytes;
  }
  return out + "…" + (escaped ? "\x1b[0m" : "");
}

std::string Pad(std::string_view text, size_t columns) {
  const size_t width = Width(text);
  return std::string(text) + std::string(width < columns ? columns - width : 0, ' ');
}

}  // namespace hwf::report
