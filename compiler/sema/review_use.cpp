// What becomes of answers. Each must be used, and each required field of it read somewhere; where an answer leads only
// to sends to one job, the review is withdrawn when that job ends.
#include "compiler/sema/checker.h"

namespace hwf::sema {
namespace {

// Whether a block does nothing but tell one job things (or cancel it): then `job` is that job.
class OnlySends {
 public:
  explicit OnlySends(const Binding* job) : job_(job) {}

  bool Holds(const Block& block) {
    for (const Stmt* stmt : block.stmts) {
      if (!Holds(*stmt)) return false;
    }
    return true;
  }
  const Binding* job() const { return job_; }
  bool sends() const { return sends_; }

 private:
  bool Same(const Binding* job) {
    sends_ = true;
    if (job_ == nullptr) job_ = job;
    return job != nullptr && job == job_;
  }

  bool Holds(const Stmt& stmt) {
    switch (stmt.kind) {
      case Stmt::Kind::kSend:
        return Same(llvm::cast<SendStmt>(stmt).job_binding);
      case Stmt::Kind::kCancel:
        return Same(llvm::cast<CancelStmt>(stmt).job_binding);
      case Stmt::Kind::kExpr:
        return Holds(*llvm::cast<ExprStmt>(stmt).value);
      case Stmt::Kind::kLet:
      case Stmt::Kind::kWatch:
      case Stmt::Kind::kCheckpoint:
        return false;
    }
    return false;
  }

  bool Holds(const Expr& expr) {
    if (const auto* node = llvm::dyn_cast<IfExpr>(&expr)) {
      for (const IfExpr::Branch& branch : node->branches) {
        if (!Holds(*branch.body)) return false;
      }
      return node->else_body == nullptr || Holds(*node->else_body);
    }
    if (const auto* node = llvm::dyn_cast<MatchExpr>(&expr)) {
      // Another person's answer in between has a life of its own.
      if (!llvm::isa<NameExpr>(node->subject) && !llvm::isa<FieldExpr>(node->subject)) return false;
      for (const MatchExpr::Arm& arm : node->arms) {
        if (!Holds(*arm.body)) return false;
      }
      return true;
    }
    const auto* tuple = llvm::dyn_cast<TupleExpr>(&expr);
    return tuple != nullptr && tuple->entries.empty();
  }

