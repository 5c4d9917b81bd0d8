// Commands: shell text is lexed, and each value placed by where it stands; other texts by their language; exec is a
// list of pieces.
#include <algorithm>

#include "compiler/lower/lowerer.h"

namespace hwf::lower {
namespace {

const CallExpr* BuiltinCall(const Expr& expr) {
  const auto* call = llvm::dyn_cast<CallExpr>(&expr);
  const auto* name = call != nullptr ? llvm::dyn_cast<NameExpr>(call->callee) : nullptr;
  const bool builtin = name != nullptr && name->binding != nullptr && name->binding->kind == Binding::Kind::kBuiltin;
  return builtin ? call : nullptr;
}

bool IsCallOf(const Expr& expr, StringRef builtin) {
  const CallExpr* call = BuiltinCall(expr);
  return call != nullptr && llvm::cast<NameExpr>(call->callee)->name.text == builtin;
}

// Its text can never be code.
bool IsNumeric(TypeRef type) {
  switch (type->kind) {
    case TypeKind::kBool:
    case TypeKind::kInt:
    case TypeKind::kFloat:
    case TypeKind::kDuration:
    case TypeKind::kBytes:
    case TypeKind::kPoison:  // it was said that its type is not known
      return true;
    case TypeKind::kApproved:
      return IsNumeric(type->element);
    default:
      return false;
  }
}

bool IsScalar(TypeRef type) {
  switch (type->kind) {
    case TypeKind::kList:
    case TypeKind::kMap:
    case TypeKind::kOptional:
    case TypeKind::kNone:
    case TypeKind::kEmpty:
      return false;
    case TypeKind::kApproved:
      return IsScalar(type->element);
    default:
      return true;
  }
}

}  // namespace

std::vector<CommandPart> Lowerer::PartsOf(const StringExpr& text) {
  std::vector<CommandPart> parts;
  for (const StringExpr::Part& part : text.parts) {
    CommandPart& made = parts.emplace_back();
    if (part.value == nullptr) {
      made.text = part.text.str();
      continue;
    }
    made.interpolation = true;
    made.raw = IsCallOf(*part.value, "raw");
    made.scalar = !IsCallOf(*part.value, "flag") && IsScalar(part.value->type);
    made.numeric = IsNumeric(part.value->type);
  }
  return parts;
}

ir::Command::Piece Lowerer::ValuePiece(const Expr& expr) {
  ir::Command::Piece piece;
  if (IsCallOf(expr, "raw")) {
    piece.raw = true;
    piece.value = LowerExpr(*llvm::cast<CallExpr>(expr).args[0].value);
  } else {
    piece.value = LowerExpr(expr);
  }
  return piece;
}

// The pieces of the text: each value in its place, or as a variable where only its name can stand.
void Lowerer::PlaceValues(const StringExpr& text, const std::vector<Placement>& placements, const VariableForm& form,
                          ir::Command& command) {
  auto literal = [&command](std::string_view piece) {
    if (piece.empty()) return;
    const bool joins = !command.text.empty() && !command.text.back().value.has_value();
    if (!joins) command.text.emplace_back();
    command.text.back().text += piece;
  };
  for (size_t i = 0; i < text.parts.size(); ++i) {
    const StringExpr::Part& part = text.parts[i];
    if (part.value == nullptr) {
      literal(part.text);
      continue;
    }
    switch (placements[i]) {
      case Placement::kWords:
      case Placement::kRaw:
        command.text.push_back(ValuePiece(*part.value));
        break;
      case Placement::kText: {
        // What is a comment stays one.
        std::string source(sources_.Text(part.range));
        std::replace_if(
            source.begin(), source.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
        literal(source);
        break;
      }
      case Placement::kVariable: {
        const std::string variable = form.prefix + std::to_string(command.assignments.size() + 1);
        command.assignments.push_back({variable, LowerExpr(*part.value)});
        literal(form.before);
        literal(variable);
        literal(form.after);
        break;
      }
    }
  }
}

void Lowerer::LowerShell(const TaskDecl& decl, ir::Command& command) {
  const StringExpr& text = *decl.run.text;
  const std::vector<CommandPart> parts = PartsOf(text);
  if (decl.run.interpreter.text == "sh") command.interpreter = "sh";
  const ShellText lexed = LexShell(parts, !command.interpreter.empty());
  ReportIssues(text, lexed.issues, nullptr);
  ReportSecrets(decl, lexed.variable_arguments);
  PlaceValues(text, lexed.placements, {UnusedPrefix(parts, "__hwf_"), "${", "}"}, command);
  command.direct = lexed.direct;
  for (const ShellWord& word : lexed.words) {
    ir::Command::Word& made = command.words.emplace_back();
    for (const ShellAtom& atom : word) {
      if (atom.part >= 0) {
        made.pieces.push_back(ValuePiece(*text.parts[static_cast<size_t>(atom.part)].value));
      } else {
        made.pieces.emplace_back().text = atom.text;
      }
    }
  }
}

void Lowerer::LowerScript(const StringExpr& text, const languages::Language& language, ir::Command& command) {
  const std::vector<CommandPart> parts = PartsOf(text);
  const languages::LexedText lexed = language.lex(parts);
  ReportIssues(text, lexed.issues, &language);
  command.kind = ir::Command::Kind::kInterpreter;
  command.interpreter = language.name;
  PlaceValues(text, lexed.placements, {UnusedPrefix(parts, languages::kVariablePrefix), language.variable, ""},
              command);
}

ir::Command::Word Lowerer::LowerWord(const Expr& expr) {
  ir::Command::Word word;
  const auto* text = llvm::dyn_cast<StringExpr>(&expr);
  if (text == nullptr) {
    word.pieces.push_back(ValuePiece(expr));
    return word;
  }
  for (const StringExpr::Part& part : text->parts) {
    if (part.value == nullptr) {
      word.pieces.emplace_back().text = part.text.str();
    } else {
      word.pieces.push_back(ValuePiece(*part.value));
    }
  }
  if (word.pieces.empty()) word.pieces.emplace_back();
  return word;
}

void Lowerer::CheckCommand(const TaskDecl& decl) {
  if (decl.run.text == nullptr) return;
  const std::vector<CommandPart> parts = PartsOf(*decl.run.text);
  const std::string_view name{decl.run.interpreter.text.data(), decl.run.interpreter.text.size()};
  if (languages::IsShell(name)) return ReportIssues(*decl.run.text, LexShell(parts, name == "sh").issues, nullptr);
  const languages::Language* language = languages::Find(name);
  if (language != nullptr) ReportIssues(*decl.run.text, language->lex(parts).issues, language);
}

ir::Command Lowerer::LowerCommand(const TaskDecl& decl) {
  ir::Command command;
  switch (decl.run.kind) {
    case TaskDecl::Run::Kind::kNone:
      break;
    case TaskDecl::Run::Kind::kShell:
    case TaskDecl::Run::Kind::kInterpreter: {
      const std::string_view name{decl.run.interpreter.text.data(), decl.run.interpreter.text.size()};
      if (languages::IsShell(name)) {
        LowerShell(decl, command);
      } else {
        LowerScript(*decl.run.text, *languages::Find(name), command);
      }
      break;
    }
    case TaskDecl::Run::Kind::kExec:
      command.kind = ir::Command::Kind::kExec;
      for (const Expr* item : decl.run.argv->items) command.words.push_back(LowerWord(*item));
      break;
  }
  return command;
}

}  // namespace hwf::lower
