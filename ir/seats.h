// Whether people can satisfy a rule of who may answer. Each of its leaves is as many seats as its quorum says; `and`
// and `or` join them, and everyone takes one seat only. The compiler asks this of declared groups, a run of the votes
// that were cast. A pure function; any thread.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

namespace hwf::ir {

struct SeatRule {
  enum class Kind { kLeaf, kAnd, kOr };
  Kind kind = Kind::kLeaf;
  size_t leaf = 0;  // which one, for `fits`
  int quorum = 1;   // of a leaf
  std::vector<SeatRule> parts;
};

// `fits(leaf, person)`: whether that one of the `people` counts for the leaf. A rule of more alternatives than any that
// is written is never satisfied.
bool CanBeFilled(const SeatRule& rule, size_t people, const std::function<bool(size_t, size_t)>& fits);

}  // namespace hwf::ir
