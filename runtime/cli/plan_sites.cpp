#include "runtime/cli/plan_sites.h"

#include <fmt/format.h>

#include <algorithm>

#include "ir/sites.h"
#include "ir/walk.h"
#include "runtime/engine/reuse.h"
#include "runtime/report/text.h"

namespace hwf::cli {
namespace {

// Of all File and Dir values in it.
int64_t BytesIn(const Json& value) {
  int64_t bytes = 0;
  if (value.is_array()) {
    for (const Json& item : value.AsArray()) bytes += BytesIn(item);
  }
  if (!value.is_object()) return bytes;
  const Json* size = value.Find("size");
  if (value.Find("digest") != nullptr && size != nullptr && size->is_int()) return size->AsInt();
  for (const JsonMember& member : value.AsObject()) bytes += BytesIn(member.value);
  return bytes;
}

// What is watched or told has its run's own history.
bool IsReusable(const ir::Task& task) {
  return engine::Reuse::Allowed(task) && task.streams.empty() && task.accepts.empty();
}

std::string From(const PlannedMove& move) { return move.from.empty() ? "this machine" : move.from; }

}  // namespace

PlanSites::PlanSites(const ir::Module& module, const ir::Workflow& entry, const Json& params,
                     const std::map<std::string, int64_t>& sources)
    : module_(module), entry_(entry), sources_(sources) {
  choice_ = module.sites.size() + (ir::FindSite(module, "here") == nullptr ? 1 : 0) > 1 ||
            (module.sites.size() == 1 && module.sites[0].kind != "local");
  for (const ir::Workflow& workflow : module.workflows) Name(workflow.region, &workflow == &entry, values_[&workflow]);
  for (const ir::Param& param : entry.region.params) {
    const Json* value = params.Find(param.name);
    if (value != nullptr && ir::HoldsFiles(param.type)) values_[&entry][param.id].bytes = BytesIn(*value);
  }
}

void PlanSites::Name(const ir::Region& region, bool top, Values& values) const {
  for (const ir::Param& param : region.params) values[param.id].name = param.name;
  for (const ir::Node& node : region.nodes) {
    Value& value = values[node.id];
    value.name = node.name;
    auto size = sources_.find(node.name);
    if (top && std::holds_alternative<ir::SourceNode>(node.body) && size != sources_.end()) value.bytes = size->second;
    ir::ForEachRegion(node, [&](const ir::Region& inner) { Name(inner, false, values); });
  }
}

PlannedCall PlanSites::Of(const ir::Workflow& workflow, const ir::Node& node, const ir::TaskNode& call) const {
  PlannedCall planned;
  planned.name = node.name;
  planned.task = module_.FindTask(call.task);
  planned.site = ir::SiteOf(*planned.task, call);
  const ir::Site* site = ir::FindSite(module_, planned.site);
  planned.kind = site == nullptr ? "local" : site->kind;
  planned.why = call.why;
  planned.reusable = IsReusable(*planned.task);
  planned.array = call.array;
  planned.pack = call.pack;
  // What may span nodes has its job alone.
  const Json* nodes = site == nullptr || !call.array || call.pack == 1 ? nullptr : site->fields.Find("allocation");
  if (nodes != nullptr && nodes->is_int()) planned.allocation = nodes->AsInt();
  const Values& values = values_.at(&workflow);
  for (const ir::TaskNode::Move& move : call.moves) {
    const Value& value = values.at(move.value);
    planned.moves.push_back({value.name, move.from, planned.site, value.bytes});
  }
  return planned;
}

std::vector<PlannedCall> PlanSites::All() const {
  std::vector<PlannedCall> calls;
  std::set<std::string> seen = {entry_.name};
  Collect(entry_, entry_.region, seen, calls);
  return calls;
}

void PlanSites::Collect(const ir::Workflow& workflow, const ir::Region& region, std::set<std::string>& seen,
                        std::vector<PlannedCall>& calls) const {
  for (const ir::Node& node : region.nodes) {
    if (const auto* call = std::get_if<ir::TaskNode>(&node.body)) calls.push_back(Of(workflow, node, *call));
    if (const auto* call = std::get_if<ir::WorkflowNode>(&node.body);
        call != nullptr && seen.insert(call->workflow).second) {
      const ir::Workflow& inner = *module_.FindWorkflow(call->workflow);
      Collect(inner, inner.region, seen, calls);
    }
    ir::ForEachRegion(node, [&](const ir::Region& inner) { Collect(workflow, inner, seen, calls); });
  }
}

std::string PlanSites::Where(const PlannedCall& call) {
  return fmt::format("on {} ({}){}", call.site, call.kind, call.why.empty() ? "" : ", " + call.why);
}

std::vector<std::string> PlanSites::Details(const PlannedCall& call) {
  std::vector<std::string> lines;
  for (const ir::Never& never : call.task->never_on)
    lines.push_back(fmt::format("never on {}: {}", never.site, never.why));
  for (const PlannedMove& move : call.moves) {
    lines.push_back(fmt::format("brings `{}` from {}{}", move.value, From(move),
                                move.bytes ? ": " + report::FormatBytes(*move.bytes) : ""));
  }
  if (call.allocation > 0) {
    lines.push_back(
        fmt::format("inside one allocation of {} node{}", call.allocation, call.allocation == 1 ? "" : "s"));
    return lines;
  }
  if (call.array) lines.push_back(call.pack > 1 ? fmt::format("as one array, {} to a job", call.pack) : "as one array");
  return lines;
}

std::string PlanSites::Total() const {
  std::map<std::string, std::optional<int64_t>> once;
  for (const PlannedCall& call : All()) {
    for (const PlannedMove& move : call.moves) {
      once[move.value + '\n' + move.from + '\n' + ir::FilesOf(module_, move.to)] = move.bytes;
    }
  }
  int64_t bytes = 0;
  size_t unknown = 0;
  for (const auto& [key, known] : once) {
    bytes += known.value_or(0);
    unknown += known ? 0 : 1;
  }
  if (once.empty()) return "";
  std::string text = fmt::format("{} value{}", once.size(), once.size() == 1 ? "" : "s");
  if (unknown < once.size()) text += ", " + report::FormatBytes(bytes);
  if (unknown > 0 && unknown < once.size()) text += fmt::format(" and what {} of them will have", unknown);
  return text;
}

Json PlanSites::ToJson() const {
  Json calls = Json::Array();
  for (const PlannedCall& call : All()) {
    Json moves = Json::Array(), never = Json::Array();
    for (const PlannedMove& move : call.moves) {
      Json json;
      json.Set("value", move.value).Set("from", From(move)).Set("to", move.to);
      moves.Add(json.Set("bytes", move.bytes ? Json(*move.bytes) : Json()));
    }
    for (const ir::Never& each : call.task->never_on) {
      never.Add(Json().Set("site", each.site).Set("why", each.why));
    }
    Json json;
    json.Set("name", call.name).Set("task", call.task->name).Set("site", call.site).Set("kind", call.kind);
    json.Set("why", call.why).Set("moves", moves).Set("never", never).Set("array", call.array).Set("pack", call.pack);
    calls.Add(std::move(json));
  }
  return calls;
}

}  // namespace hwf::cli
