#include "runtime/review/units.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <limits>

namespace hwf::review {
namespace {

struct Unit {
  std::string_view name;
  int64_t size;
};

// From large to small.
constexpr std::array<Unit, 5> kDurations{
    {{"d", 86'400'000}, {"h", 3'600'000}, {"min", 60'000}, {"s", 1000}, {"ms", 1}}};
constexpr std::array<Unit, 9> kSizes{{{"TiB", int64_t{1} << 40},
                                      {"TB", 1'000'000'000'000},
                                      {"GiB", int64_t{1} << 30},
                                      {"GB", 1'000'000'000},
                                      {"MiB", int64_t{1} << 20},
                                      {"MB", 1'000'000},
                                      {"KiB", int64_t{1} << 10},
                                      {"KB", 1000},
                                      {"B", 1}}};

template <size_t N>
std::optional<int64_t> Parse(std::string_view text, const std::array<Unit, N>& units) {
  int64_t count = 0;
  auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (code != std::errc() || count < 0) return std::nullopt;
  std::string_view name = text.substr(static_cast<size_t>(end - text.data()));
  for (const Unit& unit : units) {
    if (unit.name != name) continue;
    if (count > std::numeric_limits<int64_t>::max() / unit.size) return std::nullopt;
    return count * unit.size;
  }
  return std::nullopt;
}

template <size_t N>
std::string Format(int64_t value, const std::array<Unit, N>& units) {
  for (const Unit& unit : units) {
    if (value != 0 && value % unit.size == 0) return fmt::format("{}{}", value / unit.size, unit.name);
  }
  return fmt::format("0{}", units[N - 1].name);
}

}  // namespace

std::optional<int64_t> ParseDuration(std::string_view text) { return Parse(text, kDurations); }
std::optional<int64_t> ParseBytes(std::string_view text) { return Parse(text, kSizes); }
std::string FormatDuration(int64_t ms) { return ms == 0 ? "0s" : Format(ms, kDurations); }
std::string FormatBytes(int64_t bytes) { return Format(bytes, kSizes); }

}  // namespace hwf::review
