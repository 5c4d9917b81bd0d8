// Whether the votes of a review decide it. Pure functions of the rule and the votes, so that a replay decides as the
// engine did. Deny by default: a vote counts only where a leaf of the rule names its person or one of its groups, with
// the level that the leaf asks for; `not starter` takes no vote of level 1 and none of the starter.
//
// Votes agree when the variant and all fields except free texts are equal. A person counts once: also for one
// leaf only, so that `"a" and "b"` needs two people even where one is in both groups.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/scheduler/scheduler.h"
#include "runtime/state/events.h"

namespace hwf::review {

// `votes`: the newest of each person, in the order in which they were cast. The index of the vote that decides (the
// newest of those that agree and together satisfy the rule), or nothing.
std::optional<size_t> Decide(const scheduler::RuleView& rule, const std::vector<state::Vote>& votes,
                             const std::vector<scheduler::ChoiceView>& choices, const state::Person& starter);

// Why this person may not answer, or nothing if at least one leaf would count the vote.
std::optional<std::string> WhyNotEntitled(const scheduler::RuleView& rule, const state::Person& person,
                                          const std::vector<std::string>& groups, const state::Person& starter);

// What `vote` would do, added to `votes` (replacing its person's earlier one): "decides: 2 of 2 votes of safety-board",
// "1 of 2 votes of safety-board", with the parts of an `and` or `or` joined.
std::string Explain(const scheduler::RuleView& rule, const std::vector<state::Vote>& votes,
                    const std::vector<scheduler::ChoiceView>& choices, const state::Person& starter,
                    const state::Vote& vote);

// As a person would write it: `"safety-board" quorum 2 not starter`.
std::string ToString(const scheduler::RuleView& rule);

// Every name in the rule, for which group memberships are looked up; sorted, without repeats.
std::vector<std::string> NamesIn(const scheduler::RuleView& rule);

// Whether two persons are one: by uid where both are known, else by name.
bool SamePerson(const state::Person& a, const state::Person& b);

}  // namespace hwf::review
