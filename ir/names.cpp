#include "ir/names.h"

#include <array>
#include <utility>

#include "base/check.h"

namespace hwf::ir {
namespace {

template <typename E, size_t N>
using Names = std::array<std::pair<E, std::string_view>, N>;

constexpr Names<Op, 29> kOps = {{{Op::kLiteral, "literal"}, {Op::kRef, "ref"},
                                 {Op::kField, "field"},     {Op::kOptField, "opt_field"},
                                 {Op::kIndex, "index"},     {Op::kList, "list"},
                                 {Op::kMap, "map"},         {Op::kRecord, "record"},
                                 {Op::kEnum, "enum"},       {Op::kConcat, "concat"},
                                 {Op::kNegate, "negate"},   {Op::kNot, "not"},
                                 {Op::kMul, "mul"},         {Op::kDiv, "div"},
                                 {Op::kMod, "mod"},         {Op::kAdd, "add"},
                                 {Op::kSub, "sub"},         {Op::kLt, "lt"},
                                 {Op::kLe, "le"},           {Op::kGt, "gt"},
                                 {Op::kGe, "ge"},           {Op::kEq, "eq"},
                                 {Op::kNe, "ne"},           {Op::kAnd, "and"},
                                 {Op::kOr, "or"},           {Op::kCoalesce, "coalesce"},
                                 {Op::kBuiltin, "builtin"}, {Op::kCall, "call"},
                                 {Op::kWiden, "widen"}}};

constexpr Names<TypeKind, 14> kKinds = {{{TypeKind::kUnit, "()"},
                                         {TypeKind::kBool, "Bool"},
                                         {TypeKind::kInt, "Int"},
                                         {TypeKind::kFloat, "Float"},
                                         {TypeKind::kString, "String"},
                                         {TypeKind::kDuration, "Duration"},
                                         {TypeKind::kBytes, "Bytes"},
                                         {TypeKind::kFile, "File"},
                                         {TypeKind::kDir, "Dir"},
                                         {TypeKind::kService, "Service"},
                                         {TypeKind::kNone, "none"},
                                         {TypeKind::kEmpty, "empty"},
                                         {TypeKind::kNever, "never"},
                                         {TypeKind::kPoison, "poison"}}};

constexpr Names<ByRule::Kind, 4> kByKinds = {{{ByRule::Kind::kWho, "who"},
                                              {ByRule::Kind::kOwner, "owner"},
                                              {ByRule::Kind::kAnd, "and"},
                                              {ByRule::Kind::kOr, "or"}}};

constexpr Names<ByRule::Level, 3> kLevels = {
    {{ByRule::Level::kAny, "any"}, {ByRule::Level::kUid, "uid"}, {ByRule::Level::kService, "service"}}};

constexpr Names<Output::Kind, 3> kOutputKinds = {
    {{Output::Kind::kPath, "path"}, {Output::Kind::kGlob, "glob"}, {Output::Kind::kStdout, "stdout"}}};

constexpr std::array<std::string_view, std::variant_size_v<decltype(Node::body)>> kNodeKinds = {
    "let",    "task",  "workflow", "if",     "match",      "for",  "loop",
    "review", "watch", "send",     "cancel", "checkpoint", "fail", "source"};

template <typename E, size_t N>
std::string_view NameOf(const Names<E, N>& names, E value) {
  for (const auto& [known, text] : names) {
    if (known == value) return text;
  }
  HWF_UNREACHABLE();
}

template <typename E, size_t N>
std::optional<E> ValueOf(const Names<E, N>& names, std::string_view text) {
  for (const auto& [value, name] : names) {
    if (name == text) return value;
  }
  return std::nullopt;
}

}  // namespace

std::string_view ToString(Op op) { return NameOf(kOps, op); }
std::optional<Op> OpFromString(std::string_view text) { return ValueOf(kOps, text); }
std::string_view ToString(TypeKind kind) { return NameOf(kKinds, kind); }
std::optional<TypeKind> SimpleKindFromString(std::string_view text) { return ValueOf(kKinds, text); }
std::string_view ToString(ByRule::Kind kind) { return NameOf(kByKinds, kind); }
std::optional<ByRule::Kind> ByKindFromString(std::string_view text) { return ValueOf(kByKinds, text); }
std::string_view ToString(ByRule::Level level) { return NameOf(kLevels, level); }
std::optional<ByRule::Level> ByLevelFromString(std::string_view text) { return ValueOf(kLevels, text); }
std::string_view ToString(Output::Kind kind) { return NameOf(kOutputKinds, kind); }
std::optional<Output::Kind> OutputKindFromString(std::string_view text) { return ValueOf(kOutputKinds, text); }

std::string_view KindName(const Node& node) { return kNodeKinds[node.body.index()]; }

}  // namespace hwf::ir
