// How it works: the text becomes a list of units, a byte or an interpolation each, and a stack of contexts says what
// the unit at hand means. In a context of commands the lexer also collects words, to see which program will read them.
// What bash reads before it expands (heredocs) is cut out first and then lexed by itself.
#include "compiler/lower/shell_lexer.h"

#include <algorithm>
#include <cctype>

namespace hwf::lower {
namespace {

using Kind = ShellIssue::Kind;

bool IsBlank(int32_t unit) { return unit == ' ' || unit == '\t'; }
bool IsMeta(int32_t unit) {
  return unit == ' ' || unit == '\t' || unit == '\n' || unit == ';' || unit == '&' || unit == '|' || unit == '(' ||
         unit == ')' || unit == '<' || unit == '>';
}
bool IsNameUnit(int32_t unit) { return unit == '_' || (unit >= 0 && unit < 0x80 && std::isalnum(unit) != 0); }
bool IsSpecialParameter(int32_t unit) {
  return unit >= 0 && unit < 0x80 &&
         std::string_view("@*#?-$!").find(static_cast<char>(unit)) != std::string_view::npos;
}
// Unquoted, these make a shell do more than split words.
bool IsGlobOrBrace(char c) { return c == '*' || c == '?' || c == '[' || c == '{' || c == '}' || c == '^'; }

}  // namespace

ShellLexer::ShellLexer(const std::vector<ShellPart>& parts) : parts_(parts) {
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
  std::stable_sort(result_.issues.begin(), result_.issues.end(), [](const ShellIssue& a, const ShellIssue& b) {
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

// ---------------------------------------------------------------- commands

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
    Push(Frame::Kind::kParameter, at_, "${");
    Top().quoted = quoted;
    at_ += 2;
    return true;
  }
  if (next != kEnd && (IsNameUnit(next) || IsSpecialParameter(next))) {
    NotPlain();
    at_ += 2;
    while (IsNameUnit(next) && std::isdigit(next) == 0 && IsNameUnit(At(at_))) ++at_;
    return true;
  }
  return false;  // a lone dollar
}

// ---------------------------------------------------------------- within quotes and expansions

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
  const ShellPart& info = parts_[part];
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

// ---------------------------------------------------------------- heredocs

void ShellLexer::HeredocOperator() {
  Heredoc heredoc;
  heredoc.opened = at_;
  at_ += 2;
  if (At(at_) == '-') {
    heredoc.strip_tabs = true;
    ++at_;
  }
  while (IsBlank(At(at_))) ++at_;
  while (at_ < limit_ && (At(at_) < 0 || !IsMeta(At(at_)))) {
    Unit unit = At(at_);
    if (IsInterpolation(unit)) {
      Refuse(Kind::kInName, unit);
    } else if (unit == '\'' || unit == '"') {
      heredoc.quoted = true;
      size_t opened = at_++;
      while (at_ < limit_ && At(at_) != unit) {
        if (IsInterpolation(At(at_)))
          Refuse(Kind::kInName, At(at_));
        else
          heredoc.delimiter += static_cast<char>(At(at_));
        ++at_;
      }
      if (at_ == limit_) return Issue(Kind::kUnclosed, opened, std::string(1, static_cast<char>(unit)));
    } else if (unit == '\\') {
      heredoc.quoted = true;
      ++at_;
      if (at_ < limit_ && At(at_) >= 0) heredoc.delimiter += static_cast<char>(At(at_));
    } else {
      heredoc.delimiter += static_cast<char>(unit);
    }
    ++at_;
  }
  at_ = std::min(at_, limit_);
  pending_.push_back(std::move(heredoc));
}

// At the start of a line: the bodies of what the line before has announced.
void ShellLexer::HeredocBodies() {
  if (pending_.empty()) return;
  std::vector<Heredoc> heredocs = std::move(pending_);
  pending_.clear();
  for (const Heredoc& heredoc : heredocs) {
    if (at_ >= limit_) {
      pending_.push_back(heredoc);  // reported as unclosed at the end
      return;
    }
    HeredocBody(heredoc);
    if (too_deep_) return;
  }
}

void ShellLexer::HeredocBody(const Heredoc& heredoc) {
  size_t begin = at_, line = at_, end = limit_, after = limit_;
  bool found = false;
  while (line < limit_ && !found) {
    size_t stop = line;
    while (stop < limit_ && At(stop) != '\n') ++stop;
    size_t first = line;
    while (heredoc.strip_tabs && At(first) == '\t') ++first;
    found = stop - first == heredoc.delimiter.size();
    for (size_t i = first; found && i < stop; ++i) {
      found = At(i) == static_cast<unsigned char>(heredoc.delimiter[i - first]);
    }
    if (found) {
      end = line;
      after = std::min(stop + 1, limit_);
    }
    line = std::min(stop + 1, limit_);
  }
  if (!found) Issue(Kind::kUnclosed, heredoc.opened, "<<" + heredoc.delimiter);
  bool holds_value = false;
  for (size_t i = begin; i < end; ++i) holds_value = holds_value || IsInterpolation(units_[i]);
  if (heredoc.quoted) {
    for (size_t i = begin; i < end; ++i) {
      if (IsInterpolation(units_[i])) Refuse(Kind::kInQuotedHeredoc, units_[i]);
    }
  } else {
    if (holds_value && !heredoc.reader.empty()) Issue(Kind::kOtherShell, heredoc.opened, heredoc.reader);
    // Lexed with the body's end as the end of everything: what is open there is unclosed.
    size_t outer_limit = limit_;
    size_t depth = frames_.size();
    limit_ = end;
    at_ = begin;
    Push(Frame::Kind::kHeredoc, begin, "<<");
    StepToLimit();
    if (frames_.size() > depth + 1) Issue(Kind::kUnclosed, Top().opened, Top().what);
    frames_.resize(depth);
    limit_ = outer_limit;
  }
  at_ = after;
}

void ShellLexer::StepHeredoc() {
  Unit unit = At(at_);
  if (unit == kEnd) return;
  if (IsInterpolation(unit)) return Interpolation(true);
  if (unit == '\\') {
    if (IsInterpolation(At(at_ + 1))) Refuse(Kind::kAfterBackslash, At(at_ + 1));
    at_ = std::min(at_ + 2, limit_);
    return;
  }
  if ((unit == '$' || unit == '`') && Expansion(true)) return;
  ++at_;
}

}  // namespace hwf::lower
