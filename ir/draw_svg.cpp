// SVG, laid out and drawn here: no other program is needed. Inner scenes are laid out first; to the scene around them
// they are boxes of a size.
#include <fmt/format.h>

#include <algorithm>

#include "ir/drawing.h"
#include "ir/layout.h"

namespace hwf::ir {
namespace {

constexpr double kTitleSize = 13, kLineSize = 11, kLineStep = 16;
constexpr double kPadding = 14, kLaneGap = 12, kMargin = 24;

struct Look {
  const char* fill;
  const char* stroke;
  double radius;
};

Look LookOf(Item::Kind kind) {
  switch (kind) {
    case Item::Kind::kInput:
    case Item::Kind::kOutput:
      return {"#f4f4f5", "#a1a1aa", 14};
    case Item::Kind::kSource:
      return {"#f4f4f5", "#a1a1aa", 3};
    case Item::Kind::kTask:
    case Item::Kind::kWorkflow:
      return {"#e8f1ff", "#2563eb", 6};
    case Item::Kind::kEffect:
      return {"#dbe7ff", "#1e3a8a", 6};
    case Item::Kind::kReview:
      return {"#fff3cd", "#b45309", 0};
    case Item::Kind::kCheckpoint:
      return {"#dcfce7", "#15803d", 14};
    case Item::Kind::kSend:
      return {"#ccfbf1", "#0f766e", 6};
    case Item::Kind::kCancel:
    case Item::Kind::kFail:
      return {"#fee2e2", "#b91c1c", 6};
    case Item::Kind::kIf:
    case Item::Kind::kMatch:
    case Item::Kind::kFor:
      return {"#fafafa", "#a1a1aa", 8};
    case Item::Kind::kWatch:
      return {"#f2fdfb", "#0f766e", 8};
  }
  return {"#ffffff", "#000000", 0};
}

std::string XmlText(const std::string& text) {
  std::string out;
  for (char c : text) {
    switch (c) {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
  }
  return out;
}

// About what a sans-serif face needs; East Asian characters are square.
double TextWidth(const std::string& text, double size) {
  double width = 0;
  for (unsigned char c : text) {
    if ((c & 0xC0) == 0x80) continue;
    const bool narrow =
        c < 0x80 && std::string_view("iljtf.,:;|'!()[] ").find(static_cast<char>(c)) != std::string_view::npos;
    width += c >= 0xE3 ? 1.0 : narrow ? 0.36 : c >= 'A' && c <= 'Z' ? 0.68 : 0.57;
  }
  return width * size;
}

struct Drawn;
struct DrawnLane {
  std::string title;
  std::vector<Drawn> scene;  // exactly one
  double x = 0, y = 0, width = 0, height = 0;
};
struct DrawnItem {
  const Item* item = nullptr;
  LayoutBox box;
  std::vector<DrawnLane> lanes;
};
struct Drawn {
  std::vector<DrawnItem> items;
  std::vector<LayoutEdge> edges;
  const Scene* scene = nullptr;
  double width = 0, height = 0;
};

double HeadHeight(const Item& item) { return kTitleSize + 6 + kLineStep * static_cast<double>(item.lines.size()); }

Drawn Measure(const Scene& scene);

void MeasureItem(DrawnItem& drawn) {
  const Item& item = *drawn.item;
  double width = TextWidth(item.title, kTitleSize) * 1.06;
  for (const std::string& line : item.lines) width = std::max(width, TextWidth(line, kLineSize));
  const double corner = item.kind == Item::Kind::kReview ? 14 : 0;
  drawn.box.width = std::max(width + 2 * (kPadding + corner), 84.0);
  drawn.box.height = HeadHeight(item) + 2 * kPadding - 6;
  if (item.lanes.empty()) return;
  double x = kPadding, height = 0;
  const double top = HeadHeight(item) + kPadding + 4;
  for (const Item::Lane& lane : item.lanes) {
    DrawnLane& made = drawn.lanes.emplace_back();
    made.title = lane.title;
    made.scene.push_back(Measure(lane.scene[0]));
    const double title = lane.title.empty() ? 0 : kLineStep + 4;
    made.x = x;
    made.y = top;
    made.width = std::max({made.scene[0].width, TextWidth(lane.title, kLineSize) * 1.1, 56.0}) + 2 * kPadding;
    made.height = title + made.scene[0].height + 2 * kPadding;
    x += made.width + kLaneGap;
    height = std::max(height, made.height);
  }
  for (DrawnLane& lane : drawn.lanes) lane.height = height;
  drawn.box.width = std::max(drawn.box.width, x - kLaneGap + kPadding);
  drawn.box.height = top + height + kPadding;
  // Lanes in the middle of a box that its title made wider.
  const double spare = (drawn.box.width - (x - kLaneGap + kPadding)) / 2;
  for (DrawnLane& lane : drawn.lanes) lane.x += spare;
}

Drawn Measure(const Scene& scene) {
  Drawn drawn;
  drawn.scene = &scene;
  std::vector<LayoutBox> boxes;
  for (const Item& item : scene.items) {
    DrawnItem& made = drawn.items.emplace_back();
    made.item = &item;
    MeasureItem(made);
    boxes.push_back(made.box);
  }
  for (const Scene::Edge& edge : scene.edges) drawn.edges.push_back({edge.from, edge.to, {}});
  const LayoutResult size = Layout(boxes, drawn.edges);
  for (size_t i = 0; i < boxes.size(); ++i) drawn.items[i].box = boxes[i];
  drawn.width = size.width;
  drawn.height = size.height;
  return drawn;
}

class SvgWriter {
 public:
  std::string Write(const Scene& scene, const std::string& name) {
    const Drawn drawn = Measure(scene);
    name_ = XmlText(name);
    const double width = drawn.width + 2 * kMargin, height = drawn.height + 2 * kMargin;
    out_ = fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:.0f}\" height=\"{1:.0f}\" viewBox=\"0 0 {0:.0f} "
        "{1:.0f}\" "
        "font-family=\"Helvetica, Arial, sans-serif\">\n<title>{2}</title>\n",
        width, height, name_);
    // Several drawings may stand in one page.
    out_ += fmt::format(
        "<defs>\n"
        "<marker id=\"arrow-{0}\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" "
        "orient=\"auto\"><path d=\"M0 0.5 L8 4 L0 7.5 z\" fill=\"#71717a\"/></marker>\n"
        "<marker id=\"teal-{0}\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" "
        "orient=\"auto\"><path d=\"M0 0.5 L8 4 L0 7.5 z\" fill=\"#0f766e\"/></marker>\n</defs>\n",
        name_);
    out_ += fmt::format("<rect width=\"{:.0f}\" height=\"{:.0f}\" fill=\"#ffffff\"/>\n", width, height);
    WriteScene(drawn, kMargin, kMargin);
    return out_ + "</svg>\n";
  }

