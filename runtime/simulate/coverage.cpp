#include "runtime/simulate/coverage.h"

#include <fmt/format.h>

#include <algorithm>

#include "ir/walk.h"

namespace hwf::simulate {
namespace {

// No name of the language has such a place.
const std::string kMark = "cover.";
const char* const kSilence = "";  // a review that ended without an answer

// A review of the same region: that its answer was never given says the same of the arm.
bool IsAnswer(const ir::Region& region, const ir::Expr& subject) {
  return subject.op == ir::Op::kRef && std::any_of(region.nodes.begin(), region.nodes.end(), [&](const ir::Node& node) {
           return node.id == subject.ref && std::holds_alternative<ir::ReviewNode>(node.body);
         });
}

uint32_t HighestId(const ir::Region& region) {
  uint32_t highest = 0;
  for (const ir::Param& param : region.params) highest = std::max(highest, static_cast<uint32_t>(param.id));
  for (const ir::Node& node : region.nodes) {
    highest = std::max(highest, static_cast<uint32_t>(node.id));
    ir::ForEachRegion(node, [&](const ir::Region& inner) { highest = std::max(highest, HighestId(inner)); });
  }
  return highest;
}

}  // namespace

Coverage::Coverage(ir::Module& module) : module_(module), integer_(module.types->Simple(ir::TypeKind::kInt)) {
  for (ir::Workflow& workflow : module.workflows) {
    if (workflow.span.file != 0) continue;
    next_id_ = HighestId(workflow.region) + 1;
    Instrument(workflow.region, kNowhere);
  }
}

size_t Coverage::AddPoint(const ir::Span& span, std::string text, size_t around) {
  points_.push_back({span, std::move(text)});
  around_.push_back(around);
  return points_.size() - 1;
}

// A checkpoint {"cover": point} or {"cover": point, "end": how the loop ended}.
ir::Node Coverage::Mark(size_t point, const ir::Expr* end) {
  ir::Node node;
  node.id = static_cast<ir::ValueId>(next_id_++);
  node.name = kMark + std::to_string(point);
  std::vector<ir::FieldDef> fields = {{"cover", integer_, false}};
  ir::Expr number;
  number.type = integer_;
  number.literal = static_cast<int64_t>(point);
  ir::Expr value;
  value.op = ir::Op::kRecord;
  value.labels = {"cover"};
  value.args.push_back(std::move(number));
  if (end != nullptr) {
    fields.push_back({"end", end->type, false});
    value.labels.emplace_back("end");
    value.args.push_back(*end);
  }
  node.type = module_.types->NewRecord("");
  module_.types->MutableRecord(node.type).fields = std::move(fields);
  value.type = node.type;
  node.body = ir::CheckpointNode{std::move(value)};
  return node;
}

void Coverage::AddBranch(std::unique_ptr<ir::Region>& region, const ir::Span& span, std::string text, size_t around) {
  if (region == nullptr) region = std::make_unique<ir::Region>();
  const size_t point = AddPoint(span, std::move(text), around);
  Instrument(*region, point);
  region->nodes.push_back(Mark(point, nullptr));
}

void Coverage::AddReview(const ir::Node& node, const ir::ReviewNode& review, size_t around) {
  auto& answers = answers_[&review];
  for (const ir::Choice& choice : review.choices) {
    const std::string text = fmt::format("`{}` is never answered `{}`", node.name, choice.name);
    answers[choice.name] = AddPoint(node.span, text, around);
  }
  if (!review.within) return;
  answers[kSilence] = AddPoint(node.span, fmt::format("`{}` is never left without an answer", node.name), around);
}

void Coverage::AddEnds(ir::Region& region, size_t at, size_t around) {
  const ir::Node& loop = region.nodes[at];
  if (loop.type->enumeration == nullptr) return;
  const size_t mark = AddPoint(loop.span, "", around);
  points_[mark].counts = false;
  for (const ir::VariantDef& variant : loop.type->enumeration->variants) {
    const bool stopped = variant.name == "stopped";
    ends_[mark][variant.name] =
        AddPoint(loop.span, stopped ? "the loop never ends by `stop`" : "the loop never uses up its rounds", around);
  }
  ir::Expr end;
  end.op = ir::Op::kRef;
  end.type = loop.type;
  end.ref = loop.id;
  region.nodes.push_back(Mark(mark, &end));
}

void Coverage::Instrument(ir::Region& region, size_t around) {
  const size_t count = region.nodes.size();
  region.nodes.reserve(2 * count + 1);  // reviews are known by their addresses: marks move none of them
  for (size_t i = 0; i < count; ++i) {
    ir::Node& node = region.nodes[i];
    if (const auto* review = std::get_if<ir::ReviewNode>(&node.body)) AddReview(node, *review, around);
    if (auto* branch = std::get_if<ir::IfNode>(&node.body)) {
      const ir::Span span = branch->condition.span;
      const bool gives = branch->else_body != nullptr || node.type->kind == ir::TypeKind::kUnit;
      AddBranch(branch->then_body, span, "this is never true", around);
      if (gives) AddBranch(branch->else_body, span, "this is never false", around);
    } else if (auto* match = std::get_if<ir::MatchNode>(&node.body)) {
      const bool answers = IsAnswer(region, match->subject);
      for (ir::MatchArm& arm : match->arms) {
        const size_t point = points_.size();
        AddBranch(arm.body, node.span,
                  fmt::format("the arm `{}` is never taken", arm.variant.empty() ? "_" : arm.variant), around);
        points_[point].counts = !answers;
      }
    } else if (auto* each = std::get_if<ir::ForNode>(&node.body)) {
      Instrument(*each->body, around);
    } else if (auto* watch = std::get_if<ir::WatchNode>(&node.body)) {
      Instrument(*watch->body, around);
    } else if (auto* loop = std::get_if<ir::LoopNode>(&node.body)) {
      Instrument(*loop->body, around);
      AddEnds(region, i, around);
    }
  }
}

void Coverage::Count(const scheduler::Scheduler& run) {
  for (const auto& [place, value] : run.checkpoints()) {
    const size_t name = place.rfind(kMark);
    if (name == std::string::npos || (name != 0 && place[name - 1] != '.')) continue;
    const Json* number = value.Find("cover");
    if (number == nullptr || !number->is_int() || static_cast<size_t>(number->AsInt()) >= points_.size()) continue;
    const auto point = static_cast<size_t>(number->AsInt());
    auto ends = ends_.find(point);
    if (ends == ends_.end()) {
      ++points_[point].count;
    } else if (auto end = ends->second.find(value["end"].StringOr("variant", "")); end != ends->second.end()) {
      ++points_[end->second].count;
    }
  }
  for (const scheduler::ReviewView& review : run.reviews()) {
    auto known = answers_.find(review.node);
    if (known == answers_.end()) continue;
    const bool silent = review.status == scheduler::ReviewStatus::kExpired;
    if (!silent && review.status != scheduler::ReviewStatus::kAnswered) continue;
    auto answer = known->second.find(silent ? kSilence : review.answer);
    if (answer != known->second.end()) ++points_[answer->second].count;
  }
}

size_t Coverage::points() const {
  return static_cast<size_t>(std::count_if(points_.begin(), points_.end(), [](const Point& p) { return p.counts; }));
}

std::vector<const Coverage::Point*> Coverage::Missed() const {
  std::vector<const Point*> missed;
  for (size_t i = 0; i < points_.size(); ++i) {
    const bool reached = around_[i] == kNowhere || points_[around_[i]].count > 0;
    if (points_[i].counts && points_[i].count == 0 && reached) missed.push_back(&points_[i]);
  }
  std::stable_sort(missed.begin(), missed.end(), [](const Point* a, const Point* b) {
    return std::pair(a->span.line, a->span.column) < std::pair(b->span.line, b->span.column);
  });
  return missed;
}

}  // namespace hwf::simulate
