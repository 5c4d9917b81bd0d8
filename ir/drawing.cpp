#include "ir/drawing.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <unordered_map>
#include <unordered_set>

#include "ir/graph.h"
#include "ir/sites.h"
#include "ir/walk.h"

namespace hwf::ir {
namespace {

constexpr size_t kMaxText = 46;   // code units shown of one line
constexpr int kMaxExprDepth = 4;  // of a condition

std::string Shortened(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  if (text.size() <= kMaxText) return text;
  size_t end = kMaxText - 1;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;  // not within a code point
  return text.substr(0, end) + "…";
}

std::string Joined(const std::vector<std::string>& parts, const char* between) {
  std::string out;
  for (const std::string& part : parts) out += (out.empty() ? "" : between) + part;
  return out;
}

// Computes only: nothing in it runs, asks or fails.
bool IsPure(const Node& node) {
  if (std::holds_alternative<LetNode>(node.body)) return true;
  const bool holds = std::holds_alternative<IfNode>(node.body) || std::holds_alternative<MatchNode>(node.body) ||
                     std::holds_alternative<ForNode>(node.body) || std::holds_alternative<LoopNode>(node.body);
  if (!holds) return false;
  bool pure = true;
  ForEachRegion(node, [&](const Region& region) {
    for (const Node& inner : region.nodes) pure = pure && IsPure(inner);
  });
  return pure;
}

class SceneMaker {
 public:
  explicit SceneMaker(const Module& module) : module_(module) {}

  Scene Make(const Workflow& workflow) {
    Scene scene;
    const Region& region = workflow.region;
    std::vector<uint32_t> inputs;
    if (!region.params.empty()) {
      Item input{Item::Kind::kInput, workflow.name, {}, {}};
      for (const Param& param : region.params) {
        names_[param.id] = param.name;
        input.lines.push_back(Shortened(param.name + ": " + ToString(param.type)));
        stands_for_[param.id] = {0};
      }
      scene.items.push_back(std::move(input));
    }
    Fill(region, scene);
    if (!workflow.outputs.empty() && region.result.has_value()) {
      Item output{Item::Kind::kOutput, "result", {}, {}};
      for (const FieldDef& field : workflow.outputs) {
        output.lines.push_back(Shortened(field.name + ": " + ToString(field.type)));
      }
      scene.items.push_back(std::move(output));
      Connect(Reads(*region.result), static_cast<uint32_t>(scene.items.size() - 1), scene);
    }
    return scene;
  }

 private:
  // Items of the scene at hand that a value stands for: itself, or what a pure `let` was made of.
  using Items = std::vector<uint32_t>;

  void Fill(const Region& region, Scene& scene) {
    for (const Node& node : region.nodes) names_[node.id] = node.name;
    // Lets may stand before what they read, so all items are known first.
    for (const Node& node : region.nodes) {
      if (IsPure(node)) continue;
      stands_for_[node.id] = {static_cast<uint32_t>(scene.items.size())};
      scene.items.push_back(ItemOf(node));
    }
    for (const Node& node : region.nodes) lets_[node.id] = &node;
    // In the order of their data, so that a long chain of them is no deep recursion.
    for (uint32_t index : Order(DependenciesOf(region))) StandsFor(region.nodes[index].id);
    for (const Node& node : region.nodes) {
      if (IsPure(node)) continue;
      const uint32_t to = stands_for_[node.id][0];
      Connect(Reads(node), to, scene);
      for (ValueId id : node.after) {
        for (uint32_t from : StandsFor(id)) AddEdge(from, to, Scene::Edge::Kind::kAfter, "", scene);
      }
      if (const auto* watch = std::get_if<WatchNode>(&node.body)) {
        for (uint32_t from : StandsFor(watch->job)) {
          AddEdge(from, to, Scene::Edge::Kind::kWatch, (watch->latest ? "latest " : "") + watch->stream, scene);
        }
      } else {
        const std::optional<ValueId> job = JobOf(node);
        if (job.has_value()) {
          for (uint32_t from : StandsFor(*job)) AddEdge(from, to, Scene::Edge::Kind::kWatch, "", scene);
        }
      }
    }
  }

  static std::optional<ValueId> JobOf(const Node& node) {
    if (const auto* send = std::get_if<SendNode>(&node.body)) return send->job;
    if (const auto* cancel = std::get_if<CancelNode>(&node.body)) return cancel->job;
    return std::nullopt;
  }

