#include "ir/json_writer.h"
#include "ir/names.h"

namespace hwf::ir::internal {

Json Writer::WriteRegion(const Region& region) {
  Json out = Json::Object();
  if (!region.params.empty()) out.Set("params", WriteParams(region.params));
  Json nodes = Json::Array();
  for (const Node& node : region.nodes) nodes.Add(WriteNode(node));
  out.Set("nodes", std::move(nodes));
  SetExpr(out, "result", region.result);
  return out;
}

Json Writer::WriteNode(const Node& node) {
  Json out;
  out.Set("id", IdJson(node.id)).Set("name", node.name).Set("kind", KindName(node)).Set("type", TypeIndex(node.type));
  if (!node.after.empty()) {
    Json after = Json::Array();
    for (ValueId id : node.after) after.Add(IdJson(id));
    out.Set("after", std::move(after));
  }
  SetSpan(out, node.span);
  std::visit([&](const auto& body) { WriteBody(body, out); }, node.body);
  return out;
}

void Writer::WriteBody(const LetNode& body, Json& out) { out.Set("value", WriteExpr(body.value)); }
void Writer::WriteBody(const CheckpointNode& body, Json& out) { out.Set("value", WriteExpr(body.value)); }
void Writer::WriteBody(const FailNode& body, Json& out) { out.Set("message", WriteExpr(body.message)); }
void Writer::WriteBody(const CancelNode& body, Json& out) { out.Set("job", IdJson(body.job)); }
void Writer::WriteBody(const TaskNode& body, Json& out) {
  out.Set("task", body.task).Set("args", WriteExprs(body.args));
  if (!body.site.empty()) out.Set("site", body.site);
  if (body.tried) out.Set("tried", true);
  if (!body.why.empty()) out.Set("why", body.why);
  if (!body.moves.empty()) {
    Json moves = Json::Array();
    for (const TaskNode::Move& move : body.moves) {
      moves.Add(Json().Set("value", IdJson(move.value)).Set("from", move.from));
    }
    out.Set("moves", std::move(moves));
  }
  if (body.array) out.Set("array", true);
  if (body.pack != 0) out.Set("pack", body.pack);
  if (body.priority != 0) out.Set("priority", body.priority);
}
void Writer::WriteBody(const WorkflowNode& body, Json& out) {
  out.Set("workflow", body.workflow).Set("args", WriteExprs(body.args));
  if (body.tried) out.Set("tried", true);
}

void Writer::WriteBody(const IfNode& body, Json& out) {
  out.Set("condition", WriteExpr(body.condition)).Set("then", WriteRegion(*body.then_body));
  if (body.else_body) out.Set("else", WriteRegion(*body.else_body));
}

void Writer::WriteBody(const MatchNode& body, Json& out) {
  Json arms = Json::Array();
  for (const MatchArm& arm : body.arms) {
    Json binds = Json::Array();
    for (const std::string& bind : arm.binds) binds.Add(bind);
    Json item;
    item.Set("variant", arm.variant).Set("binds", std::move(binds)).Set("body", WriteRegion(*arm.body));
    arms.Add(std::move(item));
  }
  out.Set("subject", WriteExpr(body.subject)).Set("arms", std::move(arms));
}

void Writer::WriteBody(const ForNode& body, Json& out) {
  out.Set("list", WriteExpr(body.list));
  if (body.where) out.Set("where", WriteRegion(*body.where));
  out.Set("body", WriteRegion(*body.body));
}

void Writer::WriteBody(const LoopNode& body, Json& out) {
  out.Set("init", WriteExprs(body.init)).Set("max", WriteExpr(body.max)).Set("body", WriteRegion(*body.body));
}

void Writer::WriteBody(const WatchNode& body, Json& out) {
  if (body.latest) out.Set("latest", true);
  out.Set("job", IdJson(body.job)).Set("stream", body.stream);
  if (body.where) out.Set("where", WriteRegion(*body.where));
  out.Set("body", WriteRegion(*body.body));
}

void Writer::WriteBody(const SendNode& body, Json& out) {
  out.Set("job", IdJson(body.job)).Set("message", body.message).Set("args", WriteExprs(body.args));
}

void Writer::WriteBody(const SourceNode& body, Json& out) {
  if (body.directory) out.Set("directory", true);
  out.Set("path", WriteExpr(body.path)).Set("base_dir", body.base_dir);
  if (!body.on.empty()) out.Set("on", body.on);
}

Json Writer::WriteBy(const ByRule& by) {
  Json out;
  out.Set("kind", ToString(by.kind));
  SetExpr(out, "who", by.who);
  if (by.quorum != 1) out.Set("quorum", by.quorum);
  if (by.not_starter) out.Set("not_starter", true);
  if (by.level != ByRule::Level::kAny) out.Set("level", ToString(by.level));
  if (!by.parts.empty()) {
    Json parts = Json::Array();
    for (const ByRule& part : by.parts) parts.Add(WriteBy(part));
    out.Set("parts", std::move(parts));
  }
  return out;
}

Json Writer::WriteChoice(const Choice& choice) {
  Json out;
  out.Set("name", choice.name);
  if (!choice.fields.empty()) {
    Json fields = Json::Array();
    for (const FormField& field : choice.fields) {
      Json item;
      item.Set("name", field.name).Set("type", TypeIndex(field.type));
      SetExpr(item, "low", field.low);
      SetExpr(item, "high", field.high);
      SetExpr(item, "one_of", field.one_of);
      SetExpr(item, "default", field.default_value);
      fields.Add(std::move(item));
    }
    out.Set("fields", std::move(fields));
  }
  if (!choice.grants.empty()) out.Set("grants", choice.grants);
  SetExpr(out, "granted", choice.granted);
  return out;
}

void Writer::WriteBody(const ReviewNode& body, Json& out) {
  Json show = Json::Array();
  for (const Shown& shown : body.show) {
    Json item;
    item.Set("label", shown.label).Set("value", WriteExpr(shown.value));
    show.Add(std::move(item));
  }
  Json choices = Json::Array();
  for (const Choice& choice : body.choices) choices.Add(WriteChoice(choice));
  out.Set("question", WriteExpr(body.question)).Set("show", std::move(show)).Set("choices", std::move(choices));
  out.Set("by", WriteBy(body.by));
  SetExpr(out, "within", body.within);
  SetExpr(out, "remind", body.remind);
  if (body.within_workdays) out.Set("within_workdays", true);
  if (body.remind_workdays) out.Set("remind_workdays", true);
  if (!body.escalations.empty()) {
    Json escalations = Json::Array();
    for (const ReviewNode::Escalation& escalation : body.escalations) {
      Json item;
      item.Set("delay", WriteExpr(escalation.delay)).Set("to", WriteBy(escalation.to));
      if (escalation.workdays) item.Set("workdays", true);
      escalations.Add(std::move(item));
    }
    out.Set("escalations", std::move(escalations));
  }
  SetExpr(out, "else_answer", body.else_answer);
  if (body.assume) {
    Json assume;
    assume.Set("answer", WriteExpr(body.assume->answer));
    if (!body.assume->up_to.empty()) assume.Set("up_to", WriteNamed(body.assume->up_to));
    SetStrings(assume, "unread", body.assume->unread);
    out.Set("assume", std::move(assume));
  }
  if (body.withdrawn_with != ValueId::kNone) out.Set("withdrawn_with", IdJson(body.withdrawn_with));
}

}  // namespace hwf::ir::internal
