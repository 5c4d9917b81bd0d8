// `let`, `checkpoint name { … }`, expression statements, and names that nobody uses.
#include "compiler/sema/checker.h"

namespace hwf::sema {

void Checker::CheckStatement(Stmt& stmt) {
  switch (stmt.kind) {
    case Stmt::Kind::kLet:
      return CheckLet(llvm::cast<LetStmt>(stmt));
    case Stmt::Kind::kExpr:
      return CheckExprStatement(*llvm::cast<ExprStmt>(stmt).value);
    case Stmt::Kind::kWatch:
      return CheckWatch(llvm::cast<WatchStmt>(stmt));
    case Stmt::Kind::kSend:
      CheckSend(llvm::cast<SendStmt>(stmt));
      return PassOn(llvm::cast<SendStmt>(stmt).args);
    case Stmt::Kind::kCancel:
      return CheckCancel(llvm::cast<CancelStmt>(stmt));
    case Stmt::Kind::kCheckpoint:
      return CheckCheckpoint(llvm::cast<CheckpointStmt>(stmt));
  }
}

// A value that goes nowhere is a mistake, most often a line that was meant to go on.
void Checker::CheckExprStatement(Expr& expr) {
  const TypeRef type = CheckUnused(&expr);
  if (!IsLost(expr, type)) return;
  const bool looks_continued = llvm::isa<UnaryExpr>(expr) || llvm::isa<ListExpr>(expr);
  Report(expr.range, diagnostics::kUnusedExpression)
      .Help(looks_continued ? "to go on with the line above, put it in parentheses or end that line inside a bracket"
                            : "name it with `let`, or remove it");
}

void Checker::CheckLet(LetStmt& let) {
  llvm::SaveAndRestore<std::string> name(let_name_, let.name.text.str());
  const size_t before = nodes_;
  const TypeRef type = Check(let.value);
  let.binding->type = type;
  Carry(let.binding, let.value);
  NoteJob(let);
  if (const auto* review = llvm::dyn_cast<ReviewExpr>(&WithoutAfter(*let.value))) asked_[review].let = &let;
  if (nodes_ == before && let.binding->uses == 0 && !IsPoison(type) && let.name) unused_.push_back(&let);
}

// The name of a task's call is that of its job.
void Checker::NoteJob(const LetStmt& let) {
  const auto* call = llvm::dyn_cast<CallExpr>(&WithoutAfter(*let.value));
  const Decl* callee = call == nullptr ? nullptr : CalledDecl(*call);
  if (callee != nullptr) let.binding->task = const_cast<TaskDecl*>(llvm::dyn_cast<TaskDecl>(callee));
}

void Checker::CheckCheckpoint(CheckpointStmt& checkpoint) {
  AllowNode(checkpoint.range, "`checkpoint`");
  const TypeRef record = context_.types().NewRecord("");
  std::vector<ir::FieldDef> fields;
  llvm::DenseMap<StringRef, Range> seen;
  for (const Arg& field : checkpoint.fields) {
    TypeRef type = Check(field.value);
    Carry(checkpoint.binding, field.value);
    auto [known, fresh] = seen.try_emplace(field.name.text, field.name.range);
    if (!fresh) {
      Report(field.name.range, diagnostics::kDuplicateMember, field.name.text, "the checkpoint")
          .Note(known->second, "first here");
      continue;
    }
    const bool bare = type->kind == TypeKind::kNone || type->kind == TypeKind::kNever || type->kind == TypeKind::kUnit;
    if (bare) {
      Report(field.value->range, diagnostics::kBadTypeHere, "a checkpoint's field", TypeName(type));
      type = Poison();
    }
    fields.push_back({field.name.text.str(), type, false});
  }
  context_.types().MutableRecord(record).fields = std::move(fields);
  checkpoint.binding->type = BoundDepth(record, checkpoint.name.range);
}

}  // namespace hwf::sema
