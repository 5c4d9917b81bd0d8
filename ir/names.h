// The names of the IR's enums in JSON, in messages and in drawings. Pure functions over constant tables.
#pragma once

#include <optional>
#include <string_view>

#include "ir/module.h"

namespace hwf::ir {

std::string_view ToString(Op op);
std::optional<Op> OpFromString(std::string_view text);

// "Int"; only for kinds without parameters.
std::string_view ToString(TypeKind kind);
std::optional<TypeKind> SimpleKindFromString(std::string_view text);

std::string_view ToString(ByRule::Kind kind);
std::optional<ByRule::Kind> ByKindFromString(std::string_view text);
std::string_view ToString(ByRule::Level level);
std::optional<ByRule::Level> ByLevelFromString(std::string_view text);
std::string_view ToString(Output::Kind kind);
std::optional<Output::Kind> OutputKindFromString(std::string_view text);

// "task", "review": the kind of a node, by what it holds.
std::string_view KindName(const Node& node);

}  // namespace hwf::ir
