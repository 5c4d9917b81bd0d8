// Calls of tasks and workflows of which nobody reads what they make, and that do nothing else: no effect, no question
// to people, no message, no `fail`, no checkpoint.
#include <llvm/ADT/DenseMap.h>
#include <llvm/ADT/DenseSet.h>

#include "compiler/sema/context.h"
#include "compiler/sema/lint.h"
#include "compiler/sema/walk.h"

namespace hwf::sema {
namespace {

class Discarded {
 public:
  Discarded(const Program& program, diagnostics::Emitter& emitter) : program_(program), emitter_(emitter) {}

  void Run() {
    llvm::DenseSet<const Expr*> jobs;
    auto expr = [&](const Expr& each) {
      // What a job showed says nothing of how it ended. The base is met after its field.
      const auto* field = llvm::dyn_cast<FieldExpr>(&each);
      if (field != nullptr && IsStream(*field)) jobs.insert(field->base);
      const auto* name = llvm::dyn_cast<NameExpr>(&each);
      if (name != nullptr && !jobs.contains(name)) read_.insert(name->binding);
    };
    Visit reads;
    reads.expr = expr;
    for (const Decl* decl : program_.modules.back()->decls) Walk(*decl, reads);
    auto block = [&](const Block& each) { TakeBlock(each); };
    auto stmt = [&](const Stmt& each) { TakeStmt(each); };
    Visit visit;
    visit.block = block;
    visit.stmt = stmt;
    for (const Decl* decl : program_.modules.back()->decls) {
      if (llvm::isa<TestDecl>(decl)) continue;
      Walk(*decl, visit);
      const auto* workflow = llvm::dyn_cast<WorkflowDecl>(decl);
      if (workflow != nullptr && workflow->body != nullptr && workflow->outputs.empty()) Drop(workflow->body->result);
    }
  }

 private:
  void TakeBlock(const Block& block) {
    for (const Stmt* stmt : block.stmts) {
      const auto* each = llvm::dyn_cast<ExprStmt>(stmt);
      if (each != nullptr && each->value != block.result) Drop(each->value);
    }
  }

  void TakeStmt(const Stmt& stmt) {
    const auto* let = llvm::dyn_cast<LetStmt>(&stmt);
    if (let != nullptr && (let->binding->uses == 0 || IsUnreadTry(*let))) Drop(let->value);
    if (const auto* watch = llvm::dyn_cast<WatchStmt>(&stmt)) Drop(watch->body->result);
  }

  // `job.epoch` of a tried call, which has no other fields.
  static bool IsStream(const FieldExpr& field) {
    const auto* name = llvm::dyn_cast<NameExpr>(field.base);
    if (name == nullptr || name->binding == nullptr || name->binding->task == nullptr) return false;
    return name->binding->type != nullptr && name->binding->type->enumeration != nullptr;
  }

  // To watch, tell or cancel a job, or to read what it showed, is not to look at how it ended.
  bool IsUnreadTry(const LetStmt& let) const {
    const auto* call = llvm::dyn_cast<CallExpr>(&WithoutAfter(*let.value));
    return call != nullptr && call->tried && !read_.contains(let.binding);
  }

  // Nobody takes the value of `expr`.
  void Drop(const Expr* expr) {
    if (expr == nullptr) return;
    const Expr& inner = WithoutAfter(*expr);
    if (const auto* node = llvm::dyn_cast<IfExpr>(&inner)) {
      for (const IfExpr::Branch& branch : node->branches) Drop(branch.body->result);
      if (node->else_body != nullptr) Drop(node->else_body->result);
    } else if (const auto* match = llvm::dyn_cast<MatchExpr>(&inner)) {
      for (const MatchExpr::Arm& arm : match->arms) Drop(arm.body->result);
    } else if (const auto* loop = llvm::dyn_cast<ForExpr>(&inner)) {
      Drop(loop->body->result);
    } else if (const auto* call = llvm::dyn_cast<CallExpr>(&inner)) {
      Check(*call);
    }
  }

  void Check(const CallExpr& call) {
    const Decl* callee = CalledDecl(call);
    const bool runs = callee != nullptr && (llvm::isa<TaskDecl>(callee) || llvm::isa<WorkflowDecl>(callee));
    if (call.tried && runs) {
      emitter_.Report(call.tried.range, diagnostics::kIgnoredTry, callee->name.text)
          .Help("`match` it, or leave `try` out, so that the failure is the run's");
      return;
    }
    if (!runs || Acts(*callee)) return;
    emitter_.Report(call.range, diagnostics::kDiscardedCall, callee->name.text)
        .Help(llvm::isa<TaskDecl>(callee) ? "it is not run: read it, leave the call out, or say that the task is an "
                                            "`effect` if it is called for what it does"
                                          : "read it, or leave the call out");
  }

  bool Acts(const Decl& decl) {
    if (const auto* task = llvm::dyn_cast<TaskDecl>(&decl)) {
      auto effect = program_.effects.find(task);
      return effect != program_.effects.end() && effect->second;
    }
    // Workflows do not call themselves.
    if (auto known = acts_.find(&decl); known != acts_.end()) return known->second;
    bool acts = false;
    auto expr = [&](const Expr& each) {
      acts = acts || llvm::isa<ReviewExpr>(each) || llvm::isa<FailExpr>(each);
      const auto* call = llvm::dyn_cast<CallExpr>(&each);
      const Decl* callee = call == nullptr ? nullptr : CalledDecl(*call);
      if (acts || callee == nullptr) return;
      acts = (llvm::isa<TaskDecl>(callee) || llvm::isa<WorkflowDecl>(callee)) && Acts(*callee);
    };
    auto stmt = [&](const Stmt& each) {
      acts = acts || llvm::isa<SendStmt>(each) || llvm::isa<CancelStmt>(each) || llvm::isa<CheckpointStmt>(each);
    };
    Visit visit;
    visit.expr = expr;
    visit.stmt = stmt;
    Walk(decl, visit);
    return acts_[&decl] = acts;
  }

  const Program& program_;
  diagnostics::Emitter& emitter_;
  llvm::DenseMap<const Decl*, bool> acts_;
  llvm::DenseSet<const Binding*> read_;  // names whose values are read
};

}  // namespace

void LintCalls(const Program& program, diagnostics::Emitter& emitter) { Discarded(program, emitter).Run(); }

}  // namespace hwf::sema
