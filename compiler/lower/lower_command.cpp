// Commands: shell text is lexed, and each value placed by where it stands; python and exec are lists of pieces.
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

std::string_view Where(ShellIssue::Kind kind) {
  switch (kind) {
    case ShellIssue::Kind::kInSingleQuotes:
      return "within '…'";
    case ShellIssue::Kind::kInBackticks:
      return "within backticks";
    case ShellIssue::Kind::kInQuotedHeredoc:
      return "in a heredoc whose word is quoted";
    case ShellIssue::Kind::kAfterBackslash:
      return "right after a backslash";
    case ShellIssue::Kind::kAfterDollar:
      return "right after `$`";
    case ShellIssue::Kind::kInName:
      return "in a name that the shell reads";
    case ShellIssue::Kind::kInArithmetic:
    case ShellIssue::Kind::kNotAlone:
    case ShellIssue::Kind::kSeveralInQuotes:
    case ShellIssue::Kind::kUnclosed:
    case ShellIssue::Kind::kAmbiguous:
    case ShellIssue::Kind::kTooDeep:
    case ShellIssue::Kind::kRaw:
    case ShellIssue::Kind::kOtherShell:
      break;
  }
  HWF_UNREACHABLE();
}

std::string_view Remedy(ShellIssue::Kind kind) {
  switch (kind) {
    case ShellIssue::Kind::kInSingleQuotes:
      return "end the quotes before it, or use \"…\"";
    case ShellIssue::Kind::kInBackticks:
      return "write $(…) in the place of the backticks";
    case ShellIssue::Kind::kInQuotedHeredoc:
      return "leave the heredoc's word unquoted, and write \\$ for the shell's $";
    case ShellIssue::Kind::kInName:
      return "choose among names in the workflow, or set a variable first: `x=~{…}`";
    default:
      return "put the value alone, the shell gets it quoted";
  }
}

}  // namespace

