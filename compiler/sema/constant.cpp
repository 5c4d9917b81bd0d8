#include "compiler/sema/constant.h"

#include <llvm/ADT/SmallVector.h>

#include <cmath>

namespace hwf::sema {
namespace {

std::optional<Constant> Leaf(const Expr* expr, int attempt) {
  if (const auto* node = llvm::dyn_cast<IntExpr>(expr)) {
    return Constant{TypeKind::kInt, static_cast<double>(node->value)};
  }
  if (const auto* node = llvm::dyn_cast<FloatExpr>(expr)) return Constant{TypeKind::kFloat, node->value};
  if (const auto* node = llvm::dyn_cast<BytesExpr>(expr)) {
    return Constant{TypeKind::kBytes, static_cast<double>(node->value)};
  }
  if (const auto* node = llvm::dyn_cast<DurationExpr>(expr)) {
    if (node->workdays != 0) return std::nullopt;
    return Constant{TypeKind::kDuration, static_cast<double>(node->milliseconds)};
  }
  if (const auto* node = llvm::dyn_cast<UnaryExpr>(expr); node != nullptr && node->op == UnaryOp::kNegate) {
    auto inner = Fold(node->operand, attempt);
    if (inner) inner->number = -inner->number;
    return inner;
  }
  if (const auto* node = llvm::dyn_cast<NameExpr>(expr)) {
    if (node->binding != nullptr && node->binding->kind == Binding::Kind::kAttempt) {
      return Constant{TypeKind::kInt, static_cast<double>(attempt)};
    }
  }
  return std::nullopt;
}

std::optional<Constant> Apply(const BinaryExpr& node, const Constant& left, const Constant& right) {
  // The checker has typed the node; a poisoned one has no value.
  if (node.type == nullptr) return std::nullopt;
  Constant result{node.type->kind, 0};
  switch (node.op) {
    case BinaryOp::kAdd:
      result.number = left.number + right.number;
      return result;
    case BinaryOp::kSub:
      result.number = left.number - right.number;
      return result;
    case BinaryOp::kMul:
      result.number = left.number * right.number;
      return result;
    case BinaryOp::kDiv:
      if (right.number == 0) return std::nullopt;
      result.number = left.number / right.number;
      if (result.kind != TypeKind::kFloat) result.number = std::trunc(result.number);
      return result;
    case BinaryOp::kMod:
    case BinaryOp::kLt:
    case BinaryOp::kLe:
    case BinaryOp::kGt:
    case BinaryOp::kGe:
    case BinaryOp::kEq:
    case BinaryOp::kNe:
    case BinaryOp::kAnd:
    case BinaryOp::kOr:
    case BinaryOp::kCoalesce:
    case BinaryOp::kRange:
      return std::nullopt;
  }
  return std::nullopt;
}

std::string Scaled(double number, std::initializer_list<std::pair<double, const char*>> units) {
  for (const auto& [size, unit] : units) {
    if (number != 0 && std::fabs(number) >= size && std::fmod(number, size) == 0)
      return fmt::format("{}{}", number / size, unit);
  }
  return fmt::format("{}{}", number, (units.end() - 1)->second);
}

}  // namespace

std::optional<Constant> Fold(const Expr* expr, int attempt) {
  llvm::SmallVector<const BinaryExpr*, 8> spine;
  while (const auto* node = llvm::dyn_cast<BinaryExpr>(expr)) {
    spine.push_back(node);
    expr = node->left;
  }
  std::optional<Constant> value = Leaf(expr, attempt);
  while (value && !spine.empty()) {
    const BinaryExpr* node = spine.pop_back_val();
    const std::optional<Constant> right = Fold(node->right, attempt);
    value = right ? Apply(*node, *value, *right) : std::nullopt;
  }
  return value;
}

std::optional<std::string> ConstantString(const Expr* expr) {
  const auto* node = llvm::dyn_cast<StringExpr>(expr);
  if (node == nullptr) return std::nullopt;
  std::string text;
  for (const StringExpr::Part& part : node->parts) {
    if (part.value != nullptr) return std::nullopt;
    text += part.text.str();
  }
  return text;
}

std::string ToText(const Constant& constant) {
  constexpr double kKiB = 1024;
  switch (constant.kind) {
    case TypeKind::kDuration:
      return Scaled(
          constant.number,
          {{86'400'000, "d"}, {3'600'000, "h"}, {60'000, "min"}, {1000, "s"}, {1, constant.number == 0 ? "s" : "ms"}});
    case TypeKind::kBytes:
      return Scaled(constant.number, {{kKiB * kKiB * kKiB * kKiB, "TiB"},
                                      {kKiB * kKiB * kKiB, "GiB"},
                                      {kKiB * kKiB, "MiB"},
                                      {kKiB, "KiB"},
                                      {1, "B"}});
    default:
      return fmt::format("{}", constant.number);
  }
}

}  // namespace hwf::sema