  // An inner region is a scene of its own: values of outer regions are no items there.
  Item::Lane LaneOf(std::string title, const Region& region) {
    auto outer_items = std::move(stands_for_);
    auto outer_lets = std::move(lets_);
    stands_for_.clear();
    lets_.clear();
    for (const Param& param : region.params) names_[param.id] = param.name;
    Item::Lane lane{std::move(title), std::vector<Scene>(1)};
    Fill(region, lane.scene[0]);
    stands_for_ = std::move(outer_items);
    lets_ = std::move(outer_lets);
    return lane;
  }

  Items StandsFor(ValueId id) {
    auto known = stands_for_.find(id);
    if (known != stands_for_.end()) return known->second;
    auto let = lets_.find(id);
    if (let == lets_.end()) return {};
    stands_for_[id] = {};  // a cycle ends here
    Items items;
    for (ValueId read : Reads(*let->second)) {
      for (uint32_t item : StandsFor(read)) {
        if (std::find(items.begin(), items.end(), item) == items.end()) items.push_back(item);
      }
    }
    stands_for_[id] = items;
    return items;
  }

  using Ids = std::vector<ValueId>;
  static void Collect(const Expr& expr, Ids& ids) {
    if (expr.op == Op::kRef) ids.push_back(expr.ref);
    for (const Expr& arg : expr.args) Collect(arg, ids);
  }
  static void Collect(const Region& region, Ids& ids) {
    for (const Node& node : region.nodes) Collect(node, ids);
    if (region.result.has_value()) Collect(*region.result, ids);
  }
  static void Collect(const Node& node, Ids& ids) {
    ForEachExpr(node, [&](const Expr& expr) { Collect(expr, ids); });
    ForEachRegion(node, [&](const Region& region) { Collect(region, ids); });
  }
  template <typename T>
  static Ids Reads(const T& part) {
    Ids ids;
    Collect(part, ids);
    return ids;
  }

  void Connect(const Ids& ids, uint32_t to, Scene& scene) {
    for (ValueId id : ids) {
      for (uint32_t from : StandsFor(id)) AddEdge(from, to, Scene::Edge::Kind::kData, "", scene);
    }
  }

  static void AddEdge(uint32_t from, uint32_t to, Scene::Edge::Kind kind, std::string label, Scene& scene) {
    if (from == to) return;
    for (auto edge = scene.edges.rbegin(); edge != scene.edges.rend() && edge->to == to; ++edge) {
      if (edge->from != from) continue;
      // One line between two items says enough; a watch says most.
      if (kind == Scene::Edge::Kind::kWatch) {
        edge->kind = kind;
        edge->label = std::move(label);
      }
      return;
    }
    scene.edges.push_back({from, to, kind, std::move(label)});
  }

  // ---- texts

  std::string Text(const Expr& expr, int depth = 0) const {
    if (depth > kMaxExprDepth) return "…";
    auto arg = [&](size_t i) { return i < expr.args.size() ? Text(expr.args[i], depth + 1) : std::string("…"); };
    auto binary = [&](const char* op) { return arg(0) + op + arg(1); };
    switch (expr.op) {
      case Op::kLiteral:
        if (expr.type->kind == TypeKind::kDuration && expr.literal.is_int()) return DurationText(expr.literal.AsInt());
        return expr.literal.is_null() ? "none" : expr.literal.Dump();
      case Op::kRef: {
        auto name = names_.find(expr.ref);
        return name == names_.end() ? "…" : name->second;
      }
      case Op::kField:
        return arg(0) + "." + expr.name;
      case Op::kOptField:
        return arg(0) + "?." + expr.name;
      case Op::kIndex:
        return arg(0) + "[" + arg(1) + "]";
      case Op::kConcat: {
        std::string out;
        for (const Expr& part : expr.args) {
          const bool text = part.op == Op::kLiteral && part.literal.is_string();
          out += text ? part.literal.AsString() : "~{" + Text(part, depth + 1) + "}";
        }
        return out;
      }
      case Op::kNot:
        return "not " + arg(0);
      case Op::kNegate:
        return "-" + arg(0);
      case Op::kMul:
        return binary(" * ");
      case Op::kDiv:
        return binary(" / ");
      case Op::kMod:
        return binary(" % ");
      case Op::kAdd:
        return binary(" + ");
      case Op::kSub:
        return binary(" - ");
      case Op::kLt:
        return binary(" < ");
      case Op::kLe:
        return binary(" <= ");
      case Op::kGt:
        return binary(" > ");
      case Op::kGe:
        return binary(" >= ");
      case Op::kEq:
        return binary(" == ");
      case Op::kNe:
        return binary(" != ");
      case Op::kAnd:
        return binary(" and ");
      case Op::kOr:
        return binary(" or ");
      case Op::kCoalesce:
        return binary(" ?? ");
      case Op::kWiden:
        return arg(0);
      case Op::kBuiltin:
      case Op::kCall:
        return expr.name + "(" + (expr.args.empty() ? "" : arg(0)) + (expr.args.size() > 1 ? ", …" : "") + ")";
      case Op::kEnum:
        return expr.name;
      case Op::kList:
      case Op::kMap:
        return "[…]";
      case Op::kRecord:
        return "(…)";
    }
    return "…";
  }