std::vector<ShellPart> Lowerer::ShellParts(const StringExpr& text) {
  std::vector<ShellPart> parts;
  for (const StringExpr::Part& part : text.parts) {
    ShellPart& made = parts.emplace_back();
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

// The place of a byte of decoded text in the source. Decoding takes away the common indent (and a first newline), so
// lines keep their order and their ends.
Range Lowerer::RangeIn(const StringExpr& text, uint32_t part, uint32_t offset) const {
  const Range whole = text.parts[part].range;
  if (text.parts[part].value != nullptr || !text.raw) return whole;
  const std::string_view raw = sources_.Text(whole);
  const std::string_view decoded{text.parts[part].text.data(), text.parts[part].text.size()};
  const auto lines_in = [](std::string_view s) { return std::count(s.begin(), s.end(), '\n'); };
  auto line = lines_in(decoded.substr(0, offset));
  if (!raw.empty() && raw.front() == '\n' && lines_in(raw) > lines_in(decoded)) ++line;
  size_t raw_start = 0;
  for (auto i = line; i > 0 && raw_start < raw.size(); --i) {
    const size_t end = raw.find('\n', raw_start);
    raw_start = end == std::string_view::npos ? raw.size() : end + 1;
  }
  const size_t before = decoded.substr(0, offset).rfind('\n');
  const size_t start = before == std::string_view::npos ? 0 : before + 1;
  const size_t length = std::min(decoded.find('\n', start), decoded.size()) - start;
  const size_t raw_length = std::min(raw.find('\n', raw_start), raw.size()) - raw_start;
  const size_t indent = raw_length > length ? raw_length - length : 0;
  const uint32_t begin = whole.begin + static_cast<uint32_t>(std::min(raw_start + indent + offset - start, raw.size()));
  return {whole.file, begin, std::min(begin + 1, whole.end)};
}

void Lowerer::ReportShell(const StringExpr& text, const ShellIssue& issue) {
  using Kind = ShellIssue::Kind;
  const Range range = RangeIn(text, issue.part, issue.offset);
  switch (issue.kind) {
    case Kind::kInSingleQuotes:
    case Kind::kInBackticks:
    case Kind::kInQuotedHeredoc:
    case Kind::kAfterBackslash:
    case Kind::kAfterDollar:
    case Kind::kInName:
      emitter_.Report(range, diagnostics::kValueInQuotes, Where(issue.kind)).Help(std::string(Remedy(issue.kind)));
      return;
    case Kind::kInArithmetic:
      emitter_.Report(range, diagnostics::kTextInArithmetic)
          .Help("bash runs what a text in arithmetic contains: compute in the workflow, or give an Int");
      return;
    case Kind::kNotAlone:
    case Kind::kSeveralInQuotes:
      emitter_.Report(range, diagnostics::kWordsNotAlone)
          .Help("put blanks around it; `flag(\"--x\", v)` leaves the name out with the value");
      return;
    case Kind::kUnclosed:
      emitter_.Report(range, diagnostics::kUnclosedInCommand, issue.detail);
      return;
    case Kind::kAmbiguous:
      emitter_.Report(range, diagnostics::kAmbiguousParentheses, issue.detail)
          .Help("for a command within a command put a blank between the parentheses: `$( (…) )`");
      return;
    case Kind::kTooDeep:
      emitter_.Report(range, diagnostics::kCommandTooDeep);
      return;
    case Kind::kRaw:
      emitter_.Report(range, diagnostics::kRawInCommand);
      return;
    case Kind::kOtherShell:
      emitter_.Report(range, diagnostics::kOtherShell, issue.detail)
          .Help("hand the value over as an argument: `bash -c '… \"$1\"' - ~{x}`");
      return;
  }
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

void Lowerer::LowerShell(const StringExpr& text, ir::Command& command) {
  const std::vector<ShellPart> parts = ShellParts(text);
  const ShellText lexed = LexShell(parts);
  for (const ShellIssue& issue : lexed.issues) ReportShell(text, issue);
  const std::string prefix = VariablePrefix(parts);
  auto literal = [&command](const std::string& piece) {
    if (piece.empty()) return;
    const bool joins = !command.text.empty() && !command.text.back().value.has_value();
    if (!joins) command.text.emplace_back();
    command.text.back().text += piece;
  };
  for (size_t i = 0; i < parts.size(); ++i) {
    if (!parts[i].interpolation) {
      literal(parts[i].text);
      continue;
    }
    const Expr& value = *text.parts[i].value;
    switch (lexed.placements[i]) {
      case Placement::kWords:
      case Placement::kRaw:
        command.text.push_back(ValuePiece(value));
        break;
      case Placement::kText:
        literal(std::string(sources_.Text(text.parts[i].range)));
        break;
      case Placement::kVariable: {
        const std::string variable = prefix + std::to_string(command.assignments.size() + 1);
        command.assignments.push_back({variable, LowerExpr(value)});
        literal("${" + variable + "}");
        break;
      }
    }
  }
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

std::vector<ir::Command::Piece> Lowerer::LowerPython(const StringExpr& text) {
  std::vector<ir::Command::Piece> pieces;
  for (const StringExpr::Part& part : text.parts) {
    if (part.value == nullptr) {
      pieces.emplace_back().text = part.text.str();
      continue;
    }
    pieces.push_back(ValuePiece(*part.value));
    if (pieces.back().raw) emitter_.Report(part.range, diagnostics::kRawInCommand);
  }
  return pieces;
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

ir::Command Lowerer::LowerCommand(const TaskDecl& decl) {
  ir::Command command;
  switch (decl.run.kind) {
    case TaskDecl::Run::Kind::kNone:
      break;
    case TaskDecl::Run::Kind::kShell:
      command.kind = ir::Command::Kind::kShell;
      LowerShell(*decl.run.text, command);
      break;
    case TaskDecl::Run::Kind::kInterpreter:
      command.kind = ir::Command::Kind::kPython;
      command.text = LowerPython(*decl.run.text);
      break;
    case TaskDecl::Run::Kind::kExec:
      command.kind = ir::Command::Kind::kExec;
      for (const Expr* item : decl.run.argv->items) command.words.push_back(LowerWord(*item));
      break;
  }
  return command;
}

}  // namespace hwf::lower
