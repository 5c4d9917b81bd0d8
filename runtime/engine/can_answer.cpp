// Before a review opens, or a run begins: everybody whom the rule names is gathered as they would be known if they
// answered, and the rule is asked as of real votes, all for the same.
#include <grp.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>
#include <vector>

#include "ir/walk.h"
#include "runtime/engine/people.h"
#include "runtime/platform/users.h"
#include "runtime/review/decision.h"
#include "runtime/review/identity.h"
#include "runtime/review/reachable.h"
#include "runtime/state/evaluate.h"

namespace hwf::engine {
namespace {

using ir::ByRule;
using scheduler::RuleView;
using state::Person;

// A rule of parts of which some are unknown: nothing if nobody can tell. What `and` joins must hold whatever the
// unknown is; `or` may be satisfied by it.
std::optional<RuleView> Join(RuleView rule, const std::vector<std::optional<RuleView>>& parts) {
  for (const std::optional<RuleView>& part : parts) {
    if (!part && rule.kind == ByRule::Kind::kOr) return std::nullopt;
    if (part) rule.parts.push_back(*part);
  }
  if (rule.parts.empty()) return std::nullopt;
  return rule;
}

// The rule as far as it is known before a run.
std::optional<RuleView> KnownRule(const ByRule& rule) {
  RuleView known;
  known.kind = rule.kind;
  known.quorum = rule.quorum;
  known.not_starter = rule.not_starter;
  known.level = rule.level;
  std::vector<std::optional<RuleView>> parts;
  for (const ByRule& part : rule.parts) parts.push_back(KnownRule(part));
  if (!parts.empty()) return Join(std::move(known), parts);
  if (rule.kind != ByRule::Kind::kWho) return known;
  if (!rule.who || rule.who->op != ir::Op::kLiteral || !rule.who->literal.is_string()) return std::nullopt;
  known.who = rule.who->literal.AsString();
  return known;
}

struct UnixGroup {
  std::vector<std::string> members;  // without those whose first group it is
};

std::optional<UnixGroup> UnixGroupNamed(const std::string& name) {
  std::vector<char> buffer(1 << 16);
  struct group entry {};
  struct group* found = nullptr;
  const int code = getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
  if (code == ERANGE) return UnixGroup{};  // too many to look at: as if the system did not list them
  if (code != 0 || found == nullptr) return {};
  UnixGroup group;
  for (char** member = found->gr_mem; *member != nullptr; ++member) group.members.emplace_back(*member);
  return group;
}

// A Unix group whose members the system does not list; not the one that goes with a login.
bool IsEndless(const std::string& who, const ir::Module& module, const review::People& people) {
  const auto declared = [&](const ir::Group& group) { return group.name == who; };
  if (std::any_of(module.groups.begin(), module.groups.end(), declared) || people.Named(who) != nullptr) return false;
  const std::optional<UnixGroup> group = UnixGroupNamed(who);
  return group && group->members.empty() && !platform::UserNamed(who);
}

// The rule as far as the machine tells who is meant.
std::optional<RuleView> ListedRule(const RuleView& rule, const ir::Module& module, const review::People& people) {
  std::vector<std::optional<RuleView>> parts;
  for (const RuleView& part : rule.parts) parts.push_back(ListedRule(part, module, people));
  RuleView listed = rule;
  listed.parts.clear();
  if (!parts.empty()) return Join(std::move(listed), parts);
  if (rule.kind == ByRule::Kind::kWho && IsEndless(rule.who, module, people)) return std::nullopt;
  return listed;
}

class Gathering {
 public:
  Gathering(const ir::Module& module, const review::People& people, const std::string& run_directory,
            const Person& starter)
      : module_(module), people_(people), run_directory_(run_directory), starter_(starter) {}

  void Visit(const RuleView& rule) {
    for (const RuleView& part : rule.parts) Visit(part);
    if (rule.kind == ByRule::Kind::kWho) AddNamed(rule.who);
    if (rule.kind == ByRule::Kind::kOwner) AddOwner();
  }

  const std::vector<Person>& persons() const { return persons_; }
  // Why the first who cannot reach the mailbox cannot.
  const std::string& obstacle() const { return obstacle_; }

 private:
  void AddNamed(const std::string& who) {
    for (const ir::Group& group : module_.groups) {
      if (group.name != who) continue;
      for (const std::string& member : group.members) AddPerson(member);
      return;
    }
    AddPerson(who);
    if (people_.Named(who) == nullptr) AddUnixGroup(who);
    for (const review::PeopleEntry& entry : people_.entries()) {
      if (std::find(entry.groups.begin(), entry.groups.end(), who) != entry.groups.end()) AddEntry(entry);
    }
  }

  void AddPerson(const std::string& name) {
    if (const review::PeopleEntry* entry = people_.Named(name)) return AddEntry(*entry);
    if (const std::optional<platform::User> user = platform::UserNamed(name)) {
      AddAccount(review::AccountOf(*user));
    }
  }

