// What sema makes of a set of modules: declarations by name, the meaning of every name, the type of every expression
// (in the tree itself), derived facts about tasks and reviews. Owned by the caller of Analyze; pointers into it and
// into the modules' arenas live as long as it does. One thread.
//
// How types stand in the tree, for those who read it:
//   - Expr::type is the expression's own type. Where another is wanted (an argument, an item of a list, a branch of an
//     `if` that gives Float), the reader widens; sema has checked that ir::Converts holds.
//   - A name or field path narrowed by `if x != none { … }` has type T, while its binding's type is still T?.
//   - An `if` or `match` whose value nobody takes has type (), whatever its branches end in; a `for` whose value nobody
//     takes has type [()]. A call of a task or workflow without outputs has type (), and so its output type.
//   - A variant, called or bare, is a NameExpr (`keep`) or FieldExpr (`Verdict.keep`) whose binding is a kVariant;
//   `m.fit`
//     of an import's alias has the binding of `fit`; a group after `by` is a NameExpr bound to its GroupDecl.
//   - `flag(…)` has type [String], `raw(…)` String. The fn of min_by and max_by is a NameExpr or FieldExpr bound to it.
#pragma once

#include <llvm/ADT/DenseMap.h>

#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "compiler/diagnostics/diagnostics.h"
#include "compiler/syntax/ast.h"
#include "ir/module.h"
#include "ir/type.h"

namespace hwf::syntax {

// What a name stands for.
struct Binding {
  enum class Kind {
    kDecl,        // decl: record, enum, fn, task, workflow, site, group
    kModule,      // an import's alias: module
    kBuiltin,     // builtin (index into stdlib/builtins.def)
    kVariant,     // of a declared enum: type, name
    kField,       // a parameter of the enclosing task, workflow or fn: field
    kLet,         // let_stmt; if it is `let job = task(…)`, task is that task
    kCheckpoint,  // checkpoint_stmt
    kFor,         // for_expr's variable
    kCarried,     // a name that a `loop` carries from round to round
    kPattern,     // a name bound by a pattern: field name in `name`
    kWatch,       // watch_stmt's `as e`
    kOut,
    kPrevious,
    kAttempt  // inside a task
  };
  Kind kind;
  Ident name;
  ir::TypeRef type = nullptr;
  Decl* decl = nullptr;
  const Field* field = nullptr;
  const Stmt* stmt = nullptr;
  const ForExpr* for_expr = nullptr;
  TaskDecl* task = nullptr;  // kLet whose value is a task call: streams and messages may be reached through it
  struct ModuleScope* module = nullptr;
  Binding* doubles = nullptr;  // the declaration whose name this one took (reported): what a call by it still means
  int builtin = -1;
  mutable int uses = 0;
};

struct ModuleScope {
  Module* module = nullptr;
  std::string path;                                 // canonical
  std::unordered_map<std::string, Binding*> names;  // its own declarations and imports
};

}  // namespace hwf::syntax

namespace hwf::sema {

struct Program {
  std::shared_ptr<ir::TypeTable> types;
  std::deque<std::unique_ptr<syntax::Module>> modules;  // imports before importers; the compiled file last
  std::deque<syntax::ModuleScope> scopes;               // by module, same order
  std::deque<syntax::Binding> bindings;                 // owns every Binding
  llvm::DenseMap<const syntax::ImportDecl*, syntax::ModuleScope*> imports;  // what each brings
  const syntax::WorkflowDecl* entry = nullptr;  // the compiled file's last workflow, or null

  // The record type of a task's or workflow's outputs, and the enum of a review's answers.
  std::unordered_map<const syntax::Decl*, ir::TypeRef> output_types;
  std::unordered_map<const syntax::TaskDecl*, bool> effects;  // marked or by the rule
  // Reviews whose answers lead only to sends to one job: that job's binding.
  std::unordered_map<const syntax::ReviewExpr*, const syntax::Binding*> withdrawn_with;
  // Of a review that assumes an answer: the fields of that answer which nothing reads.
  std::unordered_map<const syntax::ReviewExpr*, std::vector<std::string>> unread;
  // Every site, in order of declaration: its kind, and its own and inherited fields (constants).
  struct Site {
    const syntax::SiteDecl* decl = nullptr;
    std::string kind;  // "local", "slurm", "ssh"
    std::vector<std::pair<std::string, const syntax::Expr*>> fields;
  };
  std::vector<Site> sites;
  const syntax::CalendarDecl* calendar = nullptr;  // whose working days count; null: none is declared
  // Sites of a task's `on` that could not grant what it needs, where others could; and why.
  std::unordered_map<const syntax::TaskDecl*, std::vector<ir::Never>> never;
  // A name for IR definitions, unique over modules: "fit", or "lib.fit" for an imported module's second `fit`.
  std::unordered_map<const syntax::Decl*, std::string> ir_names;
};

// Reads the imports of `root` (already parsed, moved in), resolves, checks. Reports to `emitter`; the Program is whole
// only if no error was reported. The sites of `sites_file`, if there is one, take the place of the program's. `library`
// is the directory of the standard library's modules.
Program Analyze(source::SourceManager& sources, std::unique_ptr<syntax::Module> root, diagnostics::Emitter& emitter,
                std::unique_ptr<syntax::Module> sites_file = nullptr, const std::string& library = "");

}  // namespace hwf::sema
