// Gives every name in a body its meaning, before types are known. Keeps what is visible as a stack for each name, so a
// lookup costs the same at every depth. Finds the order of a block's statements by their data and reports cycles.
// One thread; one Resolver for each module.
#pragma once

#include <llvm/ADT/SmallVector.h>
#include <llvm/ADT/StringMap.h>
#include <llvm/ADT/StringSet.h>

#include "compiler/sema/context.h"
#include "compiler/sema/order.h"

namespace hwf::sema {

class Resolver {
 public:
  Resolver(Context& context, const ModuleScope& module);

  void ResolveModule();

 private:
  struct Frame {
    const Block* block;
    uint32_t current = 0;  // statement being resolved
    Needs needs;           // by statement
  };
  struct Home {
    size_t frame;
    uint32_t statement;
  };

  void Resolve(const FnDecl& fn);
  void Resolve(const TaskDecl& task);
  void ResolveOutputs(const TaskDecl& task);
  void Resolve(const WorkflowDecl& workflow);
  void Resolve(const TestDecl& test);
  void Resolve(TestDecl::Given& given);
  void ResolveDefaults(ArrayRef<Field> fields);
  void ResolveParams(ArrayRef<Field> params);
  void DeclareInTask(const TaskDecl& task, Binding::Kind kind, StringRef name);

  void Resolve(Expr* expr);  // null is fine
  void ResolveNode(Expr& expr);
  void Resolve(const Block& block);
  void Resolve(Stmt& stmt);
  void ResolveMatch(MatchExpr& match);
  void ResolveFor(ForExpr& loop);
  void ResolveLoop(LoopExpr& loop);
  void Resolve(ArrayRef<Carried> values);
  void ResolveReview(ReviewExpr& review);
  void ResolveWho(const ByRule* rule);
  void ResolveArgs(ArrayRef<Arg> args);
  void ResolveName(NameExpr& name, bool called);
  void ResolveMember(FieldExpr& field);
  const Binding* ResolveJob(const Ident& job);

  // The meaning of `name` here; null if it is unknown, or known to be broken (*broken).
  Binding* Find(StringRef name, bool* broken);
  void Use(Binding& binding, Range where, bool called);
  void ReportUnknown(const Ident& name);
  Binding* VariantBinding(const EnumDecl& declared, const EnumDecl::Variant& variant);
  // `let`, checkpoints, parameters: a name is bound once.
  void DeclareOnce(Binding* binding);
  // Binders of patterns, `for`, `loop` and `as` may shadow.
  void DeclareShadowing(Binding* binding);
  void DeclareStatements(const Block& block);
  // Whatever could not be parsed may have bound any word that stands in it.
  void DoubtWords(const Expr& error);
  void Leave(size_t mark);
  void SetOrder(const Frame& frame);
  void ReportCycle(const Frame& frame, const std::vector<uint32_t>& cycle);

  Context& context_;
  const ModuleScope& module_;
  const Decl* caller_ = nullptr;
  // Variants by their bare names, of all enums that this module sees. Two enums may have one: then it is named with its
  // enum, `Verdict.keep`.
  struct Bare {
    const EnumDecl* declared;
    const EnumDecl::Variant* variant;
    const EnumDecl* other = nullptr;
  };
  llvm::StringMap<Bare> bare_;
  llvm::StringMap<Range> answers_;  // of the reviews so far, for who takes one for a value
  llvm::StringSet<> doubted_;       // words of what could not be parsed
  llvm::StringMap<llvm::SmallVector<Binding*, 1>> visible_;
  std::vector<StringRef> declared_;  // to undo
  std::vector<Frame> frames_;
  llvm::DenseMap<const Binding*, Home> home_;
};

// The left child through which chains such as `a + b + c` and `a.b.c` are nested; null at their end. Walks follow it by
// a loop, since such chains have no limit.
Expr* LeftChild(Expr* expr);

}  // namespace hwf::sema
