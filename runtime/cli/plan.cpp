// `hwf plan FILE`: what would run, in order, without running it.
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "ir/graph.h"
#include "runtime/cli/commands.h"
#include "runtime/cli/from_run.h"
#include "runtime/cli/locate.h"
#include "runtime/cli/plan_lookup.h"
#include "runtime/cli/plan_simulate.h"
#include "runtime/cli/plan_sites.h"
#include "runtime/cli/program.h"
#include "runtime/cli/trust.h"
#include "runtime/report/text.h"

namespace hwf::cli {
namespace {

// Prints a region's nodes in an order in which they can run; what repeats or may not happen says so.
class Planner {
 public:
  Planner(const ir::Module& module, const PlanSites& sites, const report::Style& style)
      : module_(module), sites_(sites), style_(style) {}

  void Print(const ir::Workflow& workflow, const std::string& indent) {
    const ir::Workflow* caller = std::exchange(workflow_, &workflow);
    Print(workflow.region, indent);
    workflow_ = caller;
  }

 private:
  void Print(const ir::Region& region, const std::string& indent) {
    for (const ir::Node* node : InOrder(region))
      std::visit([&](const auto& body) { Node(*node, body, indent); }, node->body);
  }
  static std::vector<const ir::Node*> InOrder(const ir::Region& region) {
    ir::Graph graph = ir::DependenciesOf(region);
    // For the reader what is done to a job stands behind it, though it does not wait for its end.
    for (uint32_t i = 0; i < graph.count; ++i) {
      const ir::ValueId job = JobOf(region.nodes[i]);
      for (uint32_t j = 0; j < graph.count && job != ir::ValueId::kNone; ++j) {
        if (j != i && region.nodes[j].id == job) graph.edges.push_back({j, i});
      }
    }
    std::vector<const ir::Node*> nodes;
    for (const uint32_t index : AsWritten(graph)) nodes.push_back(&region.nodes[index]);
    return nodes;
  }
  static ir::ValueId JobOf(const ir::Node& node) {
    if (const auto* watch = std::get_if<ir::WatchNode>(&node.body)) return watch->job;
    if (const auto* send = std::get_if<ir::SendNode>(&node.body)) return send->job;
    if (const auto* cancel = std::get_if<ir::CancelNode>(&node.body)) return cancel->job;
    return ir::ValueId::kNone;
  }
  // An order that fits the graph: of what can come next, always what stands first in the source.
  static std::vector<uint32_t> AsWritten(const ir::Graph& graph) {
    std::vector<uint32_t> waits(graph.count, 0), order;
    std::vector<std::vector<uint32_t>> behind(graph.count);
    for (const ir::Graph::Edge& edge : graph.edges) {
      ++waits[edge.after];
      behind[edge.before].push_back(edge.after);
    }
    std::set<uint32_t> ready;
    for (uint32_t i = 0; i < graph.count; ++i) {
      if (waits[i] == 0) ready.insert(i);
    }
    while (!ready.empty()) {
      const uint32_t next = *ready.begin();
      ready.erase(ready.begin());
      order.push_back(next);
      for (const uint32_t other : behind[next]) {
        if (--waits[other] == 0) ready.insert(other);
      }
    }
    return order;
  }
  void Line(const std::string& indent, const std::string& mark, const std::string& text) const {
    fmt::print("{}{} {}\n", indent, mark, text);
  }
  void Node(const ir::Node&, const ir::LetNode&, const std::string&) {}
  void Node(const ir::Node& node, const ir::TaskNode& body, const std::string& indent) {
    const PlannedCall call = sites_.Of(*workflow_, node, body);
    const ir::Task* task = call.task;
    std::string text = fmt::format("{}: {} {}", node.name, body.tried ? "try" : "task", body.task);
    if (sites_.choice()) text += " " + PlanSites::Where(call);
    if (task != nullptr && task->effect) text += style_.Yellow("  (an effect: never repeated by itself)");
    if (call.reusable) text += style_.Dim("  (can be reused)");
    Line(indent, style_.Blue("▶"), text);
    for (const std::string& line : PlanSites::Details(call)) fmt::print("{}    {}\n", indent, style_.Dim(line));
  }
  void Node(const ir::Node& node, const ir::WorkflowNode& body, const std::string& indent) {
    Line(indent, "▷", fmt::format("{}: {}workflow {}", node.name, body.tried ? "try " : "", body.workflow));
    if (const ir::Workflow* workflow = module_.FindWorkflow(body.workflow)) Print(*workflow, indent + "    ");
  }
  void Node(const ir::Node& node, const ir::IfNode& body, const std::string& indent) {
    Line(indent, "◇", fmt::format("{}: if", node.name));
    Print(*body.then_body, indent + "    ");
    if (!body.else_body) return;
    Line(indent, "◇", "else");
    Print(*body.else_body, indent + "    ");
  }
  void Node(const ir::Node& node, const ir::MatchNode& body, const std::string& indent) {
    Line(indent, "◇", fmt::format("{}: one of", node.name));
    for (const ir::MatchArm& arm : body.arms) {
      Line(indent + "    ", "if", arm.variant.empty() ? "anything else" : arm.variant);
      Print(*arm.body, indent + "        ");
    }
  }
  void Node(const ir::Node& node, const ir::ForNode& body, const std::string& indent) {
    Line(indent, "≡", fmt::format("{}: for each element", node.name));
    Print(*body.body, indent + "    ");
  }
  void Node(const ir::Node& node, const ir::LoopNode& body, const std::string& indent) {
    const bool known = body.max.op == ir::Op::kLiteral && body.max.literal.is_int();
    Line(indent, "↻",
         fmt::format("{}: round after round{}", node.name,
                     known ? fmt::format(", at most {}", body.max.literal.AsInt()) : ""));
    Print(*body.body, indent + "    ");
  }
  void Node(const ir::Node& node, const ir::ReviewNode& body, const std::string& indent) {
    std::string choices;
    for (const ir::Choice& choice : body.choices) choices += (choices.empty() ? "" : " | ") + choice.name;
    Line(indent, style_.Yellow("?"), fmt::format("{}: people decide: {}", node.name, choices));
  }
  void Node(const ir::Node& node, const ir::WatchNode& body, const std::string& indent) {
    Line(indent, "◉",
         fmt::format("{}: for each `{}` that the running job shows{}", node.name, body.stream,
                     body.latest ? ", the newest only" : ""));
    Print(*body.body, indent + "    ");
  }
  void Node(const ir::Node& node, const ir::SendNode& body, const std::string& indent) {
    Line(indent, "→", fmt::format("{}: tell the job {}", node.name, body.message));
  }
  void Node(const ir::Node& node, const ir::CancelNode&, const std::string& indent) {
    Line(indent, "✕", fmt::format("{}: cancel the job", node.name));
  }
  void Node(const ir::Node& node, const ir::CheckpointNode&, const std::string& indent) {
    Line(indent, "◆", fmt::format("{}: checkpoint", node.name));
  }
  void Node(const ir::Node& node, const ir::FailNode&, const std::string& indent) {
    Line(indent, style_.Red("!"), fmt::format("{}: fail", node.name));
  }
  void Node(const ir::Node& node, const ir::SourceNode& body, const std::string& indent) {
    Line(indent, "▫",
         fmt::format("{}: existing {}{}", node.name, body.directory ? "directory" : "file",
                     body.on.empty() ? "" : ", which stays at " + body.on));
  }