  const Binding* job_;
  bool sends_ = false;
};

const Pattern::Bind* FindBind(const MatchExpr& match, const std::string& variant, const std::string& field) {
  for (const MatchExpr::Arm& arm : match.arms) {
    if (arm.pattern.variant.text != variant) continue;
    for (const Pattern::Bind& bind : arm.pattern.binds) {
      if (bind.field.text == field) return &bind;
    }
  }
  return nullptr;
}

bool HasWildcard(const MatchExpr* match) {
  return llvm::any_of(match->arms, [](const MatchExpr::Arm& arm) { return arm.pattern.wildcard; });
}

bool IsGranted(const ReviewExpr& review, const std::string& variant, const std::string& field) {
  return llvm::any_of(review.choices,
                      [&](const Choice& choice) { return choice.name.text == variant && choice.grants.text == field; });
}

Range VariantRange(const ReviewExpr& review, const std::string& variant, const std::string& field) {
  for (const Choice& choice : review.choices) {
    if (choice.name.text != variant) continue;
    if (choice.grants.text == field) return choice.grants.range;
    for (const Choice::FormField& each : choice.fields) {
      if (each.name.text == field) return each.name.range;
    }
  }
  return review.choose_enum ? review.choose_enum.range : review.question->range;
}

}  // namespace

void Checker::CheckAnswersUsed() {
  Answers unheard;
  for (const ReviewExpr* review : reviews_) {
    const Asked& asked = asked_[review];
    if (broken_) break;
    const ir::EnumDef* answers = review->type == nullptr ? nullptr : review->type->enumeration;
    if (answers == nullptr || asked.passed_on) continue;
    if (asked.matches.empty()) {
      if (asked.mentioned) continue;
      unheard.insert(review);
      const Range keyword{review->range.file, review->range.begin, review->question->range.end};
      Report(keyword, diagnostics::kAnswerUnused)
          .Help("bind it, `let answer = await review …`, and `match` it: every answer leads somewhere");
      continue;
    }
    CheckFieldsRead(*review);
    CheckWithdrawal(*review);
    NoteUnread(*review);
  }
  for (const LetStmt* let : unused_) {
    if (broken_) break;
    auto carried = carried_.find(let->binding);
    // That the answer ends there has been said.
    if (carried != carried_.end() &&
        llvm::any_of(carried->second, [&](auto* each) { return unheard.contains(each); })) {
      continue;
    }
    Report(let->name.range, diagnostics::kUnusedLet, let->name.text).Help("its value has no effect: leave it out");
  }
  unused_.clear();
  broken_ = false;
  reviews_.clear();
  asked_.clear();
  carried_.clear();
}

void Checker::CheckFieldsRead(const ReviewExpr& review) {
  const auto& matches = asked_[&review].matches;
  // What should stand in the place of `_` may read it.
  if (llvm::any_of(matches, HasWildcard)) return;
  for (const ir::VariantDef& variant : review.type->enumeration->variants) {
    for (const ir::FieldDef& field : variant.fields) {
      if (field.has_default || IsPoison(field.type)) continue;
      const bool read = llvm::any_of(matches, [&](const MatchExpr* match) {
        const Pattern::Bind* bind = FindBind(*match, variant.name, field.name);
        return bind != nullptr && bind->binding->uses > 0;
      });
      if (read) continue;
      Report(VariantRange(review, variant.name, field.name), diagnostics::kFieldUnread, field.name, variant.name)
          .Note(matches.front()->range, "the answer is matched here")
          .Help(IsGranted(review, variant.name, field.name)
                    ? "read it, in a task that takes the approved value, or take the `grants` away"
                    : "read it, or make it optional");
    }
  }
}

// An answer that differs from the assumed one in these alone changes nothing.
void Checker::NoteUnread(const ReviewExpr& review) {
  const Asked& asked = asked_[&review];
  const bool only_matched = asked.let == nullptr || asked.let->binding->uses == static_cast<int>(asked.matches.size());
  // Through another name it may also go where all of it is kept.
  const bool direct =
      llvm::all_of(asked.matches, [&](const MatchExpr* match) { return IsDirectAnswer(match->subject); });
  if (review.assume == nullptr || !only_matched || !direct || llvm::any_of(asked.matches, HasWildcard)) return;
  const ir::VariantDef* variant = review.type->enumeration->Find(review.assume->name.text.str());
  if (variant == nullptr) return;
  for (const ir::FieldDef& field : variant->fields) {
    const bool read = llvm::any_of(asked.matches, [&](const MatchExpr* match) {
      const Pattern::Bind* bind = FindBind(*match, variant->name, field.name);
      return bind != nullptr && bind->binding->uses > 0;
    });
    if (!read) context_.program.unread[&review].push_back(field.name);
  }
}

void Checker::CheckWithdrawal(const ReviewExpr& review) {
  const Asked& asked = asked_[&review];
  const bool only_matched = asked.let == nullptr || asked.let->binding->uses == static_cast<int>(asked.matches.size());
  if (!asked.loose || !only_matched) return;
  OnlySends only(asked.watched);
  for (const MatchExpr* match : asked.matches) {
    for (const MatchExpr::Arm& arm : match->arms) {
      if (!only.Holds(*arm.body)) return;
    }
  }
  if (only.job() != nullptr && (only.sends() || asked.watched != nullptr)) {
    context_.program.withdrawn_with[&review] = only.job();
  }
}

}  // namespace hwf::sema
