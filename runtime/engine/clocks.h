// The armed clocks of open reviews: absolute UTC deadlines, in order. One thread.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "runtime/scheduler/scheduler.h"

namespace hwf::engine {

class Clocks {
 public:
  // Replaces an earlier one of the same review, clock and index.
  void Arm(const scheduler::ArmClock& clock) {
    const Key key(clock.review, clock.clock, clock.index);
    const auto [known, added] = due_.try_emplace(key, clock.due);
    if (!added) order_.erase({std::exchange(known->second, clock.due), key});
    order_.emplace(clock.due, key);
  }
  void Disarm(const std::string& review) {
    for (auto at = due_.lower_bound(Key(review, {}, 0)); at != due_.end() && std::get<0>(at->first) == review;) {
      order_.erase({at->second, at->first});
      at = due_.erase(at);
    }
  }
  // Of all that is due at `now` the earliest, removed; several of one moment in order of review, clock and index.
  std::optional<scheduler::ArmClock> TakeDue(state::TimeMs now) {
    if (order_.empty() || order_.begin()->first > now) return std::nullopt;
    return Take(order_.begin()->second);
  }
  // Of this review's clocks of this kind one that is due, the first by index.
  std::optional<scheduler::ArmClock> TakeDue(const std::string& review, state::Clock clock, state::TimeMs now) {
    for (auto at = due_.lower_bound(Key(review, clock, 0)); at != due_.end(); ++at) {
      if (std::get<0>(at->first) != review || std::get<1>(at->first) != clock) break;
      if (at->second <= now) return Take(at->first);
    }
    return std::nullopt;
  }
  std::optional<state::TimeMs> NextDue() const {
    if (order_.empty()) return std::nullopt;
    return order_.begin()->first;
  }

 private:
  using Key = std::tuple<std::string, state::Clock, int>;

  // By value: it may be of a map that forgets it here.
  scheduler::ArmClock Take(Key key) {
    const state::TimeMs due = due_.at(key);
    order_.erase({due, key});
    due_.erase(key);
    return scheduler::ArmClock{std::move(std::get<0>(key)), std::get<1>(key), std::get<2>(key), due};
  }

  std::map<Key, state::TimeMs> due_;
  std::set<std::pair<state::TimeMs, Key>> order_;
};

}  // namespace hwf::engine
