// Perl can only be read by running it: whether `/` divides or begins a pattern may depend on how a function was
// declared. Here it is read by what stands before; where that does not tell, and it matters, the text is refused. A
// value is a variable of the package `main` that is set at the top: so no value can be code, whatever is misread.
#include <algorithm>
#include <array>

#include "languages/cursor.h"
#include "languages/language.h"
#include "languages/write.h"

namespace hwf::languages {
namespace {

using Kind = CommandIssue::Kind;

class PerlLexer {
 public:
  explicit PerlLexer(const std::vector<CommandPart>& parts) : text_(parts) {}

  LexedText Run() {
    while (!text_.done()) Step();
    return text_.Finish();
  }

 private:
  enum class Before { kOperator, kOperand, kUnclear };
  struct Heredoc {
    std::string tag;
    bool indented = false;
  };

  void Step() {
    const Unit unit = text_.Now();
    if (text_.AtLineStart() && unit == '=' && IsWordStart(text_.Next())) return Documentation();
    if (IsLineEnd(unit)) return EndLine();
    if (IsSpace(unit)) return void(++text_.at);
    if (IsInterpolation(unit)) return Value();
    if (unit == '#') return text_.Comment();
    if (IsQuote(unit) || unit == '`') return void(Quotes(unit, unit));
    if (unit == '$' || unit == '@') return Variable();
    if ((unit == '%' || unit == '&' || unit == '*') && before_ != Before::kOperand && NamesVariable(text_.Next())) {
      return Variable();
    }
    if (IsDigit(unit)) return Number();
    if (IsWord(unit)) return Word();
    if (unit == '-' && FileTest()) return;
    if (unit == '/') return Slash();
    if (text_.Looking("<<") && OpenHeredoc()) return;
    Sign(unit);
  }

  // =pod … =cut
  void Documentation() {
    size_t line = text_.at;
    while (line < text_.size() && !text_.LookingAt(line, "=cut")) line = text_.NextLine(line);
    text_.CommentUntil(text_.LineEnd(line));
  }

  void EndLine() {
    text_.at = text_.NextLine(text_.at);
    for (const Heredoc& heredoc : heredocs_) {
      text_.RefuseUntil(text_.LineOf(text_.at, heredoc.tag, heredoc.indented), Kind::kInString);
      text_.at = text_.NextLine(text_.at);
    }
    heredocs_.clear();
  }

  // `~{x}[0]` would be an element of another variable, an array.
  void Value() {
    const Unit before = text_.Before(), after = text_.Next();
    constexpr std::string_view kJoinsBefore = "$&\\`:'\"", kJoinsBehind = "[{:'\"`";
    const auto is_in = [](Unit unit, std::string_view signs) {
      return unit >= 0 && unit < 0x80 && signs.find(static_cast<char>(unit)) != std::string_view::npos;
    };
    const bool scope = after == ':' && text_.At(text_.at + 2) != ':';  // the last part of `a ? ~{x}: b`
    const bool glued =
        IsWord(before) || is_in(before, kJoinsBefore) || IsWord(after) || (is_in(after, kJoinsBehind) && !scope);
    text_.PlaceValue(glued, Placement::kVariable);
    before_ = Before::kOperand;
  }

  static bool NamesVariable(Unit next) { return IsWordStart(next) || next == '$' || next == '{' || next == ':'; }

  // $x, $$x, $#x, ${…}, $::x, $'.
  void Variable() {
    const Unit sigil = text_.Now();
    ++text_.at;
    if (sigil == '$' && text_.Now() == '#' && NamesVariable(text_.Next())) ++text_.at;
    while (text_.Now() == '$' && NamesVariable(text_.Next())) ++text_.at;
    before_ = Before::kOperand;
    subscript_ = true;
    if (IsInterpolation(text_.Now()) || text_.Now() == '{') return;
    if (IsWord(text_.Now()) || text_.Looking("::") || OldSeparator()) return Name();
    if (sigil == '$' && !IsSpace(text_.Now())) text_.Skip(1);
  }

  // `$main'x` is `$main::x`.
  bool OldSeparator() const { return text_.Now() == '\'' && IsWordStart(text_.Next()); }
  void Name() {
    while (IsWord(text_.Now()) || text_.Looking("::") || OldSeparator()) text_.Skip(text_.Looking("::") ? 2 : 1);
  }

