// The names in an attempt's directory that are not a task's to give: what lies there is the runner's. Pure.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace hwf::ir {

// The one of these names that `path`, relative and without `..`, is or lies under; empty if none.
inline std::string_view RunnersName(std::string_view path) {
  constexpr std::array<std::string_view, 6> kNames = {"command",     "stdout",   "stderr",
                                                      "checkpoints", "messages", "claim"};
  while (path.starts_with('/') || path.starts_with("./")) path.remove_prefix(path.front() == '/' ? 1 : 2);
  const std::string_view first = path.substr(0, path.find('/'));
  return std::find(kNames.begin(), kNames.end(), first) != kNames.end() ? first : std::string_view();
}

}  // namespace hwf::ir
