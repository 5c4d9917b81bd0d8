#include "runtime/review/decision.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "ir/seats.h"

namespace hwf::review {
namespace {

using ir::ByRule;
using scheduler::ChoiceView;
using scheduler::RuleView;
using state::Person;
using state::Vote;

int LevelNeeded(ByRule::Level level) {
  switch (level) {
    case ByRule::Level::kAny:
      return 1;
    case ByRule::Level::kUid:
      return 2;
    case ByRule::Level::kService:
      return 3;
  }
  HWF_UNREACHABLE();
}

bool Named(const RuleView& leaf, const Person& person, const std::vector<std::string>& groups, const Person& starter) {
  if (leaf.kind == ByRule::Kind::kOwner) return person.uid >= 0 && person.uid == starter.uid;
  if (leaf.who.empty()) return false;
  return person.name == leaf.who || std::find(groups.begin(), groups.end(), leaf.who) != groups.end();
}

// Why the leaf does not count this person, or nothing.
std::optional<std::string> WhyNot(const RuleView& leaf, const Person& person, const std::vector<std::string>& groups,
                                  const Person& starter) {
  if (!Named(leaf, person, groups, starter)) {
    if (leaf.kind == ByRule::Kind::kOwner) return fmt::format("only the run's owner, {}, may answer", starter.name);
    return fmt::format("{} is not in {}", person.name, leaf.who);
  }
  if (leaf.not_starter && SamePerson(person, starter)) {
    return fmt::format("{} started the run, and the rule says `not starter`", person.name);
  }
  if (leaf.not_starter && person.level < 2) {
    return std::string("the answer comes from the run's own account, and the rule says `not starter`");
  }
  if (person.level < LevelNeeded(leaf.level)) {
    return std::string(leaf.level == ByRule::Level::kService
                           ? "the rule says `at service`: answer through `hwf serve`"
                           : "the rule says `at uid`: answer from your own account or with an SSH signature");
  }
  return std::nullopt;
}

void ForEachLeaf(const RuleView& rule, const std::function<void(const RuleView&)>& visit) {
  switch (rule.kind) {
    case ByRule::Kind::kWho:
    case ByRule::Kind::kOwner:
      visit(rule);
      return;
    case ByRule::Kind::kAnd:
    case ByRule::Kind::kOr:
      for (const RuleView& part : rule.parts) ForEachLeaf(part, visit);
      return;
  }
}

ir::SeatRule SeatsOf(const RuleView& rule, std::vector<const RuleView*>& leaves) {
  ir::SeatRule seats;
  if (rule.kind == ByRule::Kind::kAnd || rule.kind == ByRule::Kind::kOr) {
    seats.kind = rule.kind == ByRule::Kind::kAnd ? ir::SeatRule::Kind::kAnd : ir::SeatRule::Kind::kOr;
    for (const RuleView& part : rule.parts) seats.parts.push_back(SeatsOf(part, leaves));
    return seats;
  }
  seats.leaf = leaves.size();
  seats.quorum = rule.quorum;
  leaves.push_back(&rule);
  return seats;
}

bool Holds(const RuleView& rule, const std::vector<const Vote*>& voters, const Person& starter) {
  std::vector<const RuleView*> leaves;
  const ir::SeatRule seats = SeatsOf(rule, leaves);
  return ir::CanBeFilled(seats, voters.size(), [&](size_t leaf, size_t voter) {
    return !WhyNot(*leaves[leaf], voters[voter]->person, voters[voter]->groups, starter);
  });
}

// What everyone says in their own words; a text out of a list is a choice like others.
bool IsFreeText(const scheduler::FormFieldView& field) {
  ir::TypeRef type = field.type;
  if (type != nullptr && type->kind == ir::TypeKind::kOptional) type = type->element;
  return type != nullptr && type->kind == ir::TypeKind::kString && field.one_of.is_null();
}

bool Agree(const Vote& a, const Vote& b, const std::vector<ChoiceView>& choices) {
  if (a.variant != b.variant) return false;
  for (const ChoiceView& choice : choices) {
    if (choice.name != a.variant) continue;
    for (const scheduler::FormFieldView& field : choice.fields) {
      if (!IsFreeText(field) && !(a.fields[field.name] == b.fields[field.name])) return false;
    }
  }
  return true;
}

std::vector<const Vote*> AgreeingWith(const Vote& vote, const std::vector<Vote>& votes,
                                      const std::vector<ChoiceView>& choices) {
  std::vector<const Vote*> out;
  for (const Vote& other : votes) {
    if (Agree(vote, other, choices)) out.push_back(&other);
  }
  return out;
}

std::string NameOf(const RuleView& leaf, const Person& starter) {
  return leaf.kind == ByRule::Kind::kOwner ? starter.name : leaf.who;
}

// "1 of 2 votes of safety-board", the parts joined.
std::string Tally(const RuleView& rule, const std::vector<const Vote*>& voters, const Person& starter) {
  if (rule.kind == ByRule::Kind::kWho || rule.kind == ByRule::Kind::kOwner) {
    auto counts = [&](const Vote* vote) { return !WhyNot(rule, vote->person, vote->groups, starter); };
    auto have = std::count_if(voters.begin(), voters.end(), counts);
    int quorum = std::max(rule.quorum, 1);
    return fmt::format("{} of {} {} of {}", std::min<int64_t>(have, quorum), quorum, quorum == 1 ? "vote" : "votes",
                       NameOf(rule, starter));
  }
  std::string out;
  for (const RuleView& part : rule.parts) {
    if (!out.empty()) out += rule.kind == ByRule::Kind::kAnd ? " and " : " or ";
    bool nested = part.kind == ByRule::Kind::kAnd || part.kind == ByRule::Kind::kOr;
    out += nested ? "(" + Tally(part, voters, starter) + ")" : Tally(part, voters, starter);
  }
  return out;
}

std::string Quoted(const std::string& name) { return "\"" + name + "\""; }

}  // namespace

bool SamePerson(const Person& a, const Person& b) {
  if (a.uid >= 0 && b.uid >= 0) return a.uid == b.uid;
  return !a.name.empty() && a.name == b.name;
}

std::optional<size_t> Decide(const RuleView& rule, const std::vector<Vote>& votes,
                             const std::vector<ChoiceView>& choices, const Person& starter) {
  for (size_t i = votes.size(); i-- > 0;) {
    if (Holds(rule, AgreeingWith(votes[i], votes, choices), starter)) return i;
  }
  return std::nullopt;
}

std::optional<std::string> WhyNotEntitled(const RuleView& rule, const Person& person,
                                          const std::vector<std::string>& groups, const Person& starter) {
  bool entitled = false;
  std::optional<std::string> named, unnamed;  // a leaf that names the person says more than one that does not
  ForEachLeaf(rule, [&](const RuleView& leaf) {
    std::optional<std::string> why = WhyNot(leaf, person, groups, starter);
    if (!why) entitled = true;
    if (why) (Named(leaf, person, groups, starter) ? named : unnamed) = why;
  });
  if (entitled) return std::nullopt;
  if (named) return named;
  if (NamesIn(rule).size() > 1) return fmt::format("{} may not answer: the rule is {}", person.name, ToString(rule));
  if (unnamed) return unnamed;
  return std::string("nobody may answer: the rule names no one");
}

std::string Explain(const RuleView& rule, const std::vector<Vote>& votes, const std::vector<ChoiceView>& choices,
                    const Person& starter, const Vote& vote) {
  std::vector<Vote> all;
  for (const Vote& other : votes) {
    if (!SamePerson(other.person, vote.person)) all.push_back(other);
  }
  all.push_back(vote);
  std::vector<const Vote*> agreeing = AgreeingWith(vote, all, choices);
  std::string tally = Tally(rule, agreeing, starter);
  return Holds(rule, agreeing, starter) ? "decides: " + tally : tally;
}

std::string ToString(const RuleView& rule) {
  if (rule.kind == ByRule::Kind::kAnd || rule.kind == ByRule::Kind::kOr) {
    std::string out;
    for (const RuleView& part : rule.parts) {
      if (!out.empty()) out += rule.kind == ByRule::Kind::kAnd ? " and " : " or ";
      bool nested = part.kind == ByRule::Kind::kAnd || part.kind == ByRule::Kind::kOr;
      out += nested ? "(" + ToString(part) + ")" : ToString(part);
    }
    return out;
  }
  std::string out = rule.kind == ByRule::Kind::kOwner ? "the run's owner" : Quoted(rule.who);
  if (rule.quorum > 1) out += fmt::format(" quorum {}", rule.quorum);
  if (rule.not_starter) out += " not starter";
  if (rule.level == ByRule::Level::kUid) out += " at uid";
  if (rule.level == ByRule::Level::kService) out += " at service";
  return out;
}

std::vector<std::string> NamesIn(const RuleView& rule) {
  std::vector<std::string> names;
  ForEachLeaf(rule, [&](const RuleView& leaf) {
    if (leaf.kind == ByRule::Kind::kWho && !leaf.who.empty()) names.push_back(leaf.who);
  });
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

}  // namespace hwf::review
