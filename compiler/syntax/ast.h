// The tree of one module. Every node has the exact byte range of its source; comments are kept beside the tree
// (Module::comments) in order, so that one tree serves checker, formatter, doc and editor. Nodes live in the Module's
// arena and are never freed singly; identifiers are StringRefs into the source text. Sema fills the members under "set
// by sema". LLVM-style RTTI: isa<>, cast<>, dyn_cast<> on Expr, Stmt and Decl. One thread.
#pragma once

#include <llvm/Support/Allocator.h>
#include <llvm/Support/Casting.h>

#include <memory>
#include <string>
#include <vector>

#include "compiler/syntax/ast_stmt.h"

namespace hwf::syntax {

struct Decl {
  enum class Kind {
    kImport,
    kRecord,
    kEnum,
    kFn,
    kTask,
    kWorkflow,
    kSite,
    kGroup,
    kCalendar,
    kTest,
    kUncarried,
    kError
  };
  const Kind kind;
  Range range;
  Ident name;
  StringRef doc;

 protected:
  Decl(Kind k, Range r, Ident n) : kind(k), range(r), name(n) {}
};
// `import "sites.hwf" as s`, `import std.review`
struct ImportDecl : Decl {
  StringRef path;  // decoded; empty for a std module
  Range path_range;
  StringRef std_name;  // "review"; empty for a path. `name` is the alias, or empty
  ImportDecl(Range r, Ident alias) : Decl(Kind::kImport, r, alias) {}
  static bool classof(const Decl* d) { return d->kind == Kind::kImport; }
};
// `record Metrics { loss: Float }`
struct RecordDecl : Decl {
  ArrayRef<Field> fields;
  RecordDecl(Range r, Ident n, ArrayRef<Field> f) : Decl(Kind::kRecord, r, n), fields(f) {}
  static bool classof(const Decl* d) { return d->kind == Kind::kRecord; }
};
// `enum Verdict { approve(note: String?), reject(reason: String) }`
struct EnumDecl : Decl {
  struct Variant {
    Range range;
    Ident name;
    ArrayRef<Field> fields;
    StringRef doc;
  };
  ArrayRef<Variant> variants;
  EnumDecl(Range r, Ident n, ArrayRef<Variant> v) : Decl(Kind::kEnum, r, n), variants(v) {}
  static bool classof(const Decl* d) { return d->kind == Kind::kEnum; }
};
// `fn loss_of(e: fit.epoch) -> Float = e.loss`
struct FnDecl : Decl {
  ArrayRef<Field> params;
  TypeExpr* result;
  Expr* body;
  FnDecl(Range r, Ident n, ArrayRef<Field> p, TypeExpr* t, Expr* b)
      : Decl(Kind::kFn, r, n), params(p), result(t), body(b) {}
  static bool classof(const Decl* d) { return d->kind == Kind::kFn; }
};
// `model: File at "model.pt"`, `text: String at stdout`
struct Output {
  Range range;
  Ident name;
  TypeExpr* type = nullptr;
  Expr* at = nullptr;  // a StringExpr, or null
  bool at_stdout = false;
  StringRef doc;
  ir::TypeRef sema_type = nullptr;  // set by sema
};
// `checkpoint epoch(n: Int, weights: File) keep 5 every all`
struct StreamClause {
  Range range;
  Ident name;
  ArrayRef<Field> fields;
  Expr* keep = nullptr;
  bool every_all = false;
  ir::TypeRef sema_type = nullptr;  // set by sema: the record type `task.name`
};
// `retune(rate: Float)` of an `accept`
struct MessageClause {
  Range range;
  Ident name;
  ArrayRef<Field> fields;
};
// A clause that is a word and expressions: `needs`, `uses`, `env`, `retry`, `on`, `image`, `pack`, …
struct TaskDecl : Decl {
  struct Need {
    Range range;
    Ident name;  // cpus, gpus, memory, …
    Expr* value;
  };
  struct Env {
    Range range;
    Ident name;
    Expr* value;
  };
  struct Retry {
    Range range;
    Expr* count = nullptr;
    ArrayRef<Ident> reasons;
  };
  struct Run {
    enum class Kind { kNone, kShell, kInterpreter, kExec };
    Kind kind = Kind::kNone;
    Range range;
    Ident interpreter;           // kInterpreter: `python`
    StringExpr* text = nullptr;  // kShell, kInterpreter
    ListExpr* argv = nullptr;    // kExec
  };
  ArrayRef<Field> params;
  ArrayRef<Output> outputs;
  ArrayRef<StringExpr*> uses;
  ArrayRef<Ident> on;  // sites, in order of preference
  StringExpr* image = nullptr;
  ArrayRef<Need> needs;
  ArrayRef<Env> env;
  ArrayRef<Ident> secrets;
  Retry retry;
  bool effect = false;
  bool cache_off = false;
  ArrayRef<StreamClause> streams;
  ArrayRef<MessageClause> accepts;
  Ident launch;  // `srun`, `mpirun` or `torchrun`, or empty
  Expr* pack = nullptr;
  Run run;
  bool broken = false;  // one of its clauses is an error: what seems to be missing may stand there
  explicit TaskDecl(Range r, Ident n) : Decl(Kind::kTask, r, n) {}
  static bool classof(const Decl* d) { return d->kind == Kind::kTask; }
};
// `workflow digits(rate: Float = 0.1) -> (metrics: Metrics) { … }`
struct WorkflowDecl : Decl {
  ArrayRef<Field> params;
  ArrayRef<Field> outputs;
  Block* body;
  WorkflowDecl(Range r, Ident n, ArrayRef<Field> p, ArrayRef<Field> o, Block* b)
      : Decl(Kind::kWorkflow, r, n), params(p), outputs(o), body(b) {}
  static bool classof(const Decl* d) { return d->kind == Kind::kWorkflow; }
};
// `site train = slurm(partition: "acc")`
struct SiteDecl : Decl {
  Ident base;  // local, slurm, ssh, or another site
  ArrayRef<Arg> args;
  SiteDecl(Range r, Ident n, Ident b, ArrayRef<Arg> a) : Decl(Kind::kSite, r, n), base(b), args(a) {}
  static bool classof(const Decl* d) { return d->kind == Kind::kSite; }
};
// `group ml_team = ["ana", "ben"]`
struct GroupDecl : Decl {
  ListExpr* members;
  GroupDecl(Range r, Ident n, ListExpr* m) : Decl(Kind::kGroup, r, n), members(m) {}
  static bool classof(const Decl* d) { return d->kind == Kind::kGroup; }
};
// `calendar lab = workdays(zone: "Europe/Madrid", holidays: ["2026-12-25"])`
struct CalendarDecl : Decl {
  Ident base;  // workdays
  ArrayRef<Arg> args;
  CalendarDecl(Range r, Ident n, Ident b, ArrayRef<Arg> a) : Decl(Kind::kCalendar, r, n), base(b), args(a) {}
  static bool classof(const Decl* d) { return d->kind == Kind::kCalendar; }
};
// `test "name" { … }`: workflows that are run with tasks and reviews stubbed
struct TestDecl : Decl {
  // `given fit => (model: file("m"), loss: rate) after 2h`, `given fit.epoch => [(n: 1)]`, `given fit => fail "oom"`
  struct Given {
    Range range;
    Expr* subject;
    Expr* value;
    Expr* after = nullptr;            // how long it takes
    TaskDecl* task = nullptr;         // set by sema, as all below
    StringRef stream;                 // empty: the task's outputs
    ArrayRef<const Binding*> params;  // what stands for the task's parameters, then for `attempt`
  };
  // `answer each.2.call at 3h with retune(rate: 0.1)`
  struct Answer {
    Range range;
    Range place_range;
    StringRef place;
    Expr* delay;
    Ident variant;
    ArrayRef<Arg> args;
  };
  StringRef title;
  Range title_range;
  Block* body;  // its `let`s and, as expressions, its `expect`s
  ArrayRef<Given> givens;
  ArrayRef<Answer> answers;
  TestDecl(Range r, StringRef t, Range tr) : Decl(Kind::kTest, r, Ident{}), title(t), title_range(tr) {}
  static bool classof(const Decl* d) { return d->kind == Kind::kTest; }
};
// `service …`: parsed, not carried yet
struct UncarriedDecl : Decl {
  Ident keyword;
  UncarriedDecl(Range r, Ident k, Ident n) : Decl(Kind::kUncarried, r, n), keyword(k) {}
  static bool classof(const Decl* d) { return d->kind == Kind::kUncarried; }
};

// Stands where a syntax error was reported. If it has a name, that name means something that nobody may complain about.
struct ErrorDecl : Decl {
  ErrorDecl(Range r, Ident n) : Decl(Kind::kError, r, n) {}
  static bool classof(const Decl* d) { return d->kind == Kind::kError; }
};

struct Comment {
  Range range;  // from `#`, without the newline
  bool doc;     // `##`
};

struct Module {
  source::FileId file{};
  std::string edition;  // "1"
  Range edition_range;
  std::vector<Decl*> decls;       // in source order
  std::vector<Comment> comments;  // in source order
  llvm::BumpPtrAllocator arena;

  // Makes a node in the arena.
  template <typename Node, typename... Args>
  Node* Make(Args&&... args) {
    return new (arena.Allocate<Node>()) Node(std::forward<Args>(args)...);
  }
  // Copies a list into the arena.
  template <typename T>
  ArrayRef<T> Copy(ArrayRef<T> items) {
    T* copy = arena.Allocate<T>(items.size());
    std::uninitialized_copy(items.begin(), items.end(), copy);
    return ArrayRef<T>(copy, items.size());
  }
};

}  // namespace hwf::syntax
