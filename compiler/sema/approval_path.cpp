#include "compiler/sema/approval_path.h"

#include "compiler/sema/context.h"
#include "compiler/sema/walk.h"
#include "ir/type_rules.h"

namespace hwf::sema {
namespace {

constexpr size_t kMaxSteps = 10;

// An expression that has not been looked at yet has no type, and may be the one.
bool IsApproved(const Expr& expr) {
  TypeRef type = expr.type;
  while (type != nullptr && type->kind != TypeKind::kApproved) type = type->element;
  return type != nullptr;
}

bool IsTaskCall(const Expr& expr) {
  const auto* call = llvm::dyn_cast<CallExpr>(&WithoutAfter(expr));
  return call != nullptr && llvm::isa_and_nonnull<TaskDecl>(CalledDecl(*call));
}

class Tracer {
 public:
  explicit Tracer(const Program& program) : program_(program) {}

  std::vector<PathStep> Run(const Expr& expr) {
    const Expr* at = &expr;
    // A cycle of names has been reported; it ends here all the same.
    for (size_t turns = 0; at != nullptr && steps_.size() < kMaxSteps && turns < 4 * kMaxSteps; ++turns) {
      at = Next(WithoutAfter(*at));
    }
    return std::move(steps_);
  }

 private:
  void Step(Range range, std::string text) { steps_.push_back({range, std::move(text)}); }

  // The expression that `expr` has its value from; null where the way ends.
  const Expr* Next(const Expr& expr) {
    if (const auto* name = llvm::dyn_cast<NameExpr>(&expr)) return OfName(*name);
    if (const auto* call = llvm::dyn_cast<CallExpr>(&expr)) return OfCall(*call);
    if (const auto* index = llvm::dyn_cast<IndexExpr>(&expr)) return index->base;
    if (const auto* loop = llvm::dyn_cast<ForExpr>(&expr)) return loop->body->result;
    if (const auto* field = llvm::dyn_cast<FieldExpr>(&expr)) {
      fields_.push_back(field->name.text);
      return field->base;
    }
    if (const auto* list = llvm::dyn_cast<ListExpr>(&expr)) {
      auto item = llvm::find_if(list->items, [](const Expr* each) { return !IsApproved(*each); });
      return item == list->items.end() ? nullptr : *item;
    }
    if (const auto* binary = llvm::dyn_cast<BinaryExpr>(&expr)) {
      if (binary->op != BinaryOp::kCoalesce) return nullptr;
      return IsApproved(*binary->left) ? binary->right : binary->left;
    }
    return OfBlocks(expr);
  }

  const Expr* OfBlocks(const Expr& expr) {
    auto take = [&](const Block* body, const char* text) -> const Expr* {
      const Expr* result = body == nullptr ? nullptr : body->result;
      if (result == nullptr || IsApproved(*result) || llvm::isa<FailExpr>(result)) return nullptr;
      Step(result->range, text);
      return result;
    };
    if (const auto* node = llvm::dyn_cast<IfExpr>(&expr)) {
      for (const IfExpr::Branch& branch : node->branches) {
        if (const Expr* result = take(branch.body, "by way of this branch")) return result;
      }
      return take(node->else_body, "by way of this branch");
    }
    const auto* match = llvm::dyn_cast<MatchExpr>(&expr);
    if (match == nullptr) return nullptr;
    for (const MatchExpr::Arm& arm : match->arms) {
      if (const Expr* result = take(arm.body, "by way of this arm")) return result;
    }
    return nullptr;
  }

  const Expr* OfName(const NameExpr& name) {
    const Binding* binding = name.binding;
    if (binding == nullptr) return nullptr;
    const Range range = binding->name.range;
    switch (binding->kind) {
      case Binding::Kind::kLet: {
        const Expr* value = llvm::cast<LetStmt>(binding->stmt)->value;
        // What a task makes says so itself.
        if (!IsTaskCall(*value)) Step(range, Quoted(binding->name.text) + " is this");
        return value;
      }
      case Binding::Kind::kFor:
        Step(range, Quoted(binding->name.text) + " is each of this list");
        return binding->for_expr->list;
      case Binding::Kind::kCheckpoint:
        return OfArg(llvm::cast<CheckpointStmt>(binding->stmt)->fields, "is this in the checkpoint");
      case Binding::Kind::kField:
        return OfParam(*binding);
      case Binding::Kind::kPattern:
        if (const Expr* tried = Tried(*binding)) return tried;
        Step(range, "an arm binds it, and the answer does not grant it");
        return nullptr;
      case Binding::Kind::kCarried:
        Step(range, "the loop carries it, and its first value is not approved");
        return nullptr;
      case Binding::Kind::kWatch:
        Step(range, "the running job shows it, and nobody is asked");
        return nullptr;
      case Binding::Kind::kDecl:
      case Binding::Kind::kModule:
      case Binding::Kind::kBuiltin:
      case Binding::Kind::kVariant:
      case Binding::Kind::kOut:
      case Binding::Kind::kPrevious:
      case Binding::Kind::kAttempt:
        return nullptr;
    }
    return nullptr;
  }