  void Number() {
    while (IsWord(text_.Now()) || (text_.Now() == '.' && IsDigit(text_.Next()))) ++text_.at;
    Operand();
  }

  void Word() {
    const size_t begin = text_.at;
    const bool member = begin >= 2 && text_.LookingAt(begin - 2, "->");
    const bool named = std::exchange(names_, false);
    const bool in_braces = text_.Before() == '{';
    std::string word = text_.TakeWord();
    const size_t next = text_.AfterBlanks(text_.at);
    const bool key = text_.LookingAt(next, "=>") || (in_braces && text_.At(next) == '}') || member || named;
    if (!key && QuoteLike(word)) return;
    if (!key && (word == "__END__" || word == "__DATA__")) return text_.RefuseUntil(text_.size(), Kind::kInString);
    Name();
    constexpr std::array<std::string_view, 34> kOperators = {
        "if",  "unless", "while", "until",   "and",  "or",    "not",  "xor", "return", "x",      "lt",      "gt",
        "le",  "ge",     "eq",    "ne",      "cmp",  "split", "grep", "map", "join",   "push",   "unshift", "print",
        "say", "when",   "for",   "foreach", "else", "do",    "eval", "die", "warn",   "defined"};
    const bool known = !key && std::find(kOperators.begin(), kOperators.end(), word) != kOperators.end();
    names_ = !key && (word == "sub" || word == "package");
    before_ = key ? Before::kOperand : known ? Before::kOperator : Before::kUnclear;
    subscript_ = member;
  }

  // q(…), s{…}{…}g and the like. False if the word is none.
  bool QuoteLike(std::string_view word) {
    constexpr std::array<std::string_view, 9> kWords = {"q", "qq", "qw", "qx", "qr", "m", "s", "y", "tr"};
    if (std::find(kWords.begin(), kWords.end(), word) == kWords.end()) return false;
    const size_t begin = text_.at;
    SkipSpace();
    const Unit open = text_.Now();
    const bool apart = text_.at > begin;
    if (open == kEnd || IsInterpolation(open) || (IsWord(open) && !apart) || (open == ',' && !apart) || open == ';') {
      text_.at = begin;
      return false;
    }
    const bool two = word == "s" || word == "y" || word == "tr";
    const Unit close = Closing(open);
    if (!Quotes(open, close) || !two) return Flags();
    if (close != open) {
      SkipSpace();
      const Unit second = text_.Now();
      if (second != kEnd && !IsInterpolation(second)) Quotes(second, Closing(second));
    } else {
      --text_.at;  // it is also what opens the second
      Quotes(open, close);
    }
    return Flags();
  }

  bool Flags() {
    text_.TakeWord();
    return true;
  }

  // Blanks, and comments behind them.
  void SkipSpace() {
    while (IsSpace(text_.Now())) {
      ++text_.at;
      if (text_.Now() == '#') text_.Comment();
    }
  }

  static Unit Closing(Unit open) {
    return open == '(' ? ')' : open == '[' ? ']' : open == '{' ? '}' : open == '<' ? '>' : open;
  }

  bool Quotes(Unit open, Unit close) {
    const size_t opened = text_.at;
    Operand();
    if (text_.Quoted(close, open == close ? 0 : open)) return true;
    if (text_.ValuesBehind(opened)) text_.Issue(Kind::kUnclosed, opened, std::string(1, static_cast<char>(open)));
    return false;
  }

  // -e, -s and their like.
  bool FileTest() {
    if (before_ == Before::kOperand || !IsWordStart(text_.Next()) || IsWord(text_.At(text_.at + 2))) return false;
    text_.Skip(2);
    before_ = Before::kOperator;
    return true;
  }

  void Slash() {
    if (before_ == Before::kUnclear && text_.ValuesBehind(text_.at)) {
      size_t other = text_.at + 1;
      while (other < text_.LineEnd(text_.at) && text_.At(other) != '/') ++other;
      if (text_.At(other) == '/') text_.Issue(Kind::kUnclear, text_.at, "/");
    }
    if (before_ != Before::kOperator) {
      text_.Skip(text_.Next() == '/' ? 2 : 1);  // `//`: or, if it is not defined
      before_ = Before::kOperator;
      subscript_ = false;
      return;
    }
    Quotes('/', '/');
    text_.TakeWord();
  }

