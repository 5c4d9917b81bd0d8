// Names, types and expressions of the tree; see compiler/syntax/ast.h.
#pragma once

#include <llvm/ADT/ArrayRef.h>
#include <llvm/ADT/StringRef.h>

#include <cstdint>

#include "compiler/source/source.h"
#include "ir/type.h"

namespace hwf::syntax {

using llvm::ArrayRef;
using llvm::StringRef;
using source::Range;

struct Expr;
struct Stmt;

// A name where it stands in the source.
struct Ident {
  StringRef text;
  Range range;
  explicit operator bool() const { return !text.empty(); }
};

// `Int`, `Approved[File]`, `[T]`, `[K: V]`, `T?`, `()`
struct TypeExpr {
  enum class Kind { kNamed, kList, kMap, kOptional, kUnit };
  Kind kind;
  Range range;
  Ident name;                // kNamed
  ArrayRef<TypeExpr*> args;  // kNamed with [..]: its arguments; kList: 1; kMap: 2; kOptional: 1
};

// `rate: Float = 0.1` of a task, workflow, fn, record, variant, checkpoint or accept.
struct Field {
  Range range;
  Ident name;
  TypeExpr* type = nullptr;
  Expr* default_value = nullptr;
  StringRef doc;                    // text of the `##` lines above, without the marks
  ir::TypeRef sema_type = nullptr;  // set by sema
};

// What a name means: set by sema on NameExpr.
struct Binding;  // compiler/sema/program.h

struct Expr {
  enum class Kind {
    kBool,
    kInt,
    kFloat,
    kDuration,
    kBytes,
    kNone,
    kString,
    kName,
    kField,
    kIndex,
    kCall,
    kUnary,
    kBinary,
    kAfter,
    kList,
    kMap,
    kTuple,
    kIf,
    kMatch,
    kFor,
    kReview,
    kFail,
    kLoop,
    kStop,
    kNext,
    kUncarried,
    kError
  };
  const Kind kind;
  Range range;
  ir::TypeRef type = nullptr;  // set by sema; never null after it

