// Tarjan's algorithm with a stack of its own: strongly connected parts come out with what they need first. For each
// part that holds a cycle, a shortest path from its smallest node back to itself is what people are shown.
#include "compiler/sema/order.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace hwf::sema {
namespace {

constexpr uint32_t kUnseen = UINT32_MAX;

class Tarjan {
 public:
  explicit Tarjan(const Needs& needs)
      : needs_(needs), index_(needs.size(), kUnseen), low_(needs.size()), part_(needs.size(), kUnseen) {}

  Order Run() {
    for (uint32_t node = 0; node < needs_.size(); ++node) {
      if (index_[node] == kUnseen) Visit(node);
    }
    return std::move(order_);
  }

 private:
  struct Frame {
    uint32_t node;
    size_t next = 0;  // edge to follow
  };

  void Enter(uint32_t node) {
    index_[node] = low_[node] = count_++;
    open_.push_back(node);
    frames_.push_back({node});
  }

  void Visit(uint32_t root) {
    Enter(root);
    while (!frames_.empty()) {
      Frame& frame = frames_.back();
      const uint32_t node = frame.node;
      if (frame.next < needs_[node].size()) {
        const uint32_t to = needs_[node][frame.next++];
        if (index_[to] == kUnseen) {
          Enter(to);
        } else if (part_[to] == kUnseen) {
          low_[node] = std::min(low_[node], index_[to]);
        }
        continue;
      }
      frames_.pop_back();
      if (!frames_.empty()) low_[frames_.back().node] = std::min(low_[frames_.back().node], low_[node]);
      if (low_[node] == index_[node]) Close(node);
    }
  }

  // `node` is the root of a part: it and all above it on open_.
  void Close(uint32_t node) {
    const size_t first = order_.nodes.size();
    uint32_t member = kUnseen;
    do {
      member = open_.back();
      open_.pop_back();
      part_[member] = parts_;
      order_.nodes.push_back(member);
    } while (member != node);
    const uint32_t start =
        *std::min_element(order_.nodes.begin() + static_cast<std::ptrdiff_t>(first), order_.nodes.end());
    const bool loops = std::find(needs_[start].begin(), needs_[start].end(), start) != needs_[start].end();
    if (order_.nodes.size() - first > 1 || loops) {
      order_.cycles.push_back(CycleThrough(start));
      order_.knots.emplace_back(order_.nodes.begin() + static_cast<std::ptrdiff_t>(first), order_.nodes.end());
    }
    ++parts_;
  }

  std::vector<uint32_t> CycleThrough(uint32_t start) {
    std::vector<std::pair<uint32_t, uint32_t>> from;  // (node, index in `from` of its predecessor)
    from.emplace_back(start, 0);
    for (size_t at = 0; at < from.size(); ++at) {
      for (const uint32_t to : needs_[from[at].first]) {
        if (to == start) return PathTo(from, at);
        if (part_[to] != parts_ || index_[to] == kVisited) continue;
        index_[to] = kVisited;
        from.emplace_back(to, static_cast<uint32_t>(at));
      }
    }
    return {start};
  }

  static std::vector<uint32_t> PathTo(const std::vector<std::pair<uint32_t, uint32_t>>& from, size_t at) {
    std::vector<uint32_t> path;
    for (; at != 0; at = from[at].second) path.push_back(from[at].first);
    path.push_back(from[0].first);
    std::reverse(path.begin(), path.end());
    return path;
  }

  static constexpr uint32_t kVisited = UINT32_MAX - 1;

  const Needs& needs_;
  std::vector<uint32_t> index_;
  std::vector<uint32_t> low_;
  std::vector<uint32_t> part_;
  std::vector<uint32_t> open_;
  std::vector<Frame> frames_;
  uint32_t count_ = 0;
  uint32_t parts_ = 0;
  Order order_;
};

}  // namespace

Order OrderOf(const Needs& needs) { return Tarjan(needs).Run(); }

}  // namespace hwf::sema
