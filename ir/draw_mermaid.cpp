// Mermaid flowcharts, as GitHub and GitLab show them. An item with lanes is a subgraph.
#include <fmt/format.h>

#include "ir/drawing.h"

namespace hwf::ir {
namespace {

// Mermaid takes labels in quotes, with entities for what would end them or be markup.
std::string MermaidText(const std::string& text) {
  std::string out;
  for (char c : text) {
    switch (c) {
      case '"':
        out += "#quot;";
        break;
      case '<':
        out += "#lt;";
        break;
      case '>':
        out += "#gt;";
        break;
      case '#':
        out += "#35;";
        break;
      case '&':
        out += "#amp;";
        break;
      case '`':
        out += "#96;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

struct Shape {
  const char* open;
  const char* close;
  const char* style;
};

Shape ShapeOf(Item::Kind kind) {
  switch (kind) {
    case Item::Kind::kInput:
    case Item::Kind::kOutput:
      return {"([\"", "\"])", "value"};
    case Item::Kind::kSource:
      return {"[(\"", "\")]", "value"};
    case Item::Kind::kTask:
      return {"[\"", "\"]", "task"};
    case Item::Kind::kEffect:
      return {"[[\"", "\"]]", "task"};
    case Item::Kind::kReview:
      return {"{{\"", "\"}}", "review"};
    case Item::Kind::kWorkflow:
      return {"[[\"", "\"]]", "task"};
    case Item::Kind::kCheckpoint:
      return {"[(\"", "\")]", "checkpoint"};
    case Item::Kind::kSend:
      return {">\"", "\"]", "send"};
    case Item::Kind::kCancel:
    case Item::Kind::kFail:
      return {"[/\"", "\"/]", "bad"};
    case Item::Kind::kIf:
    case Item::Kind::kMatch:
    case Item::Kind::kFor:
      return {"[\"", "\"]", "branch"};
    case Item::Kind::kWatch:
      return {"[\"", "\"]", "watch"};
  }
  return {"[\"", "\"]", "task"};
}

class MermaidWriter {
 public:
  std::string Write(const Scene& scene) {
    out_ = "flowchart TB\n";
    WriteScene(scene, 1);
    out_ +=
        "  classDef task fill:#e0edff,stroke:#2563eb,color:#111\n"
        "  classDef review fill:#fff1c2,stroke:#b45309,stroke-width:3px,color:#111\n"
        "  classDef checkpoint fill:#dcfce7,stroke:#15803d,color:#111\n"
        "  classDef send fill:#ccfbf1,stroke:#0f766e,color:#111\n"
        "  classDef bad fill:#fee2e2,stroke:#b91c1c,color:#111\n"
        "  classDef value fill:#f4f4f5,stroke:#71717a,color:#111\n"
        "  classDef branch fill:#fafafa,stroke:#71717a,color:#111\n"
        "  classDef watch fill:#f0fdfa,stroke:#0f766e,stroke-dasharray:5 3,color:#111\n";
    return out_;
  }

 private:
  void Line(int depth, const std::string& text) {
    out_ += std::string(static_cast<size_t>(depth) * 2, ' ') + text + "\n";
  }

  void WriteScene(const Scene& scene, int depth) {
    std::vector<std::string> ids;
    for (const Item& item : scene.items) ids.push_back(item.lanes.empty() ? Node(item, depth) : Subgraph(item, depth));
    if (scene.items.empty()) {
      Line(depth, fmt::format("n{}[\"nothing\"]:::value", count_++));
    }
    for (const Scene::Edge& edge : scene.edges) {
      const bool watch = edge.kind == Scene::Edge::Kind::kWatch;
      std::string arrow = edge.kind == Scene::Edge::Kind::kData ? " --> " : watch ? " -.-> " : " -..-> ";
      if (!edge.label.empty()) arrow = " -. \"" + MermaidText(edge.label) + "\" .-> ";
      Line(depth, ids[edge.from] + arrow + ids[edge.to]);
    }
  }

  std::string Node(const Item& item, int depth) {
    const Shape shape = ShapeOf(item.kind);
    std::string id = fmt::format("n{}", count_++);
    std::string label = "<b>" + MermaidText(item.title) + "</b>";
    for (const std::string& line : item.lines) label += "<br/>" + MermaidText(line);
    Line(depth, id + shape.open + label + shape.close + ":::" + shape.style);
    return id;
  }

  std::string Subgraph(const Item& item, int depth) {
    std::string id = fmt::format("n{}", count_++);
    std::string label = MermaidText(item.title);
    for (const std::string& line : item.lines) label += " " + MermaidText(line);
    Line(depth, "subgraph " + id + "[\"" + label + "\"]");
    for (const Item::Lane& lane : item.lanes) {
      const bool titled = !lane.title.empty();
      if (titled) Line(depth + 1, fmt::format("subgraph n{}[\"{}\"]", count_++, MermaidText(lane.title)));
      WriteScene(lane.scene[0], depth + (titled ? 2 : 1));
      if (titled) Line(depth + 1, "end");
    }
    Line(depth, "end");
    Line(depth, "class " + id + " " + ShapeOf(item.kind).style);
    return id;
  }

  std::string out_;
  int count_ = 0;
};

}  // namespace

std::string DrawMermaid(const Scene& scene) { return MermaidWriter().Write(scene); }

}  // namespace hwf::ir
