// Taint: what a value depends on. Marks are of three kinds: 0, what a rewind does again; 1, what its new parameters
// change; 2 + n, that review n is answered as `assume` says. A slot has the marks of all that its node read, and of the
// control flow that led to it; order alone (an earlier `send`) passes nothing on. Sets of marks are kept once.
#include <algorithm>
#include <iterator>

#include "runtime/scheduler/impl.h"

namespace hwf::scheduler {

Taint Scheduler::Impl::Intern(std::vector<uint32_t> marks) {
  const auto [at, made] = taint_index_.try_emplace(marks, static_cast<Taint>(taints_.size()));
  if (made) taints_.push_back(std::move(marks));
  return at->second;
}

Taint Scheduler::Impl::MarkedTaint(uint32_t mark) { return Intern({mark}); }

Taint Scheduler::Impl::Join(Taint a, Taint b) {
  if (a == b || b == 0) return a;
  if (a == 0) return b;
  std::vector<uint32_t> all;
  std::set_union(taints_[a].begin(), taints_[a].end(), taints_[b].begin(), taints_[b].end(), std::back_inserter(all));
  return Intern(std::move(all));
}

// At once: of many, joined one by one, each set on the way would be kept.
Taint Scheduler::Impl::JoinAll(Taint taint, const std::vector<Slot>& slots) {
  std::unordered_set<Taint> different;
  for (const Slot& slot : slots) {
    if (slot.taint != 0 && slot.taint != taint) different.insert(slot.taint);
  }
  if (different.empty()) return taint;
  std::vector<uint32_t> all = taints_[taint];
  for (const Taint other : different) all.insert(all.end(), taints_[other].begin(), taints_[other].end());
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return Intern(std::move(all));
}

bool Scheduler::Impl::Has(Taint taint, uint32_t mark) const {
  return taint != 0 && std::binary_search(taints_[taint].begin(), taints_[taint].end(), mark);
}

}  // namespace hwf::scheduler
