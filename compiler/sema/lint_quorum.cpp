// Whether a rule of who may answer can be satisfied by the people of declared groups. Whoever else it names, a person
// or a Unix group of a machine that is not known here, may be there and be as many as it takes.
#include <map>
#include <set>
#include <string>

#include "compiler/sema/constant.h"
#include "compiler/sema/context.h"
#include "compiler/sema/lint.h"
#include "compiler/sema/walk.h"
#include "ir/seats.h"

namespace hwf::sema {
namespace {

// More than any declared group that could matter has: a quorum beyond is looked at as this.
constexpr double kMany = 200;

using Groups = std::map<std::string, const GroupDecl*>;

// Those of a file of `--sites` come first, and take the place of others.
Groups GroupsOf(const Program& program) {
  Groups groups;
  for (const auto& module : program.modules) {
    for (const Decl* decl : module->decls) {
      const auto* group = llvm::dyn_cast<GroupDecl>(decl);
      if (group != nullptr && group->members != nullptr) groups.try_emplace(group->name.text.str(), group);
    }
  }
  return groups;
}

// A rule, or a part of one, as seats, and the people who may take them.
class Seats {
 public:
  Seats(const ByRule& rule, const Groups& groups) : groups_(groups), root_(Make(rule)) {}

  bool CanBeFilled(const std::string& starter = {}) const {
    return ir::CanBeFilled(root_, people_.size(), [&](size_t leaf, size_t person) {
      const bool starts = !starter.empty() && leaves_[leaf].not_starter && people_[person].name == starter;
      return !starts && people_[person].leaves.contains(leaf);
    });
  }

  // The first one whose starting the run would leave too few; empty if there is none.
  std::string BlockingStarter() const {
    if (llvm::none_of(leaves_, [](const Leaf& leaf) { return leaf.not_starter; })) return {};
    for (const Person& person : people_) {
      if (!person.name.empty() && !CanBeFilled(person.name)) return person.name;
    }
    return {};
  }

 private:
  struct Leaf {
    bool not_starter;
  };
  struct Person {
    std::string name;  // empty: somebody of whom nothing is known
    std::set<size_t> leaves;
  };

  ir::SeatRule Make(const ByRule& rule) {
    ir::SeatRule seats;
    if (rule.kind != ByRule::Kind::kWho) {
      seats.kind = rule.kind == ByRule::Kind::kAnd ? ir::SeatRule::Kind::kAnd : ir::SeatRule::Kind::kOr;
      for (const ByRule* part : rule.parts) seats.parts.push_back(Make(*part));
      return seats;
    }
    const auto quorum = rule.quorum == nullptr ? std::nullopt : Fold(rule.quorum);
    seats.leaf = leaves_.size();
    seats.quorum = quorum ? static_cast<int>(std::min(quorum->number, kMany)) : 1;
    leaves_.push_back({rule.not_starter});
    const auto* name = llvm::dyn_cast_or_null<NameExpr>(rule.who);
    const auto text = name != nullptr ? name->name.text.str() : ConstantString(rule.who);
    auto group = text ? groups_.find(*text) : groups_.end();
    if (group == groups_.end()) {
      // Whoever they are, they are enough.
      people_.insert(people_.end(), static_cast<size_t>(seats.quorum), {"", {seats.leaf}});
      return seats;
    }
    for (const Expr* member : group->second->members->items) {
      if (const auto login = ConstantString(member)) Named(*login).leaves.insert(seats.leaf);
    }
    return seats;
  }

  Person& Named(const std::string& login) {
    auto known = llvm::find_if(people_, [&](const Person& each) { return each.name == login; });
    return known != people_.end() ? *known : people_.emplace_back(Person{login, {}});
  }

  const Groups& groups_;
  std::vector<Leaf> leaves_;
  std::vector<Person> people_;
  ir::SeatRule root_;
};

class Quorum {
 public:
  Quorum(const Program& program, diagnostics::Emitter& emitter) : groups_(GroupsOf(program)), emitter_(emitter) {}

  void Take(const ReviewExpr& review) {
    for (const ReviewExpr::Escalation& escalation : review.escalations) {
      if (escalation.to != nullptr) CheckHolds(*escalation.to);
    }
    if (review.by == nullptr || !CheckHolds(*review.by)) return;
    // Others may answer in the end.
    if (!review.escalations.empty()) return;
    const std::string starter = Seats(*review.by, groups_).BlockingStarter();
    if (starter.empty()) return;
    emitter_.Report(review.by->range, diagnostics::kStarterBlocks, starter)
        .Help("`not starter` takes one away: name more people, lower the quorum, or let it `escalate`");
  }

 private:
  // The innermost part that cannot hold is the one to name. What a single group lacks has been reported (check_by.cpp).
  bool CheckHolds(const ByRule& rule) {
    bool sound = true;
    for (const ByRule* part : rule.parts) sound = CheckHolds(*part) && sound;
    if (!sound || rule.kind != ByRule::Kind::kAnd || Seats(rule, groups_).CanBeFilled()) return sound;
    emitter_.Report(rule.range, diagnostics::kRuleNeverHolds)
        .Help("everyone counts for one part only: name more people, or lower a quorum");
    return false;
  }

  const Groups groups_;
  diagnostics::Emitter& emitter_;
};

}  // namespace

void LintQuorum(const Program& program, diagnostics::Emitter& emitter) {
  Quorum quorum(program, emitter);
  auto expr = [&](const Expr& each) {
    if (const auto* review = llvm::dyn_cast<ReviewExpr>(&each)) quorum.Take(*review);
  };
  Visit visit;
  visit.expr = expr;
  WalkAll(program, visit);
}

}  // namespace hwf::sema
