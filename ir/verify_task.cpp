#include <algorithm>
#include <cctype>

#include "ir/sites.h"
#include "ir/verifier.h"
#include "languages/language.h"

namespace hwf::ir::internal {
namespace {

bool IsVariableName(std::string_view name) {
  auto word = [](unsigned char c) { return c == '_' || (c < 0x80 && std::isalnum(c) != 0); };
  return !name.empty() && !std::isdigit(static_cast<unsigned char>(name[0])) &&
         std::all_of(name.begin(), name.end(), word);
}

}  // namespace

void Verifier::CheckOutputs(const Task& task) {
  UniqueNames(task.outputs, "outputs");
  int from_stdout = 0;
  for (const Output& output : task.outputs) {
    Place place(*this, "output `" + output.name + "`");
    CheckName(output.name, "output");
    CheckType(output.type);
    if (output.type == nullptr) continue;
    if (output.path.has_value()) CheckExprIs(*output.path, Simple(TypeKind::kString), "its path");
    if (output.kind == Output::Kind::kStdout) ++from_stdout;
    if (output.kind == Output::Kind::kGlob) {
      bool files = output.type->kind == TypeKind::kList &&
                   (output.type->element->kind == TypeKind::kFile || output.type->element->kind == TypeKind::kDir);
      Expect(files, "a glob gives a list of files");
      Expect(output.path.has_value(), "a glob has a pattern");
    }
    const FieldDef* field = task.output_record->record ? task.output_record->record->Find(output.name) : nullptr;
    if (field == nullptr || field->type != output.type) Fault("it is not in the record of outputs");
  }
  Expect(from_stdout <= 1, "two outputs read standard output");
  size_t fields = task.output_record->record != nullptr ? task.output_record->record->fields.size() : 0;
  Expect(fields == task.outputs.size(), "the record of outputs has other fields");
}

void Verifier::CheckStreams(const Task& task) {
  UniqueNames(task.streams, "checkpoints");
  UniqueNames(task.accepts, "messages");
  for (const Stream& stream : task.streams) {
    CheckName(stream.name, "checkpoint");
    CheckType(stream.record);
    if (stream.record != nullptr) Expect(stream.record->record != nullptr, "a checkpoint is a record");
    Expect(!stream.keep.has_value() || *stream.keep >= 0, "a checkpoint keeps fewer than none");
  }
  for (const Message& message : task.accepts) {
    CheckName(message.name, "message");
    CheckFields(message.fields);
  }
}

void Verifier::CheckPiece(const Command::Piece& piece) {
  if (piece.value.has_value()) {
    CheckExpr(*piece.value);
    Expect(piece.text.empty(), "a piece of a command is text or a value, not both");
  } else {
    Expect(piece.text.find('\0') == std::string::npos, "a command holds a NUL");
    Expect(!piece.raw, "a raw piece has a value");
  }
}

void Verifier::CheckCommand(const Command& command) {
  std::unordered_set<std::string_view> variables;
  for (const Command::Assignment& assignment : command.assignments) {
    if (!IsVariableName(assignment.variable)) Fault("`{}` is no variable", assignment.variable);
    if (!variables.insert(assignment.variable).second) Fault("`{}` is assigned twice", assignment.variable);
    CheckExpr(assignment.value);
  }
  for (const Command::Piece& piece : command.text) CheckPiece(piece);
  for (const Command::Word& word : command.words) {
    Expect(!word.pieces.empty(), "a word of the command is made of nothing");
    for (const Command::Piece& piece : word.pieces) CheckPiece(piece);
  }
  switch (command.kind) {
    case Command::Kind::kShell:
      Expect(command.interpreter.empty() || command.interpreter == "sh", "the shell is neither bash nor sh");
      Expect(!command.text.empty(), "the command is empty");
      break;
    case Command::Kind::kInterpreter:
      if (languages::Find(command.interpreter) == nullptr) Fault("`{}` is no interpreter", command.interpreter);
      Expect(!command.text.empty(), "the command is empty");
      break;
    case Command::Kind::kExec:
      Expect(!command.words.empty(), "the command is empty");
      Expect(command.text.empty() && command.assignments.empty(), "text and assignments are of a script");
      break;
  }
  if (!command.direct) return;
  Expect(command.kind == Command::Kind::kShell && !command.words.empty(),
         "only a shell's command of plain words runs directly");
}

void Verifier::CheckSites(const Task& task) {
  for (const std::string& site : task.on) {
    if (!IsSite(site)) Fault("`{}` is no site of the module", site);
  }
  for (const Never& never : task.never_on) {
    if (!IsSite(never.site)) Fault("`{}` is no site of the module", never.site);
  }
  Expect(task.launch.empty() || IsLaunch(task.launch), "its `launch` is none of srun, mpirun and torchrun");
  Expect(task.pack >= 0 && task.pack <= kMaxPack, "its `pack` is out of range");
  std::unordered_set<std::string_view> variables;
  for (const NamedExpr& variable : task.env) variables.insert(variable.name);
  for (const std::string& secret : task.secrets) {
    if (!IsVariableName(secret)) Fault("`{}` is no variable", secret);
    if (!variables.insert(secret).second) Fault("the variable `{}` has two values", secret);
    if (task.on.empty()) CheckSecret(secret, "here");
    for (const std::string& site : task.on) CheckSecret(secret, site);
  }
}

void Verifier::CheckSecret(const std::string& secret, std::string_view site) {
  const Site* declared = FindSite(module_, site);
  const Json* secrets = declared != nullptr ? declared->fields.Find("secrets") : nullptr;
  if (secrets == nullptr || secrets->Find(secret) == nullptr) {
    Fault("the site `{}` has no secret `{}`", site, secret);
  }
}

void Verifier::CheckTask(const Task& task) {
  Place place(*this, "task `" + task.name + "`");
  CheckName(task.name, "task");
  CheckType(task.output_record);
  if (task.output_record == nullptr) return;
  values_.clear();
  DeclareParams(task.params);
  // `out`, `previous` and `attempt` are no business of the defaults above, of the outputs' paths, nor of the image.
  CheckOutputs(task);
  CheckStreams(task);
  if (task.image.has_value()) CheckExprIs(*task.image, Simple(TypeKind::kString), "its image");
  if (task.out != ValueId::kNone) Declare(task.out, {.task = &task, .kind = Value::Kind::kOut});
  if (task.previous != ValueId::kNone) Declare(task.previous, {.task = &task, .kind = Value::Kind::kPrevious});
  if (task.attempt != ValueId::kNone) Declare(task.attempt, {.type = Simple(TypeKind::kInt)});
  UniqueNames(task.needs, "needs");
  UniqueNames(task.env, "variables");
  for (const NamedExpr& need : task.needs) {
    const std::optional<TypeKind> type = NeedType(need.name);
    if (!type.has_value()) {
      Fault("a task can need no `{}`", need.name);
    } else {
      CheckExprIs(need.value, Simple(*type), "a need");
    }
  }
  for (const NamedExpr& variable : task.env) {
    if (!IsVariableName(variable.name)) Fault("`{}` is no variable", variable.name);
    CheckExpr(variable.value);
  }
  for (const std::string& path : task.uses) Expect(!path.empty() && path[0] == '/', "`uses` holds a path not absolute");
  CheckSites(task);
  Expect(task.retries >= 0, "fewer than no retries");
  bool approved = std::any_of(task.params.begin(), task.params.end(), [](const Param& param) {
    return param.type != nullptr && param.type->kind == TypeKind::kApproved;
  });
  Expect(task.effect || !(approved || task.outputs.empty()), "it is an effect by the rule, and not marked so");
  CheckCommand(task.command);
}

}  // namespace hwf::ir::internal
