// Conditions that are always true, or always false: what depends on them is decided before the program runs. A name
// for a constant (`let debug = false`) is taken for a switch, and is not looked through.
#include <llvm/ADT/SmallVector.h>

#include "compiler/sema/constant.h"
#include "compiler/sema/lint.h"
#include "compiler/sema/walk.h"

namespace hwf::sema {
namespace {

using namespace syntax;  // NOLINT(google-build-using-namespace)

std::optional<bool> Truth(const Expr& expr);

std::optional<bool> Compared(BinaryOp op, bool less, bool equal) {
  switch (op) {
    case BinaryOp::kLt:
      return less;
    case BinaryOp::kLe:
      return less || equal;
    case BinaryOp::kGt:
      return !less && !equal;
    case BinaryOp::kGe:
      return !less;
    case BinaryOp::kEq:
      return equal;
    case BinaryOp::kNe:
      return !equal;
    default:
      return std::nullopt;
  }
}

std::optional<bool> Comparison(const BinaryExpr& node) {
  const auto left = Fold(node.left);
  const auto right = Fold(node.right);
  if (left && right) return Compared(node.op, *left < *right, left->number == right->number);
  const auto one = ConstantString(node.left);
  const auto other = ConstantString(node.right);
  if (one && other) return Compared(node.op, *one < *other, *one == *other);
  return std::nullopt;
}

std::optional<bool> Leaf(const Expr& expr) {
  if (const auto* literal = llvm::dyn_cast<BoolExpr>(&expr)) return literal->value;
  if (const auto* binary = llvm::dyn_cast<BinaryExpr>(&expr)) return Comparison(*binary);
  const auto* unary = llvm::dyn_cast<UnaryExpr>(&expr);
  if (unary == nullptr || unary->op != UnaryOp::kNot) return std::nullopt;
  const auto inner = Truth(*unary->operand);
  return inner ? std::optional(!*inner) : std::nullopt;
}

const BinaryExpr* AsLogic(const Expr* expr) {
  const auto* node = llvm::dyn_cast<BinaryExpr>(expr);
  return node != nullptr && (node->op == BinaryOp::kAnd || node->op == BinaryOp::kOr) ? node : nullptr;
}

// What it always is, if that is known.
std::optional<bool> Truth(const Expr& expr) {
  llvm::SmallVector<const BinaryExpr*, 8> spine;
  const Expr* left = &expr;
  for (; const BinaryExpr* node = AsLogic(left); left = node->left) spine.push_back(node);
  std::optional<bool> value = Leaf(*left);
  while (!spine.empty()) {
    const BinaryExpr* node = spine.pop_back_val();
    const std::optional<bool> right = Truth(*node->right);
    const bool decides = node->op == BinaryOp::kOr;  // whichever side has it
    if (value == decides || right == decides) {
      value = decides;
    } else if (!value || !right) {
      value = std::nullopt;
    }
  }
  return value;
}

class Conditions {
 public:
  explicit Conditions(diagnostics::Emitter& emitter) : emitter_(emitter) {}

  void Take(const Expr& expr) {
    if (const auto* node = llvm::dyn_cast<IfExpr>(&expr)) TakeIf(*node);
    if (const auto* node = llvm::dyn_cast<ForExpr>(&expr)) TakeWhere(node->where, *node->body);
  }
  void Take(const Stmt& stmt) {
    if (const auto* watch = llvm::dyn_cast<WatchStmt>(&stmt)) TakeWhere(watch->where, *watch->body);
  }

 private:
  diagnostics::Report Say(const Expr& condition, bool truth) {
    return emitter_.Report(condition.range, diagnostics::kConstantCondition, truth ? "true" : "false");
  }

  void TakeIf(const IfExpr& node) {
    for (size_t at = 0; at < node.branches.size(); ++at) {
      const auto truth = Truth(*node.branches[at].condition);
      if (!truth) continue;
      auto report = Say(*node.branches[at].condition, *truth);
      const Block* never = node.else_body;
      if (!*truth) never = node.branches[at].body;
      if (*truth && at + 1 < node.branches.size()) never = node.branches[at + 1].body;
      if (never != nullptr) report.Note(never->range, "this never runs");
      if (*truth) return;  // what follows is not looked at
    }
  }

  void TakeWhere(const Expr* where, const Block& body) {
    const auto truth = where == nullptr ? std::nullopt : Truth(*where);
    if (!truth) return;
    auto report = Say(*where, *truth);
    if (*truth) report.Help("the `where` can go");
    if (!*truth) report.Note(body.range, "this never runs");
  }

  diagnostics::Emitter& emitter_;
};

}  // namespace

void LintConstant(const Program& program, diagnostics::Emitter& emitter) {
  Conditions conditions(emitter);
  auto expr = [&](const Expr& each) { conditions.Take(each); };
  auto stmt = [&](const Stmt& each) { conditions.Take(each); };
  Visit visit;
  visit.expr = expr;
  visit.stmt = stmt;
  WalkAll(program, visit);
}

}  // namespace hwf::sema
