// The command of a task and its environment: what can stand in `~{…}` there. Quoting is lowering's work.
#include <llvm/ADT/StringExtras.h>

#include <algorithm>
#include <array>

#include "compiler/diagnostics/did_you_mean.h"
#include "compiler/sema/checker.h"
#include "languages/language.h"

namespace hwf::sema {
namespace {

// `out.x` of an output that has no path of its own: standard output, or files found by a pattern.
const Output* PathlessOutput(const TaskDecl& task, const Expr* value) {
  const auto* field = llvm::dyn_cast<FieldExpr>(value);
  if (field == nullptr) return nullptr;
  const auto* base = llvm::dyn_cast<NameExpr>(field->base);
  if (base == nullptr || base->binding == nullptr || base->binding->kind != Binding::Kind::kOut) return nullptr;
  for (const Output& output : task.outputs) {
    if (output.name.text != field->name.text) continue;
    const TypeRef inner = output.sema_type->kind == TypeKind::kOptional ? output.sema_type->element : output.sema_type;
    const bool list = inner->kind == TypeKind::kList &&
                      (inner->element->kind == TypeKind::kFile || inner->element->kind == TypeKind::kDir);
    return output.at_stdout || list ? &output : nullptr;
  }
  return nullptr;
}

bool IsBlank(const Expr* text) {
  const auto constant = ConstantString(text);
  return constant && constant->find_first_not_of(" \t\r\n") == std::string::npos;
}

}  // namespace

void Checker::CheckInterpreter(const Ident& name) {
  std::vector<StringRef> known = {"bash", "sh"};
  for (const languages::Language* language : languages::All()) known.emplace_back(language->name);
  if (std::find(known.begin(), known.end(), name.text) != known.end()) return;
  constexpr std::array<std::pair<StringRef, StringRef>, 4> kOtherNames = {
      {{"python3", "python"}, {"Rscript", "R"}, {"javascript", "node"}, {"js", "node"}}};
  StringRef near = diagnostics::Nearest(name.text, known);
  for (const auto& [other, meant] : kOtherNames) near = name.text == other ? meant : near;
  auto report = Report(name.range, diagnostics::kUnknownInterpreter, name.text, llvm::join(known, ", "));
  if (!near.empty()) report.Help("did you mean `run " + near.str() + "`?");
  if (near.empty())
    report.Help("write the program to a file, name it in `uses`, and run it: `exec [\"" + name.text.str() +
                "\", \"file\", x]`");
}

void Checker::CheckCommand(const TaskDecl& task) {
  for (const TaskDecl::Env& env : task.env) {
    Check(env.value);
    if (IsText(env.value->type, Text::kTask)) continue;
    auto report = Report(env.value->range, diagnostics::kNotText, TypeName(env.value->type));
    if (Plain(env.value->type)->kind == TypeKind::kOptional) {
      report.Help("it may be `none`: give a default with `??`");
    }
  }
  auto refuse_pathless = [&](const Expr* value) {
    const Output* output = PathlessOutput(task, value);
    if (output == nullptr) return;
    Report(value->range, diagnostics::kOutHasNoPath, output->name.text,
           output->at_stdout ? "standard output" : "the files that match its pattern")
        .Note(output->range, "declared here");
  };
  switch (task.run.kind) {
    case TaskDecl::Run::Kind::kNone:
      if (!task.broken) Report(task.name.range, diagnostics::kNoCommand, task.name.text);
      return;
    case TaskDecl::Run::Kind::kInterpreter:
      CheckInterpreter(task.run.interpreter);
      [[fallthrough]];
    case TaskDecl::Run::Kind::kShell: {
      if (task.run.text == nullptr) return;
      const Text kind =
          languages::IsShell(std::string_view(task.run.interpreter.text)) ? Text::kShellWord : Text::kScript;
      CheckString(*task.run.text, kind);
      if (IsBlank(task.run.text)) Report(task.run.text->range, diagnostics::kNoCommand, task.name.text);
      for (const StringExpr::Part& part : task.run.text->parts) {
        if (part.value != nullptr) refuse_pathless(part.value);
      }
      return;
    }
    case TaskDecl::Run::Kind::kExec: {
      if (task.run.argv == nullptr) return;
      for (Expr* word : task.run.argv->items) {
        CheckPart(*word, Text::kShellWord);
        refuse_pathless(word);
      }
      task.run.argv->type = context_.types().List(Simple(TypeKind::kString));
      if (!task.broken && (task.run.argv->items.empty() || IsBlank(task.run.argv->items[0]))) {
        Report(task.run.argv->range, diagnostics::kNoCommand, task.name.text);
      }
      return;
    }
  }
}

}  // namespace hwf::sema
