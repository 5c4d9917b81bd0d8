// Quotes, expansions and arithmetic: where a value within them can stand, and as what.
#include <algorithm>
#include <cctype>

#include "compiler/lower/shell_lexer.h"

namespace hwf::lower {
namespace {

using Kind = CommandIssue::Kind;

bool IsNameUnit(int32_t unit) { return unit == '_' || (unit >= 0 && unit < 0x80 && std::isalnum(unit) != 0); }
bool IsSpecialParameter(int32_t unit) {
  return unit >= 0 && unit < 0x80 &&
         std::string_view("@*#?-$!").find(static_cast<char>(unit)) != std::string_view::npos;
}

}  // namespace

void ShellLexer::SingleQuotes() {
  size_t opened = at_++;
  Top().word.quoted = true;
  while (at_ < limit_ && At(at_) != '\'') {
    if (IsInterpolation(At(at_))) {
      Refuse(Kind::kInSingleQuotes, At(at_));
    } else {
      Literal(static_cast<char>(At(at_)), true);
    }
    ++at_;
  }
  if (at_ == limit_) return Issue(Kind::kUnclosed, opened, "'");
  ++at_;
}

// $'…' has escapes; nothing in it is plain.
void ShellLexer::DollarSingleQuotes() {
  size_t opened = at_;
  if (posix_) Issue(Kind::kDollarQuotes, opened);
  NotPlain();
  at_ += 2;
  while (at_ < limit_ && At(at_) != '\'') {
    if (At(at_) == '\\') ++at_;
    if (at_ < limit_ && IsInterpolation(At(at_))) Refuse(Kind::kInSingleQuotes, At(at_));
    ++at_;
  }
  at_ = std::min(at_, limit_);
  if (at_ == limit_) return Issue(Kind::kUnclosed, opened, "$'");
  ++at_;
}

// The old form of $(…): the first backtick without a backslash closes it, whatever stands within.
void ShellLexer::Backticks() {
  size_t opened = at_++;
  NotPlain();
  while (at_ < limit_ && At(at_) != '`') {
    if (At(at_) == '\\') ++at_;
    if (at_ < limit_ && IsInterpolation(At(at_))) Refuse(Kind::kInBackticks, At(at_));
    ++at_;
  }
  at_ = std::min(at_, limit_);
  if (at_ == limit_) return Issue(Kind::kUnclosed, opened, "`");
  ++at_;
}

bool ShellLexer::Expansion(bool quoted) {
  if (At(at_) == '`') {
    Backticks();
    return true;
  }
  Unit next = At(at_ + 1);
  if (IsInterpolation(next)) {
    NotPlain();
    Refuse(Kind::kAfterDollar, next);
    at_ += 2;
    return true;
  }
  if (next == '\'' && !quoted) {
    DollarSingleQuotes();
    return true;
  }
  if (next == '"' && !quoted) {
    NotPlain();
    ++at_;
    return true;  // $"…": as "…"
  }
  if (next == '(') {
    NotPlain();
    bool arithmetic = At(at_ + 2) == '(';
    Push(arithmetic ? Frame::Kind::kArithmetic : Frame::Kind::kCommands, at_, arithmetic ? "$((" : "$(");
    at_ += arithmetic ? 3 : 2;
    return true;
  }
  if (next == '{') {
    NotPlain();
    NoteVariable(at_, at_ + 2);
    Push(Frame::Kind::kParameter, at_, "${");
    Top().quoted = quoted;
    at_ += 2;
    return true;
  }
  if (next != kEnd && (IsNameUnit(next) || IsSpecialParameter(next))) {
    NotPlain();
    NoteVariable(at_, at_ + 1);
    at_ += 2;
    while (IsNameUnit(next) && std::isdigit(next) == 0 && IsNameUnit(At(at_))) ++at_;
    return true;
  }
  return false;  // a lone dollar
}

void ShellLexer::NoteVariable(size_t dollar, size_t name) {
  Frame& frame = CommandFrame();
  if (!frame.open_word) return;  // in a heredoc
  LexedWord::Variable variable{"", dollar};
  for (; IsNameUnit(At(name)); ++name) variable.name += static_cast<char>(At(name));
  if (!variable.name.empty()) frame.word.variables.push_back(std::move(variable));
}

void ShellLexer::StepDouble() {
  Unit unit = At(at_);
  if (unit == kEnd) return;
  if (IsInterpolation(unit)) return Interpolation(true);
  if (unit == '"') {
    ++at_;
    return Pop();
  }
  if (unit == '\\') {
    Unit next = At(at_ + 1);
    if (IsInterpolation(next)) {
      Refuse(Kind::kAfterBackslash, next);
    } else if (next == '$' || next == '`' || next == '"' || next == '\\') {
      Literal(static_cast<char>(next), true);
    } else if (next != '\n' && next != kEnd) {
      Literal('\\', true);
      Literal(static_cast<char>(next), true);
    }
    at_ = std::min(at_ + 2, limit_);
    return;
  }
  if ((unit == '$' || unit == '`') && Expansion(true)) return;
  Literal(static_cast<char>(unit), true);
  ++at_;
}

void ShellLexer::StepParameter() {
  Unit unit = At(at_);
  if (unit == kEnd) return;
  bool quoted = Top().quoted;
  if (IsInterpolation(unit)) {
    size_t name = Top().opened + 2;
    if ((At(name) == '!' || At(name) == '#') && IsNameUnit(At(name + 1))) ++name;
    if (!IsNameUnit(At(name)) && IsSpecialParameter(At(name))) ++name;
    while (name < at_ && IsNameUnit(units_[name])) ++name;
    if (name == at_) {
      Refuse(Kind::kInName, unit);
      ++at_;
      return;
    }
    // `${a[…]}` and `${x:…}` are arithmetic; `${x:-…}` and its like are text.
    bool subscript = units_[name] == '[' && std::find(&units_[name], &units_[at_], ']') == &units_[at_];
    bool substring =
        units_[name] == ':' && At(name + 1) != '-' && At(name + 1) != '=' && At(name + 1) != '?' && At(name + 1) != '+';
    return subscript || substring ? NumberOnly() : Interpolation(quoted);
  }
  switch (unit) {
    case '}':
      ++at_;
      return Pop();
    case '\\':
      if (IsInterpolation(At(at_ + 1))) Refuse(Kind::kAfterBackslash, At(at_ + 1));
      at_ = std::min(at_ + 2, limit_);
      return;
    case '\'':
      if (quoted) break;
      return SingleQuotes();
    case '"':
      Push(Frame::Kind::kDouble, at_, "\"");
      ++at_;
      return;
    case '$':
    case '`':
      if (Expansion(quoted)) return;
      break;
    default:
      break;
  }
  ++at_;
}

void ShellLexer::StepArithmetic() {
  Unit unit = At(at_);
  if (unit == kEnd) return;
  if (IsInterpolation(unit)) return NumberOnly();
  switch (unit) {
    case '(':
      ++Top().parens;
      break;
    case ')':
      if (Top().parens > 0) {
        --Top().parens;
        break;
      }
      if (At(at_ + 1) != ')') Issue(Kind::kAmbiguous, Top().opened, Top().what);
      at_ = std::min(at_ + 2, limit_);
      return Pop();
    case '\\':
      if (IsInterpolation(At(at_ + 1))) Refuse(Kind::kAfterBackslash, At(at_ + 1));
      at_ = std::min(at_ + 2, limit_);
      return;
    case '"':
      Push(Frame::Kind::kDouble, at_, "\"");
      break;
    case '$':
    case '`':
      if (Expansion(true)) return;
      break;
    default:
      break;
  }
  ++at_;
}

// Bash computes what text in arithmetic says, with `a[$(…)]` and all.
void ShellLexer::NumberOnly() {
  uint32_t part = PartOf(At(at_));
  if (parts_[part].raw) {
    Interpolation(true);
  } else if (!parts_[part].numeric || !parts_[part].scalar) {
    Refuse(Kind::kInArithmetic, At(at_));
    ++at_;
  } else {
    result_.placements[part] = Placement::kVariable;
    ++at_;
  }
}

bool ShellLexer::InArithmetic() const {
  for (auto frame = frames_.rbegin(); frame != frames_.rend(); ++frame) {
    if (frame->kind == Frame::Kind::kCommands) return false;
    if (frame->kind == Frame::Kind::kArithmetic) return true;
  }
  return false;
}

void ShellLexer::Interpolation(bool quoted) {
  uint32_t part = PartOf(At(at_));
  const CommandPart& info = parts_[part];
  if (info.raw) {
    result_.placements[part] = Placement::kRaw;
    IssueOfPart(Kind::kRaw, part);
    NotPlain();
  } else if (quoted) {
    result_.placements[part] = Placement::kVariable;
    if (!info.scalar) IssueOfPart(Kind::kSeveralInQuotes, part);
    if (InArithmetic() && !info.numeric) IssueOfPart(Kind::kInArithmetic, part);
  }
  Frame& frame = CommandFrame();
  if (frame.open_word) frame.word.atoms.push_back({"", static_cast<int>(part)});
  if (frame.in_brackets && !info.numeric) frame.texts_in_brackets.push_back(part);
  ++at_;
}

}  // namespace hwf::lower
