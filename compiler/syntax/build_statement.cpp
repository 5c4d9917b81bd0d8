#include "compiler/syntax/builder.h"

namespace hwf::syntax {

Block* Builder::MakeBlock(P::BlockContext* c) {
  auto* block = module_.Make<Block>();
  block->range = At(c);
  llvm::SmallVector<Stmt*, 8> stmts;
  for (P::StatementContext* s : c->statements) stmts.push_back(Statement(s));
  block->stmts = Save(stmts);
  auto* last = stmts.empty() ? nullptr : llvm::dyn_cast<ExprStmt>(stmts.back());
  if (last != nullptr) block->result = last->value;
  return block;
}

Block* Builder::ArmBody(P::ArmContext* c) {
  if (c->body) return MakeBlock(c->body);
  auto* block = module_.Make<Block>();
  block->range = At(c->value);
  llvm::SmallVector<Stmt*, 1> stmts{Simple(c->value)};
  block->stmts = Save(stmts);
  if (auto* expression = llvm::dyn_cast<ExprStmt>(stmts[0])) block->result = expression->value;
  return block;
}

Stmt* Builder::Statement(P::StatementContext* c) {
  Stmt* stmt = c->bound     ? Let(c->bound)
               : c->watched ? Watch(c->watched)
               : c->saved   ? Checkpoint(c->saved)
                            : Simple(c->simple);
  stmt->doc = DocAt(stmt->range.begin);
  return stmt;
}

Stmt* Builder::Simple(P::SimpleStatementContext* c) {
  if (c->sent) {
    ArrayRef<Arg> args = Arguments(c->sent->given);
    return module_.Make<SendStmt>(At(c), Name(c->sent->job), Name(c->sent->message_name), args);
  }
  if (c->cancelled) return module_.Make<CancelStmt>(At(c), Name(c->cancelled->job));
  if (c->stopped) {
    P::StopStatementContext* stop = c->stopped;
    return module_.Make<ExprStmt>(At(c), module_.Make<StopExpr>(At(c), At(stop->start), Expression(stop->value)));
  }
  if (c->continued) {
    P::NextStatementContext* next = c->continued;
    return module_.Make<ExprStmt>(At(c), module_.Make<NextExpr>(At(c), At(next->start), CarriedOf(next->values)));
  }
  return module_.Make<ExprStmt>(At(c), Expression(c->value));
}

Stmt* Builder::Let(P::LetStatementContext* c) {
  return module_.Make<LetStmt>(At(c), Name(c->declared), Expression(c->value));
}

Stmt* Builder::Watch(P::WatchStatementContext* c) {
  Expr* where = c->where ? Expression(c->where) : nullptr;
  Block* body = MakeBlock(c->body);
  return module_.Make<WatchStmt>(At(c), c->latest != nullptr, Name(c->job), Name(c->watched), Name(c->declared), where,
                                 body);
}

Stmt* Builder::Checkpoint(P::CheckpointStatementContext* c) {
  llvm::SmallVector<Arg, 8> fields;
  for (P::EntryContext* entry : c->entries) {
    // With a field missing, the checkpoint is a value of which nothing is known.
    if (entry->error) return module_.Make<LetStmt>(At(c), Name(c->declared), module_.Make<ErrorExpr>(At(entry)));
    fields.push_back({At(entry), Name(entry->declared), Expression(entry->value)});
  }
  return module_.Make<CheckpointStmt>(At(c), Name(c->declared), Save(fields));
}

}  // namespace hwf::syntax