  static std::string Plain(const Expr& expr) {
    return expr.op == Op::kLiteral && expr.literal.is_string() ? expr.literal.AsString() : std::string();
  }

  std::string ByText(const ByRule& by) const {
    switch (by.kind) {
      case ByRule::Kind::kOwner:
        return "the run's owner";
      case ByRule::Kind::kWho: {
        std::string who = by.who.has_value() ? (Plain(*by.who).empty() ? Text(*by.who) : Plain(*by.who)) : "?";
        if (by.quorum > 1) who += fmt::format(" ×{}", by.quorum);
        if (by.not_starter) who += ", not starter";
        if (by.level == ByRule::Level::kUid) who += ", at uid";
        if (by.level == ByRule::Level::kService) who += ", at service";
        return who;
      }
      case ByRule::Kind::kAnd:
      case ByRule::Kind::kOr: {
        std::vector<std::string> parts;
        for (const ByRule& part : by.parts) parts.push_back(ByText(part));
        return "(" + Joined(parts, by.kind == ByRule::Kind::kAnd ? " and " : " or ") + ")";
      }
    }
    return "?";
  }

  Item ReviewItem(const Node& node, const ReviewNode& review) const {
    Item item{Item::Kind::kReview, node.name, {}, {}};
    const std::string question = Plain(review.question).empty() ? Text(review.question) : Plain(review.question);
    item.lines.push_back(Shortened("“" + question + "”"));
    std::vector<std::string> answers;
    for (const Choice& choice : review.choices) {
      answers.push_back(choice.grants.empty() ? choice.name : choice.name + " (grants " + choice.grants + ")");
    }
    item.lines.push_back(Shortened(Joined(answers, " | ")));
    std::string by = ByText(review.by);
    if (by.front() == '(' && by.back() == ')') by = by.substr(1, by.size() - 2);
    item.lines.push_back(Shortened("by " + by));
    if (review.within.has_value()) {
      const std::string otherwise = review.else_answer.has_value() ? review.else_answer->name : "expired";
      item.lines.push_back(Shortened("within " + Text(*review.within) + ", else " + otherwise));
    }
    return item;
  }

  // Whether there is more than one place where a task could run.
  bool IsChoice() const { return module_.sites.size() + (FindSite(module_, "here") == nullptr ? 1 : 0) > 1; }

  static std::string SiteText(const Task& task, const TaskNode& call) {
    if (!call.site.empty()) return call.site;
    return task.on.empty() ? "here" : Joined(task.on, " | ");
  }

