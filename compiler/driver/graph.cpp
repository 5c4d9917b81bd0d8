#include <fmt/format.h>

#include <cstdio>

#include "compiler/driver/frontend.h"
#include "compiler/driver/output.h"
#include "ir/drawing.h"

namespace hwf::driver {

namespace {

constexpr char kHelp[] = R"(Usage: hwfc graph FILE [--format dot|mermaid|svg] [-o OUT] [--workflow NAME] [--sites FILE]

Draws a workflow: its tasks, what waits for what, and where people come in, with who may answer and within what time.

Options:
  --format dot|mermaid|svg   for Graphviz, for a Markdown page, or a finished picture (svg)
  -o OUT                     where to; `-`, the default, is standard output
  --workflow NAME            which one; otherwise the one that `hwf run` runs
  --sites FILE               the sites of FILE instead of the program's
  --color auto|always|never  colours of messages; auto: on a terminal, unless NO_COLOR is set

Examples:
  hwfc graph digits.hwf -o digits.svg
  hwfc graph digits.hwf --format dot | dot -Tpdf -o digits.pdf
  hwfc graph digits.hwf --format mermaid >> README.md

Exit codes: 0 drawn, 1 errors in the program, 2 wrong command line, 3 a file cannot be read or written.
)";

std::string Draw(const ir::Module& module, const ir::Workflow& workflow, std::string_view format) {
  const ir::Scene scene = ir::SceneOf(module, workflow);
  if (format == "dot") return ir::DrawDot(scene, workflow.name);
  if (format == "mermaid") return ir::DrawMermaid(scene);
  return ir::DrawSvg(scene, workflow.name);
}

int RunGraph(Arguments arguments) {
  Options options = ReadOptions(arguments, {{"--format", true, {"dot", "mermaid", "svg"}},
                                            {"-o"},
                                            {"--workflow"},
                                            {"--sites"},
                                            {"--color", true, {"auto", "always", "never"}}});
  if (!options.error.empty()) return UsageError(kGraphCommand, options.error);
  if (options.files.size() != 1)
    return UsageError(kGraphCommand, options.files.empty() ? "which file?" : "one file, please");
  Frontend frontend;
  frontend.UseSites(std::string(options.ValueOr("--sites", "")));
  auto program = frontend.Compile(options.files[0]);
  std::optional<ir::Module> module;
  if (program.has_value()) module = frontend.Lower(*program);
  Options said_as;  // `--format` is the drawing's
  if (options.Has("--color")) said_as.given.emplace_back("--color", options.ValueOr("--color", "auto"));
  const std::string said = frontend.Render(said_as);
  std::fwrite(said.data(), 1, said.size(), stderr);
  if (!module.has_value()) return frontend.ExitCode();
  const std::string name(options.ValueOr("--workflow", module->entry));
  const ir::Workflow* workflow = module->FindWorkflow(name);
  if (workflow == nullptr) {
    std::string known;
    for (const ir::Workflow& other : module->workflows) known += (known.empty() ? "" : ", ") + other.name;
    return UsageError(kGraphCommand, known.empty()
                                         ? "the file has no workflow"
                                         : fmt::format("there is no workflow `{}`; there are: {}", name, known));
  }
  const std::string out(options.ValueOr("-o", "-"));
  return WriteOutput(out, Draw(*module, *workflow, options.ValueOr("--format", "svg"))) ? kExitDone : kExitWorld;
}

}  // namespace

const Command kGraphCommand{"graph", "draw a workflow, and where people come in", kHelp, RunGraph};

}  // namespace hwf::driver
