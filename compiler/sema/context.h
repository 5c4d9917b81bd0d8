// What the passes of one Analyze share: the program under construction, the sources, the emitter, and the small tables
// that passes hand to each other. Owned by Analyze; one thread.
#pragma once

#include <llvm/ADT/DenseMap.h>
#include <llvm/ADT/DenseSet.h>

#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "compiler/diagnostics/codes.h"
#include "compiler/diagnostics/diagnostics.h"
#include "compiler/sema/program.h"
#include "compiler/sema/suggest.h"
#include "compiler/source/source.h"

namespace hwf::sema {

// The tree's names are used on every line here; ir:: stays spelled out.
using namespace syntax;  // NOLINT(google-build-using-namespace)
using ir::TypeKind;
using ir::TypeRef;

struct Context {
  Context(source::SourceManager& s, diagnostics::Emitter& e, Program& p) : sources(s), emitter(e), program(p) {}

  source::SourceManager& sources;
  diagnostics::Emitter& emitter;
  Program& program;
  Suggester suggester;

  // Statements of a block in the order of their data, where that is not the order of the source.
  llvm::DenseMap<const Block*, std::vector<Stmt*>> block_order;
  // Who calls whom: workflows and fns.
  struct Call {
    const Decl* callee;
    Range range;
  };
  llvm::DenseMap<const Decl*, std::vector<Call>> calls;
  // The record types of `out` and `previous` in a task.
  llvm::DenseMap<const TaskDecl*, std::pair<TypeRef, TypeRef>> task_records;
  // Sites and groups by name, over all modules.
  std::unordered_map<std::string, size_t> sites;  // index into program.sites
  // The first scopes are those of the file that replaces the program's sites, and of its imports; 0: there is none.
  size_t sites_scopes = 0;
  std::unordered_map<std::string, Binding*> groups;
  llvm::DenseMap<const Decl*, ModuleScope*> home;      // the module of each declaration
  std::unordered_map<std::string, Binding*> builtins;  // functions, and the enum `Reason`
  llvm::DenseMap<const Decl*, TypeRef> failures;       // what `try` of a task gives
  // Modules of which something could not be read: an unknown name there may be of that, and is not reported.
  llvm::DenseSet<const ModuleScope*> incomplete;
  // Names of declarations with a syntax error, over all modules: any of them may have been a site.
  std::unordered_set<std::string> broken;
  llvm::DenseMap<const EnumDecl::Variant*, Binding*> variants;
  // Enums that people choose from, each with a review that asks for it: its variants are answers wherever they come
  // from, through whatever name, record or call.
  llvm::DenseMap<const ir::EnumDef*, const ReviewExpr*> asked;

  // The compiled file's own: its tests alone count.
  bool IsRoot(const ModuleScope& scope) const { return scope.module == program.modules.back().get(); }

  template <typename... Args, typename... Given>
  diagnostics::Report Report(Range range, const diagnostics::Code<Args...>& code, const Given&... args) {
    return emitter.Report(range, code, args...);
  }

  ir::TypeTable& types() { return *program.types; }
  TypeRef Simple(TypeKind kind) { return program.types->Simple(kind); }
  Binding* NewBinding(Binding::Kind kind, Ident name) {
    Binding& binding = program.bindings.emplace_back();
    binding.kind = kind;
    binding.name = name;
    return &binding;
  }
  // The nominal type of a record or enum declaration, or of a task's stream.
  llvm::DenseMap<const void*, TypeRef> nominal;
};

// What the scope calls by that name, if it is such a declaration; or null.
template <typename Declaration>
const Declaration* DeclaredIn(const ModuleScope& scope, StringRef name) {
  auto found = scope.names.find(name.str());
  const bool known = found != scope.names.end() && found->second != nullptr;
  return known ? llvm::dyn_cast_or_null<Declaration>(found->second->decl) : nullptr;
}

// The tree's lists are ArrayRefs, whose items are const; the members that sema sets are written through this.
template <typename Node>
Node& Mutable(const Node& node) {
  return const_cast<Node&>(node);
}

// A name between backticks, for diagnostics.
std::string Quoted(StringRef name);
// "a task", "an enum", …
std::string_view KindName(const Decl& decl);
// The type as a user writes it; unnamed records inside others are cut short, so that the text stays small.
std::string TypeName(TypeRef type);

}  // namespace hwf::sema
