#include "runtime/cli/program.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstdlib>

#include "base/utf8.h"
#include "ir/json.h"
#include "ir/verify.h"
#include "runtime/cli/commands.h"
#include "runtime/cli/option_text.h"
#include "runtime/cli/version.h"
#include "runtime/engine/evidence.h"
#include "runtime/platform/file_descriptor.h"
#include "runtime/platform/file_system.h"
#include "runtime/platform/paths.h"
#include "runtime/platform/process.h"
#include "runtime/report/text.h"
#include "runtime/state/evaluate.h"
#include "runtime/state/values.h"

namespace hwf::cli {
namespace {

constexpr uint64_t kMaxProgramBytes = uint64_t{1} << 30;

LoadedProgram NotLoaded(int exit, std::string message) {
  LoadedProgram loaded;
  loaded.error = {exit, std::move(message)};
  return loaded;
}

// A file without a name takes the compiler's output, so that nothing is left behind whatever happens.
struct Compiled {
  std::string ir;
  ProgramError error;
};
Compiled Compile(const Context& context, const std::string& path, const std::string& sites, bool tests = false) {
  Compiled compiled;
  const auto fail = [&](int exit, std::string message) {
    compiled.error = {exit, std::move(message)};
    return std::move(compiled);
  };
  const platform::FileDescriptor out(memfd_create("hwfir", 0));
  if (!out.valid()) return fail(kExitWorld, ErrnoError(errno, "making a temporary file").message());
  platform::SpawnOptions options;
  options.argv = {context.program_directory + "/hwfc", "build", path, "-o", "-"};
  if (!sites.empty()) options.argv.push_back("--sites=" + sites);
  if (tests) options.argv.push_back("--tests");
  options.inherit_env = true;
  options.files = {{out.get(), 1}, {2, 2}};
  const ErrorOr<pid_t> child = platform::Spawn(options);
  if (!child.ok()) {
    return fail(kExitWorld, fmt::format("{}: cannot be started: {}; hwfc belongs beside hwf, `hwf doctor` says more",
                                        options.argv[0], child.error().message()));
  }
  int status = 0;
  while (waitpid(child.value(), &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status)) return fail(kExitWorld, fmt::format("hwfc was ended by signal {}", WTERMSIG(status)));
  if (WEXITSTATUS(status) != 0) return fail(WEXITSTATUS(status), "");
  const off_t size = lseek(out.get(), 0, SEEK_END);
  compiled.ir.resize(static_cast<size_t>(std::max<off_t>(size, 0)));
  if (pread(out.get(), compiled.ir.data(), compiled.ir.size(), 0) != size) {
    return fail(kExitWorld, "reading what hwfc made failed");
  }
  return compiled;
}

const ir::Param* FindParameter(const ir::Workflow& workflow, const std::string& name) {
  for (const ir::Param& param : workflow.region.params) {
    if (param.name == name || Dashed(param.name) == name) return &param;
  }
  return nullptr;
}

// Files inside a value, which are {"path": text} yet, as File values.
ErrorOr<Json> ResolveFiles(Json value, ir::TypeRef type) {
  switch (type->kind) {
    case ir::TypeKind::kFile:
    case ir::TypeKind::kDir: {
      const std::string text = value.StringOr("path", "");
      HWF_ASSIGN(const std::string real, platform::RealPath(text));
      if (!IsUtf8(real)) return MakeError("{} leads to {}, a path that is not UTF-8 text", text, ToUtf8(real));
      return engine::FileValue(real, type->kind == ir::TypeKind::kDir);
    }
    case ir::TypeKind::kOptional:
    case ir::TypeKind::kApproved:
      if (value.is_null()) return value;
      return ResolveFiles(std::move(value), type->element);
    case ir::TypeKind::kList: {
      Json list = Json::Array();
      for (Json& item : value.AsArray()) {
        HWF_ASSIGN(Json resolved, ResolveFiles(std::move(item), type->element));
        list.Add(std::move(resolved));
      }
      return list;
    }
    case ir::TypeKind::kMap: {
      Json map = Json::Object();
      for (JsonMember& member : value.AsObject()) {
        HWF_ASSIGN(Json resolved, ResolveFiles(std::move(member.value), type->element));
        map.Set(member.key, std::move(resolved));
      }
      return map;
    }
    case ir::TypeKind::kRecord: {
      Json record = Json::Object();
      for (const ir::FieldDef& field : type->record->fields) {
        HWF_ASSIGN(Json resolved, ResolveFiles(value[field.name], field.type));
        record.Set(field.name, std::move(resolved));
      }
      return record;
    }
    case ir::TypeKind::kUnit:
    case ir::TypeKind::kBool:
    case ir::TypeKind::kInt:
    case ir::TypeKind::kFloat:
    case ir::TypeKind::kString:
    case ir::TypeKind::kDuration:
    case ir::TypeKind::kBytes:
    case ir::TypeKind::kEnum:
    case ir::TypeKind::kService:
    case ir::TypeKind::kNone:
    case ir::TypeKind::kEmpty:
    case ir::TypeKind::kNever:
    case ir::TypeKind::kPoison:
      return value;
  }
  return value;
}

ErrorOr<Json> ReadOption(const ir::Param& param, const std::optional<std::string>& text) {
  if (!text && !IsBool(param.type)) {
    return MakeError("`--{}` wants a value: {}", Dashed(param.name), ir::ToString(param.type));
  }
  ErrorOr<Json> value = state::ParseParameter(text.value_or("true"), param.type);
  if (!value.ok()) return value.error().WithContext("`--" + Dashed(param.name) + "`");
  if (!ir::HoldsFiles(param.type)) return value;
  ErrorOr<Json> resolved = ResolveFiles(std::move(value).value(), param.type);
  if (!resolved.ok()) return resolved.error().WithContext("`--" + Dashed(param.name) + "`");
  return resolved;
}

Error UnknownParameter(const Program& program, const std::string& name) {
  std::vector<std::string> names;
  std::string known;
  for (const ir::Param& param : program.entry->region.params) {
    names.push_back(Dashed(param.name));
    known += (known.empty() ? "--" : ", --") + names.back();
  }
  for (const OptionSpec& option : RunCommand().options) names.push_back(option.name);
  const std::string near = Nearest(name, names);
  if (!near.empty()) {
    return MakeError("workflow {} has no parameter `--{}`; did you mean `--{}`?", program.entry->name, name, near);
  }
  return MakeError("workflow {} has no parameter `--{}`; it takes {}", program.entry->name, name,
                   known.empty() ? "none" : known);
}

std::string DefaultText(const ir::Param& param) {
  if (!param.default_value) return param.type->kind == ir::TypeKind::kOptional ? "" : "required";
  if (param.default_value->op == ir::Op::kLiteral) {
    return "default " + report::FormatValue(param.default_value->literal, param.type);
  }
  return "has a default";
}

}  // namespace

LoadedProgram LoadProgram(const Context& context, const std::string& path, const std::string& sites) {
  LoadedProgram loaded = LoadDeclarations(context, path, sites);
  if (!loaded.program) return loaded;
  Program& program = *loaded.program;
  program.entry = program.module->entry.empty() ? nullptr : program.module->FindWorkflow(program.module->entry);
  if (program.entry == nullptr) return NotLoaded(kExitFailed, path + " has no workflow to run");
  return loaded;
}

LoadedProgram LoadDeclarations(const Context& context, const std::string& path, const std::string& sites) {
  LoadedProgram loaded;
  auto program = std::make_unique<Program>();
  if (path.ends_with(".hwfir")) {
    if (!sites.empty()) {
      return NotLoaded(
          kExitUsage,
          fmt::format("{} is compiled already, with its sites in it: give `--sites` to `hwfc build`", path));
    }
    ErrorOr<std::string> text = platform::RealFileSystem().Read(path, kMaxProgramBytes);
    if (!text.ok()) return NotLoaded(kExitFailed, text.error().message());
    program->ir = std::move(text).value();
  } else {
    Compiled compiled = Compile(context, path, sites);
    if (compiled.error.exit != kExitFailed || compiled.ir.empty()) {
      if (compiled.ir.empty()) return NotLoaded(compiled.error.exit, compiled.error.message);
    }
    program->ir = std::move(compiled.ir);
  }
  ErrorOr<ir::Module> module = ir::ModuleFromText(program->ir);
  if (!module.ok()) return NotLoaded(kExitFailed, module.error().WithContext(path).message());
  program->module = std::make_unique<ir::Module>(std::move(module).value());
  const std::vector<std::string> faults = ir::Verify(*program->module);
  if (!faults.empty())
    return NotLoaded(kExitFailed, fmt::format("{} is not a sound program: {}", path, faults.front()));
  const std::string wanted = fmt::format("hwfc {}", kVersion);
  if (!path.ends_with(".hwfir") && program->module->compiler != wanted) {
    return NotLoaded(kExitWorld, fmt::format("{}/hwfc is {}, this hwf wants {}; install both from one release",
                                             context.program_directory, program->module->compiler, wanted));
  }
  loaded.program = std::move(program);
  return loaded;
}

LoadedTests LoadTests(const Context& context, const std::string& path, const std::string& sites) {
  LoadedTests loaded;
  const Compiled compiled = Compile(context, path, sites, true);
  if (compiled.ir.empty()) {
    loaded.error = compiled.error;
    return loaded;
  }
  ErrorOr<ir::TestedModule> tested = ir::TestedModuleFromText(compiled.ir);
  if (!tested.ok()) {
    loaded.error.message = tested.error().WithContext(path).message();
    return loaded;
  }
  loaded.tested = std::make_unique<ir::TestedModule>(std::move(tested).value());
  const std::vector<std::string> faults = ir::Verify(*loaded.tested);
  if (faults.empty()) return loaded;
  loaded.tested.reset();
  loaded.error.message = fmt::format("{} is not a sound program: {}", path, faults.front());
  return loaded;
}

ErrorOr<Json> ReadParameters(const Program& program, const Arguments& arguments) {
  std::vector<std::pair<const ir::Param*, std::optional<std::string>>> given;
  for (const auto& [name, text] : arguments.program) {
    const ir::Param* param = FindParameter(*program.entry, name);
    const bool negated = param == nullptr && name.compare(0, 3, "no-") == 0 && !text;
    if (negated) param = FindParameter(*program.entry, name.substr(3));
    if (param == nullptr || (negated && !IsBool(param->type))) return UnknownParameter(program, name);
    given.emplace_back(param, negated ? std::optional<std::string>("false") : text);
  }
  Json values = Json::Object();
  state::SmallEnvironment environment;
  for (const ir::Param& param : program.entry->region.params) {
    const auto option =
        std::find_if(given.rbegin(), given.rend(), [&](const auto& entry) { return entry.first == &param; });
    Json value;
    if (option != given.rend()) {
      HWF_ASSIGN(value, ReadOption(param, option->second));
    } else if (param.default_value) {
      const state::Evaluation result = state::Evaluate(*program.module, *param.default_value, environment);
      if (!result.ok()) return MakeError("the default of `{}`: {}", param.name, result.failure->message);
      value = state::Widen(result.value, param.type);
    } else if (param.type->kind != ir::TypeKind::kOptional) {
      return MakeError("workflow {} wants `{}`{}", program.entry->name, OptionText(param.name, param.type, "` or `"),
                       param.doc.empty() ? std::string() : ": " + param.doc);
    }
    environment.Set(param.id, value);
    values.Set(param.name, std::move(value));
  }
  return values;
}

ErrorOr<Json> ReadChanges(const ir::Module& module, const std::vector<std::string>& changes) {
  Program program;
  program.entry = module.FindWorkflow(module.entry);
  Json out = Json::Object();
  for (const std::string& change : changes) {
    const size_t equals = change.find('=');
    if (equals == 0 || equals == std::string::npos) return MakeError("`--set {}` is not NAME=VALUE", change);
    const std::string name = change.substr(0, equals);
    const ir::Param* param = FindParameter(*program.entry, name);
    if (param == nullptr) return UnknownParameter(program, name);
    HWF_ASSIGN(Json value, ReadOption(*param, change.substr(equals + 1)));
    out.Set(param->name, std::move(value));
  }
  return out;
}

std::string ProgramHelp(const Program& program, const std::string& path) {
  const ir::Workflow& entry = *program.entry;
  std::string text =
      fmt::format("{} (workflow {} of {})\n", entry.doc.empty() ? "Run it." : entry.doc, entry.name, path);
  text += fmt::format("\n  hwf run {}", path);
  for (const ir::Param& param : entry.region.params) {
    const bool required = !param.default_value && param.type->kind != ir::TypeKind::kOptional;
    if (required) text += " " + OptionText(param.name, param.type, "|");
  }
  text += entry.region.params.empty() ? "\n" : " [PARAMETERS]\n\nParameters:\n";
  for (const ir::Param& param : entry.region.params) {
    const std::string left = OptionText(param.name, param.type, ", ");
    std::string about = DefaultText(param);
    if (const std::string value = ValueHelp(param.type); !value.empty()) about += (about.empty() ? "" : "; ") + value;
    text += fmt::format("  {}  {}{}\n", report::Pad(left, 26), param.doc,
                        about.empty() ? "" : (param.doc.empty() ? about : " (" + about + ")"));
  }
  if (!entry.outputs.empty()) text += "\nResult:\n";
  for (const ir::FieldDef& output : entry.outputs) {
    text += fmt::format("  {}  {}\n", report::Pad(output.name, 26), ir::ToString(output.type));
  }
  return text;
}

}  // namespace hwf::cli
