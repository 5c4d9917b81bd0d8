#include "compiler/driver/options.h"

#include <fmt/format.h>
#include <llvm/ADT/STLExtras.h>

#include "compiler/diagnostics/did_you_mean.h"

namespace hwf::driver {

namespace {

std::string Unknown(std::string_view name, const std::vector<Option>& known) {
  std::vector<llvm::StringRef> names;
  names.reserve(known.size());
  for (const Option& option : known) names.push_back(option.name);
  llvm::StringRef near = diagnostics::Nearest(name, names);
  return fmt::format("unknown option `{}`{}", name,
                     near.empty() ? "" : fmt::format("; did you mean `{}`?", near.str()));
}

}  // namespace

std::string_view Options::ValueOr(std::string_view name, std::string_view fallback) const {
  for (const auto& [given_name, value] : llvm::reverse(given)) {
    if (given_name == name) return value;
  }
  return fallback;
}

bool Options::Has(std::string_view name) const {
  return llvm::any_of(given, [&](const auto& pair) { return pair.first == name; });
}

Options ReadOptions(Arguments arguments, const std::vector<Option>& known) {
  Options out;
  bool only_files = false;
  for (size_t i = 0; i < arguments.size() && out.error.empty(); ++i) {
    std::string_view argument = arguments[i];
    if (only_files || argument.size() < 2 || argument[0] != '-') {
      out.files.emplace_back(argument);
      continue;
    }
    if (argument == "--") {
      only_files = true;
      continue;
    }
    size_t equals = argument.find('=');
    std::string_view name = argument.substr(0, equals);
    auto option = llvm::find_if(known, [&](const Option& o) { return o.name == name; });
    if (option == known.end()) {
      out.error = Unknown(name, known);
      break;
    }
    bool has_value = equals != std::string_view::npos;
    if (!option->takes_value) {
      if (has_value) out.error = fmt::format("`{}` takes no value", name);
      out.given.emplace_back(option->name, "");
      continue;
    }
    if (!has_value && i + 1 == arguments.size()) {
      out.error = fmt::format("`{}` needs a value", name);
      break;
    }
    std::string_view value = has_value ? argument.substr(equals + 1) : arguments[++i];
    if (!option->values.empty() && !llvm::is_contained(option->values, value)) {
      out.error = fmt::format("`{}` is one of {}, not `{}`", name, fmt::join(option->values, ", "), value);
    }
    out.given.emplace_back(option->name, value);
  }
  return out;
}

}  // namespace hwf::driver
