// `match`: every variant is covered; of a person's answer by its name, so that a new answer cannot slip through.
#include "compiler/sema/checker.h"

namespace hwf::sema {
namespace {

// The position of each variant by its name.
llvm::DenseMap<StringRef, size_t> IndexOf(const ir::EnumDef& definition) {
  llvm::DenseMap<StringRef, size_t> index;
  for (size_t at = 0; at < definition.variants.size(); ++at) index.try_emplace(definition.variants[at].name, at);
  return index;
}

}  // namespace

// Whether it is `await review` itself, or the name of a `let` bound to it.
bool Checker::IsDirectAnswer(const Expr* expr) const {
  if (const auto* name = llvm::dyn_cast<NameExpr>(expr)) {
    if (name->binding == nullptr || name->binding->kind != Binding::Kind::kLet) return false;
    expr = llvm::cast<LetStmt>(name->binding->stmt)->value;
  }
  return llvm::isa<ReviewExpr>(WithoutAfter(*expr));
}

TypeRef Checker::CheckMatch(MatchExpr& node, bool used) {
  llvm::SaveAndRestore<Round*> path(round_, nullptr);  // the subject ends no path
  const TypeRef type = Check(node.subject);
  const TypeRef plain = Plain(type);
  const ir::EnumDef* subject = plain->enumeration;
  if (subject == nullptr && !IsPoison(type)) {
    auto report = Report(node.subject->range, diagnostics::kNotMatchable, TypeName(type));
    if (plain->kind == TypeKind::kOptional) report.Help("it may be `none`: match it inside `if x != none { … }`");
    if (plain->kind == TypeKind::kBool) report.Help("use `if`");
  }
  if (subject == nullptr) PassOn(node.subject);
  const Answers answers = subject == nullptr ? Answers() : AnswersMatched(*node.subject, *subject);
  for (const ReviewExpr* review : answers) {
    Asked& asked = asked_[review];
    asked.matches.push_back(&node);
    asked.loose = asked.loose && !used && IsDirectAnswer(node.subject);
  }
  const auto index = subject == nullptr ? llvm::DenseMap<StringRef, size_t>() : IndexOf(*subject);
  TypeRef result = used ? Simple(TypeKind::kNever) : Simple(TypeKind::kUnit);
  bool never = !node.arms.empty();
  for (const MatchExpr::Arm& arm : node.arms) {
    const ir::VariantDef* variant = nullptr;
    if (auto found = index.find(arm.pattern.variant.text); found != index.end() && !arm.pattern.wildcard) {
      variant = &subject->variants[found->second];
    }
    CheckArmPattern(arm.pattern, plain, variant, type->kind == TypeKind::kApproved);
    llvm::SaveAndRestore<Round*> ends(round_, path.get());
    const TypeRef found = CheckBlock(*arm.body, used);
    never = never && found->kind == TypeKind::kNever;
    if (!used || IsPoison(result)) continue;
    const TypeRef joined = Join(result, found);
    if (joined == nullptr) {
      Report(arm.body->result != nullptr ? arm.body->result->range : arm.range, diagnostics::kNoCommonType,
             "the arms of a `match`", TypeName(result), TypeName(found));
    }
    result = joined != nullptr ? joined : Poison();
  }
  if (subject != nullptr) {
    CheckCoverage(node, *subject, answers.empty() ? context_.asked.lookup(subject) : answers.front());
  }
  if (!used && never) result = Simple(TypeKind::kNever);
  return node.type = subject == nullptr ? Poison() : result;
}

void Checker::CheckArmPattern(const Pattern& pattern, TypeRef subject, const ir::VariantDef* variant, bool approved) {
  if (variant == nullptr) {
    for (const Pattern::Bind& bind : pattern.binds) bind.binding->type = Poison();
    if (pattern.wildcard || subject->enumeration == nullptr || !pattern.variant) return;
    context_.suggester.Begin(pattern.variant.text);
    for (const ir::VariantDef& known : subject->enumeration->variants) context_.suggester.Offer(known.name);
    auto report = Report(pattern.variant.range, diagnostics::kUnknownVariant, Quoted(subject->enumeration->name),
                         pattern.variant.text);
    Suggest(report, pattern.variant.range);
    return;
  }
  llvm::DenseMap<StringRef, Range> seen;
  for (const Pattern::Bind& bind : pattern.binds) {
    auto [known, fresh] = seen.try_emplace(bind.field.text, bind.field.range);
    if (!fresh) {
      Report(bind.field.range, diagnostics::kDuplicateMember, bind.field.text, "the pattern")
          .Note(known->second, "first here");
    }
    const ir::FieldDef* field = variant->Find(bind.field.text.str());
    if (field != nullptr) {
      bind.binding->type = approved && !IsPoison(field->type) ? context_.types().Approved(field->type) : field->type;
      continue;
    }
    bind.binding->type = Poison();
    context_.suggester.Begin(bind.field.text);
    for (const ir::FieldDef& other : variant->fields) context_.suggester.Offer(other.name);
    auto report = Report(bind.field.range, diagnostics::kUnknownField, "answer or variant " + Quoted(variant->name),
                         bind.field.text);
    Suggest(report, bind.field.range);
  }
}

// `review` is one of those that ask for these answers; null if nobody is asked for them.
void Checker::CheckCoverage(const MatchExpr& node, const ir::EnumDef& subject, const ReviewExpr* review) {
  llvm::DenseMap<StringRef, Range> covered;
  const Pattern* wildcard = nullptr;
  bool broken = false;
  const auto index = IndexOf(subject);
  for (const MatchExpr::Arm& arm : node.arms) {
    const Pattern& pattern = arm.pattern;
    if (wildcard != nullptr) {
      Report(pattern.range, diagnostics::kUnreachableArm).Note(wildcard->range, "this takes everything");
      return;
    }
    if (pattern.wildcard) {
      wildcard = &pattern;
      continue;
    }
    broken = broken || index.find(pattern.variant.text) == index.end();
    auto [known, fresh] = covered.try_emplace(pattern.variant.text, pattern.range);
    if (fresh) continue;
    Report(pattern.range, diagnostics::kDuplicateVariant, pattern.variant.text).Note(known->second, "first here");
  }
  std::string missing;
  for (const ir::VariantDef& variant : subject.variants) {
    if (covered.count(variant.name) != 0 || missing.size() > 200) continue;
    missing += (missing.empty() ? "" : ", ") + Quoted(variant.name);
  }
  if (wildcard != nullptr && review != nullptr) {
    auto report = Report(wildcard->range, diagnostics::kWildcardOnAnswer);
    report.Note(review->question->range, "asked here");
    if (!missing.empty()) report.Help("it stands for " + missing);
    return;
  }
  // A misspelt variant is reported as that alone.
  if (missing.empty() || wildcard != nullptr || broken) return;
  const Range keyword{node.range.file, node.range.begin, node.subject->range.end};
  auto report = Report(keyword, diagnostics::kMissingVariant, missing);
  if (review == nullptr) return;
  report.Note(review->question->range, "asked here");
  const bool silence = review->else_variant == nullptr && covered.count("expired") == 0;
  if (review->within != nullptr && silence)
    report.Help("`expired` is what it gives when its time is over; `within … else ANSWER` gives an answer instead");
}

}  // namespace hwf::sema
