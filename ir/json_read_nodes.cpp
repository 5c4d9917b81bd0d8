#include <limits>

#include "ir/json_reader.h"
#include "ir/names.h"
#include "ir/sites.h"

namespace hwf::ir::internal {

Region Reader::ReadRegion(const Json& json, const Path& path) {
  Region region;
  Level level(*this, path);
  if (!level.ok) return region;
  region.params = Params(json, path);
  region.nodes =
      List<Node>(json, path, "nodes", true, [this](const Json& item, const Path& at) { return ReadNode(item, at); });
  region.result = OptionalExpr(json, path, "result");
  return region;
}

std::unique_ptr<Region> Reader::RegionMember(const Json& object, const Path& path, std::string_view key,
                                             bool required) {
  const Json* member = Member(object, path, key, required);
  if (member == nullptr) return required ? std::make_unique<Region>() : nullptr;
  return std::make_unique<Region>(ReadRegion(*member, Path{&path, key}));
}

TaskNode Reader::ReadCall(const Json& json, const Path& path) {
  TaskNode body;
  body.task = Text(json, path, "task");
  body.args = Exprs(json, path, "args");
  body.site = Text(json, path, "site", false);
  body.tried = Flag(json, path, "tried", false);
  body.why = Text(json, path, "why", false);
  body.moves = List<TaskNode::Move>(json, path, "moves", false, [this](const Json& item, const Path& at) {
    return TaskNode::Move{Id(item, at, "value"), Text(item, at, "from")};
  });
  body.array = Flag(json, path, "array", false);
  body.pack = Int(json, path, "pack", 0, kMaxPack, 0);
  body.priority = Int(json, path, "priority", 0, std::numeric_limits<int64_t>::max(), 0);
  return body;
}

IfNode Reader::ReadIf(const Json& json, const Path& path) {
  IfNode body;
  body.condition = ExprMember(json, path, "condition");
  body.then_body = RegionMember(json, path, "then", true);
  body.else_body = RegionMember(json, path, "else", false);
  return body;
}

MatchNode Reader::ReadMatch(const Json& json, const Path& path) {
  MatchNode body;
  body.subject = ExprMember(json, path, "subject");
  body.arms = List<MatchArm>(json, path, "arms", true, [this](const Json& item, const Path& at) {
    MatchArm arm;
    arm.variant = Text(item, at, "variant");
    arm.binds = Texts(item, at, "binds");
    arm.body = RegionMember(item, at, "body", true);
    return arm;
  });
  return body;
}

ForNode Reader::ReadFor(const Json& json, const Path& path) {
  ForNode body;
  body.list = ExprMember(json, path, "list");
  body.where = RegionMember(json, path, "where", false);
  body.body = RegionMember(json, path, "body", true);
  return body;
}

LoopNode Reader::ReadLoop(const Json& json, const Path& path) {
  LoopNode body;
  body.init = Exprs(json, path, "init");
  body.max = ExprMember(json, path, "max");
  body.body = RegionMember(json, path, "body", true);
  return body;
}

WatchNode Reader::ReadWatch(const Json& json, const Path& path) {
  WatchNode body;
  body.latest = Flag(json, path, "latest", false);
  body.job = Id(json, path, "job");
  body.stream = Text(json, path, "stream");
  body.where = RegionMember(json, path, "where", false);
  body.body = RegionMember(json, path, "body", true);
  return body;
}

ByRule Reader::ReadBy(const Json& json, const Path& path) {
  ByRule by;
  Level level(*this, path);
  if (!level.ok) return by;
  std::optional<ByRule::Kind> kind = ByKindFromString(Text(json, path, "kind"));
  if (!kind.has_value()) {
    Fail(Path{&path, "kind"}, "expected who, owner, and, or");
    return by;
  }
  by.kind = *kind;
  by.who = OptionalExpr(json, path, "who");
  by.quorum = static_cast<int>(Int(json, path, "quorum", 1, 1000000, 1));
  by.not_starter = Flag(json, path, "not_starter", false);
  if (json.Find("level") != nullptr) {
    std::optional<ByRule::Level> named = ByLevelFromString(Text(json, path, "level"));
    if (!named.has_value()) Fail(Path{&path, "level"}, "expected any, uid, service");
    by.level = named.value_or(ByRule::Level::kService);
  }
  by.parts =
      List<ByRule>(json, path, "parts", false, [this](const Json& item, const Path& at) { return ReadBy(item, at); });
  return by;
}

ByRule Reader::ByMember(const Json& object, const Path& path, std::string_view key) {
  const Json* member = Member(object, path, key, true);
  return member != nullptr ? ReadBy(*member, Path{&path, key}) : ByRule();
}

Choice Reader::ReadChoice(const Json& json, const Path& path) {
  Choice choice;
  choice.name = Text(json, path, "name");
  choice.fields = List<FormField>(json, path, "fields", false, [this](const Json& item, const Path& at) {
    FormField field;
    field.name = Text(item, at, "name");
    field.type = Type(item, at, "type");
    field.low = OptionalExpr(item, at, "low");
    field.high = OptionalExpr(item, at, "high");
    field.one_of = OptionalExpr(item, at, "one_of");
    field.default_value = OptionalExpr(item, at, "default");
    return field;
  });
  choice.grants = Text(json, path, "grants", false);
  choice.granted = OptionalExpr(json, path, "granted");
  return choice;
}

ReviewNode Reader::ReadReview(const Json& json, const Path& path) {
  ReviewNode body;
  body.question = ExprMember(json, path, "question");
  body.show = List<Shown>(json, path, "show", false, [this](const Json& item, const Path& at) {
    return Shown{Text(item, at, "label"), ExprMember(item, at, "value")};
  });
  body.choices = List<Choice>(json, path, "choices", true,
                              [this](const Json& item, const Path& at) { return ReadChoice(item, at); });
  body.by = ByMember(json, path, "by");
  body.within = OptionalExpr(json, path, "within");
  body.remind = OptionalExpr(json, path, "remind");
  body.within_workdays = Flag(json, path, "within_workdays", false);
  body.remind_workdays = Flag(json, path, "remind_workdays", false);
  body.escalations =
      List<ReviewNode::Escalation>(json, path, "escalations", false, [this](const Json& item, const Path& at) {
        return ReviewNode::Escalation{ExprMember(item, at, "delay"), ByMember(item, at, "to"),
                                      Flag(item, at, "workdays", false)};
      });
  body.else_answer = OptionalExpr(json, path, "else_answer");
  if (const Json* assume = Member(json, path, "assume", false)) {
    const Path at{&path, "assume"};
    body.assume = ReviewNode::Assume{ExprMember(*assume, at, "answer"), Named(*assume, at, "up_to"),
                                     Texts(*assume, at, "unread")};
  }
  body.withdrawn_with = Id(json, path, "withdrawn_with", false);
  return body;
}

void Reader::ReadBody(const Json& json, const Path& path, std::string_view kind, Node& node) {
  if (kind == "let") {
    node.body = LetNode{ExprMember(json, path, "value")};
  } else if (kind == "task") {
    node.body = ReadCall(json, path);
  } else if (kind == "workflow") {
    node.body = WorkflowNode{Text(json, path, "workflow"), Exprs(json, path, "args"), Flag(json, path, "tried", false)};
  } else if (kind == "if") {
    node.body = ReadIf(json, path);
  } else if (kind == "match") {
    node.body = ReadMatch(json, path);
  } else if (kind == "for") {
    node.body = ReadFor(json, path);
  } else if (kind == "loop") {
    node.body = ReadLoop(json, path);
  } else if (kind == "review") {
    node.body = ReadReview(json, path);
  } else if (kind == "watch") {
    node.body = ReadWatch(json, path);
  } else if (kind == "send") {
    node.body = SendNode{Id(json, path, "job"), Text(json, path, "message"), Exprs(json, path, "args")};
  } else if (kind == "cancel") {
    node.body = CancelNode{Id(json, path, "job")};
  } else if (kind == "checkpoint") {
    node.body = CheckpointNode{ExprMember(json, path, "value")};
  } else if (kind == "fail") {
    node.body = FailNode{ExprMember(json, path, "message")};
  } else if (kind == "source") {
    node.body = SourceNode{Flag(json, path, "directory", false), ExprMember(json, path, "path"),
                           Text(json, path, "base_dir"), Text(json, path, "on", false)};
  } else {
    Fail(Path{&path, "kind"}, "unknown kind of node");
  }
}

Node Reader::ReadNode(const Json& json, const Path& path) {
  Node node;
  node.id = Id(json, path, "id");
  node.name = Text(json, path, "name");
  node.type = Type(json, path, "type");
  node.after =
      List<ValueId>(json, path, "after", false, [this](const Json& item, const Path& at) { return AsId(item, at); });
  node.span = SpanOf(json, path);
  std::string kind = Text(json, path, "kind");
  if (!failed()) ReadBody(json, path, kind, node);
  return node;
}

}  // namespace hwf::ir::internal
