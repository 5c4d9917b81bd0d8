// Blocks become regions. The order of a block's lines means nothing: names are given their values before any line is
// lowered.
#include "compiler/lower/lowerer.h"

namespace hwf::lower {

void Lowerer::DeclareParams(ArrayRef<RegionParam> params) {
  for (const RegionParam& declared : params) {
    ir::Param& param = builder_->region.params.emplace_back();
    param.id = NewId();
    param.name = declared.name;
    param.type = declared.type;
    ir::Expr ref;
    ref.op = ir::Op::kRef;
    ref.type = declared.type;
    ref.ref = param.id;
    if (declared.above != nullptr) {
      ir::Expr sum;
      sum.op = ir::Op::kAdd;
      sum.type = declared.type;
      sum.args = {*declared.above, std::move(ref)};
      ref = std::move(sum);
    }
    names_[declared.key] = std::move(ref);
  }
}

std::unique_ptr<ir::Region> Lowerer::LowerBlock(const Block& block, TypeRef wanted, ArrayRef<RegionParam> params) {
  Builder builder;
  RegionScope scope(*this, &builder);
  DeclareParams(params);
  Fill(block, wanted);
  return std::make_unique<ir::Region>(std::move(builder.region));
}

std::unique_ptr<ir::Region> Lowerer::RegionOf(const std::function<ir::Expr()>& value, TypeRef wanted,
                                              ArrayRef<RegionParam> params) {
  Builder builder;
  RegionScope scope(*this, &builder);
  DeclareParams(params);
  ir::Expr result = Coerce(value(), wanted);
  if (wanted->kind != TypeKind::kUnit) builder.region.result = std::move(result);
  return std::make_unique<ir::Region>(std::move(builder.region));
}

void Lowerer::Reserve(const Block& block) {
  for (const Stmt* stmt : block.stmts) {
    const Binding* binding = nullptr;
    if (const auto* let = llvm::dyn_cast<LetStmt>(stmt)) binding = let->binding;
    if (const auto* checkpoint = llvm::dyn_cast<CheckpointStmt>(stmt)) binding = checkpoint->binding;
    if (binding == nullptr) continue;
    names_[binding] = Ref(NewId(), binding->type, binding->name.range);
    builder_->used.insert(binding->name.text.str());
  }
}

void Lowerer::Fill(const Block& block, TypeRef wanted) {
  Reserve(block);
  const bool gives = wanted->kind != TypeKind::kUnit;
  for (const Stmt* stmt : block.stmts) {
    const auto* expression = llvm::dyn_cast<ExprStmt>(stmt);
    if (gives && expression != nullptr && expression->value == block.result) {
      ir::Expr value = LowerExpr(*block.result);
      const bool empty = value.type->kind == TypeKind::kUnit;
      if (!empty) builder_->region.result = Coerce(std::move(value), wanted);
    } else {
      LowerStmt(*stmt);
    }
  }
  if (!gives || builder_->region.result.has_value()) return;
  // A block that gives nothing where a value is wanted ends in a `fail`.
  for (const ir::Node& node : builder_->region.nodes) {
    if (node.type->kind != TypeKind::kNever) continue;
    builder_->region.result = Ref(node.id, node.type, block.range);
    return;
  }
}

void Lowerer::LowerStmt(const Stmt& stmt) {
  switch (stmt.kind) {
    case Stmt::Kind::kLet:
      return LowerLet(llvm::cast<LetStmt>(stmt));
    case Stmt::Kind::kExpr:
      return LowerUnused(*llvm::cast<ExprStmt>(stmt).value);
    case Stmt::Kind::kWatch:
      return LowerWatch(llvm::cast<WatchStmt>(stmt));
    case Stmt::Kind::kSend:
      return LowerSend(llvm::cast<SendStmt>(stmt));
    case Stmt::Kind::kCancel:
      return LowerCancel(llvm::cast<CancelStmt>(stmt));
    case Stmt::Kind::kCheckpoint:
      return LowerCheckpoint(llvm::cast<CheckpointStmt>(stmt));
  }
}

void Lowerer::LowerLet(const LetStmt& let) {
  Place(*let.value, {let.binding->name.text.str(), names_.at(let.binding).ref, {}});
}

void Lowerer::LowerCheckpoint(const CheckpointStmt& checkpoint) {
  const Binding& binding = *checkpoint.binding;
  ir::Expr value = Record(binding.type, checkpoint.fields, checkpoint.range);
  AddNode({binding.name.text.str(), names_.at(&binding).ref, {}}, binding.type, checkpoint.range,
          ir::CheckpointNode{std::move(value)});
}

// Its value goes nowhere; its nodes stay.
void Lowerer::LowerUnused(const Expr& expr) { LowerExpr(expr); }

}  // namespace hwf::lower
