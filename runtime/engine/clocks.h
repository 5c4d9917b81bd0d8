// The armed clocks of open reviews: absolute UTC deadlines. One thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/scheduler/scheduler.h"

namespace hwf::engine {

class Clocks {
 public:
  // Replaces an earlier one of the same review and clock.
  void Arm(const scheduler::ArmClock& clock) { armed_[{clock.review, clock.clock}] = clock; }
  void Disarm(const std::string& review) {
    for (const state::Clock clock : {state::Clock::kRemind, state::Clock::kEscalate, state::Clock::kExpire}) {
      armed_.erase({review, clock});
    }
  }
  // Of all that is due at `now` the earliest, removed; several clocks of one moment in order of review and clock.
  std::optional<scheduler::ArmClock> TakeDue(state::TimeMs now) {
    const auto first = Earliest();
    if (first == armed_.end() || first->second.due > now) return std::nullopt;
    scheduler::ArmClock clock = first->second;
    armed_.erase(first);
    return clock;
  }
  std::optional<state::TimeMs> NextDue() const {
    std::optional<state::TimeMs> next;
    for (const auto& [key, clock] : armed_) {
      if (!next || clock.due < *next) next = clock.due;
    }
    return next;
  }

 private:
  using Map = std::map<std::pair<std::string, state::Clock>, scheduler::ArmClock>;
  Map::iterator Earliest() {
    auto first = armed_.end();
    for (auto at = armed_.begin(); at != armed_.end(); ++at) {
      if (first == armed_.end() || at->second.due < first->second.due) first = at;
    }
    return first;
  }
  Map armed_;
};

}  // namespace hwf::engine
