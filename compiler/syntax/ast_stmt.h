// The statements of the tree; see compiler/syntax/ast.h.
#pragma once

#include "compiler/syntax/ast_expr.h"

namespace hwf::syntax {

struct Stmt {
  enum class Kind { kLet, kExpr, kWatch, kSend, kCancel, kCheckpoint };
  const Kind kind;
  Range range;
  StringRef doc;

 protected:
  Stmt(Kind k, Range r) : kind(k), range(r) {}
};
// `let job = fit(data.train)`
struct LetStmt : Stmt {
  Ident name;
  Expr* value;
  Binding* binding = nullptr;  // set by sema
  LetStmt(Range r, Ident n, Expr* v) : Stmt(Kind::kLet, r), name(n), value(v) {}
  static bool classof(const Stmt* s) { return s->kind == Kind::kLet; }
};
// `publish(model)`
struct ExprStmt : Stmt {
  Expr* value;
  explicit ExprStmt(Range r, Expr* v) : Stmt(Kind::kExpr, r), value(v) {}
  static bool classof(const Stmt* s) { return s->kind == Kind::kExpr; }
};
// `watch latest job.epoch as e where e.n % 10 == 0 { … }`
struct WatchStmt : Stmt {
  bool latest;
  Ident job;
  Ident stream;
  Ident name;   // `as e`
  Expr* where;  // or null
  Block* body;
  const Binding* job_binding = nullptr;  // set by sema
  Binding* binding = nullptr;            // set by sema: of `e`
  WatchStmt(Range r, bool l, Ident j, Ident s, Ident n, Expr* w, Block* b)
      : Stmt(Kind::kWatch, r), latest(l), job(j), stream(s), name(n), where(w), body(b) {}
  static bool classof(const Stmt* s) { return s->kind == Kind::kWatch; }
};
// `send job.retune(rate: rate)`
struct SendStmt : Stmt {
  Ident job;
  Ident message;
  ArrayRef<Arg> args;
  const Binding* job_binding = nullptr;  // set by sema
  ArrayRef<Expr*> by_param;              // set by sema, as in CallExpr
  SendStmt(Range r, Ident j, Ident m, ArrayRef<Arg> a) : Stmt(Kind::kSend, r), job(j), message(m), args(a) {}
  static bool classof(const Stmt* s) { return s->kind == Kind::kSend; }
};
// `cancel job`
struct CancelStmt : Stmt {
  Ident job;
  const Binding* job_binding = nullptr;  // set by sema
  CancelStmt(Range r, Ident j) : Stmt(Kind::kCancel, r), job(j) {}
  static bool classof(const Stmt* s) { return s->kind == Kind::kCancel; }
};
// `checkpoint trained { model: job.model }`
struct CheckpointStmt : Stmt {
  Ident name;
  ArrayRef<Arg> fields;
  Binding* binding = nullptr;  // set by sema
  CheckpointStmt(Range r, Ident n, ArrayRef<Arg> f) : Stmt(Kind::kCheckpoint, r), name(n), fields(f) {}
  static bool classof(const Stmt* s) { return s->kind == Kind::kCheckpoint; }
};

}  // namespace hwf::syntax
