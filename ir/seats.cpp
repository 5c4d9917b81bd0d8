// The rule is brought into alternatives: each a list of leaves that must all hold (rules are a line of source, so there
// are few). An alternative holds if its leaves can be filled with different people: a matching, found by augmenting
// paths, in which each leaf stands as many times as its quorum asks.
#include "ir/seats.h"

#include <algorithm>

#include "base/check.h"

namespace hwf::ir {
namespace {

using Leaves = std::vector<const SeatRule*>;

constexpr size_t kMaxAlternatives = 4096;

std::vector<Leaves> Product(const std::vector<Leaves>& left, const std::vector<Leaves>& right) {
  std::vector<Leaves> out;
  for (const Leaves& a : left) {
    for (const Leaves& b : right) {
      if (out.size() >= kMaxAlternatives) return {};
      out.push_back(a);
      out.back().insert(out.back().end(), b.begin(), b.end());
    }
  }
  return out;
}

std::vector<Leaves> Alternatives(const SeatRule& rule) {
  std::vector<Leaves> out;
  switch (rule.kind) {
    case SeatRule::Kind::kLeaf:
      return {{&rule}};
    case SeatRule::Kind::kOr:
      for (const SeatRule& part : rule.parts) {
        std::vector<Leaves> more = Alternatives(part);
        out.insert(out.end(), more.begin(), more.end());
      }
      return out.size() > kMaxAlternatives ? std::vector<Leaves>() : out;
    case SeatRule::Kind::kAnd:
      if (rule.parts.empty()) return {};
      out.push_back({});
      for (const SeatRule& part : rule.parts) out = Product(out, Alternatives(part));
      return out;
  }
  HWF_UNREACHABLE();
}

class Seating {
 public:
  Seating(const Leaves& leaves, size_t people, const std::function<bool(size_t, size_t)>& fits)
      : fits_(fits), seat_of_(people, -1) {
    for (const SeatRule* leaf : leaves) {
      const auto quorum = static_cast<size_t>(std::max(leaf->quorum, 1));
      if (quorum > people) full_possible_ = false;
      if (full_possible_) seats_.insert(seats_.end(), quorum, leaf->leaf);
    }
  }

  bool Fill() {
    if (!full_possible_ || seats_.size() > seat_of_.size()) return false;
    for (size_t seat = 0; seat < seats_.size(); ++seat) {
      std::vector<bool> tried(seat_of_.size(), false);
      if (!Seat(seat, tried)) return false;
    }
    return true;
  }

 private:
  bool Seat(size_t seat, std::vector<bool>& tried) {
    for (size_t person = 0; person < seat_of_.size(); ++person) {
      if (tried[person] || !fits_(seats_[seat], person)) continue;
      tried[person] = true;
      if (seat_of_[person] < 0 || Seat(static_cast<size_t>(seat_of_[person]), tried)) {
        seat_of_[person] = static_cast<int>(seat);
        return true;
      }
    }
    return false;
  }

  const std::function<bool(size_t, size_t)>& fits_;
  std::vector<size_t> seats_;  // the leaf of each
  std::vector<int> seat_of_;   // by person
  bool full_possible_ = true;
};

}  // namespace

bool CanBeFilled(const SeatRule& rule, size_t people, const std::function<bool(size_t, size_t)>& fits) {
  const std::vector<Leaves> alternatives = Alternatives(rule);
  return std::any_of(alternatives.begin(), alternatives.end(),
                     [&](const Leaves& leaves) { return Seating(leaves, people, fits).Fill(); });
}

}  // namespace hwf::ir
