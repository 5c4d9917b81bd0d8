#include "ir/drawing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstdlib>
#include <fstream>

#include "ir/layout.h"
#include "ir/sample.h"

namespace hwf::ir {
namespace {

using testing::Contains;
using testing::HasSubstr;

Scene Digits() {
  const Module module = sample::Digits();
  return SceneOf(module, *module.FindWorkflow("digits"));
}
uint32_t IndexOf(const Scene& scene, std::string_view title) {
  for (uint32_t i = 0; i < scene.items.size(); ++i) {
    if (scene.items[i].title == title) return i;
  }
  ADD_FAILURE() << title;
  return 0;
}
const Scene::Edge* EdgeOf(const Scene& scene, std::string_view from, std::string_view to) {
  for (const Scene::Edge& edge : scene.edges) {
    if (edge.from == IndexOf(scene, from) && edge.to == IndexOf(scene, to)) return &edge;
  }
  return nullptr;
}

TEST(DrawingTest, ShowsWherePeopleComeIn) {
  const Scene scene = Digits();
  const Item& verdict = scene.items[IndexOf(scene, "verdict")];
  EXPECT_EQ(verdict.kind, Item::Kind::kReview);
  EXPECT_THAT(verdict.lines, Contains("“Release this model?”"));
  EXPECT_THAT(verdict.lines, Contains("approve (grants model) | reject"));
  EXPECT_THAT(verdict.lines, Contains(HasSubstr("safety-board ×2, not starter")));
  EXPECT_THAT(verdict.lines, Contains("within 48h, else reject"));
}

TEST(DrawingTest, SaysWhereTasksRunIfThereIsAChoice) {
  Module module = sample::Digits();
  const Workflow& digits = *module.FindWorkflow("digits");
  Scene scene = SceneOf(module, digits);
  EXPECT_THAT(scene.items[IndexOf(scene, "job")].lines, Contains("on train"));
  EXPECT_THAT(scene.items[IndexOf(scene, "job")].lines, Contains("never on edge: it has no GPU"));
  EXPECT_THAT(scene.items[IndexOf(scene, "data")].lines, Contains("on here"));
  module.sites.resize(1);
  scene = SceneOf(module, digits);
  EXPECT_THAT(scene.items[IndexOf(scene, "data")].lines, testing::Not(Contains(HasSubstr("on "))));
}

TEST(DrawingTest, PutsAWatchBesideItsJob) {
  const Scene scene = Digits();
  const Scene::Edge* edge = EdgeOf(scene, "job", "watch latest job.epoch");
  ASSERT_NE(edge, nullptr);
  EXPECT_EQ(edge->kind, Scene::Edge::Kind::kWatch);
  const Item& watch = scene.items[IndexOf(scene, "watch latest job.epoch")];
  EXPECT_THAT(watch.lines, Contains("where e.n % 10 == 0"));
  ASSERT_EQ(watch.lanes.size(), 1u);
  const Scene& inner = watch.lanes[0].scene[0];
  EXPECT_NE(EdgeOf(inner, "call", "match call"), nullptr);
  EXPECT_EQ(inner.items[IndexOf(inner, "match call")].lanes.size(), 3u);
}

TEST(DrawingTest, LeavesLetsOutButNotWhatTheyCarry) {
  Module module = sample::Digits();
  Region& region = module.workflows[1].region;
  // job's rate now goes through a `let`.
  TypeRef real = module.types->Simple(TypeKind::kFloat);
  region.nodes.push_back(sample::MakeNode(50, "through", real, LetNode{sample::Ref(sample::Id(0), real)}));
  std::get<TaskNode>(region.nodes[2].body).args[1] = sample::Ref(sample::Id(50), real);
  const Scene scene = SceneOf(module, module.workflows[1]);
  EXPECT_NE(EdgeOf(scene, "digits", "job"), nullptr);
  for (const Item& item : scene.items) {
    EXPECT_NE(item.title, "through");
    EXPECT_NE(item.kind, Item::Kind::kFor);  // the sample's only computes
  }
}

TEST(DrawingTest, EveryFormatHasEveryReviewAndTask) {
  const Scene scene = Digits();
  for (const std::string& text : {DrawDot(scene, "digits"), DrawMermaid(scene), DrawSvg(scene, "digits")}) {
    for (const char* name : {"Release this model?", "job", "publish", "watch latest job.epoch", "retune"}) {
      EXPECT_THAT(text, HasSubstr(name));
    }
  }
}

TEST(DrawingTest, TextFromTheProgramIsNeverMarkup) {
  Module module = sample::Digits();
  std::get<ReviewNode>(module.workflows[1].region.nodes[5].body).question = sample::String(module, "<b>\"&\\");
  const Scene scene = SceneOf(module, module.workflows[1]);
  EXPECT_THAT(DrawSvg(scene, "x"), HasSubstr("“&lt;b&gt;&quot;&amp;\\”"));
  EXPECT_THAT(DrawMermaid(scene), HasSubstr("#lt;b#gt;#quot;#amp;\\"));
  EXPECT_THAT(DrawDot(scene, "x"), HasSubstr("“<b>\\\"&\\\\”"));
}

// Writes the three files where HWF_DRAWINGS says, to be looked at.
TEST(DrawingTest, CanBeLookedAt) {
  const char* directory = std::getenv("HWF_DRAWINGS");
  if (directory == nullptr) GTEST_SKIP() << "set HWF_DRAWINGS to a directory";
  const Scene scene = Digits();
  std::ofstream(std::string(directory) + "/digits.dot") << DrawDot(scene, "digits");
  std::ofstream(std::string(directory) + "/digits.mmd") << DrawMermaid(scene);
  std::ofstream(std::string(directory) + "/digits.svg") << DrawSvg(scene, "digits");
}

TEST(LayoutTest, BoxesDoNotOverlapAndEdgesGoDown) {
  std::vector<LayoutBox> boxes;
  for (int i = 0; i < 30; ++i) boxes.push_back({40.0 + i % 7 * 10, 20.0 + i % 3 * 15, 0, 0});
  std::vector<LayoutEdge> edges;
  for (uint32_t i = 1; i < 30; ++i) edges.push_back({i / 3, i, {}});
  edges.push_back({0, 29, {}});
  const LayoutResult size = Layout(boxes, edges);
  for (size_t a = 0; a < boxes.size(); ++a) {
    EXPECT_GE(boxes[a].x, -0.01);
    EXPECT_LE(boxes[a].x + boxes[a].width, size.width + 0.01);
    for (size_t b = a + 1; b < boxes.size(); ++b) {
      const bool apart = boxes[a].x + boxes[a].width <= boxes[b].x || boxes[b].x + boxes[b].width <= boxes[a].x ||
                         boxes[a].y + boxes[a].height <= boxes[b].y || boxes[b].y + boxes[b].height <= boxes[a].y;
      EXPECT_TRUE(apart) << a << " " << b;
    }
  }
  for (const LayoutEdge& edge : edges) EXPECT_LT(edge.points.front().y, edge.points.back().y);
}

TEST(DurationTextTest, PicksTheUnit) {
  EXPECT_EQ(DurationText(48 * 3600000), "48h");
  EXPECT_EQ(DurationText(90000), "90s");
  EXPECT_EQ(DurationText(1800000), "30min");
  EXPECT_EQ(DurationText(14 * 86400000LL), "14d");
}

}  // namespace
}  // namespace hwf::ir
