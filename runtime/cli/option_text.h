// How a value of the language is written as an option of the command line: a workflow's parameter, a field of an
// answer. Pure functions.
#pragma once

#include <string>
#include <string_view>

#include "ir/type.h"

namespace hwf::cli {

// `batch_size` is given as `--batch-size`.
std::string Dashed(std::string name);

// A Bool takes no value: `--fast` or `--no-fast`.
bool IsBool(ir::TypeRef type);

// "--rate Float", "--trials JSON", "--fast, --no-fast" (with ", " between).
std::string OptionText(const std::string& name, ir::TypeRef type, std::string_view between);

// Of what is written as JSON: "[Int], such as [1]". Empty of all else.
std::string ValueHelp(ir::TypeRef type);

}  // namespace hwf::cli
