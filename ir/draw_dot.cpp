// Graphviz. An item with lanes is a cluster; edges to it end at its border (`compound`).
#include <fmt/format.h>

#include "ir/drawing.h"

namespace hwf::ir {
namespace {

struct Style {
  const char* shape;
  const char* fill;
  const char* line;
};

Style StyleOf(Item::Kind kind) {
  switch (kind) {
    case Item::Kind::kInput:
    case Item::Kind::kOutput:
      return {"note", "#f4f4f5", "#71717a"};
    case Item::Kind::kSource:
      return {"folder", "#f4f4f5", "#71717a"};
    case Item::Kind::kTask:
      return {"box", "#e0edff", "#2563eb"};
    case Item::Kind::kEffect:
      return {"box", "#e0edff", "#1e3a8a"};
    case Item::Kind::kReview:
      return {"octagon", "#fff1c2", "#b45309"};
    case Item::Kind::kWorkflow:
      return {"box3d", "#e0edff", "#2563eb"};
    case Item::Kind::kCheckpoint:
      return {"cylinder", "#dcfce7", "#15803d"};
    case Item::Kind::kSend:
      return {"cds", "#ccfbf1", "#0f766e"};
    case Item::Kind::kCancel:
    case Item::Kind::kFail:
      return {"box", "#fee2e2", "#b91c1c"};
    case Item::Kind::kIf:
    case Item::Kind::kMatch:
    case Item::Kind::kFor:
      return {"box", "#fafafa", "#71717a"};
    case Item::Kind::kWatch:
      return {"box", "#f0fdfa", "#0f766e"};
  }
  return {"box", "#ffffff", "#000000"};
}

std::string Quoted(const std::string& text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

class DotWriter {
 public:
  std::string Write(const Scene& scene, const std::string& name) {
    out_ = "digraph " + Quoted(name) + " {\n";
    out_ += "  compound=true; rankdir=TB; fontname=\"Helvetica\"; nodesep=0.35; ranksep=0.45;\n";
    out_ +=
        "  node [fontname=\"Helvetica\", fontsize=11, style=\"filled\"];\n  edge [color=\"#52525b\", arrowsize=0.7];\n";
    WriteScene(scene, 1);
    return out_ + "}\n";
  }

 private:
  // Where edges attach: a node, and the cluster that it stands for.
  struct Anchor {
    std::string node;
    std::string cluster;
  };

  void Line(int depth, const std::string& text) {
    out_ += std::string(static_cast<size_t>(depth) * 2, ' ') + text + "\n";
  }

  std::vector<Anchor> WriteScene(const Scene& scene, int depth) {
    std::vector<Anchor> anchors;
    for (const Item& item : scene.items)
      anchors.push_back(item.lanes.empty() ? Node(item, depth) : Cluster(item, depth));
    for (const Scene::Edge& edge : scene.edges) {
      std::vector<std::string> attributes;
      const Anchor &from = anchors[edge.from], &to = anchors[edge.to];
      if (!from.cluster.empty()) attributes.push_back("ltail=" + from.cluster);
      if (!to.cluster.empty()) attributes.push_back("lhead=" + to.cluster);
      if (edge.kind == Scene::Edge::Kind::kAfter) attributes.push_back("style=dotted");
      if (edge.kind == Scene::Edge::Kind::kWatch) attributes.push_back("style=dashed, color=\"#0f766e\"");
      if (!edge.label.empty()) attributes.push_back("label=" + Quoted(edge.label) + ", fontsize=10");
      std::string list;
      for (const std::string& attribute : attributes) list += (list.empty() ? "" : ", ") + attribute;
      Line(depth, from.node + " -> " + to.node + (list.empty() ? ";" : " [" + list + "];"));
    }
    return anchors;
  }

  Anchor Node(const Item& item, int depth) {
    const Style style = StyleOf(item.kind);
    const std::string id = fmt::format("n{}", count_++);
    std::string label = item.title;
    for (const std::string& line : item.lines) label += "\n" + line;
    std::string text = Quoted(label);
    for (size_t at = text.find('\n'); at != std::string::npos; at = text.find('\n', at)) text.replace(at, 1, "\\n");
    const char* width = item.kind == Item::Kind::kReview || item.kind == Item::Kind::kEffect ? ", penwidth=2" : "";
    Line(depth, fmt::format("{} [label={}, shape={}, fillcolor=\"{}\", color=\"{}\"{}];", id, text, style.shape,
                            style.fill, style.line, width));
    return {id, ""};
  }

  Anchor Cluster(const Item& item, int depth) {
    const Style style = StyleOf(item.kind);
    const std::string id = fmt::format("cluster{}", count_++);
    std::string label = item.title;
    for (const std::string& line : item.lines) label += "  " + line;
    Line(depth, "subgraph " + id + " {");
    Line(depth + 1, fmt::format("label={}; style=\"filled,rounded\"; fillcolor=\"{}\"; color=\"{}\"; fontsize=11;",
                                Quoted(label), style.fill, style.line));
    std::string anchor;
    for (const Item::Lane& lane : item.lanes) {
      int inner = depth + 1;
      if (!lane.title.empty()) {
        Line(inner, fmt::format("subgraph cluster{} {{", count_++));
        Line(++inner, "label=" + Quoted(lane.title) + "; style=\"rounded\"; color=\"#d4d4d8\"; fontsize=10;");
      }
      std::vector<Anchor> anchors = WriteScene(lane.scene[0], inner);
      if (anchors.empty()) {
        const std::string empty = fmt::format("n{}", count_++);
        Line(inner, empty + " [label=\"nothing\", shape=plaintext, style=\"\", fontcolor=\"#a1a1aa\"];");
        anchors.push_back({empty, ""});
      }
      if (anchor.empty()) anchor = anchors[0].node;
      if (!lane.title.empty()) Line(depth + 1, "}");
    }
    Line(depth, "}");
    return {anchor, id};
  }

  std::string out_;
  int count_ = 0;
};

}  // namespace

std::string DrawDot(const Scene& scene, const std::string& name) { return DotWriter().Write(scene, name); }

}  // namespace hwf::ir
