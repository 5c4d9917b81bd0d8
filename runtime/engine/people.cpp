#include "runtime/engine/people.h"

#include <grp.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <set>
#include <vector>

#include "ir/walk.h"
#include "runtime/platform/users.h"
#include "runtime/review/reachable.h"
#include "runtime/state/evaluate.h"

namespace hwf::engine {
namespace {

// ---------------------------------------------------------------- before a run

// Whether the language could have it as a name.
bool IsName(std::string_view text) {
  const bool letters =
      std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isalnum(c) || c == '_'; });
  return letters && !text.empty() && std::isdigit(static_cast<unsigned char>(text.front())) == 0;
}

class RuleChecker {
 public:
  RuleChecker(const ir::Module& module, const review::People& people) : module_(module), people_(people) {}

  void Visit(const ir::Region& region) {
    for (const ir::Node& node : region.nodes) {
      if (const auto* review = std::get_if<ir::ReviewNode>(&node.body)) {
        Visit(review->by, node.span);
        for (const ir::ReviewNode::Escalation& escalation : review->escalations) Visit(escalation.to, node.span);
      }
      ir::ForEachRegion(node, [this](const ir::Region& inner) { Visit(inner); });
    }
  }
  const std::string& fault() const { return fault_; }

 private:
  void Visit(const ir::ByRule& rule, const ir::Span& span) {
    for (const ir::ByRule& part : rule.parts) Visit(part, span);
    if (rule.kind != ir::ByRule::Kind::kWho || !rule.who || rule.who->op != ir::Op::kLiteral || !fault_.empty()) return;
    if (!rule.who->literal.is_string()) return;
    const std::string& name = rule.who->literal.AsString();
    if (review::IsKnown(name, people_, module_.groups)) return;
    const std::string declare =
        IsName(name) ? fmt::format("declare `group {} = [\"login\", …]` beside the sites, or ", name) : std::string();
    fault_ = fmt::format(
        "{}: nobody could answer: `{}` is no user or Unix group here, no declared group and not in a people file\n"
        "  {}give `--people FILE`, a file that says who they are (docs/cli.md, People):\n"
        "  {{\"v\": 1, \"people\": [{{\"name\": \"ana\", \"login\": \"ana\", \"groups\": [\"{}\"]}}]}}",
        state::SpanText(module_, span), name, declare, name);
  }

  const ir::Module& module_;
  const review::People& people_;
  std::string fault_;
};

// ---------------------------------------------------------------- before a review

struct Candidates {
  std::vector<review::Account> accounts;
  size_t by_key = 0;     // people without an account: somebody else delivers what they signed
  bool endless = false;  // a group whose members the system does not list
};

void AddPerson(const std::string& name, const review::People& people, Candidates& candidates) {
  const review::PeopleEntry* entry = people.Named(name);
  std::optional<platform::User> user = platform::UserNamed(name);
  if (entry != nullptr && entry->uid) user = platform::UserOf(*entry->uid);
  if (user) {
    candidates.accounts.push_back(review::AccountOf(*user));
  } else if (entry != nullptr && !entry->keys.empty()) {
    ++candidates.by_key;
  }
}

void AddUnixGroup(const std::string& name, Candidates& candidates) {
  std::vector<char> buffer(1 << 16);
  struct group entry {};
  struct group* found = nullptr;
  if (getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) return;
  if (*found->gr_mem == nullptr) candidates.endless = true;
  for (char** member = found->gr_mem; *member != nullptr; ++member) {
    if (const std::optional<platform::User> user = platform::UserNamed(*member)) {
      candidates.accounts.push_back(review::AccountOf(*user));
    }
  }
}

Candidates CandidatesOf(const std::string& name, const ir::Module& module, const review::People& people) {
  Candidates candidates;
  for (const ir::Group& group : module.groups) {
    if (group.name != name) continue;
    for (const std::string& member : group.members) AddPerson(member, people, candidates);
    return candidates;
  }
  AddPerson(name, people, candidates);
  AddUnixGroup(name, candidates);
  for (const review::PeopleEntry& entry : people.entries()) {
    const bool member = std::find(entry.groups.begin(), entry.groups.end(), name) != entry.groups.end();
    if (member) AddPerson(entry.name, people, candidates);
  }
  return candidates;
}

