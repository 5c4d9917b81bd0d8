// What is said of a review: its answers, and who may give them within what time.
#include <fmt/format.h>

#include "compiler/doc/reader.h"

namespace hwf::doc {

using namespace syntax;  // NOLINT: this file is about the tree

namespace {

std::string WithoutQuotes(llvm::StringRef text) {
  const size_t quotes = text.startswith("\"\"\"") ? 3 : 1;
  return text.size() < 2 * quotes ? text.str() : text.drop_front(quotes).drop_back(quotes).trim().str();
}

}  // namespace

Review Reader::ReadReview(const ReviewExpr& review) const {
  Review out;
  out.question = WithoutQuotes(SourceText(review.question));
  out.line = sources_.PositionOf(review.range.file, review.range.begin).line;
  for (const Choice& choice : review.choices) out.answers.push_back(ReadChoice(choice));
  if (review.choose_enum) out.chosen = NameText(review.choose_enum.text);
  const auto add = [&](const char* word, std::string text) { out.clauses.push_back({word, {{std::move(text), ""}}}); };
  std::string shown;
  for (const Expr* each : review.show) shown += (shown.empty() ? "" : ", ") + SourceText(each);
  if (!shown.empty()) add("show", shown);
  if (review.by == nullptr) {
    add("by", "whoever starts the run");
  } else {
    out.clauses.push_back({"by", RuleText(*review.by)});
  }
  add("within", review.within == nullptr ? "no deadline" : SourceText(review.within));
  if (review.remind != nullptr) add("remind", SourceText(review.remind));
  for (const ReviewExpr::Escalation& escalation : review.escalations) {
    Clause clause{"escalate", {{SourceText(escalation.delay) + " to ", ""}}};
    for (const Piece& piece : RuleText(*escalation.to)) clause.text.push_back(piece);
    out.clauses.push_back(std::move(clause));
  }
  if (review.assume != nullptr) {
    std::string limits;
    for (const ReviewExpr::Limit& limit : review.up_to)
      limits += (limits.empty() ? " up to " : ", ") + limit.name.text.str() + ": " + SourceText(limit.value);
    add("assume", SourceText(review.assume->range) + limits);
  }
  if (review.else_variant != nullptr) {
    add("else", SourceText(review.else_variant->range));
  } else if (review.within != nullptr) {
    add("else", "expired");
  }
  return out;
}

Shape Reader::ReadChoice(const Choice& choice) const {
  Shape out{choice.name.text.str(), {}, choice.grants ? "grants " + choice.grants.text.str() : "", ""};
  for (const Choice::FormField& field : choice.fields) {
    std::string note = field.in == nullptr ? "" : "in " + SourceText(field.in);
    if (field.default_value != nullptr) note += (note.empty() ? "= " : " = ") + SourceText(field.default_value);
    out.fields.push_back({field.name.text.str(), TypeText(*field.type), note, ""});
  }
  return out;
}

Text Reader::RuleText(const ByRule& rule) const {
  Text out;
  if (rule.kind == ByRule::Kind::kWho) {
    const auto* name = llvm::dyn_cast<NameExpr>(rule.who);
    out.push_back({SourceText(rule.who), name == nullptr ? "" : LinkOf(name->name.text)});
    std::string more;
    if (rule.quorum != nullptr) more += " quorum " + SourceText(rule.quorum);
    if (rule.not_starter) more += " not starter";
    if (rule.at) more += " at " + rule.at.text.str();
    if (!more.empty()) out.push_back({more, ""});
    return out;
  }
  for (const ByRule* part : rule.parts) {
    if (!out.empty()) out.push_back({rule.kind == ByRule::Kind::kAnd ? " and " : " or ", ""});
    const bool grouped = part->kind != ByRule::Kind::kWho;
    if (grouped) out.push_back({"(", ""});
    for (const Piece& piece : RuleText(*part)) out.push_back(piece);
    if (grouped) out.push_back({")", ""});
  }
  return out;
}

}  // namespace hwf::doc