 protected:
  Expr(Kind k, Range r) : kind(k), range(r) {}
};

struct Block {
  Range range;             // with its braces
  ArrayRef<Stmt*> stmts;   // in source order
  Expr* result = nullptr;  // the last expression statement, if it gives the block its value; also last in stmts
};

// `true`
struct BoolExpr : Expr {
  bool value;
  BoolExpr(Range r, bool v) : Expr(Kind::kBool, r), value(v) {}
  static bool classof(const Expr* e) { return e->kind == Kind::kBool; }
};
// `42`
struct IntExpr : Expr {
  int64_t value;
  IntExpr(Range r, int64_t v) : Expr(Kind::kInt, r), value(v) {}
  static bool classof(const Expr* e) { return e->kind == Kind::kInt; }
};
// `0.5`
struct FloatExpr : Expr {
  double value;
  FloatExpr(Range r, double v) : Expr(Kind::kFloat, r), value(v) {}
  static bool classof(const Expr* e) { return e->kind == Kind::kFloat; }
};
// `30min`, in milliseconds; `2workdays` counts days in `workdays` instead
struct DurationExpr : Expr {
  int64_t milliseconds;
  int64_t workdays;
  DurationExpr(Range r, int64_t ms, int64_t days) : Expr(Kind::kDuration, r), milliseconds(ms), workdays(days) {}
  static bool classof(const Expr* e) { return e->kind == Kind::kDuration; }
};
// `16GiB`
struct BytesExpr : Expr {
  int64_t value;
  BytesExpr(Range r, int64_t v) : Expr(Kind::kBytes, r), value(v) {}
  static bool classof(const Expr* e) { return e->kind == Kind::kBytes; }
};
// `none`
struct NoneExpr : Expr {
  explicit NoneExpr(Range r) : Expr(Kind::kNone, r) {}
  static bool classof(const Expr* e) { return e->kind == Kind::kNone; }
};
// `"Epoch ~{e.n}"` or `"""…"""`: text and interpolations in turn.
struct StringExpr : Expr {
  struct Part {
    Range range;     // of the raw source text, or of `~{…}` with its braces
    StringRef text;  // decoded (escapes, indent); empty for an interpolation
    Expr* value;     // the interpolation, or null
  };
  bool raw;  // `"""`
  ArrayRef<Part> parts;
  StringExpr(Range r, bool is_raw, ArrayRef<Part> p) : Expr(Kind::kString, r), raw(is_raw), parts(p) {}
  static bool classof(const Expr* e) { return e->kind == Kind::kString; }
};
// `rate`
struct NameExpr : Expr {
  Ident name;
  const Binding* binding = nullptr;  // set by sema; null after a reported error
  explicit NameExpr(Ident n) : Expr(Kind::kName, n.range), name(n) {}
  static bool classof(const Expr* e) { return e->kind == Kind::kName; }
};
// `job.model`, `previous.epoch?.weights`
struct FieldExpr : Expr {
  Expr* base;
  Ident name;
  bool optional;                     // `?.`
  const Binding* binding = nullptr;  // set by sema when `base.name` is a name as a whole (of a module, an enum)
  FieldExpr(Range r, Expr* b, Ident n, bool opt) : Expr(Kind::kField, r), base(b), name(n), optional(opt) {}
  static bool classof(const Expr* e) { return e->kind == Kind::kField; }
};
// `xs[0]`, `m["k"]`
struct IndexExpr : Expr {
  Expr* base;
  Expr* index;
  IndexExpr(Range r, Expr* b, Expr* i) : Expr(Kind::kIndex, r), base(b), index(i) {}
  static bool classof(const Expr* e) { return e->kind == Kind::kIndex; }
};
struct Arg {
  Range range;
  Ident name;  // empty if positional
  Expr* value;
};
// `fit(data.train, rate: rate)`: a task, workflow, fn, record, variant or built-in; `try fit(…)`
struct CallExpr : Expr {
  Expr* callee;
  ArrayRef<Arg> args;
  Ident tried;  // the word `try` before it, or empty
  // Set by sema: for each parameter of the callee in order, the argument's value, or null for its default.
  ArrayRef<Expr*> by_param;
  CallExpr(Range r, Expr* c, ArrayRef<Arg> a) : Expr(Kind::kCall, r), callee(c), args(a) {}
  static bool classof(const Expr* e) { return e->kind == Kind::kCall; }
};
enum class UnaryOp { kNegate, kNot };
struct UnaryExpr : Expr {
  UnaryOp op;
  Expr* operand;
  UnaryExpr(Range r, UnaryOp o, Expr* e) : Expr(Kind::kUnary, r), op(o), operand(e) {}
  static bool classof(const Expr* e) { return e->kind == Kind::kUnary; }
};
enum class BinaryOp {
  kMul,
  kDiv,
  kMod,
  kAdd,
  kSub,
  kLt,
  kLe,
  kGt,
  kGe,
  kEq,
  kNe,
  kAnd,
  kOr,
  kCoalesce,
  kRange  // `lo..hi`, only after `in` and `replicas`
};
std::string_view SymbolOf(BinaryOp op);  // "+", "and"
struct BinaryExpr : Expr {
  BinaryOp op;
  Range op_range;
  Expr* left;
  Expr* right;
  BinaryExpr(Range r, BinaryOp o, Range opr, Expr* l, Expr* rt)
      : Expr(Kind::kBinary, r), op(o), op_range(opr), left(l), right(rt) {}
  static bool classof(const Expr* e) { return e->kind == Kind::kBinary; }
};
// `x after y`
struct AfterExpr : Expr {
  Expr* value;
  Expr* awaited;
  AfterExpr(Range r, Expr* v, Expr* a) : Expr(Kind::kAfter, r), value(v), awaited(a) {}
  static bool classof(const Expr* e) { return e->kind == Kind::kAfter; }
};
// `[1, 2]`
struct ListExpr : Expr {
  ArrayRef<Expr*> items;
  ListExpr(Range r, ArrayRef<Expr*> i) : Expr(Kind::kList, r), items(i) {}
  static bool classof(const Expr* e) { return e->kind == Kind::kList; }
};
// `["a": 1]`, `[:]`
struct MapExpr : Expr {
  struct Entry {
    Expr* key;
    Expr* value;
  };
  ArrayRef<Entry> entries;
  MapExpr(Range r, ArrayRef<Entry> e) : Expr(Kind::kMap, r), entries(e) {}
  static bool classof(const Expr* e) { return e->kind == Kind::kMap; }
};
// `(metrics: job.metrics)`: a workflow's result; `()` has no entries
struct TupleExpr : Expr {
  ArrayRef<Arg> entries;
  TupleExpr(Range r, ArrayRef<Arg> e) : Expr(Kind::kTuple, r), entries(e) {}
  static bool classof(const Expr* e) { return e->kind == Kind::kTuple; }
};
// `if c { … } else if d { … } else { … }`: a chain is flat: conditions and blocks in order
struct IfExpr : Expr {
  struct Branch {
    Expr* condition;
    Block* body;
  };
  ArrayRef<Branch> branches;  // at least one
  Block* else_body;           // or null
  IfExpr(Range r, ArrayRef<Branch> b, Block* e) : Expr(Kind::kIf, r), branches(b), else_body(e) {}
  static bool classof(const Expr* e) { return e->kind == Kind::kIf; }
};
// `reject(reason: why)`: variant, the fields it binds, and the names they get; `_` has an empty variant name
struct Pattern {
  struct Bind {
    Ident field;
    Ident name;                  // equals field unless renamed
    Binding* binding = nullptr;  // set by sema
  };
  Range range;
  Ident variant;
  bool wildcard = false;
  ArrayRef<Bind> binds;
};
// `match call { keep => {} … }`: an arm is a block, or one expression as a block without braces
struct MatchExpr : Expr {
  struct Arm {
    Range range;
    Pattern pattern;
    Block* body;
  };
  Expr* subject;
  ArrayRef<Arm> arms;
  MatchExpr(Range r, Expr* s, ArrayRef<Arm> a) : Expr(Kind::kMatch, r), subject(s), arms(a) {}
  static bool classof(const Expr* e) { return e->kind == Kind::kMatch; }
};
// `for x in xs where c { … }`
struct ForExpr : Expr {
  Ident name;
  Expr* list;
  Expr* where;  // or null
  Block* body;
  Binding* binding = nullptr;  // set by sema
  ForExpr(Range r, Ident n, Expr* l, Expr* w, Block* b) : Expr(Kind::kFor, r), name(n), list(l), where(w), body(b) {}
  static bool classof(const Expr* e) { return e->kind == Kind::kFor; }
};

// `s = init` of a `loop`, `s = value` of a `next`
struct Carried {
  Ident name;
  Expr* value;
  Binding* binding = nullptr;  // set by sema; of a `loop`
};
// `loop s = init, t = 0 max 10 { … next s = …, t = t + 1 }`
struct LoopExpr : Expr {
  ArrayRef<Carried> carried;  // at least one
  Expr* max;
  Block* body;
  ir::TypeRef round = nullptr;  // set by sema: the enum of how a round ends, `stop(value)` or `next(s, t)`
  LoopExpr(Range r, ArrayRef<Carried> c, Expr* m, Block* b) : Expr(Kind::kLoop, r), carried(c), max(m), body(b) {}
  static bool classof(const Expr* e) { return e->kind == Kind::kLoop; }
};
// `stop with model`: ends a path through a loop's body, and the loop
struct StopExpr : Expr {
  Range keyword;
  Expr* value;
  const LoopExpr* loop = nullptr;  // set by sema
  StopExpr(Range r, Range k, Expr* v) : Expr(Kind::kStop, r), keyword(k), value(v) {}
  static bool classof(const Expr* e) { return e->kind == Kind::kStop; }
};
// `next s = job.model`: ends a path through a loop's body; the next round begins with these values
struct NextExpr : Expr {
  Range keyword;
  ArrayRef<Carried> values;
  const LoopExpr* loop = nullptr;  // set by sema
  ArrayRef<Expr*> by_carried;      // set by sema: the value of each name that the loop carries, in its order
  NextExpr(Range r, Range k, ArrayRef<Carried> v) : Expr(Kind::kNext, r), keyword(k), values(v) {}
  static bool classof(const Expr* e) { return e->kind == Kind::kNext; }
};

// `"ml-team" quorum 2 not starter at uid`, `(a and b) or c`
struct ByRule {
  enum class Kind { kWho, kAnd, kOr };
  Kind kind;
  Range range;
  Expr* who = nullptr;     // kWho: a StringExpr, or a NameExpr of a declared group
  Expr* quorum = nullptr;  // an IntExpr, or null
  bool not_starter = false;
  Ident at;                 // `uid`, `service` or empty
  ArrayRef<ByRule*> parts;  // kAnd, kOr
};
// `retune(rate: Float in 0.0001..1.0 = rate)` of a `choose`
struct Choice {
  struct FormField {
    Range range;
    Ident name;
    TypeExpr* type;
    Expr* in;                         // a kRange BinaryExpr, a list, or null
    Expr* default_value;              // or null
    ir::TypeRef sema_type = nullptr;  // set by sema
  };
  Range range;
  Ident name;
  ArrayRef<FormField> fields;
  Ident grants;             // `grants model`, or empty
  Expr* granted = nullptr;  // set by sema: the shown expression (or field of one) that it approves
};
// `await review "Go on?" { … }`
struct ReviewExpr : Expr {
  struct Escalation {
    Range range;
    Expr* delay;
    ByRule* to;
  };
  struct ElseVariant {  // also of `assume`
    Range range;
    Ident name;
    ArrayRef<Arg> args;
  };
  struct Limit {
    Ident name;
    Expr* value;
  };
  StringExpr* question;
  ArrayRef<Expr*> show;
  ArrayRef<Choice> choices;
  Ident choose_enum;  // `choose Verdict`, or empty
  ByRule* by;         // or null: the run's owner
  Expr* within;       // or null
  Expr* remind;       // or null
  ArrayRef<Escalation> escalations;
  const ElseVariant* else_variant;  // or null
  const ElseVariant* assume;        // or null
  ArrayRef<Limit> up_to;            // of `assume`
  ReviewExpr(Range r, StringExpr* q)
      : Expr(Kind::kReview, r),
        question(q),
        by(nullptr),
        within(nullptr),
        remind(nullptr),
        else_variant(nullptr),
        assume(nullptr) {}
  static bool classof(const Expr* e) { return e->kind == Kind::kReview; }
};
// `fail "rejected: ~{reason}"`
struct FailExpr : Expr {
  StringExpr* message;
  FailExpr(Range r, StringExpr* m) : Expr(Kind::kFail, r), message(m) {}
  static bool classof(const Expr* e) { return e->kind == Kind::kFail; }
};
// A construct of the language that this version parses but does not carry: `with`
struct UncarriedExpr : Expr {
  Ident keyword;
  UncarriedExpr(Range r, Ident k) : Expr(Kind::kUncarried, r), keyword(k) {}
  static bool classof(const Expr* e) { return e->kind == Kind::kUncarried; }
};
// Stands where a syntax error was reported. Its type is poison; it never reports again.
struct ErrorExpr : Expr {
  explicit ErrorExpr(Range r) : Expr(Kind::kError, r) {}
  static bool classof(const Expr* e) { return e->kind == Kind::kError; }
};

}  // namespace hwf::syntax