// The rule as far as it is known before a run. A name that only a run will tell counts as one that can answer.
scheduler::RuleView KnownRule(const ir::ByRule& rule) {
  scheduler::RuleView known;
  known.kind = rule.kind;
  known.quorum = rule.quorum;
  known.not_starter = rule.not_starter;
  known.level = rule.level;
  for (const ir::ByRule& part : rule.parts) known.parts.push_back(KnownRule(part));
  if (rule.kind != ir::ByRule::Kind::kWho) return known;
  const bool literal = rule.who && rule.who->op == ir::Op::kLiteral && rule.who->literal.is_string();
  if (literal) {
    known.who = rule.who->literal.AsString();
  } else {
    known.kind = ir::ByRule::Kind::kOwner;
  }
  return known;
}

// The first review of the region, or of those inside it, that would be void.
ErrorOr<Success> RegionCanBeAnswered(const ir::Region& region, const ir::Module& module, const review::People& people,
                                     const std::string& run_directory) {
  ErrorOr<Success> can = Success{};
  for (const ir::Node& node : region.nodes) {
    if (const auto* review = std::get_if<ir::ReviewNode>(&node.body)) {
      can = CanAnswer(KnownRule(review->by), module, people, run_directory);
      if (!can.ok()) return can.error().WithContext(state::SpanText(module, node.span));
    }
    ir::ForEachRegion(node, [&](const ir::Region& inner) {
      if (can.ok()) can = RegionCanBeAnswered(inner, module, people, run_directory);
    });
    if (!can.ok()) return can;
  }
  return can;
}

ErrorOr<Success> LeafCanAnswer(const scheduler::RuleView& rule, const ir::Module& module, const review::People& people,
                               const std::string& run_directory) {
  if (rule.kind == ir::ByRule::Kind::kOwner) return Success{};
  const Candidates candidates = CandidatesOf(rule.who, module, people);
  if (candidates.endless) return Success{};
  std::set<uid_t> reaching;
  std::string obstacle;
  for (const review::Account& account : candidates.accounts) {
    if (rule.not_starter && account.uid == geteuid()) continue;
    const std::optional<std::string> why = review::WhyUnreachable(run_directory, account);
    if (!why) reaching.insert(account.uid);
    if (why && obstacle.empty()) obstacle = fmt::format("{}: {}", account.name, *why);
  }
  if (reaching.size() + candidates.by_key >= static_cast<size_t>(rule.quorum)) return Success{};
  if (!obstacle.empty()) return MakeError("`{}` cannot answer: {}", rule.who, obstacle);
  return MakeError("`{}` cannot answer: it names {} who may, the rule wants {}", rule.who,
                   candidates.accounts.size() + candidates.by_key, rule.quorum);
}

}  // namespace

ErrorOr<review::People> LoadPeople(platform::FileSystem& files, const std::string& run_directory,
                                   const std::string& digest) {
  if (!digest.empty()) return review::People::LoadCopy(files, run_directory + "/people", digest);
  return review::People::Find(files, run_directory.substr(0, run_directory.find_last_of('/')), geteuid());
}

ErrorOr<Success> CheckPeople(const ir::Module& module, const review::People& people) {
  RuleChecker checker(module, people);
  for (const ir::Workflow& workflow : module.workflows) checker.Visit(workflow.region);
  if (checker.fault().empty()) return Success{};
  return Error(checker.fault());
}

ErrorOr<Success> CanAnswer(const scheduler::RuleView& rule, const ir::Module& module, const review::People& people,
                           const std::string& run_directory) {
  if (rule.parts.empty()) return LeafCanAnswer(rule, module, people, run_directory);
  const bool any = rule.kind == ir::ByRule::Kind::kOr;
  std::optional<Error> first;
  for (const scheduler::RuleView& part : rule.parts) {
    ErrorOr<Success> can = CanAnswer(part, module, people, run_directory);
    if (can.ok() && any) return Success{};
    if (!can.ok() && !first) first = can.error();
    if (!can.ok() && !any) return can;
  }
  if (any && first) return *first;
  return Success{};
}

ErrorOr<Success> CanBeAnswered(const ir::Module& module, const review::People& people,
                               const std::string& run_directory) {
  for (const ir::Workflow& workflow : module.workflows) {
    HWF_TRY(RegionCanBeAnswered(workflow.region, module, people, run_directory));
  }
  return Success{};
}

}  // namespace hwf::engine
