// What is ready and not yet with a site, by priority, then in order; and how much a site has that it has not begun. The
// engine keeps the site's queue short, so that a cancel reaches what has not begun, but never empty. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "runtime/scheduler/scheduler.h"

namespace hwf::engine {

using AttemptKey = std::string;  // "place/attempt"
inline AttemptKey KeyOf(const state::Place& place, int attempt) { return place + "/" + std::to_string(attempt); }

// An attempt to hand out.
struct Ready {
  scheduler::StartTask start;
  bool checked = false;                        // its approved values are copies of its own that were checked
  bool unequal = false;                        // the files of its earlier result are not what they were
  bool brought = false;                        // the files that it names are at its site
  Json uses = {};                              // the Dir value of its `uses` there; null: as they are here
  std::optional<std::string> distrusted = {};  // nobody whom the run trusts has a result that counts: why there is none
};

class Dispatch {
 public:
  void Add(Ready ready) {
    queued_.insert(KeyOf(ready.start.place, ready.start.attempt));
    const std::pair turn(-ready.start.priority, added_++);
    ready_.emplace(turn, std::move(ready));
  }
  // True if it was queued here, and is no more.
  bool Forget(const state::Place& place, int attempt) { return queued_.erase(KeyOf(place, attempt)) > 0; }
  std::optional<Ready> Next() {
    while (!ready_.empty()) {
      Ready ready = std::move(ready_.extract(ready_.begin()).mapped());
      if (queued_.erase(KeyOf(ready.start.place, ready.start.attempt)) > 0) return ready;
    }
    return std::nullopt;
  }
  bool empty() const { return queued_.empty(); }
  size_t size() const { return queued_.size(); }

 private:
  std::map<std::pair<int64_t, uint64_t>, Ready> ready_;  // by turn, the lowest first
  uint64_t added_ = 0;
  std::unordered_set<AttemptKey> queued_;  // those of ready_ that were not forgotten
};

}  // namespace hwf::engine
