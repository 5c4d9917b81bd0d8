#include "ir/layout.h"

#include <algorithm>
#include <numeric>

#include "ir/graph.h"

namespace hwf::ir {
namespace {

constexpr double kBetweenBoxes = 26;
constexpr double kBetweenLayers = 40;
constexpr double kEdgeWidth = 8;  // the place that a long edge takes in a layer
constexpr int kSweeps = 12;
constexpr size_t kMaxPlaces = 20000;  // beyond, long edges go straight

// A box, or a place where a long edge passes a layer.
struct Slot {
  double width = 0, height = 0;
  double x = 0;  // of the middle
  int layer = 0;
  std::vector<uint32_t> up, down;
};

class Layering {
 public:
  Layering(std::vector<LayoutBox>& boxes, std::vector<LayoutEdge>& edges) : boxes_(boxes), edges_(edges) {}

  LayoutResult Run() {
    AssignLayers();
    AddSlots();
    for (int sweep = 0; sweep < kSweeps; ++sweep) OrderBy(sweep % 2 == 0);
    for (auto& layer : layers_) Spread(layer);
    for (int sweep = 0; sweep < kSweeps; ++sweep) PullTogether(sweep % 2 == 0);
    return Finish();
  }

 private:
  void AssignLayers() {
    Graph graph;
    graph.count = static_cast<uint32_t>(boxes_.size());
    for (const LayoutEdge& edge : edges_) graph.edges.push_back({edge.from, edge.to});
    layer_of_.assign(boxes_.size(), 0);
    std::vector<std::vector<uint32_t>> into(boxes_.size()), out(boxes_.size());
    for (const LayoutEdge& edge : edges_) {
      into[edge.to].push_back(edge.from);
      out[edge.from].push_back(edge.to);
    }
    const std::vector<uint32_t> order = Order(graph);
    for (uint32_t node : order) {
      for (uint32_t before : into[node]) layer_of_[node] = std::max(layer_of_[node], layer_of_[before] + 1);
    }
    // What nothing precedes stands right above what it leads to.
    for (auto node = order.rbegin(); node != order.rend(); ++node) {
      if (!into[*node].empty() || out[*node].empty()) continue;
      int nearest = layer_of_[out[*node][0]];
      for (uint32_t after : out[*node]) nearest = std::min(nearest, layer_of_[after]);
      layer_of_[*node] = std::max(0, nearest - 1);
    }
  }

  void AddSlots() {
    int deepest = 0;
    for (uint32_t i = 0; i < boxes_.size(); ++i) {
      slots_.push_back({boxes_[i].width, boxes_[i].height, 0, layer_of_[i], {}, {}});
      deepest = std::max(deepest, layer_of_[i]);
    }
    chains_.resize(edges_.size());
    for (uint32_t i = 0; i < edges_.size(); ++i) {
      uint32_t last = edges_[i].from;
      const int end = layer_of_[edges_[i].to];
      for (int layer = layer_of_[last] + 1; layer < end && slots_.size() < kMaxPlaces; ++layer) {
        const uint32_t slot = static_cast<uint32_t>(slots_.size());
        slots_.push_back({kEdgeWidth, 0, 0, layer, {}, {}});
        Link(last, slot);
        chains_[i].push_back(slot);
        last = slot;
      }
      if (end > layer_of_[edges_[i].from]) Link(last, edges_[i].to);
    }
    layers_.resize(static_cast<size_t>(deepest) + 1);
    for (uint32_t i = 0; i < slots_.size(); ++i) layers_[static_cast<size_t>(slots_[i].layer)].push_back(i);
    for (auto& layer : layers_) {
      for (size_t i = 0; i < layer.size(); ++i) slots_[layer[i]].x = static_cast<double>(i);
    }
  }

  void Link(uint32_t above, uint32_t below) {
    slots_[above].down.push_back(below);
    slots_[below].up.push_back(above);
  }

  double Middle(const Slot& slot, bool from_above) const {
    const std::vector<uint32_t>& near = from_above ? slot.up : slot.down;
    if (near.empty()) return slot.x;
    double sum = 0;
    for (uint32_t other : near) sum += slots_[other].x;
    return sum / static_cast<double>(near.size());
  }

