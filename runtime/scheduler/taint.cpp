// Taint: what a value depends on. Marks are of three kinds: 0, what a rewind does again; 1, what its new parameters
// change; 2 + n, that review n is answered as `assume` says. A slot has the marks of all that its node read, and of the
// control flow that led to it; order alone (an earlier `send`) passes nothing on. Sets of marks are kept once.
#include <algorithm>
#include <iterator>

#include "runtime/scheduler/impl.h"

namespace hwf::scheduler {

Taint Scheduler::Impl::MarkedTaint(uint32_t mark) {
  const auto [at, made] = taint_index_.try_emplace({mark}, static_cast<Taint>(taints_.size()));
  if (made) taints_.push_back({mark});
  return at->second;
}

Taint Scheduler::Impl::Join(Taint a, Taint b) {
  if (a == b || b == 0) return a;
  if (a == 0) return b;
  std::vector<uint32_t> all;
  std::set_union(taints_[a].begin(), taints_[a].end(), taints_[b].begin(), taints_[b].end(), std::back_inserter(all));
  const auto [at, made] = taint_index_.try_emplace(all, static_cast<Taint>(taints_.size()));
  if (made) taints_.push_back(std::move(all));
  return at->second;
}

bool Scheduler::Impl::Has(Taint taint, uint32_t mark) const {
  return taint != 0 && std::binary_search(taints_[taint].begin(), taints_[taint].end(), mark);
}

}  // namespace hwf::scheduler
