// `-> (model: File at "model.pt", text: String at stdout, shards: [File] at "shards/*.npz")`
#include <filesystem>

#include "compiler/sema/checker.h"
#include "ir/attempt_names.h"

namespace hwf::sema {
namespace {

bool IsPathType(TypeRef type) { return type->kind == TypeKind::kFile || type->kind == TypeKind::kDir; }
bool IsPathList(TypeRef type) { return type->kind == TypeKind::kList && IsPathType(type->element); }
bool HasGlob(const std::string& path) { return path.find_first_of("*?[") != std::string::npos; }

// Empty if `path` stays in the attempt directory.
std::string_view PathFault(const std::string& path) {
  if (path.empty()) return "it is empty";
  if (path[0] == '/') return "it begins with `/`";
  for (size_t at = 0; at <= path.size();) {
    const size_t end = std::min(path.find('/', at), path.size());
    if (path.compare(at, end - at, "..") == 0) return "it leads out by `..`";
    at = end + 1;
  }
  return {};
}

}  // namespace

void Checker::CheckOutput(const TaskDecl& task, const Output& output) {
  const TypeRef type = output.sema_type;
  const TypeRef inner = type->kind == TypeKind::kOptional ? type->element : type;
  RefuseType(output.type, type, types_.HoldsApproved(type), "a task's output");
  if (type->kind == TypeKind::kUnit) RefuseType(output.type, type, true, "a task's output");
  // In JSON it would be a path that a task made up: no content was seen, so none could be approved or compared.
  const bool json = !IsPathType(inner) && !IsPathList(inner);
  if (json && ir::HoldsFiles(inner) && !types_.HoldsApproved(type)) {
    Report(output.type->range, diagnostics::kBadOutputAt, "an output in JSON", TypeName(type))
        .Help("a file is an output of its own, as in `model: File at \"model.bin\"`");
  }
  if (output.at != nullptr) {
    CheckOutputPath(task, output, inner);
  } else if (const std::string name = output.name.text.str(); !output.at_stdout && !ir::RunnersName(name).empty()) {
    Report(output.name.range, diagnostics::kRunnersName, name, name)
        .Help("say where else: `" + name + ": " + TypeName(type) + " at \"the_" + name + "\"`");
  } else if (!output.at_stdout && IsPathList(inner)) {
    Report(output.type->range, diagnostics::kBadOutputAt, "an output without `at`", TypeName(type))
        .Help("say which files: `" + output.name.text.str() + ": " + TypeName(type) + " at \"out/*\"`");
  }
  if (!output.at_stdout) return;
  if (inner->kind == TypeKind::kDir || IsPathList(inner)) {
    Report(output.range, diagnostics::kBadOutputAt, "`at stdout`", TypeName(type))
        .Help("standard output is taken as a File or a String, or read as JSON for other types");
  }
  for (const Output& other : task.outputs) {
    if (&other == &output) break;
    if (!other.at_stdout) continue;
    Report(output.name.range, diagnostics::kSameOutput, "standard output").Note(other.range, "it is taken here");
    break;
  }
}

void Checker::CheckOutputPath(const TaskDecl& task, const Output& output, TypeRef type) {
  if (!CheckAs(output.at, Simple(TypeKind::kString), "for `at`")) return;
  const auto path = ConstantString(output.at);
  if (IsPathList(type) && path && !HasGlob(*path)) {
    Report(output.at->range, diagnostics::kBadOutputAt, "a single path", TypeName(type))
        .Help("a list of files is found by a pattern: `at \"shards/*.npz\"`");
    return;
  }
  if (!path) return;
  const std::string_view fault = PathFault(*path);
  if (!fault.empty()) {
    Report(output.at->range, diagnostics::kBadOutputPath, *path, fault);
    return;
  }
  if (const std::string_view name = ir::RunnersName(*path); !name.empty()) {
    auto report = Report(output.at->range, diagnostics::kRunnersName, *path, name);
    if (*path == "stdout") report.Help("what the command prints is `at stdout`, without quotes");
    return;
  }
  if (IsPathList(type)) return;
  const auto place = std::filesystem::path(*path).lexically_normal();
  for (const Output& other : task.outputs) {
    if (&other == &output) break;
    if (other.at == nullptr || IsPathList(other.sema_type)) continue;
    const auto taken = ConstantString(other.at);
    if (!taken || std::filesystem::path(*taken).lexically_normal() != place) continue;
    Report(output.at->range, diagnostics::kSameOutput, "the path " + Quoted(*path))
        .Note(other.at->range, "it is taken here");
    break;
  }
}

}  // namespace hwf::sema
