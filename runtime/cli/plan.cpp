// `hwf plan FILE`: what would run, in order, without running it.
#include <fmt/format.h>

#include "ir/graph.h"
#include "runtime/cli/commands.h"
#include "runtime/cli/program.h"
#include "runtime/report/text.h"

namespace hwf::cli {
namespace {

// Prints a region's nodes in an order in which they can run; what repeats or may not happen says so.
class Planner {
 public:
  Planner(const ir::Module& module, const report::Style& style) : module_(module), style_(style) {}

  void Print(const ir::Region& region, const std::string& indent) {
    for (const ir::Node* node : InOrder(region))
      std::visit([&](const auto& body) { Node(*node, body, indent); }, node->body);
  }

 private:
  static std::vector<const ir::Node*> InOrder(const ir::Region& region) {
    std::vector<const ir::Node*> nodes;
    for (const uint32_t index : ir::Order(ir::DependenciesOf(region))) nodes.push_back(&region.nodes[index]);
    return nodes;
  }
  void Line(const std::string& indent, const std::string& mark, const std::string& text) const {
    fmt::print("{}{} {}\n", indent, mark, text);
  }
  void Node(const ir::Node&, const ir::LetNode&, const std::string&) {}
  void Node(const ir::Node& node, const ir::TaskNode& body, const std::string& indent) {
    const ir::Task* task = module_.FindTask(body.task);
    std::string text = fmt::format("{}: task {}", node.name, body.task);
    if (task != nullptr && !task->on.empty()) text += " on " + fmt::format("{}", fmt::join(task->on, " or "));
    if (task != nullptr && task->effect) text += style_.Yellow("  (an effect: never repeated by itself)");
    if (task != nullptr && !task->effect && task->cache && task->streams.empty() && task->accepts.empty()) {
      text += style_.Dim("  (reused if nothing that it depends on has changed)");
    }
    Line(indent, style_.Blue("▶"), text);
  }
  void Node(const ir::Node& node, const ir::WorkflowNode& body, const std::string& indent) {
    Line(indent, "▷", fmt::format("{}: workflow {}", node.name, body.workflow));
    if (const ir::Workflow* workflow = module_.FindWorkflow(body.workflow)) Print(workflow->region, indent + "    ");
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
    Line(indent, "▫", fmt::format("{}: existing {}", node.name, body.directory ? "directory" : "file"));
  }

  const ir::Module& module_;
  const report::Style& style_;
};

int Run(Context& context, const Arguments& arguments) {
  const LoadedProgram loaded = LoadProgram(context, arguments.positional.front());
  if (!loaded.program) {
    if (!loaded.error.message.empty()) Complain(loaded.error.message);
    return loaded.error.exit;
  }
  const ErrorOr<Json> params = ReadParameters(*loaded.program, arguments);
  if (!params.ok()) {
    Complain(params.error().message());
    return kExitUsage;
  }
  const report::Style style(context.color);
  fmt::print("{}", style.Bold(loaded.program->entry->name));
  for (const JsonMember& param : params->AsObject()) {
    fmt::print("  {} = {}", param.key, report::FormatValue(param.value, nullptr));
  }
  fmt::print("\n");
  Planner(*loaded.program->module, style).Print(loaded.program->entry->region, "  ");
  return kExitDone;
}

}  // namespace

CommandSpec PlanCommand() {
  CommandSpec spec;
  spec.name = "plan";
  spec.positional = "FILE";
  spec.least = spec.most = 1;
  spec.summary = "what would run, in order, without running it";
  spec.text = "Takes the same parameters as `hwf run`. Tasks, branches, loops, and where people come in.";
  spec.examples = {{"hwf plan train.hwf --rate 0.2", "the order of things"}};
  spec.program_options = true;
  spec.run = Run;
  return spec;
}

}  // namespace hwf::cli
