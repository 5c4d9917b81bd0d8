// A simple layered layout: boxes of given sizes, edges downwards. Layers by the longest way from the top, order within
// a layer by the middle of the neighbours, long edges through places kept free for them. Pure.
#pragma once

#include <cstdint>
#include <vector>

namespace hwf::ir {

struct Point {
  double x = 0, y = 0;
};

struct LayoutBox {
  double width = 0, height = 0;
  double x = 0, y = 0;  // set by Layout: of the upper left corner
};
struct LayoutEdge {
  uint32_t from = 0, to = 0;
  std::vector<Point> points;  // set by Layout: from the bottom of `from` to the top of `to`
};
struct LayoutResult {
  double width = 0, height = 0;
};

// Edges must not form a cycle; those that would are drawn upwards.
LayoutResult Layout(std::vector<LayoutBox>& boxes, std::vector<LayoutEdge>& edges);

}  // namespace hwf::ir