  // The tried call that the pattern of this name takes apart, or what stands for it; else null.
  const Expr* Tried(const Binding& bound) const {
    const Expr* tried = nullptr;
    auto expr = [&](const Expr& each) {
      const auto* match = llvm::dyn_cast<MatchExpr>(&each);
      if (match == nullptr || match->subject->type == nullptr || !ir::IsFailureType(match->subject->type)) return;
      for (const MatchExpr::Arm& arm : match->arms) {
        const bool binds = llvm::any_of(arm.pattern.binds, [&](const auto& bind) { return bind.binding == &bound; });
        if (binds) tried = match->subject;
      }
    };
    Visit visit;
    visit.expr = expr;
    WalkAll(program_, visit);
    return tried;
  }

  // The value of the field that was last reached for.
  const Expr* OfArg(ArrayRef<Arg> args, const std::string& text) {
    if (fields_.empty()) return nullptr;
    auto arg = llvm::find_if(args, [&](const Arg& each) { return each.name.text == fields_.back(); });
    if (arg == args.end()) return nullptr;
    Step(arg->range, Quoted(fields_.pop_back_val()) + " " + text);
    return arg->value;
  }

  const Expr* OfCall(const CallExpr& call) {
    const Decl* callee = CalledDecl(call);
    if (callee == nullptr) {
      Step(call.range, "it comes from here, and nobody is asked");
      return nullptr;
    }
    if (llvm::isa<RecordDecl>(callee)) return OfArg(call.args, "of " + Quoted(callee->name.text) + " is this");
    if (const auto* fn = llvm::dyn_cast<FnDecl>(callee)) {
      Step(fn->body->range, Quoted(fn->name.text) + " gives this");
      return fn->body;
    }
    if (const auto* workflow = llvm::dyn_cast<WorkflowDecl>(callee)) {
      const auto* result =
          workflow->body == nullptr ? nullptr : llvm::dyn_cast_or_null<TupleExpr>(workflow->body->result);
      return result == nullptr ? nullptr : OfArg(result->entries, "of " + Quoted(workflow->name.text) + " is this");
    }
    Step(call.range, Quoted(callee->name.text) + " makes it, and nobody is asked");
    return nullptr;
  }

  // A parameter has its value from a call; of several, from the first that does not give an approved one.
  const Expr* OfParam(const Binding& binding) {
    Step(binding.name.range, Quoted(binding.name.text) + " is a parameter");
    const Decl* owner = nullptr;
    size_t at = 0;
    for (const auto& module : program_.modules) {
      for (const Decl* decl : module->decls) {
        ArrayRef<Field> params;
        if (const auto* workflow = llvm::dyn_cast<WorkflowDecl>(decl)) params = workflow->params;
        if (const auto* fn = llvm::dyn_cast<FnDecl>(decl)) params = fn->params;
        for (size_t each = 0; each < params.size(); ++each) {
          if (&params[each] != binding.field) continue;
          owner = decl;
          at = each;
        }
      }
    }
    const Expr* given = owner == nullptr ? nullptr : FirstGiven(*owner, at, binding.name.text);
    if (given != nullptr) Step(given->range, "given here");
    return given;
  }

  const Expr* FirstGiven(const Decl& callee, size_t at, StringRef name) const {
    const Expr* given = nullptr;
    auto expr = [&](const Expr& each) {
      const auto* call = llvm::dyn_cast<CallExpr>(&each);
      if (call == nullptr || CalledDecl(*call) != &callee) return;
      for (const Arg& arg : call->args) {
        const bool fits = arg.name ? arg.name.text == name : at == 0 && &arg == call->args.begin();
        const bool first = given == nullptr || arg.value->range.begin < given->range.begin;
        if (fits && first && !IsApproved(*arg.value)) given = arg.value;
      }
    };
    Visit visit;
    visit.expr = expr;
    WalkAll(program_, visit);
    return given;
  }

  const Program& program_;
  std::vector<PathStep> steps_;
  llvm::SmallVector<StringRef, 4> fields_;  // that were reached for, the innermost last
};

}  // namespace

std::vector<PathStep> UnapprovedPath(const Program& program, const Expr& expr) { return Tracer(program).Run(expr); }

}  // namespace hwf::sema
