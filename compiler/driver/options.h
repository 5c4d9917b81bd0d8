// Reading a command's arguments: `--name`, `--name value`, `--name=value`, files, `--`. One thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/driver/command.h"

namespace hwf::driver {

struct Option {
  std::string_view name;  // "--format"
  bool takes_value = true;
  std::vector<std::string_view> values = {};  // allowed ones; empty for any
};

struct Options {
  std::vector<std::string> files;
  std::vector<std::pair<std::string_view, std::string_view>> given;  // name, value
  std::string error;                                                 // empty if all is well

  // The last value given for `name`, or the fallback.
  std::string_view ValueOr(std::string_view name, std::string_view fallback) const;
  bool Has(std::string_view name) const;
};

Options ReadOptions(Arguments arguments, const std::vector<Option>& known);

}  // namespace hwf::driver
