#include "runtime/report/plot.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace hwf::report {
namespace {

// Dot bits of a braille cell, by column and row from the top.
constexpr unsigned kDots[2][4] = {{0x01, 0x02, 0x04, 0x40}, {0x08, 0x10, 0x20, 0x80}};

std::string Braille(unsigned dots) {
  const unsigned c = 0x2800 + dots;
  return {static_cast<char>(0xe0 | (c >> 12)), static_cast<char>(0x80 | ((c >> 6) & 0x3f)),
          static_cast<char>(0x80 | (c & 0x3f))};
}

// One value a dot column: the mean of those that fall into it.
std::vector<double> Thin(const std::vector<double>& values, size_t width) {
  if (values.size() <= width) return values;
  std::vector<double> thinned(width, std::numeric_limits<double>::quiet_NaN());
  for (size_t x = 0; x < width; ++x) {
    double sum = 0;
    size_t count = 0;
    for (size_t i = x * values.size() / width; i < (x + 1) * values.size() / width; ++i) {
      if (!std::isfinite(values[i])) continue;
      sum += values[i];
      ++count;
    }
    if (count > 0) thinned[x] = sum / static_cast<double>(count);
  }
  return thinned;
}

class Canvas {
 public:
  Canvas(size_t columns, size_t rows) : columns_(columns), rows_(rows), cells_(columns * rows, 0) {}
  void Dot(size_t x, size_t y) {
    if (x < columns_ * 2 && y < rows_ * 4) cells_[(y / 4) * columns_ + x / 2] |= kDots[x % 2][y % 4];
  }
  // A vertical stroke from the neighbour's height keeps steep lines connected.
  void Stroke(size_t x, size_t from, size_t to) {
    for (size_t y = std::min(from, to); y <= std::max(from, to); ++y) Dot(x, y);
  }
  std::vector<std::string> Lines() const {
    std::vector<std::string> lines(rows_);
    for (size_t i = 0; i < cells_.size(); ++i) lines[i / columns_] += cells_[i] == 0 ? " " : Braille(cells_[i]);
    return lines;
  }

 private:
  size_t columns_, rows_;
  std::vector<unsigned> cells_;
};

}  // namespace

std::vector<std::string> LinePlot(const std::vector<double>& values, size_t columns, size_t rows) {
  Canvas canvas(columns, rows);
  const std::vector<double> points = Thin(values, columns * 2);
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (double value : points) {
    if (!std::isfinite(value)) continue;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  if (low > high) return canvas.Lines();
  const size_t height = rows * 4 - 1;
  const auto level = [&](double value) {
    const double part = high > low ? (high - value) / (high - low) : 0.5;
    return static_cast<size_t>(std::lround(part * static_cast<double>(height)));
  };
  bool connected = false;
  size_t last = 0;
  for (size_t x = 0; x < points.size(); ++x) {
    const bool finite = std::isfinite(points[x]);
    if (finite) {
      const size_t y = level(points[x]);
      canvas.Stroke(x, connected ? (last + y) / 2 : y, y);
      last = y;
    }
    connected = finite;
  }
  return canvas.Lines();
}

}  // namespace hwf::report