  const ir::Module& module_;
  const PlanSites& sites_;
  const report::Style& style_;
  const ir::Workflow* workflow_ = nullptr;  // the one at hand
};

// Whether time passes in it: something is run or asked.
bool TakesTime(const ir::Node& node) {
  return !std::holds_alternative<ir::LetNode>(node.body) && !std::holds_alternative<ir::SourceNode>(node.body) &&
         !std::holds_alternative<ir::CheckpointNode>(node.body) && !std::holds_alternative<ir::FailNode>(node.body);
}

// What bounds the time of the whole: of all that waits for one another the longest chain.
std::vector<std::string> LongestChain(const ir::Region& region) {
  std::vector<double> weights;
  weights.reserve(region.nodes.size());
  for (const ir::Node& node : region.nodes) weights.push_back(TakesTime(node) ? 1 : 0);
  std::vector<std::string> names;
  for (const uint32_t index : ir::CriticalPath(ir::DependenciesOf(region), weights).nodes) {
    if (weights[index] > 0) names.push_back(region.nodes[index].name);
  }
  return names;
}

constexpr size_t kMostShown = 20;

// Those tasks whose inputs are known now; the rest waits for them.
void PrintFirst(const PlanLookup& plan, const report::Style& style) {
  const auto reused = static_cast<size_t>(
      std::count_if(plan.tasks.begin(), plan.tasks.end(), [](const auto& task) { return !task.from_run.empty(); }));
  fmt::print("\nknown now: {} reused, {} to run first{}\n", reused, plan.tasks.size() - reused,
             plan.failures.empty() ? "" : fmt::format(", {} failures", plan.failures.size()));
  size_t shown = 0;
  for (const PlannedTask& task : plan.tasks) {
    if (++shown > kMostShown) {
      fmt::print("  … and {} more (--json has them all)\n", plan.tasks.size() - kMostShown);
      break;
    }
    const std::string what = task.from_run.empty() ? style.Blue("runs") : style.Green("reused");
    const std::string from = task.from_run.empty() ? "" : " from " + task.from_run;
    const std::string at = task.compared_at.empty() ? "" : ", if " + task.compared_at + " still has its files";
    fmt::print("  {} {}{}{}\n", report::Pad(task.place, 28), what, from, at);
  }
  for (const PlannedAnswer& answer : plan.carried) {
    fmt::print("  {} {} {} by {} in {}\n", report::Pad(answer.place, 28), style.Green("carried"), answer.variant,
               report::Printable(answer.person), answer.from_run);
  }
  for (const std::string& failure : plan.failures)
    fmt::print("  {} {}\n", style.Red("fails"), report::Printable(failure));
}

Json PlanJson(const Program& program, const Json& params, const PlanLookup& plan, const PlanSites& sites) {
  Json tasks = Json::Array(), failures = Json::Array(), chain = Json::Array();
  for (const PlannedTask& task : plan.tasks) {
    Json entry;
    entry.Set("place", task.place).Set("task", task.task);
    if (!task.compared_at.empty()) entry.Set("compared_at", task.compared_at);
    tasks.Add(entry.Set("reused_from", task.from_run.empty() ? Json() : Json(task.from_run)));
  }
  for (const std::string& failure : plan.failures) failures.Add(failure);
  Json json, carried = Json::Array();
  for (const PlannedAnswer& answer : plan.carried) {
    Json entry;
    entry.Set("place", answer.place).Set("answer", answer.variant).Set("by", answer.person);
    carried.Add(entry.Set("carried_from", answer.from_run));
  }
  json.Set("v", 1).Set("workflow", program.entry->name).Set("params", params);
  for (const std::string& name : LongestChain(program.entry->region)) chain.Add(name);
  return json.Set("longest_chain", chain)
      .Set("calls", sites.ToJson())
      .Set("known", tasks)
      .Set("carried", carried)
      .Set("failures", failures);
}

int RunPlan(Context& context, const Arguments& arguments) {
  if (!arguments.Has("simulate") && (arguments.Has("durations") || arguments.Has("like"))) {
    Complain("`--durations` and `--like` say how a simulated run goes: they want `--simulate`");
    return kExitUsage;
  }
  for (const char* option : {"from", "carry-approvals", "trust"}) {
    if (!arguments.Has("simulate") || !arguments.Has(option)) continue;
    Complain(fmt::format("`--simulate` runs the whole, as if nothing was done or answered before: it takes no `--{}`",
                         option));
    return kExitUsage;
  }
  const LoadedProgram loaded = LoadProgram(context, arguments.positional.front(), arguments.Get("sites"));
  if (!loaded.program) {
    if (!loaded.error.message.empty()) Complain(loaded.error.message);
    return loaded.error.exit;
  }
  const ErrorOr<Json> params = ReadParameters(*loaded.program, arguments);
  if (!params.ok()) {
    Complain(params.error().message() +
             fmt::format("\n  hwf run {} --help shows the parameters", arguments.positional.front()));
    return kExitUsage;
  }
  const ErrorOr<std::string> runs = RunsDirectory(arguments);
  if (!runs.ok()) {
    Complain(runs.error().message());
    return kExitUsage;
  }
  if (arguments.Has("simulate")) {
    return SimulatePlan(*loaded.program, params.value(), arguments, report::Style(context.color));
  }
  FromRun from = ReadFrom(arguments);
  if (from.exit != kExitDone) return from.exit;
  const auto trust = ReadTrust(arguments);
  if (!trust) return kExitUsage;
  const PlanLookup plan = LookUp(*loaded.program, params.value(), runs.value(), from, *trust);
  const PlanSites sites(*loaded.program->module, *loaded.program->entry, params.value(), plan.sources);
  if (arguments.Has("json")) {
    fmt::print("{}", PlanJson(*loaded.program, params.value(), plan, sites).DumpPretty());
    return kExitDone;
  }
  const report::Style style(context.color);
  fmt::print("{}", style.Bold(loaded.program->entry->name));
  for (const JsonMember& param : params->AsObject()) {
    fmt::print("  {} = {}", param.key, report::FormatValue(param.value, nullptr));
  }
  fmt::print("\n");
  Planner(*loaded.program->module, sites, style).Print(*loaded.program->entry, "  ");
  const std::vector<std::string> chain = LongestChain(loaded.program->entry->region);
  if (chain.size() > kMostShown) {
    fmt::print("\nlongest chain: {} → … → {} ({})\n", chain.front(), chain.back(), chain.size());
  } else if (chain.size() > 1) {
    fmt::print("\nlongest chain: {}\n", fmt::join(chain, " → "));
  }
  if (const std::string moves = sites.Total(); !moves.empty()) fmt::print("\nto move: {}\n", moves);
  PrintFirst(plan, style);
  return kExitDone;
}

}  // namespace

CommandSpec PlanCommand() {
  CommandSpec spec;
  spec.name = "plan";
  spec.positional = "FILE";
  spec.least = spec.most = 1;
  spec.summary = "what would run, in order, without running it";
  spec.text =
      "Takes the same parameters as `hwf run`. Tasks, with the site of each, why it goes there and which files move; "
      "branches, loops, and where people come in; then, of the tasks "
      "whose\ninputs are known now, which have a result from earlier runs in --runs, and which would run first.";
  spec.options = {SitesOption(),
                  RunsOption(),
                  JsonOption(),
                  {"simulate", "", "run it on a virtual clock: how long, on what, where people are waited for"},
                  {"durations", "FILE", "with --simulate: how long tasks take and when people answer, a line each"},
                  {"like", "RUN", "with --simulate: as in that run"}};
  for (OptionSpec& option : FromOptions()) spec.options.push_back(std::move(option));
  spec.options.push_back(TrustOption());
  spec.examples = {{"hwf plan train.hwf --rate 0.2", "the order of things"},
                   {"hwf plan train.hwf --simulate --like latest", "what would an answer sooner have saved?"}};
  spec.program_options = true;
  spec.run = RunPlan;
  return spec;
}

}  // namespace hwf::cli
