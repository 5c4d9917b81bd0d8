// `if x != none { … }`: inside, x is no longer optional. Holds for names and for fields of names, which are bound once
// and so cannot change in between.
#include "compiler/sema/checker.h"

namespace hwf::sema {

std::optional<Checker::Path> Checker::PathOf(const Expr* expr) const {
  constexpr int kLongest = 16;
  llvm::SmallVector<StringRef, 4> fields;
  while (const auto* field = llvm::dyn_cast<FieldExpr>(expr)) {
    if (field->optional || field->binding != nullptr || fields.size() == kLongest) return std::nullopt;
    fields.push_back(field->name.text);
    expr = field->base;
  }
  const auto* name = llvm::dyn_cast<NameExpr>(expr);
  if (name == nullptr || name->binding == nullptr) return std::nullopt;
  std::string text;
  while (!fields.empty()) text += "." + fields.pop_back_val().str();
  return Path{name->binding, text};
}

// What holds if `condition` is true (or false): these paths are not none.
void Checker::CollectFacts(const Expr* condition, bool truth, std::vector<Path>& facts) const {
  llvm::SmallVector<std::pair<const Expr*, bool>, 8> todo{{condition, truth}};
  while (!todo.empty()) {
    auto [expr, holds] = todo.pop_back_val();
    if (const auto* negation = llvm::dyn_cast<UnaryExpr>(expr)) {
      if (negation->op == UnaryOp::kNot) todo.emplace_back(negation->operand, !holds);
      continue;
    }
    const auto* node = llvm::dyn_cast<BinaryExpr>(expr);
    if (node == nullptr) continue;
    if (node->op == (holds ? BinaryOp::kAnd : BinaryOp::kOr)) {
      todo.emplace_back(node->left, holds);
      todo.emplace_back(node->right, holds);
    }
    if (node->op != (holds ? BinaryOp::kNe : BinaryOp::kEq)) continue;
    const bool right_none = llvm::isa<NoneExpr>(node->right);
    if (!right_none && !llvm::isa<NoneExpr>(node->left)) continue;
    if (auto path = PathOf(right_none ? node->left : node->right)) facts.push_back(std::move(*path));
  }
}

TypeRef Checker::Narrowed(const Expr& expr, TypeRef type) const {
  const bool may_be_none = type->kind == TypeKind::kOptional ||
                           (type->kind == TypeKind::kApproved && type->element->kind == TypeKind::kOptional);
  if (!may_be_none || narrowed_.empty()) return type;
  const auto path = PathOf(&expr);
  if (!path || narrowed_.count(*path) == 0) return type;
  if (type->kind == TypeKind::kOptional) return type->element;
  return context_.types().Approved(type->element->element);
}

}  // namespace hwf::sema
