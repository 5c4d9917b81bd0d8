#include "runtime/engine/launcher.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <set>

#include "ir/json.h"
#include "runtime/engine/bundles.h"
#include "runtime/engine/evidence.h"
#include "runtime/state/approved.h"

extern char** environ;

namespace hwf::engine {
namespace {

using Variables = std::vector<std::pair<std::string, std::string>>;

// What a task may see of the engine's own environment; all else is the task's `env` or the site's setup.
constexpr const char* kPassed[] = {"HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "TMPDIR", "VIRTUAL_ENV"};
constexpr const char* kDefaultPath = "/usr/local/bin:/usr/bin:/bin";

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

void Set(Variables& variables, const std::string& name, std::string value) {
  for (auto& [known, text] : variables) {
    if (known == name) {
      text = std::move(value);
      return;
    }
  }
  variables.emplace_back(name, std::move(value));
}

std::string InFront(const std::string& directory, const std::string& path) {
  if (directory.empty()) return path;
  return path.empty() ? directory : directory + ":" + path;
}

// The files that its values name.
std::vector<std::string> Inputs(const scheduler::StartTask& start) {
  std::vector<const Json*> files;
  for (const Json& argument : start.arguments) CollectFiles(argument, files);
  CollectFiles(start.previous, files);
  for (const scheduler::QueuedMessage& message : start.messages) CollectFiles(message.fields, files);
  std::set<std::string> paths;
  for (const Json* file : files) paths.insert(file->StringOr("path", ""));
  paths.erase("");
  return {paths.begin(), paths.end()};
}

// What a login at the site has, with hwf's own programs in front.
Variables FarEnvironment(const LaunchContext& context) {
  Variables variables = context.setting->environment;
  std::string path, python;
  for (const auto& [name, value] : variables) {
    if (name == "PATH") path = value;
    if (name == "PYTHONPATH") python = value;
  }
  Set(variables, "PATH", InFront(context.setting->programs, path.empty() ? kDefaultPath : path));
  Set(variables, "PYTHONPATH", InFront(context.setting->python, python));
  return variables;
}

Variables OwnEnvironment(const LaunchContext& context) {
  Variables variables;
  const std::string path = Variable("PATH");
  Set(variables, "PATH", InFront(context.task_directory, path.empty() ? kDefaultPath : path));
  for (const char* name : kPassed) {
    if (std::getenv(name) != nullptr) Set(variables, name, Variable(name));
  }
  const std::string python = InFront(context.python_directory, Variable("PYTHONPATH"));
  if (!python.empty()) Set(variables, "PYTHONPATH", python);
  return variables;
}

Variables BaseEnvironment(const LaunchContext& context) {
  Variables variables = context.setting->own_environment ? FarEnvironment(context) : OwnEnvironment(context);
  if (context.on_nodes) std::erase_if(variables, [](const auto& variable) { return variable.first == "TMPDIR"; });
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const char* equals = std::strchr(*entry, '=');
    if (equals == nullptr || std::strncmp(*entry, "HWF_", 4) != 0) continue;
    Set(variables, std::string(*entry, static_cast<size_t>(equals - *entry)), equals + 1);
  }
  return variables;
}

bool IsJson(ir::TypeRef type) {
  while (type->kind == ir::TypeKind::kOptional || type->kind == ir::TypeKind::kApproved) type = type->element;
  return type->kind != ir::TypeKind::kString && type->kind != ir::TypeKind::kFile && type->kind != ir::TypeKind::kDir;
}

ir::TypeKind InnerKind(ir::TypeRef type) {
  while (type->kind == ir::TypeKind::kOptional || type->kind == ir::TypeKind::kApproved ||
         type->kind == ir::TypeKind::kList) {
    type = type->element;
  }
  return type->kind;
}

Json ToJson(const scheduler::QueuedMessage& message) {
  Json json;
  json.Set("number", message.number).Set("message", message.message).Set("fields", message.fields);
  return json;
}

// The streams with their types, as a task that has nothing else.
std::string StreamTypes(const ir::Task& task) {
  if (task.streams.empty()) return "";
  ir::Module module;
  ir::Task& only = module.tasks.emplace_back();
  only.name = task.name;
  only.output_record = task.streams.front().record;
  only.streams = task.streams;
  return ir::ToJson(module).Dump();
}

}  // namespace

runner::OutputSpec SpecOf(const ir::Output& output, const std::string& path) {
  using Kind = runner::OutputSpec::Kind;
  runner::OutputSpec spec;
  spec.name = output.name;
  spec.path = path;
  spec.optional = output.type->kind == ir::TypeKind::kOptional;
  const ir::TypeKind inner = InnerKind(output.type);
  switch (output.kind) {
    case ir::Output::Kind::kGlob:
      spec.kind = inner == ir::TypeKind::kDir ? Kind::kGlobDirs : Kind::kGlobFiles;
      break;
    case ir::Output::Kind::kPath:
      spec.kind = IsJson(output.type)            ? Kind::kJson
                  : inner == ir::TypeKind::kFile ? Kind::kFile
                  : inner == ir::TypeKind::kDir  ? Kind::kDir
                                                 : Kind::kText;
      break;
    case ir::Output::Kind::kStdout:
      spec.kind = IsJson(output.type)            ? Kind::kStdoutJson
                  : inner == ir::TypeKind::kFile ? Kind::kStdoutFile
                                                 : Kind::kStdoutText;
      break;
  }
  return spec;
}

Json OutPaths(const std::vector<state::OutputPath>& paths, const std::string& directory) {
  Json out = Json::Object();
  for (const state::OutputPath& path : paths) out.Set(path.output->name, directory + "/" + path.path);
  return out;
}

std::vector<ApprovedArgument> ApprovedArguments(scheduler::StartTask& start) {
  std::vector<ApprovedArgument> found;
  for (size_t i = 0; i < start.arguments.size() && i < start.task->params.size(); ++i) {
    const ir::Param& param = start.task->params[i];
    for (Json* value : state::ApprovedParts(start.arguments[i], param.type)) found.push_back({&param, value});
  }
  return found;
}

void AskFor(const state::Needs& needs, runner::Start& start) {
  start.cpus = needs.cpus;
  start.gpus = static_cast<int>(needs.gpus);
  start.memory = needs.memory;
  start.time_limit_ms = needs.time_ms;
  start.gpu = needs.gpu;
  start.disk = needs.disk;
  start.nodes = static_cast<int>(needs.nodes);
  start.ranks = static_cast<int>(std::max(needs.ranks, needs.nodes * std::max<int64_t>(1, needs.ranks_per_node)));
  start.ranks_per_node = static_cast<int>(needs.ranks_per_node);
}

ErrorOr<runner::Start> BuildStart(const LaunchContext& context, const scheduler::StartTask& start) {
  const ir::Task& task = *start.task;
  runner::Start request;
  request.place = start.place;
  request.attempt = start.attempt;
  request.effect = task.effect;
  request.directory = fmt::format("{}/tasks/{}/{}", context.root, start.place, start.attempt);
  state::TaskValues values{start.arguments, Json::Object(), start.previous, start.attempt};
  request.bundled = BundleFiles(task, request.directory, values.arguments);
  HWF_ASSIGN(const std::vector<state::OutputPath> paths, state::OutputPaths(*context.module, task, values));
  values.out = OutPaths(paths, request.directory);
  for (const state::OutputPath& path : paths) request.outputs.push_back(SpecOf(*path.output, path.path));
  HWF_ASSIGN(state::RenderedCommand command, state::RenderCommand(*context.module, task, values));
  HWF_ASSIGN(const state::Needs needs, state::EvaluateNeeds(*context.module, task, values));
  request.argv = std::move(command.argv);
  request.script = std::move(command.script);
  HWF_ASSIGN(request.image, state::EvaluateImage(*context.module, task, values));
  request.inputs = Inputs(start);
  // In a container nothing of this machine's is right; hwf's tools are put in front of PATH there.
  if (request.image.empty()) request.env = BaseEnvironment(context);
  Set(request.env, "HWF_RUN", context.run_id);
  Set(request.env, "HWF_PLACE", start.place);
  Set(request.env, "HWF_ATTEMPT", std::to_string(start.attempt));
  Set(request.env, "HWF_TASK_DIR", request.directory);
  for (auto& [name, value] : command.env) Set(request.env, name, std::move(value));
  request.links = task.uses;
  for (const ir::Stream& stream : task.streams) {
    request.streams.push_back(stream.name);
    if (stream.every_all) request.every_all.push_back(stream.name);
  }
  request.stream_types = StreamTypes(task);
  request.accepts_messages = !task.accepts.empty();
  for (const scheduler::QueuedMessage& message : start.messages) request.messages.push_back(ToJson(message));
  AskFor(needs, request);
  request.launch = task.launch;
  request.pack = static_cast<int>(task.pack);
  request.priority = start.priority;
  for (const std::string& name : task.secrets) {
    const auto known = std::find_if(context.secrets->begin(), context.secrets->end(),
                                    [&](const auto& secret) { return secret.first == name; });
    if (known == context.secrets->end()) return MakeError("its site has no secret {}", name);
    request.secrets.push_back(*known);
  }
  return request;
}

}  // namespace hwf::engine
