// What runs or asks becomes a node of the region at hand; the expression around it keeps a reference.
#include <algorithm>

#include "compiler/lower/lowerer.h"
#include "compiler/sema/walk.h"

namespace hwf::lower {

std::string Lowerer::UniqueName(const std::string& base) {
  if (builder_->used.insert(base).second) return base;
  int& number = builder_->next[base];
  if (number == 0) number = 2;
  std::string name;
  do {
    name = base + "." + std::to_string(number++);
  } while (!builder_->used.insert(name).second);
  return name;
}

ir::Expr Lowerer::AddNode(Spot spot, TypeRef type, Range range, ir::Node node) {
  node.id = spot.named() ? spot.id : NewId();
  node.name = spot.named() ? std::move(spot.name) : UniqueName(spot.name);
  node.type = type;
  node.after = std::move(spot.after);
  node.span = SpanOf(range);
  builder_->region.nodes.push_back(std::move(node));
  return Ref(builder_->region.nodes.back().id, type, range);
}

void Lowerer::CollectRefs(const ir::Expr& expr, std::vector<ValueId>& ids) {
  if (expr.op == ir::Op::kRef && std::find(ids.begin(), ids.end(), expr.ref) == ids.end()) ids.push_back(expr.ref);
  for (const ir::Expr& arg : expr.args) CollectRefs(arg, ids);
}

ir::Expr Lowerer::Place(const Expr& expr, Spot spot) {
  if (!HasRegion()) return AsFunction(expr);
  const Expr* value = &expr;
  while (const auto* after = llvm::dyn_cast<AfterExpr>(value)) {
    CollectRefs(LowerExpr(*after->awaited), spot.after);
    value = after->value;
  }
  auto named = [&](const char* name) {
    if (!spot.named()) spot.name = name;
    return std::move(spot);
  };
  switch (value->kind) {
    case Expr::Kind::kIf:
      return PlaceIf(llvm::cast<IfExpr>(*value), named("if"));
    case Expr::Kind::kMatch:
      return PlaceMatch(llvm::cast<MatchExpr>(*value), named("match"));
    case Expr::Kind::kFor:
      return PlaceFor(llvm::cast<ForExpr>(*value), named("for"));
    case Expr::Kind::kLoop:
      return PlaceLoop(llvm::cast<LoopExpr>(*value), named("loop"));
    case Expr::Kind::kReview:
      return PlaceReview(llvm::cast<ReviewExpr>(*value), named("review"));
    case Expr::Kind::kFail: {
      ir::Expr message = LowerString(*llvm::cast<FailExpr>(value)->message);
      return AddNode(named("fail"), Simple(TypeKind::kNever), value->range, ir::FailNode{std::move(message)});
    }
    case Expr::Kind::kCall: {
      const auto& call = llvm::cast<CallExpr>(*value);
      const Binding* callee = sema::CalleeOf(call);
      const bool runs = callee != nullptr && callee->kind == Binding::Kind::kDecl &&
                        (llvm::isa<TaskDecl>(callee->decl) || llvm::isa<WorkflowDecl>(callee->decl));
      const bool reads = callee != nullptr && callee->kind == Binding::Kind::kBuiltin &&
                         (BuiltinName(*callee) == "file" || BuiltinName(*callee) == "dir");
      if (runs || reads) return PlaceCall(call, std::move(spot));
      break;
    }
    default:
      break;
  }
  ir::Expr pure = LowerExpr(*value);
  if (spot.name.empty()) spot.name = "value";
  const TypeRef type = pure.type;
  return AddNode(std::move(spot), type, value->range, ir::LetNode{std::move(pure)});
}

bool Lowerer::Hoists(const Expr& root) const {
  std::vector<const Expr*> open = {&root};
  while (!open.empty()) {
    const Expr* expr = open.back();
    open.pop_back();
    switch (expr->kind) {
      case Expr::Kind::kIf:
      case Expr::Kind::kMatch:
      case Expr::Kind::kFor:
      case Expr::Kind::kLoop:
      case Expr::Kind::kStop:
      case Expr::Kind::kNext:
      case Expr::Kind::kReview:
      case Expr::Kind::kFail:
      case Expr::Kind::kAfter:
        return true;
      case Expr::Kind::kCall: {
        const auto& call = llvm::cast<CallExpr>(*expr);
        const Binding* callee = sema::CalleeOf(call);
        if (callee == nullptr) break;
        if (callee->kind == Binding::Kind::kDecl &&
            (llvm::isa<TaskDecl>(callee->decl) || llvm::isa<WorkflowDecl>(callee->decl))) {
          return true;
        }
        if (callee->kind == Binding::Kind::kBuiltin &&
            (BuiltinName(*callee) == "file" || BuiltinName(*callee) == "dir")) {
          return true;
        }
        for (const Arg& arg : call.args) open.push_back(arg.value);
        break;
      }
      case Expr::Kind::kString:
        for (const StringExpr::Part& part : llvm::cast<StringExpr>(expr)->parts) {
          if (part.value != nullptr) open.push_back(part.value);
        }
        break;
      case Expr::Kind::kField:
        open.push_back(llvm::cast<FieldExpr>(expr)->base);
        break;
      case Expr::Kind::kIndex:
        open.push_back(llvm::cast<IndexExpr>(expr)->base);
        open.push_back(llvm::cast<IndexExpr>(expr)->index);
        break;
      case Expr::Kind::kUnary:
        open.push_back(llvm::cast<UnaryExpr>(expr)->operand);
        break;
      case Expr::Kind::kBinary:
        open.push_back(llvm::cast<BinaryExpr>(expr)->left);
        open.push_back(llvm::cast<BinaryExpr>(expr)->right);
        break;
      case Expr::Kind::kList:
        for (const Expr* item : llvm::cast<ListExpr>(expr)->items) open.push_back(item);
        break;
      case Expr::Kind::kMap:
        for (const MapExpr::Entry& entry : llvm::cast<MapExpr>(expr)->entries) {
          open.push_back(entry.key);
          open.push_back(entry.value);
        }
        break;
      case Expr::Kind::kTuple:
        for (const Arg& entry : llvm::cast<TupleExpr>(expr)->entries) open.push_back(entry.value);
        break;
      case Expr::Kind::kBool:
      case Expr::Kind::kInt:
      case Expr::Kind::kFloat:
      case Expr::Kind::kDuration:
      case Expr::Kind::kBytes:
      case Expr::Kind::kNone:
      case Expr::Kind::kName:
      case Expr::Kind::kUncarried:
      case Expr::Kind::kError:
        break;
    }
  }
  return false;
}

}  // namespace hwf::lower