  // What somebody has signed, others may deliver.
  void AddEntry(const review::PeopleEntry& entry) {
    if (!entry.keys.empty()) return Add(review::SignerOf(entry));
    if (!entry.uid) return;
    const std::optional<platform::User> user = platform::UserOf(*entry.uid);
    AddAccount(user ? review::AccountOf(*user) : review::Account{entry.name, *entry.uid, {}});
  }

  void AddOwner() {
    if (starter_.uid < 0) return;
    const auto uid = static_cast<uid_t>(starter_.uid);
    const review::PeopleEntry* entry = people_.WithUid(uid);
    if (entry != nullptr && !entry->keys.empty()) return AddEntry(*entry);
    AddUid(uid);
  }

  void AddAccount(const review::Account& account) {
    const std::optional<std::string> why = review::WhyUnreachable(run_directory_, account);
    if (!why) return AddUid(account.uid);
    if (obstacle_.empty()) obstacle_ = fmt::format("{}: {}", account.name, *why);
  }

  void AddUid(uid_t uid) {
    ErrorOr<Person> person = review::PersonFromPeer(uid, geteuid(), people_);
    if (person.ok()) return Add(std::move(person).value());
    if (obstacle_.empty()) obstacle_ = person.error().message();
  }

  // Once each, by what proves most.
  void Add(Person person) {
    const auto same = [&](const Person& other) { return review::SamePerson(person, other); };
    const auto known = std::find_if(persons_.begin(), persons_.end(), same);
    if (known == persons_.end()) {
      persons_.push_back(std::move(person));
    } else if (known->level < person.level) {
      *known = std::move(person);
    }
  }

  void AddUnixGroup(const std::string& name) {
    const std::optional<UnixGroup> group = UnixGroupNamed(name);
    if (!group) return;
    for (const std::string& member : group->members) {
      if (const std::optional<platform::User> user = platform::UserNamed(member)) {
        AddAccount(review::AccountOf(*user));
      }
    }
  }

  const ir::Module& module_;
  const review::People& people_;
  const std::string& run_directory_;
  const Person& starter_;
  std::vector<Person> persons_;
  std::string obstacle_;
};

}  // namespace

ErrorOr<Success> CanAnswer(const RuleView& whole, const ir::Module& module, const review::People& people,
                           const std::string& run_directory, const Person& starter) {
  const std::optional<RuleView> listed = ListedRule(whole, module, people);
  if (!listed) return Success{};
  const RuleView& rule = *listed;
  Gathering gathering(module, people, run_directory, starter);
  gathering.Visit(rule);
  const std::vector<std::string> names = review::NamesIn(rule);
  std::vector<state::Vote> votes;
  std::string barred;
  for (const Person& person : gathering.persons()) {
    state::Vote vote;
    vote.person = person;
    vote.groups = review::GroupsOf(person, names, people, module.groups);
    const std::optional<std::string> why = review::WhyNotEntitled(rule, person, vote.groups, starter);
    if (why && barred.empty()) barred = *why;
    if (why) continue;
    votes.push_back(std::move(vote));
    if (review::Decide(rule, votes, {}, starter)) return Success{};
  }
  const std::string who = rule.kind == ByRule::Kind::kWho ? rule.who : review::ToString(rule);
  if (!gathering.obstacle().empty()) return MakeError("`{}` cannot answer: {}", who, gathering.obstacle());
  const std::string why = barred.empty() ? barred : " (" + barred + ")";
  if (!rule.parts.empty()) return MakeError("`{}` cannot answer: it names {} who may{}", who, votes.size(), why);
  return MakeError("`{}` cannot answer: it names {} who may, the rule wants {}{}", who, votes.size(), rule.quorum, why);
}

namespace {

// The first review of the region, or of those inside it, that would be void.
ErrorOr<Success> RegionCanBeAnswered(const ir::Region& region, const ir::Module& module, const review::People& people,
                                     const std::string& run_directory, const Person& starter) {
  ErrorOr<Success> can = Success{};
  for (const ir::Node& node : region.nodes) {
    if (const auto* review = std::get_if<ir::ReviewNode>(&node.body)) {
      if (const std::optional<RuleView> rule = KnownRule(review->by)) {
        can = CanAnswer(*rule, module, people, run_directory, starter);
      }
      if (!can.ok()) return can.error().WithContext(state::SpanText(module, node.span));
    }
    ir::ForEachRegion(node, [&](const ir::Region& inner) {
      if (can.ok()) can = RegionCanBeAnswered(inner, module, people, run_directory, starter);
    });
    if (!can.ok()) return can;
  }
  return can;
}

}  // namespace

ErrorOr<Success> CanBeAnswered(const ir::Module& module, const review::People& people, const std::string& run_directory,
                               const Person& starter) {
  for (const ir::Workflow& workflow : module.workflows) {
    HWF_TRY(RegionCanBeAnswered(workflow.region, module, people, run_directory, starter));
  }
  return Success{};
}

}  // namespace hwf::engine
