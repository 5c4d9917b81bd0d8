// `await review`: the enum of its answers, what they grant, and when it ends without people. Form fields are in
// check_form.cpp, who may answer in check_by.cpp, what becomes of the answer in review_use.cpp.
#include "compiler/sema/checker.h"

namespace hwf::sema {
namespace {

// The last name of a shown value: `model` of `job.model`.
StringRef LastName(const Expr* shown) {
  if (const auto* name = llvm::dyn_cast<NameExpr>(shown)) return name->name.text;
  if (const auto* field = llvm::dyn_cast<FieldExpr>(shown)) return field->name.text;
  return {};
}

// A variant as `else` may name it, with the fields that it needs.
std::string ElseFor(const EnumDecl& declared) {
  if (declared.variants.empty()) return "variant";
  const EnumDecl::Variant& variant = declared.variants.back();
  std::string fields;
  for (const Field& field : variant.fields) {
    const bool optional =
        field.default_value != nullptr || (field.sema_type != nullptr && field.sema_type->kind == TypeKind::kOptional);
    if (!optional) fields += (fields.empty() ? "" : ", ") + field.name.text.str() + ": …";
  }
  return variant.name.text.str() + (fields.empty() ? "" : "(" + fields + ")");
}

bool HasQuorum(const ByRule* rule) {
  if (rule == nullptr) return false;
  return rule->quorum != nullptr || llvm::any_of(rule->parts, HasQuorum);
}

// What cannot stand without `within` is an error of its own, beside which the lint would say the same again.
bool AsksForWithin(const ReviewExpr& review) {
  return review.remind != nullptr || !review.escalations.empty() || review.else_variant != nullptr ||
         (review.choose_enum && review.else_variant == nullptr) || HasQuorum(review.by);
}

}  // namespace

TypeRef Checker::CheckReview(ReviewExpr& review) {
  // A test's own lines ask nobody: what they run does.
  llvm::SaveAndRestore<std::string_view> of_test(pure_, made_up_ && pure_.empty() ? "a test" : pure_);
  const bool allowed = AllowNode(review.range, "`await review`");
  reviews_.push_back(&review);
  asked_[&review].watched = watched_;
  CheckString(*review.question, Text::kPlain);
  {
    llvm::SaveAndRestore<std::string_view> pure(pure_, pure_.empty() ? "a review's clauses" : pure_);
    PassOn(review.question);
    for (Expr* shown : review.show) {
      Check(shown);
      PassOn(shown);
    }
    for (const Choice& choice : review.choices) {
      for (const Choice::FormField& field : choice.fields) CheckFormField(field);
    }
  }
  const TypeRef type = AnswersOf(review);
  {
    llvm::SaveAndRestore<std::string_view> pure(pure_, pure_.empty() ? "a review's clauses" : pure_);
    CheckElse(review);
    if (review.else_variant != nullptr) PassOn(review.else_variant->args);
    CheckAssume(review);
    CheckDelays(review);
    if (review.by != nullptr) CheckWho(review, *review.by);
  }
  if (review.within == nullptr && !AsksForWithin(review)) {
    const Range keyword{review.range.file, review.range.begin, review.question->range.end};
    Report(keyword, diagnostics::kNoDeadline).Help("add `within 48h else …` to its block");
  }
  return allowed ? type : Poison();
}

TypeRef Checker::AnswersOf(ReviewExpr& review) {
  if (review.choose_enum) return DeclaredAnswers(review);
  if (!review.choices.empty()) return MakeAnswers(review);
  const Range keyword{review.range.file, review.range.begin, review.question->range.end};
  Report(keyword, diagnostics::kNoAnswers).Help("add `choose go | stop` to its block");
  return Poison();
}

// What an enum is called that the program gives no name: by the workflow and the `let` that it stands in.
std::string Checker::PlaceName(const char* construct) {
  std::string place = (workflow_ != nullptr ? workflow_->name.text.str() : std::string(construct)) + "." +
                      (let_name_.empty() ? construct : let_name_);
  if (const int number = ++place_counts_[place]; number > 1) place += "." + std::to_string(number);
  return place;
}

// `choose keep | retune(rate: Float)`: an enum of the review's own.
TypeRef Checker::MakeAnswers(ReviewExpr& review) {
  const TypeRef type = context_.types().NewEnum(PlaceName("review"));
  std::vector<ir::VariantDef> variants;
  llvm::DenseMap<StringRef, Range> seen;
  for (const Choice& choice : review.choices) {
    auto [known, fresh] = seen.try_emplace(choice.name.text, choice.name.range);
    if (!fresh) {
      Report(choice.name.range, diagnostics::kDuplicateMember, choice.name.text, "the answers")
          .Note(known->second, "first here");
      continue;
    }
    ir::VariantDef& variant = variants.emplace_back();
    variant.name = choice.name.text.str();
    llvm::DenseMap<StringRef, Range> fields;
    for (const Choice::FormField& field : choice.fields) {
      auto [first, new_field] = fields.try_emplace(field.name.text, field.name.range);
      if (!new_field) {
        Report(field.name.range, diagnostics::kDuplicateMember, field.name.text, "the answer")
            .Note(first->second, "first here");
        continue;
      }
      const bool optional = field.default_value != nullptr || field.sema_type->kind == TypeKind::kOptional;
      variant.fields.push_back({field.name.text.str(), field.sema_type, optional});
    }
    if (choice.grants) CheckGrant(review, choice, variant);
  }
  if (review.within != nullptr && review.else_variant == nullptr) {
    if (auto taken = seen.find("expired"); taken != seen.end()) {
      Report(taken->second, diagnostics::kExpiredTaken);
    } else {
      variants.push_back({"expired", {}});
    }
  }
  context_.types().MutableEnum(type).variants = std::move(variants);
  context_.asked[type->enumeration] = &review;
  return type;
}

// `choose Verdict`: a declared enum, to which `expired` cannot join.
TypeRef Checker::DeclaredAnswers(ReviewExpr& review) {
  auto found = scope_.names.find(review.choose_enum.text.str());
  const bool known = found != scope_.names.end();
  if (known && found->second == nullptr) return Poison();
  if (!known && context_.incomplete.contains(&scope_)) return Poison();
  const auto* declared = known ? llvm::dyn_cast_or_null<EnumDecl>(found->second->decl) : nullptr;
  if (declared == nullptr) {
    context_.suggester.Begin(review.choose_enum.text);
    for (const auto& [name, binding] : scope_.names) {
      if (binding != nullptr && binding->decl != nullptr && llvm::isa<EnumDecl>(binding->decl)) {
        context_.suggester.Offer(name);
      }
    }
    if (known && found->second->decl != nullptr) {
      Report(review.choose_enum.range, diagnostics::kNotAType, review.choose_enum.text, KindName(*found->second->decl))
          .Help("`choose` takes the name of an enum");
      return Poison();
    }
    auto report = Report(review.choose_enum.range, diagnostics::kUnknownType, review.choose_enum.text);
    Suggest(report, review.choose_enum.range);
    return Poison();
  }
  ++found->second->uses;
  for (const EnumDecl::Variant& variant : declared->variants) {
    for (const Field& field : variant.fields) {
      if (field.sema_type == nullptr || IsFormType(field.sema_type, false)) continue;
      Report(review.choose_enum.range, diagnostics::kBadFormType, TypeName(field.sema_type))
          .Note(field.range, "it is asked for by this field");
    }
  }
  if (review.else_variant == nullptr) {
    Report(review.choose_enum.range, diagnostics::kChooseNeedsElse, review.choose_enum.text)
        .Help(std::string("add `") + (review.within == nullptr ? "within 48h " : "") + "else " + ElseFor(*declared) +
              (review.within == nullptr ? "`" : "` behind `within`"));
  }
  return context_.nominal[declared];
}

// `grants x`: x is a field of one shown record, or the last name of one shown value.
void Checker::CheckGrant(const ReviewExpr& review, const Choice& choice, ir::VariantDef& variant) {
  const StringRef wanted = choice.grants.text;
  if (variant.Find(wanted.str()) != nullptr) {
    Report(choice.grants.range, diagnostics::kDuplicateMember, wanted, "the answer")
        .Help("`grants` adds a field of that name");
    return;
  }
  Expr* granted = nullptr;
  const Expr* first = nullptr;
  bool poisoned = false;
  context_.suggester.Begin(wanted);
  auto take = [&](Expr* shown, Expr* value) {
    if (granted != nullptr) {
      Report(choice.grants.range, diagnostics::kAmbiguousGrant, wanted)
          .Note(first->range, "one is shown here")
          .Note(shown->range, "the other here");
      poisoned = true;
      return;
    }
    first = shown;
    granted = value;
  };
  for (Expr* shown : review.show) {
    poisoned = poisoned || IsPoison(shown->type);
    context_.suggester.Offer(LastName(shown));
    if (LastName(shown) == wanted) take(shown, shown);
    const TypeRef plain = Plain(shown->type);
    if (plain->kind != TypeKind::kRecord) continue;
    for (const ir::FieldDef& field : plain->record->fields) context_.suggester.Offer(field.name);
    const ir::FieldDef* field = FindField(*plain->record, wanted);
    if (field == nullptr) continue;
    auto* part = scope_.module->Make<FieldExpr>(shown->range, shown, choice.grants, false);
    part->type = Like(shown->type, field->type);
    take(shown, part);
  }
  TypeRef type = Poison();
  if (granted != nullptr && !poisoned && !IsPoison(granted->type)) {
    Mutable(choice).granted = granted;
    type = context_.types().Approved(granted->type);
  } else if (!poisoned && granted == nullptr) {
    auto report = Report(choice.grants.range, diagnostics::kUnknownGrant, wanted);
    Suggest(report, choice.grants.range);
    report.Help(
        "an answer can grant what its review shows: a shown value by its last name, or a field of a shown record");
  }
  variant.fields.push_back({wanted.str(), type, false});
}

void Checker::CheckElse(const ReviewExpr& review) {
  if (review.else_variant == nullptr) return;
  const Choice* choice = CheckGivenAnswer(review, *review.else_variant);
  if (choice == nullptr || !choice->grants) return;
  Report(review.else_variant->name.range, diagnostics::kElseGrants, choice->name.text)
      .Note(choice->grants.range, "it grants this")
      .Help("silence is never consent: name another answer");
}

// `assume approve up to gpu_time: 20h`. What an answer grants it may assume: effects wait for the answer all the same.
void Checker::CheckAssume(const ReviewExpr& review) {
  if (review.assume == nullptr) return;
  (void)CheckGivenAnswer(review, *review.assume);
  PassOn(review.assume->args);
  llvm::SmallVector<StringRef, 2> seen;
  for (const ReviewExpr::Limit& limit : review.up_to) {
    const bool known = limit.name.text == "gpu_time" || limit.name.text == "cpu_time";
    if (!known) {
      Report(limit.name.range, diagnostics::kUnknownLimit, limit.name.text)
          .Help("`up to gpu_time: 20h`, or `cpu_time`: GPUs or processors times the time that their tasks ask for");
    } else if (llvm::is_contained(seen, limit.name.text)) {
      Report(limit.name.range, diagnostics::kDuplicateMember, limit.name.text, "`up to`");
    }
    seen.push_back(limit.name.text);
    if (const auto most = CheckDelay(limit.value, limit.name.text.str()); !most) PassOn(limit.value);
  }
}

// An answer that the source gives. The choice that it is one of, if it is one of the review's own.
const Choice* Checker::CheckGivenAnswer(const ReviewExpr& review, const ReviewExpr::ElseVariant& answer) {
  context_.suggester.Begin(answer.name.text);
  if (review.choose_enum) {
    const auto* declared = DeclaredIn<EnumDecl>(scope_, review.choose_enum.text);
    if (declared == nullptr) return nullptr;
    for (const EnumDecl::Variant& variant : declared->variants) {
      context_.suggester.Offer(variant.name.text);
      if (variant.name.text != answer.name.text) continue;
      (void)MatchArgs(answer.args, ParamsOf(variant.fields),
                      {"answer " + Quoted(variant.name.text), variant.range, false}, answer.range);
      return nullptr;
    }
  } else {
    for (const Choice& choice : review.choices) {
      context_.suggester.Offer(choice.name.text);
      if (choice.name.text != answer.name.text) continue;
      Params params;
      for (const Choice::FormField& field : choice.fields) {
        const bool optional = field.default_value != nullptr || field.sema_type->kind == TypeKind::kOptional;
        params.push_back({field.name, field.sema_type, optional});
      }
      (void)MatchArgs(answer.args, params, {"answer " + Quoted(choice.name.text), choice.range, false}, answer.range);
      for (const Choice::FormField& field : choice.fields) {
        for (const Arg& arg : answer.args) {
          if (arg.name.text == field.name.text) CheckInRange(field, *arg.value);
        }
      }
      return &choice;
    }
  }
  for (const Arg& arg : answer.args) Check(arg.value);
  if (!review.choose_enum && review.choices.empty()) return nullptr;  // reported
  auto report = Report(answer.name.range, diagnostics::kUnknownVariant, "this review", answer.name.text);
  Suggest(report, answer.name.range);
  return nullptr;
}

namespace {

// Of `2workdays`; else 0.
int64_t WorkdaysOf(const Expr* delay) {
  const auto* literal = llvm::dyn_cast_or_null<DurationExpr>(delay);
  return literal == nullptr ? 0 : literal->workdays;
}

}  // namespace

std::optional<Constant> Checker::CheckDelay(Expr* delay, std::string_view word) {
  if (delay == nullptr) return std::nullopt;
  if (WorkdaysOf(delay) != 0) {
    Check(delay);
    // Of what could not be read one may be the calendar.
    if (context_.program.calendar == nullptr && context_.incomplete.empty()) {
      Report(delay->range, diagnostics::kNoCalendar)
          .Help(
              "declare it beside the sites: `calendar lab = workdays(zone: \"Europe/Madrid\", holidays: "
              "[\"2026-12-25\"])`");
    }
    return std::nullopt;
  }
  if (!CheckAs(delay, Simple(TypeKind::kDuration), "for `" + std::string(word) + "`")) return std::nullopt;
  const auto constant = Fold(delay);
  if (constant && constant->number <= 0) {
    Report(delay->range, diagnostics::kDelayNotPositive, word, ToText(*constant));
    return std::nullopt;
  }
  return constant;
}

void Checker::CheckDelays(const ReviewExpr& review) {
  const auto within = CheckDelay(review.within, "within");
  auto inner = [&](Expr* delay, std::string_view word) {
    if (delay == nullptr) return;
    const auto constant = CheckDelay(delay, word);
    const int64_t days = WorkdaysOf(delay), limit = WorkdaysOf(review.within);
    if (review.within == nullptr) {
      Report(delay->range, diagnostics::kNeedsWithin, word);
    } else if (days != 0 && limit != 0 && days >= limit) {
      Report(delay->range, diagnostics::kDelayTooLong, word, fmt::format("{}workdays", days),
             fmt::format("{}workdays", limit))
          .Note(review.within->range, "the review ends here");
    } else if (within && constant && !(*constant < *within)) {
      Report(delay->range, diagnostics::kDelayTooLong, word, ToText(*constant), ToText(*within))
          .Note(review.within->range, "the review ends here");
    }
  };
  inner(review.remind, "remind");
  for (const ReviewExpr::Escalation& escalation : review.escalations) {
    inner(escalation.delay, "escalate");
    if (escalation.to != nullptr) CheckWho(review, *escalation.to);
  }
  if (review.else_variant != nullptr && review.within == nullptr) {
    Report(review.else_variant->range, diagnostics::kNeedsWithin, "else");
  }
}

}  // namespace hwf::sema