 private:
  void WriteScene(const Drawn& drawn, double x, double y) {
    for (size_t i = 0; i < drawn.edges.size(); ++i) WriteEdge(drawn.edges[i], drawn.scene->edges[i], x, y);
    for (const DrawnItem& item : drawn.items) WriteItem(item, x, y);
  }

  // A line that leaves and arrives upright.
  void WriteEdge(const LayoutEdge& edge, const Scene::Edge& meaning, double x, double y) {
    std::string path = fmt::format("M{:.1f} {:.1f}", x + edge.points[0].x, y + edge.points[0].y);
    for (size_t i = 1; i < edge.points.size(); ++i) {
      const Point &a = edge.points[i - 1], &b = edge.points[i];
      const double middle = (a.y + b.y) / 2;
      path += fmt::format(" C{:.1f} {:.1f} {:.1f} {:.1f} {:.1f} {:.1f}", x + a.x, y + middle, x + b.x, y + middle,
                          x + b.x, y + b.y);
    }
    const bool watch = meaning.kind == Scene::Edge::Kind::kWatch;
    const char* dash = watch                                       ? " stroke-dasharray=\"6 4\""
                       : meaning.kind == Scene::Edge::Kind::kAfter ? " stroke-dasharray=\"2 3\""
                                                                   : "";
    out_ +=
        fmt::format("<path d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"1.4\"{} marker-end=\"url(#{}-{})\"/>\n",
                    path, watch ? "#0f766e" : "#71717a", dash, watch ? "teal" : "arrow", name_);
    if (meaning.label.empty()) return;
    const Point &a = edge.points[edge.points.size() - 2], &b = edge.points.back();
    Text(x + (a.x + b.x) / 2 + 6, y + (a.y + b.y) / 2 + 15, meaning.label, kLineSize, "start", "#0f766e", false);
  }