  void OrderBy(bool downwards) {
    for (size_t i = 0; i < layers_.size(); ++i) {
      std::vector<uint32_t>& layer = layers_[downwards ? i : layers_.size() - 1 - i];
      std::vector<std::pair<double, uint32_t>> keyed;
      keyed.reserve(layer.size());
      for (uint32_t slot : layer) keyed.emplace_back(Middle(slots_[slot], downwards), slot);
      std::stable_sort(keyed.begin(), keyed.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
      for (size_t at = 0; at < keyed.size(); ++at) layer[at] = keyed[at].second;
      // Compare by share of the layer's width, so that layers of different sizes agree.
      for (size_t at = 0; at < layer.size(); ++at) {
        slots_[layer[at]].x = (static_cast<double>(at) + 0.5) / static_cast<double>(layer.size());
      }
    }
  }

  static double Gap(const Slot& a, const Slot& b) { return (a.width + b.width) / 2 + kBetweenBoxes; }

  // Side by side, centred on 0.
  void Spread(const std::vector<uint32_t>& layer) {
    if (layer.empty()) return;
    slots_[layer[0]].x = 0;
    for (size_t i = 1; i < layer.size(); ++i) {
      slots_[layer[i]].x = slots_[layer[i - 1]].x + Gap(slots_[layer[i - 1]], slots_[layer[i]]);
    }
    const double middle = (slots_[layer.front()].x + slots_[layer.back()].x) / 2;
    for (uint32_t slot : layer) slots_[slot].x -= middle;
  }

  // Each slot towards its neighbours, as far as the others of its layer let it: the mean of pushing right and left.
  void PullTogether(bool downwards) {
    for (size_t i = 0; i < layers_.size(); ++i) {
      const std::vector<uint32_t>& layer = layers_[downwards ? i : layers_.size() - 1 - i];
      if (layer.empty()) continue;
      std::vector<double> right(layer.size()), left(layer.size());
      for (size_t at = 0; at < layer.size(); ++at) {
        right[at] = left[at] = Middle(slots_[layer[at]], downwards);
      }
      for (size_t at = 1; at < layer.size(); ++at) {
        right[at] = std::max(right[at], right[at - 1] + Gap(slots_[layer[at - 1]], slots_[layer[at]]));
      }
      for (size_t at = layer.size() - 1; at > 0; --at) {
        left[at - 1] = std::min(left[at - 1], left[at] - Gap(slots_[layer[at - 1]], slots_[layer[at]]));
      }
      for (size_t at = 0; at < layer.size(); ++at) slots_[layer[at]].x = (right[at] + left[at]) / 2;
    }
  }

  LayoutResult Finish() {
    LayoutResult result;
    if (slots_.empty()) return result;
    double least = slots_[0].x, most = slots_[0].x;
    for (const Slot& slot : slots_) {
      least = std::min(least, slot.x - slot.width / 2);
      most = std::max(most, slot.x + slot.width / 2);
    }
    result.width = most - least;
    std::vector<double> tops, heights;
    for (const auto& layer : layers_) {
      double height = 0;
      for (uint32_t slot : layer) height = std::max(height, slots_[slot].height);
      tops.push_back(result.height);
      heights.push_back(height);
      result.height += height + kBetweenLayers;
    }
    result.height -= kBetweenLayers;
    for (size_t i = 0; i < boxes_.size(); ++i) {
      const size_t layer = static_cast<size_t>(layer_of_[i]);
      boxes_[i].x = slots_[i].x - least - boxes_[i].width / 2;
      boxes_[i].y = tops[layer];
    }
    for (size_t i = 0; i < edges_.size(); ++i) {
      const LayoutBox &from = boxes_[edges_[i].from], &to = boxes_[edges_[i].to];
      std::vector<Point>& points = edges_[i].points;
      points.push_back({from.x + from.width / 2, from.y + from.height});
      for (uint32_t slot : chains_[i]) {
        const size_t layer = static_cast<size_t>(slots_[slot].layer);
        points.push_back({slots_[slot].x - least, tops[layer]});
        points.push_back({slots_[slot].x - least, tops[layer] + heights[layer]});
      }
      points.push_back({to.x + to.width / 2, to.y});
    }
    return result;
  }

  std::vector<LayoutBox>& boxes_;
  std::vector<LayoutEdge>& edges_;
  std::vector<int> layer_of_;
  std::vector<Slot> slots_;
  std::vector<std::vector<uint32_t>> chains_;  // the slots of each long edge
  std::vector<std::vector<uint32_t>> layers_;
};

}  // namespace

LayoutResult Layout(std::vector<LayoutBox>& boxes, std::vector<LayoutEdge>& edges) {
  return Layering(boxes, edges).Run();
}

}  // namespace hwf::ir
