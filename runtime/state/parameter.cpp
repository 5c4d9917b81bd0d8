// Values as people write and read them on a command line: numbers with their units.
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

#include "runtime/state/values.h"

namespace hwf::state {
namespace {

using ir::TypeKind;
using ir::TypeRef;

struct Unit {
  std::string_view name;
  double factor;
};
constexpr std::array<Unit, 5> kDurationUnits = {{{"ms", 1}, {"s", 1e3}, {"min", 6e4}, {"h", 3.6e6}, {"d", 8.64e7}}};
constexpr std::array<Unit, 11> kByteUnits = {{{"B", 1},
                                              {"kB", 1e3},
                                              {"KB", 1e3},
                                              {"MB", 1e6},
                                              {"GB", 1e9},
                                              {"TB", 1e12},
                                              {"KiB", 1024.0},
                                              {"MiB", 1048576.0},
                                              {"GiB", 1073741824.0},
                                              {"TiB", 1099511627776.0},
                                              {"PiB", 1125899906842624.0}}};

template <size_t N>
std::optional<int64_t> WithUnit(std::string_view text, const std::array<Unit, N>& units) {
  double number = 0;
  auto [stop, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  std::string_view rest(stop, static_cast<size_t>(text.data() + text.size() - stop));
  if (code != std::errc() || !std::isfinite(number) || number < 0) return std::nullopt;
  for (const Unit& unit : units) {
    double value = number * unit.factor;
    if (rest == unit.name && value < 9e18) return static_cast<int64_t>(std::llround(value));
  }
  return std::nullopt;
}

ErrorOr<Json> JsonParameter(std::string_view text, TypeRef type) {
  ErrorOr<Json> json = Json::Parse(text, Json::Limits{.allow_nan = true});
  if (!json.ok()) return MakeError("expected {} as JSON: {}", ir::ToString(type), json.error().message());
  return Convert(*json, type, "value");
}

Error NotA(std::string_view text, std::string_view what) {
  return MakeError("expected {}, found {}", what, Brief(Json(text)));
}

ErrorOr<Json> NumberParameter(std::string_view text, TypeRef type) {
  const char* end = text.data() + text.size();
  if (type->kind == TypeKind::kInt) {
    int64_t whole = 0;
    auto [stop, code] = std::from_chars(text.data(), end, whole);
    if (code == std::errc::result_out_of_range) return NotA(text, "an Int of 64 bits");
    if (code != std::errc() || stop != end) return NotA(text, "Int");
    return Json(whole);
  }
  double number = 0;
  auto [stop, code] = std::from_chars(text.data(), end, number);
  if (code != std::errc() || stop != end) return NotA(text, "Float");
  return Json(number);
}

}  // namespace

ErrorOr<Json> ParseParameter(std::string_view text, TypeRef type) {
  switch (type->kind) {
    case TypeKind::kBool:
      if (text == "true" || text == "false") return Json(text == "true");
      return NotA(text, "`true` or `false`");
    case TypeKind::kInt:
    case TypeKind::kFloat:
      return NumberParameter(text, type);
    case TypeKind::kString:
      return Json(text);
    case TypeKind::kDuration:
      if (std::optional<int64_t> value = WithUnit(text, kDurationUnits)) return Json(*value);
      return NotA(text, "a Duration such as `30s`, `5min`, `12h`, `7d`");
    case TypeKind::kBytes:
      if (std::optional<int64_t> value = WithUnit(text, kByteUnits)) return Json(*value);
      return NotA(text, "Bytes such as `512MiB`, `2GB`");
    case TypeKind::kFile:
    case TypeKind::kDir:
      if (text.empty()) return NotA(text, "a path");
      return Json(Json::Object().Set("path", Json(text)));
    case TypeKind::kOptional:
      if (text == "none") return Json();
      return ParseParameter(text, type->element);
    case TypeKind::kApproved:
      return MakeError("an {} comes from a review alone", ir::ToString(type));
    case TypeKind::kEnum:
      if (!text.empty() && text.front() != '{') return Convert(Json(text), type, "value");
      return JsonParameter(text, type);
    case TypeKind::kList:
    case TypeKind::kMap:
    case TypeKind::kRecord:
      return JsonParameter(text, type);
    case TypeKind::kUnit:
    case TypeKind::kService:
    case TypeKind::kNone:
    case TypeKind::kEmpty:
    case TypeKind::kNever:
    case TypeKind::kPoison:
      break;
  }
  return MakeError("a value of type {} cannot be given as a parameter", ir::ToString(type));
}

std::string DurationText(int64_t milliseconds) {
  struct Part {
    int64_t ms;
    std::string_view unit;
  };
  constexpr std::array<Part, 4> kParts = {{{86400000, "d"}, {3600000, "h"}, {60000, "min"}, {1000, "s"}}};
  for (const Part& part : kParts) {
    if (milliseconds != 0 && milliseconds % part.ms == 0) return fmt::format("{}{}", milliseconds / part.ms, part.unit);
  }
  return milliseconds == 0 ? "0s" : fmt::format("{}ms", milliseconds);
}

std::string BytesText(int64_t bytes) {
  constexpr std::array<std::string_view, 5> kUnits = {"TiB", "GiB", "MiB", "KiB", "B"};
  int64_t factor = int64_t{1} << 40;
  for (std::string_view unit : kUnits) {
    if (bytes >= factor && bytes % factor == 0) return fmt::format("{}{}", bytes / factor, unit);
    factor >>= 10;
  }
  return fmt::format("{}B", bytes);
}

}  // namespace hwf::state