  Item ItemOf(const Node& node) {
    using Kind = Item::Kind;
    auto simple = [](Kind kind, std::string title, std::vector<std::string> lines = {}) {
      return Item{kind, std::move(title), std::move(lines), {}};
    };
    return std::visit(
        internal::Overloaded{
            [&](const LetNode&) { return simple(Kind::kTask, node.name); },  // never drawn
            [&](const TaskNode& body) {
              const Task* task = module_.FindTask(body.task);
              std::vector<std::string> lines;
              const bool renamed = node.name != body.task && node.name.rfind(body.task + ".", 0) != 0;
              if (renamed || body.tried) lines.push_back((body.tried ? "try " : "task ") + body.task);
              if (task != nullptr && IsChoice()) {
                lines.push_back(Shortened("on " + SiteText(*task, body)));
                for (const Never& never : task->never_on) {
                  lines.push_back(Shortened("never on " + never.site + ": " + never.why));
                }
              }
              const bool effect = task != nullptr && task->effect;
              if (effect) lines.push_back("effect");
              return simple(effect ? Kind::kEffect : Kind::kTask, node.name, lines);
            },
            [&](const WorkflowNode& body) {
              return simple(Kind::kWorkflow, node.name, {(body.tried ? "try workflow " : "workflow ") + body.workflow});
            },
            [&](const IfNode& body) {
              Item item = simple(Kind::kIf, Shortened("if " + Text(body.condition)));
              item.lanes.push_back(LaneOf("then", *body.then_body));
              if (body.else_body != nullptr) item.lanes.push_back(LaneOf("else", *body.else_body));
              return item;
            },
            [&](const MatchNode& body) {
              Item item = simple(Kind::kMatch, Shortened("match " + Text(body.subject)));
              for (const MatchArm& arm : body.arms) {
                const std::string binds = arm.binds.empty() ? "" : "(" + Joined(arm.binds, ", ") + ")";
                item.lanes.push_back(
                    LaneOf(arm.variant.empty() ? "otherwise" : Shortened(arm.variant + binds), *arm.body));
              }
              return item;
            },
            [&](const ForNode& body) {
              const std::string name = body.body->params.empty() ? "x" : body.body->params[0].name;
              Item item = simple(Kind::kFor, Shortened("for " + name + " in " + Text(body.list)));
              item.lanes.push_back(LaneOf("", *body.body));
              return item;
            },
            [&](const LoopNode& body) {
              Item item = simple(Kind::kFor, node.name, {Shortened("loop, max " + Text(body.max))});
              for (size_t i = 0; i < body.init.size() && i < body.body->params.size(); ++i) {
                item.lines.push_back(Shortened(body.body->params[i].name + " = " + Text(body.init[i])));
              }
              item.lanes.push_back(LaneOf("", *body.body));
              return item;
            },
            [&](const ReviewNode& body) { return ReviewItem(node, body); },
            [&](const WatchNode& body) {
              auto job = names_.find(body.job);
              const std::string who = job == names_.end() ? "job" : job->second;
              Item item =
                  simple(Kind::kWatch, std::string(body.latest ? "watch latest " : "watch ") + who + "." + body.stream);
              if (body.where != nullptr && body.where->result.has_value()) {
                for (const Param& param : body.where->params) names_[param.id] = param.name;
                item.lines.push_back(Shortened("where " + Text(*body.where->result)));
              }
              item.lanes.push_back(LaneOf("", *body.body));
              return item;
            },
            [&](const SendNode& body) {
              auto job = names_.find(body.job);
              return simple(Kind::kSend, "send " + (job == names_.end() ? "job" : job->second) + "." + body.message);
            },
            [&](const CancelNode& body) {
              auto job = names_.find(body.job);
              return simple(Kind::kCancel, "cancel " + (job == names_.end() ? "job" : job->second));
            },
            [&](const CheckpointNode&) { return simple(Kind::kCheckpoint, node.name, {"checkpoint"}); },
            [&](const FailNode& body) { return simple(Kind::kFail, "fail", {Shortened(Text(body.message))}); },
            [&](const SourceNode& body) {
              return simple(Kind::kSource, node.name,
                            {Shortened(Plain(body.path).empty() ? Text(body.path) : Plain(body.path))});
            }},
        node.body);
  }

  const Module& module_;
  std::unordered_map<ValueId, std::string> names_;
  std::unordered_map<ValueId, Items> stands_for_;
  std::unordered_map<ValueId, const Node*> lets_;
};

}  // namespace

std::string DurationText(int64_t milliseconds) {
  if (milliseconds == 0) return "0s";
  if (milliseconds % 86400000 == 0 && milliseconds >= 7 * 86400000LL)
    return fmt::format("{}d", milliseconds / 86400000);
  if (milliseconds % 3600000 == 0) return fmt::format("{}h", milliseconds / 3600000);
  if (milliseconds % 60000 == 0) return fmt::format("{}min", milliseconds / 60000);
  if (milliseconds % 1000 == 0) return fmt::format("{}s", milliseconds / 1000);
  return fmt::format("{}ms", milliseconds);
}

Scene SceneOf(const Module& module, const Workflow& workflow) { return SceneMaker(module).Make(workflow); }

}  // namespace hwf::ir
