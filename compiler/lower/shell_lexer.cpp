// How it works: the text becomes a list of units, a byte or an interpolation each, and a stack of contexts says what
// the unit at hand means. In a context of commands the lexer also collects words, to see which program will read them.
// What bash reads before it expands (heredocs) is cut out first and then lexed by itself.
#include "compiler/lower/shell_lexer.h"

#include <algorithm>

namespace hwf::lower {
namespace {

using Kind = CommandIssue::Kind;

// Unquoted, these make a shell do more than split words.
bool IsGlobOrBrace(char c) { return c == '*' || c == '?' || c == '[' || c == '{' || c == '}' || c == '^'; }

}  // namespace

ShellLexer::ShellLexer(const std::vector<CommandPart>& parts, bool posix) : parts_(parts), posix_(posix) {
  for (size_t i = 0; i < parts.size(); ++i) {
    part_starts_.push_back(static_cast<uint32_t>(units_.size()));
    if (parts[i].interpolation) {
      units_.push_back(-static_cast<Unit>(i) - 1);
    } else {
      for (unsigned char c : parts[i].text) units_.push_back(c);
    }
  }
  limit_ = units_.size();
  result_.placements.resize(parts.size(), Placement::kWords);
}

ShellText ShellLexer::Run() {
  Push(Frame::Kind::kCommands, 0, "");
  StepToLimit();
  if (frames_.size() > 1 && !too_deep_) Issue(Kind::kUnclosed, Top().opened, Top().what);
  if (!pending_.empty() && !too_deep_) Issue(Kind::kUnclosed, pending_[0].opened, "<<" + pending_[0].delimiter);
  bool whole = frames_.size() == 1 && !too_deep_;
  while (frames_.size() > 1) frames_.pop_back();
  EndCommand();
  if (whole) DecideDirect();
  std::stable_sort(result_.issues.begin(), result_.issues.end(), [](const CommandIssue& a, const CommandIssue& b) {
    return std::pair(a.part, a.offset) < std::pair(b.part, b.offset);
  });
  return std::move(result_);
}

void ShellLexer::StepToLimit() {
  while (at_ < limit_ && !too_deep_) {
    switch (Top().kind) {
      case Frame::Kind::kCommands:
        StepCommands();
        break;
      case Frame::Kind::kDouble:
        StepDouble();
        break;
      case Frame::Kind::kParameter:
        StepParameter();
        break;
      case Frame::Kind::kArithmetic:
        StepArithmetic();
        break;
      case Frame::Kind::kHeredoc:
        StepHeredoc();
        break;
    }
  }
}

void ShellLexer::StepCommands() {
  Unit unit = At(at_);
  if (unit == kEnd) return;
  if (IsInterpolation(unit)) {
    BeginWord();
    return Interpolation(false);
  }
  if (IsBlank(unit)) {
    EndWord();
    ++at_;
    return;
  }
  if (unit == '#' && !Top().open_word) return Comment();
  if (IsMeta(unit) && Operator()) return;
  BeginWord();
  switch (unit) {
    case '\\':
      return Backslash();
    case '\'':
      return SingleQuotes();
    case '"':
      Top().word.quoted = true;
      Push(Frame::Kind::kDouble, at_, "\"");
      ++at_;
      return;
    case '$':
    case '`':
      if (Expansion(false)) return;
      break;
    default:
      break;
  }
  char c = static_cast<char>(unit);
  Unit before = at_ == 0 ? ' ' : At(at_ - 1);
  bool tilde = c == '~' && (IsMeta(before) || before == '=' || before == ':');
  if (IsGlobOrBrace(c) || tilde) NotPlain();
  Literal(c, false);
  ++at_;
}

// Metacharacters other than blanks: they end words, and most of them commands.
bool ShellLexer::Operator() {
  Unit unit = At(at_);
  bool process = (unit == '<' || unit == '>') && At(at_ + 1) == '(';
  if (unit == '<' && At(at_ + 1) == '<' && !process) {
    EndWord();
    only_words_ = false;
    if (At(at_ + 2) == '<') {
      at_ += 3;
      Top().redirection = true;
    } else {
      HeredocOperator();
    }
    return true;
  }
  if (process) {
    NotPlain();
    only_words_ = false;
    BeginWord();
    Push(Frame::Kind::kCommands, at_, unit == '<' ? "<(" : ">(");
    at_ += 2;
    return true;
  }
  if (unit == '<' || unit == '>') {
    only_words_ = false;
    EndWord();
    Top().redirection = true;
    ++at_;
    while (At(at_) == '>' || At(at_) == '&' || At(at_) == '|') ++at_;
    return true;
  }
  if (unit == '\n') {
    EndCommand();
    ++at_;
    HeredocBodies();
    return true;
  }
  if (unit == '(') {
    only_words_ = false;
    bool arithmetic = At(at_ + 1) == '(' && !Top().open_word && Top().words.empty();
    EndCommand();
    if (arithmetic) {
      Push(Frame::Kind::kArithmetic, at_, "((");
      at_ += 2;
    } else {
      Push(Frame::Kind::kCommands, at_, "(");
      ++at_;
    }
    return true;
  }
  if (unit == ')') {
    only_words_ = false;
    EndCommand();
    // In a `case` it ends a pattern; in the text itself it closes nothing, and bash will say so.
    if (Top().cases == 0 && frames_.size() > 1) Pop();
    ++at_;
    return true;
  }
  // ; & |
  only_words_ = false;
  EndCommand();
  ++at_;
  return true;
}

void ShellLexer::Comment() {
  while (at_ < limit_ && At(at_) != '\n') {
    if (IsInterpolation(At(at_))) result_.placements[PartOf(At(at_))] = Placement::kText;
    ++at_;
  }
}

void ShellLexer::Backslash() {
  Unit next = At(at_ + 1);
  if (IsInterpolation(next)) {
    Refuse(Kind::kAfterBackslash, next);
  } else if (next == '\n') {  // a line that goes on
    if (Top().kind == Frame::Kind::kCommands && Top().word.atoms.empty() && !Top().word.quoted) {
      Top().open_word = false;
    }
  } else if (next != kEnd) {
    Literal(static_cast<char>(next), true);
  }
  at_ = std::min(at_ + 2, limit_);
}

}  // namespace hwf::lower
