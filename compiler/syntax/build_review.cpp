#include "compiler/syntax/builder.h"

namespace hwf::syntax {

Expr* Builder::Review(P::ReviewExpressionContext* c) {
  auto* review = module_.Make<ReviewExpr>(At(c), String(c->question));
  for (P::ReviewClauseContext* clause : c->clauses) {
    // With a clause missing nobody can say which answers there are.
    if (clause->error) return module_.Make<ErrorExpr>(At(c));
    ReviewClause(clause, review);
  }
  return review;
}

void Builder::ReviewClause(P::ReviewClauseContext* c, ReviewExpr* review) {
  Range word = At(c->start);
  if (c->shown && Once(!review->show.empty(), word, "show")) {
    Exprs values;
    for (P::ExpressionContext* value : c->shown->values) values.push_back(Expression(value));
    review->show = Save(values);
  }
  if (c->chosen && Once(!review->choices.empty() || review->choose_enum, word, "choose")) Choose(c->chosen, review);
  if (c->entitled && Once(review->by, word, "by")) review->by = By(c->entitled->rule_);
  if (c->limited && Once(review->within, word, "within")) Within(c->limited, review);
  if (c->assumed && Once(review->assume, word, "assume")) Assume(c->assumed, review);
}

void Builder::Choose(P::ChooseContext* c, ReviewExpr* review) {
  if (c->choices.size() == 1) {
    P::ChoiceContext* only = c->choices[0];
    Ident name = Name(only->declared);
    bool alone = only->start == only->stop;
    if (alone && name.text[0] >= 'A' && name.text[0] <= 'Z') {
      review->choose_enum = name;
      return;
    }
  }
  llvm::SmallVector<Choice, 4> choices;
  for (P::ChoiceContext* choice : c->choices) choices.push_back(MakeChoice(choice));
  review->choices = Save(choices);
}

Choice Builder::MakeChoice(P::ChoiceContext* c) {
  Choice choice;
  choice.range = At(c);
  choice.name = Name(c->declared);
  choice.grants = Name(c->granted);
  llvm::SmallVector<Choice::FormField, 4> fields;
  for (P::FormFieldContext* f : c->fields) {
    Choice::FormField field{At(f), Name(f->declared), Type(f->type), nullptr, nullptr};
    if (f->within_range) field.in = RangeOr(f->within_range);
    if (f->value) field.default_value = Expression(f->value);
    fields.push_back(field);
  }
  choice.fields = Save(fields);
  return choice;
}

// `2workdays` means something here only, and by itself: nobody could tell what `2workdays + 3h` is.
Expr* Builder::Deadline(P::ExpressionContext* c) {
  workdays_allowed_ = c->start == c->stop;
  Expr* value = Expression(c);
  workdays_allowed_ = false;
  return value;
}

void Builder::Within(P::WithinContext* c, ReviewExpr* review) {
  review->within = Deadline(c->limit);
  for (P::ReminderContext* r : c->reminders) {
    if (Once(review->remind, At(r->start), "remind")) review->remind = Deadline(r->after);
  }
  llvm::SmallVector<ReviewExpr::Escalation, 2> escalations;
  for (P::EscalationContext* e : c->escalations) {
    Expr* delay = Deadline(e->after);
    escalations.push_back({At(e), delay, By(e->who)});
  }
  review->escalations = Save(escalations);
  if (c->otherwise) review->else_variant = AnswerOf(c->otherwise);
}

const ReviewExpr::ElseVariant* Builder::AnswerOf(P::ElseVariantContext* c) {
  auto* variant = module_.Make<ReviewExpr::ElseVariant>();
  *variant = {At(c), Name(c->variant_name), Arguments(c->given)};
  return variant;
}

void Builder::Assume(P::AssumeContext* c, ReviewExpr* review) {
  review->assume = AnswerOf(c->answer);
  llvm::SmallVector<ReviewExpr::Limit, 2> limits;
  for (P::NeedContext* limit : c->limits) limits.push_back({Name(limit->declared), Expression(limit->value)});
  review->up_to = Save(limits);
}

// `and` binds tighter than `or`.
ByRule* Builder::By(P::ByRuleContext* c) {
  auto join = [&](ByRule::Kind kind, const llvm::SmallVectorImpl<ByRule*>& parts) {
    if (parts.size() == 1) return parts[0];
    auto* rule = module_.Make<ByRule>();
    rule->kind = kind;
    rule->range = Span(parts.front()->range, parts.back()->range);
    rule->parts = Save(parts);
    return rule;
  };
  llvm::SmallVector<ByRule*, 4> alternatives;
  llvm::SmallVector<ByRule*, 4> together{ByTerm(c->terms[0])};
  for (size_t i = 0; i < c->operators.size(); ++i) {
    if (c->operators[i]->getType() == P::OR) {
      alternatives.push_back(join(ByRule::Kind::kAnd, together));
      together.clear();
    }
    together.push_back(ByTerm(c->terms[i + 1]));
  }
  alternatives.push_back(join(ByRule::Kind::kAnd, together));
  return join(ByRule::Kind::kOr, alternatives);
}

ByRule* Builder::ByTerm(P::ByTermContext* c) {
  if (c->inner) return By(c->inner);
  auto* rule = module_.Make<ByRule>();
  rule->kind = ByRule::Kind::kWho;
  rule->range = At(c);
  if (c->person) {
    rule->who = String(c->person);
  } else {
    rule->who = module_.Make<NameExpr>(Name(c->group));
  }
  if (c->quorum) rule->quorum = Integer(At(c->quorum));
  if (c->starter) rule->not_starter = Expect(Name(c->starter), {"starter"});
  if (c->level && Expect(Name(c->level), {"uid", "service"})) rule->at = Name(c->level);
  return rule;
}

}  // namespace hwf::syntax
