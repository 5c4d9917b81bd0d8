// `by "ml-team" quorum 2 not starter`: who may answer. A group that is declared is checked here; others are known when
// the run starts.
#include "compiler/sema/checker.h"

namespace hwf::sema {

const GroupDecl* Checker::GroupOf(const Expr* who) const {
  const auto* name = llvm::dyn_cast<NameExpr>(who);
  const auto text = name != nullptr ? name->name.text.str() : ConstantString(who);
  if (!text) return nullptr;
  auto found = context_.groups.find(*text);
  return found == context_.groups.end() ? nullptr : llvm::cast<GroupDecl>(found->second->decl);
}

// Whether something that could not be read may have declared it.
bool Checker::MayBeBroken(const Ident& name) const {
  return context_.incomplete.contains(&scope_) || context_.broken.contains(name.text.str());
}

void Checker::ReportUnknownGroup(const Ident& name) {
  context_.suggester.Begin(name.text);
  for (const auto& known : context_.groups) context_.suggester.Offer(known.first);
  auto report = Report(name.range, diagnostics::kUnknownGroup, name.text);
  report.Help("a group or person that is not declared here is named by a string: `\"" + name.text.str() + "\"`");
  Suggest(report, name.range);
}

void Checker::CheckWho(const ReviewExpr& review, const ByRule& rule) {
  switch (rule.kind) {
    case ByRule::Kind::kAnd:
    case ByRule::Kind::kOr:
      for (const ByRule* part : rule.parts) CheckWho(review, *part);
      return;
    case ByRule::Kind::kWho:
      return CheckLeaf(review, rule);
  }
}

void Checker::CheckLeaf(const ReviewExpr& review, const ByRule& rule) {
  if (rule.who == nullptr) return;
  const GroupDecl* group = GroupOf(rule.who);
  auto* name = llvm::dyn_cast<NameExpr>(rule.who);
  if (name != nullptr) {
    name->type = Simple(TypeKind::kString);
    if (group == nullptr && !MayBeBroken(name->name)) ReportUnknownGroup(name->name);
  } else {
    CheckAs(rule.who, Simple(TypeKind::kString), "for `by`");
    const auto text = ConstantString(rule.who);
    if (text && text->empty()) Report(rule.who->range, diagnostics::kUnknownGroup, "");
  }
  if (rule.at && rule.at.text == "service") {
    Report(rule.at.range, diagnostics::kNotCarried, "`at service`").Help("it needs `hwf serve`; `at uid` works today");
  }
  if (rule.quorum == nullptr) return;
  if (!CheckCount(rule.quorum, 1, "`quorum`")) return;
  const auto quorum = Fold(rule.quorum);
  if (!quorum) return;
  if (review.within == nullptr) {
    Report(rule.quorum->range, diagnostics::kNeedsWithin, "quorum")
        .Help("people who must agree may not: say until when, and what then");
  }
  if (group == nullptr || group->members == nullptr) return;
  const size_t members = group->members->items.size();
  if (quorum->number > static_cast<double>(members)) {
    Report(rule.quorum->range, diagnostics::kQuorumTooLarge, ToText(*quorum), group->name.text, members)
        .Note(group->members->range, "the group is here");
  }
}

void Checker::CheckGroup(const GroupDecl& group) {
  if (group.members == nullptr) return;
  std::set<std::string> seen;
  for (Expr* member : group.members->items) {
    Check(member);
    const auto text = ConstantString(member);
    if (!text || text->empty()) {
      if (!IsPoison(member->type)) Report(member->range, diagnostics::kBadMember, group.name.text);
    } else if (!seen.insert(*text).second) {
      Report(member->range, diagnostics::kDuplicateMember, *text, "the group");
    }
  }
  group.members->type = context_.types().List(Simple(TypeKind::kString));
  if (group.members->items.empty()) Report(group.members->range, diagnostics::kEmptyGroup, group.name.text);
}

}  // namespace hwf::sema
