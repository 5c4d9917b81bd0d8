// A running job that is kept only until a person has answered, since every answer cancels it: what it holds stands idle
// while people think. Nodes of an `allocation` need no such look: they are let go when nothing runs there.
//
// Where people are shown what the job itself shows, they may need it to make up their minds: nothing is said then.
#include <llvm/ADT/DenseMap.h>
#include <llvm/ADT/DenseSet.h>
#include <llvm/ADT/MapVector.h>

#include <optional>
#include <vector>

#include "compiler/sema/context.h"
#include "compiler/sema/lint.h"
#include "compiler/sema/walk.h"

namespace hwf::sema {
namespace {

using Cancels = llvm::MapVector<const Binding*, const CancelStmt*>;

Cancels CancelledBy(const Block& block);

// What both do; as the first of them does it.
Cancels Both(const Cancels& one, const Cancels& other) {
  Cancels both;
  for (const auto& [job, cancel] : one) {
    if (other.count(job) != 0) both[job] = cancel;
  }
  return both;
}

Cancels CancelledBy(const Expr& expr) {
  std::optional<Cancels> all;
  auto take = [&](const Block& body) { all = all ? Both(*all, CancelledBy(body)) : CancelledBy(body); };
  if (const auto* match = llvm::dyn_cast<MatchExpr>(&expr)) {
    for (const MatchExpr::Arm& arm : match->arms) take(*arm.body);
  } else if (const auto* branch = llvm::dyn_cast<IfExpr>(&expr); branch != nullptr && branch->else_body != nullptr) {
    for (const IfExpr::Branch& each : branch->branches) take(*each.body);
    take(*branch->else_body);
  }
  return all.value_or(Cancels());
}

// The jobs that every way through a block cancels.
Cancels CancelledBy(const Block& block) {
  Cancels cancels;
  for (const Stmt* stmt : block.stmts) {
    if (const auto* cancel = llvm::dyn_cast<CancelStmt>(stmt)) cancels.insert({cancel->job_binding, cancel});
    if (const auto* each = llvm::dyn_cast<ExprStmt>(stmt)) {
      for (const auto& [job, cancel] : CancelledBy(WithoutAfter(*each->value))) cancels.insert({job, cancel});
    }
  }
  return cancels;
}

class KeptJobs {
 public:
  KeptJobs(const Program& program, diagnostics::Emitter& emitter) : program_(program), emitter_(emitter) {}

  void Run() {
    auto stmt = [&](const Stmt& each) {
      if (const auto* watch = llvm::dyn_cast<WatchStmt>(&each)) shown_by_[watch->binding] = watch->job_binding;
      if (const auto* let = llvm::dyn_cast<LetStmt>(&each)) values_[let->binding] = &WithoutAfter(*let->value);
    };
    auto expr = [&](const Expr& each) {
      if (const auto* match = llvm::dyn_cast<MatchExpr>(&each)) matches_.push_back(match);
    };
    Visit visit;
    visit.stmt = stmt;
    visit.expr = expr;
    WalkAll(program_, visit);
    for (const MatchExpr* match : matches_) Take(*match);
  }

 private:
  void Take(const MatchExpr& match) {
    const Expr& subject = WithoutAfter(*match.subject);
    const auto* name = llvm::dyn_cast<NameExpr>(&subject);
    const Expr* value = name != nullptr ? values_.lookup(name->binding) : &subject;
    const auto* review = llvm::dyn_cast_or_null<ReviewExpr>(value);
    if (review == nullptr) return;
    for (const auto& [job, cancel] : CancelledBy(match)) {
      if (job == nullptr || Shows(*review, *job)) continue;
      emitter_.Report(cancel->range, diagnostics::kKeptForPerson, cancel->job.text)
          .Note(review->range, "it waits for this answer")
          .Note(job->name.range, "what it was given, a node or a whole allocation perhaps, stands idle meanwhile")
          .Help("cancel it as soon as what needs it is done, `if done.ok { cancel " + cancel->job.text.str() +
                " }`, and call it again for the answers that want it");
    }
  }

  // Through names of what is computed; what a task made of it is another thing.
  bool Shows(const ReviewExpr& review, const Binding& job) const {
    bool shows = false;
    llvm::SmallVector<const Expr*, 8> open{&review};
    llvm::DenseSet<const Expr*> known;
    auto take = [&](const Expr& each) {
      const auto* name = llvm::dyn_cast<NameExpr>(&each);
      if (name == nullptr) return;
      shows = shows || shown_by_.lookup(name->binding) == &job;
      const Expr* value = values_.lookup(name->binding);
      const bool computed = value != nullptr && !llvm::isa<CallExpr>(value) && !llvm::isa<ReviewExpr>(value);
      if (computed && known.insert(value).second) open.push_back(value);
    };
    Visit visit;
    visit.expr = take;
    while (!open.empty()) Walk(*open.pop_back_val(), visit);
    return shows;
  }

  const Program& program_;
  diagnostics::Emitter& emitter_;
  llvm::DenseMap<const Binding*, const Binding*> shown_by_;  // an emission, and the job that shows it
  llvm::DenseMap<const Binding*, const Expr*> values_;       // of names
  std::vector<const MatchExpr*> matches_;
};

}  // namespace

void LintKeptJobs(const Program& program, diagnostics::Emitter& emitter) { KeptJobs(program, emitter).Run(); }

}  // namespace hwf::sema
