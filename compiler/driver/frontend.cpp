#include "compiler/driver/frontend.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "compiler/diagnostics/render.h"
#include "compiler/lower/lower.h"
#include "compiler/passes/passes.h"
#include "compiler/sema/lint.h"
#include "compiler/syntax/parse.h"
#include "ir/verify.h"

namespace hwf::driver {

std::string LibraryDirectory() {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::path programs = fs::read_symlink("/proc/self/exe", error).parent_path();
  const fs::path built = programs / "std";
  return fs::is_directory(built, error) ? built.string() : (programs.parent_path() / "share" / "hwf" / "std").string();
}

std::optional<sema::Program> Frontend::Compile(const std::string& path) { return Analyze(sources_.Load(path)); }

std::optional<sema::Program> Frontend::CompileText(const std::string& path, std::string text) {
  return Analyze(sources_.Add(path, std::move(text)));
}

std::optional<sema::Program> Frontend::Analyze(const ErrorOr<source::FileId>& file) {
  const size_t errors = collector_.errors();
  std::unique_ptr<syntax::Module> module = Parse(file);
  std::unique_ptr<syntax::Module> sites;
  if (!sites_path_.empty()) sites = Parse(sources_.Load(sites_path_));
  if (module == nullptr || (sites == nullptr && !sites_path_.empty())) return std::nullopt;
  diagnostics::Emitter emitter(collector_);
  sema::Program program = sema::Analyze(sources_, std::move(module), emitter, std::move(sites), LibraryDirectory());
  if (collector_.errors() == errors) sema::Lint(program, emitter);
  sound_ = collector_.errors() == errors;
  ReadComments(program);
  return program;
}

// Whether a comment silences nothing is known where all is known: of the compiled file alone, since what a lint says of
// an imported one depends on who imports it, and with the program's own sites.
void Frontend::ReadComments(const sema::Program& program) {
  for (const auto& module : program.modules) {
    const bool judged = sound_ && sites_path_.empty() && module == program.modules.back();
    for (const syntax::Comment& comment : module->comments) silencer_.Read(comment.range, judged);
    for (const syntax::Decl* decl : module->decls) {
      const auto* task = llvm::dyn_cast<syntax::TaskDecl>(decl);
      if (task == nullptr || task->run.text == nullptr) continue;
      for (const source::Range line : CommentsIn(task->run.text->range)) silencer_.Read(line, judged);
    }
  }
}

// A lint of a command's text is silenced there, in a comment of the shell or of its like.
std::vector<source::Range> Frontend::CommentsIn(source::Range command) const {
  constexpr std::string_view kMark = "# hwf: allow ";
  std::vector<source::Range> out;
  const std::string_view text = sources_.Text(command);
  for (size_t at = text.find(kMark); at != std::string_view::npos; at = text.find(kMark, at + 1)) {
    const size_t end = std::min(text.find('\n', at), text.size());
    out.push_back(
        {command.file, command.begin + static_cast<uint32_t>(at), command.begin + static_cast<uint32_t>(end)});
  }
  return out;
}

std::unique_ptr<syntax::Module> Frontend::Parse(const ErrorOr<source::FileId>& file) {
  if (file.ok()) {
    diagnostics::Emitter emitter(collector_);
    return syntax::Parse(sources_, file.value(), emitter);
  }
  fmt::print(stderr, "hwfc: {}\n", file.error().message());
  unreadable_.push_back(file.error().message());
  return nullptr;
}

std::optional<ir::Module> Frontend::Lower(const sema::Program& program) {
  std::optional<ir::TestedModule> tested = LowerWithTests(program);
  if (!tested) return std::nullopt;
  std::vector<ir::Function>& functions = tested->module.functions;
  functions.erase(functions.begin() + static_cast<ptrdiff_t>(functions_of_run_), functions.end());
  return std::move(tested->module);
}

std::optional<ir::TestedModule> Frontend::LowerWithTests(const sema::Program& program) {
  diagnostics::Emitter emitter(collector_);
  if (!sound_) {
    lower::CheckCommands(program, sources_, emitter);
    return std::nullopt;
  }
  const size_t errors = collector_.errors();
  ir::TestedModule tested = lower::LowerWithTests(program, sources_, emitter, &functions_of_run_);
  if (collector_.errors() > errors) return std::nullopt;
  std::vector<std::string> faults = ir::Verify(tested);
  if (faults.empty()) {
    tested.module = passes::Run(std::move(tested.module));
    faults = ir::Verify(tested.module);
  }
  if (faults.empty()) {
    ReportAstray(program, tested.module);
    return collector_.errors() > errors ? std::nullopt : std::optional(std::move(tested));
  }
  // A program that check accepts lowers to sound IR; anything else is a bug of hwfc.
  fmt::print(stderr, "hwfc: this is a bug of hwfc, please report it: the IR it made is not sound\n");
  for (const std::string& fault : faults) fmt::print(stderr, "  {}\n", fault);
  std::abort();
}

void Frontend::ReportAstray(const sema::Program& program, ir::Module& module) {
  diagnostics::Emitter emitter(collector_);
  const auto& modules = program.modules;  // the compiled one is the last; of the IR's sources it is the first
  for (const passes::Astray& each : passes::FindAstray(module)) {
    const syntax::Module& written = each.at.file == 0 ? *modules.back() : *modules[each.at.file - 1];
    const source::Range at = sources_.WordAt(written.file, {each.at.line, each.at.column});
    if (each.task.empty()) {
      emitter.Report(at, diagnostics::kStaysUnseen, each.stays)
          .Help("show what a task has made of it: a table, a sample, a report");
    } else {
      emitter.Report(at, diagnostics::kStaysElsewhere, each.task, each.site, each.stays)
          .Help(fmt::format("let the task run there, `on {}`, or leave `on: {}` away to have it brought", each.stays,
                            each.stays));
    }
  }
}

std::string Frontend::Render(const Options& options) const {
  std::vector<diagnostics::Diagnostic> sorted =
      diagnostics::Sorted(sources_, silencer_.Apply(collector_.diagnostics()));
  std::string_view format = options.ValueOr("--format", "text");
  if (format == "json") return diagnostics::RenderJson(sources_, sorted, unreadable_);
  if (format == "sarif") return diagnostics::RenderSarif(sources_, sorted, unreadable_, HWF_VERSION);
  return diagnostics::RenderText(sources_, sorted, UseColor(options, STDOUT_FILENO));
}

int Frontend::ExitCode() const {
  if (!unreadable_.empty()) return kExitWorld;
  return has_errors() ? kExitFailed : kExitDone;
}

std::vector<Option> Frontend::CommonOptions() {
  return {{"--format", true, {"text", "json", "sarif"}}, {"--color", true, {"auto", "always", "never"}}, {"--sites"}};
}

bool UseColor(const Options& options, int fd) {
  std::string_view asked = options.ValueOr("--color", "auto");
  if (asked != "auto") return asked == "always";
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  if ((no_color && *no_color) || (term && std::string_view(term) == "dumb")) return false;
  return isatty(fd) == 1;
}

}  // namespace hwf::driver
