#include <fmt/format.h>

#include <cstdio>
#include <filesystem>

#include "compiler/driver/frontend.h"
#include "compiler/driver/output.h"
#include "ir/json.h"

namespace hwf::driver {

namespace {

constexpr char kHelp[] = R"(Usage: hwfc build FILE [-o OUT] [options]

Compiles FILE and what it imports to the IR that `hwf run` carries out: versioned JSON, complete in itself.
Writes it beside FILE, as FILE.hwfir with `.hwf` taken off, or to OUT.

Options:
  --sites FILE               the sites of FILE instead of the program's
  -o OUT                     where to; `-` is standard output
  --tests                    with the tests of FILE, for `hwf test`
  --format text|json|sarif   how to say what is wrong (text), on standard error
  --color auto|always|never  colours; auto: on a terminal, unless NO_COLOR is set

Examples:
  hwfc build digits.hwf                  # makes digits.hwfir
  hwfc build digits.hwf -o - | less

Exit codes: 0 built, 1 errors in the program, 2 wrong command line, 3 a file cannot be read or written.
)";

std::string DefaultOutput(const std::string& path) {
  std::filesystem::path out(path);
  return out.extension() == ".hwf" ? out.replace_extension(".hwfir").string() : path + ".hwfir";
}

std::optional<Json> Built(Frontend& frontend, const sema::Program& program, bool with_tests) {
  if (with_tests) {
    const auto tested = frontend.LowerWithTests(program);
    return tested ? std::optional(ir::ToJson(*tested)) : std::nullopt;
  }
  const auto module = frontend.Lower(program);
  return module ? std::optional(ir::ToJson(*module)) : std::nullopt;
}

int RunBuild(Arguments arguments) {
  std::vector<Option> known = Frontend::CommonOptions();
  known.push_back({"-o"});
  known.push_back({"--tests", false});
  Options options = ReadOptions(arguments, known);
  if (!options.error.empty()) return UsageError(kBuildCommand, options.error);
  if (options.files.size() != 1)
    return UsageError(kBuildCommand, options.files.empty() ? "which file?" : "one file, please");
  Frontend frontend;
  frontend.UseSites(std::string(options.ValueOr("--sites", "")));
  const std::string& path = options.files[0];
  auto program = frontend.Compile(path);
  std::optional<Json> made;
  if (program.has_value()) made = Built(frontend, *program, options.Has("--tests"));
  const std::string said = frontend.Render(options);
  std::fwrite(said.data(), 1, said.size(), stderr);
  if (!made.has_value()) return frontend.ExitCode();
  const std::string out(options.ValueOr("-o", DefaultOutput(path)));
  return WriteOutput(out, made->Dump() + "\n") ? kExitDone : kExitWorld;
}

}  // namespace

const Command kBuildCommand{"build", "compile a program to the IR that `hwf run` carries out", kHelp, RunBuild};

}  // namespace hwf::driver