  // `<<"TAG"`, `<<~TAG`: taken for one if a line ends it.
  bool OpenHeredoc() {
    if (before_ == Before::kOperand) return false;
    size_t at = text_.at + 2;
    Heredoc made;
    if (text_.At(at) == '~') {
      made.indented = true;
      ++at;
    }
    const size_t behind = text_.AfterBlanks(at);
    const Unit quote = text_.At(behind);
    const bool quoted = IsQuote(quote) || quote == '`';
    if (quoted) at = behind + 1;
    if (!quoted && !IsWordStart(text_.At(at))) return false;
    for (; quoted ? text_.At(at) != quote && text_.At(at) < kEnd && text_.At(at) >= ' ' : IsWord(text_.At(at)); ++at) {
      made.tag += static_cast<char>(text_.At(at));
    }
    if (quoted && text_.At(at) != quote) return false;
    if (text_.LineOf(text_.NextLine(at), made.tag, made.indented) == text_.size()) return false;
    heredocs_.push_back(std::move(made));
    text_.at = at + (quoted ? 1 : 0);
    Operand();
    return true;
  }

  void Operand() {
    before_ = Before::kOperand;
    subscript_ = false;
  }

  void Sign(Unit unit) {
    const bool subscript = std::exchange(subscript_, false);
    if (text_.Looking("++") || text_.Looking("--")) return text_.Skip(2);  // before or behind: it stays what it was
    if (text_.Looking("->")) {
      text_.Skip(2);
      before_ = Before::kOperator;
      subscript_ = true;
      return;
    }
    ++text_.at;
    before_ = Before::kOperator;
    if (unit == '{') braces_.push_back(subscript);
    if (unit == ')' || unit == ']') before_ = Before::kOperand;
    subscript_ = unit == ']' || unit == ')';
    if (unit != '}') return;
    const bool operand = !braces_.empty() && braces_.back();
    if (!braces_.empty()) braces_.pop_back();
    before_ = operand ? Before::kOperand : Before::kUnclear;
    subscript_ = operand;
  }

  Cursor text_;
  std::vector<bool> braces_;  // the open ones: is it a subscript?
  std::vector<Heredoc> heredocs_;
  Before before_ = Before::kOperator;
  bool subscript_ = false;  // a `{` here would be one
  bool names_ = false;      // behind `sub`: the next word is a name
};

LexedText Lex(const std::vector<CommandPart>& parts) { return PerlLexer(parts).Run(); }

// Bytes, as in @ARGV and %ENV, whatever `use utf8` says.
std::string Text(std::string_view text) {
  return QuoteText({.signs = "\"\\$@", .before_hex = "\\x{", .behind_hex = "}", .ascii = true}, text);
}

// A number with a sign would be computed, and this one as a double.
ErrorOr<std::string> Whole(int64_t value) {
  return value == INT64_MIN ? std::string("(-9223372036854775807 - 1)") : std::to_string(value);
}

constexpr LiteralForm kForm = {.none = "undef",
                               .yes = "1",
                               .no = "0",
                               .nan = "(\"nan\" + 0)",
                               .infinity = "(\"inf\" + 0)",
                               .minus_infinity = "(\"-inf\" + 0)",
                               .before_key = "",
                               .behind_key = " => ",
                               .text = Text,
                               .whole = Whole};

ErrorOr<std::string> WriteLiteral(const Literal& value) { return Write(kForm, value); }

}  // namespace

const Language& Perl() {
  static const Language language = {.name = "perl",
                                    .title = "Perl",
                                    .program = "perl",
                                    .lex = Lex,
                                    .literal = WriteLiteral,
                                    .variable = "$main::",
                                    .before = "BEGIN { ",
                                    .middle = " = ",
                                    .after = "; }\n",
                                    .in_string = "write it outside of quotes: `\"… \" . ~{x} . \" …\"`"};
  return language;
}

}  // namespace hwf::languages