  void Text(double x, double y, const std::string& text, double size, const char* anchor, const char* color,
            bool bold) {
    out_ +=
        fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" font-size=\"{:.0f}\" text-anchor=\"{}\" fill=\"{}\"{}>{}</text>\n",
                    x, y, size, anchor, color, bold ? " font-weight=\"bold\"" : "", XmlText(text));
  }

  void WriteShape(const Item& item, double x, double y, double w, double h) {
    const Look look = LookOf(item.kind);
    if (item.kind == Item::Kind::kReview) {  // an octagon: here people are asked
      const double c = 12;
      out_ += fmt::format(
          "<polygon points=\"{:.1f},{:.1f} {:.1f},{:.1f} {:.1f},{:.1f} {:.1f},{:.1f} {:.1f},{:.1f} {:.1f},{:.1f} "
          "{:.1f},{:.1f} "
          "{:.1f},{:.1f}\" fill=\"{}\" stroke=\"{}\" stroke-width=\"2.2\"/>\n",
          x + c, y, x + w - c, y, x + w, y + c, x + w, y + h - c, x + w - c, y + h, x + c, y + h, x, y + h - c, x,
          y + c, look.fill, look.stroke);
      // A head and shoulders.
      const double px = x + 17, py = y + 14;
      out_ += fmt::format(
          "<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3.6\" fill=\"{}\"/><path d=\"M{:.1f} {:.1f} a6.5 6.5 0 0 1 13 0 z\" "
          "fill=\"{}\"/>\n",
          px, py, look.stroke, px - 6.5, py + 11, look.stroke);
      return;
    }
    const bool thick = item.kind == Item::Kind::kEffect;
    const char* dash = item.kind == Item::Kind::kWatch ? " stroke-dasharray=\"6 4\"" : "";
    out_ += fmt::format(
        "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" rx=\"{:.0f}\" fill=\"{}\" stroke=\"{}\" "
        "stroke-width=\"{}\"{}/>\n",
        x, y, w, h, look.radius, look.fill, look.stroke, thick ? "2.2" : "1.3", dash);
    if (item.kind == Item::Kind::kWorkflow) {
      for (double inset : {5.0, w - 5.0}) {
        out_ += fmt::format("<line x1=\"{0:.1f}\" y1=\"{1:.1f}\" x2=\"{0:.1f}\" y2=\"{2:.1f}\" stroke=\"{3}\"/>\n",
                            x + inset, y, y + h, look.stroke);
      }
    }
  }

  void WriteItem(const DrawnItem& drawn, double x, double y) {
    const Item& item = *drawn.item;
    const double left = x + drawn.box.x, top = y + drawn.box.y;
    WriteShape(item, left, top, drawn.box.width, drawn.box.height);
    const double middle = left + drawn.box.width / 2;
    double base = top + kPadding + kTitleSize - 4;
    Text(middle, base, item.title, kTitleSize, "middle", "#18181b", true);
    for (const std::string& line : item.lines) {
      base += kLineStep;
      Text(middle, base, line, kLineSize, "middle", "#3f3f46", false);
    }
    for (const DrawnLane& lane : drawn.lanes) WriteLane(lane, left, top);
  }

  void WriteLane(const DrawnLane& lane, double x, double y) {
    out_ += fmt::format(
        "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" rx=\"6\" fill=\"#ffffff\" "
        "stroke=\"#d4d4d8\"/>\n",
        x + lane.x, y + lane.y, lane.width, lane.height);
    double top = y + lane.y + kPadding;
    const double middle = x + lane.x + lane.width / 2;
    if (!lane.title.empty()) {
      Text(middle, top + 6, lane.title, kLineSize, "middle", "#71717a", true);
      top += kLineStep + 4;
    }
    if (lane.scene[0].items.empty()) {
      Text(middle, top + (y + lane.y + lane.height - top) / 2, "nothing", kLineSize, "middle", "#a1a1aa", false);
    } else {
      WriteScene(lane.scene[0], middle - lane.scene[0].width / 2, top);
    }
  }

  std::string out_;
  std::string name_;  // escaped
};

}  // namespace

std::string DrawSvg(const Scene& scene, const std::string& name) { return SvgWriter().Write(scene, name); }

}  // namespace hwf::ir
