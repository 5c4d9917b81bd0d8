// Where a sign of Ruby begins a pattern, a %-literal or a heredoc and where it is an operator depends on whether the
// name before it is a variable or a method, which only running tells. It is read by the blanks around it, as Ruby
// itself reads a method's. A value is a global variable that is set at the top: so no value can be code, whatever is
// misread.
#include <algorithm>
#include <array>

#include "languages/cursor.h"
#include "languages/language.h"
#include "languages/write.h"

namespace hwf::languages {
namespace {

using Kind = CommandIssue::Kind;

class RubyLexer {
 public:
  explicit RubyLexer(const std::vector<CommandPart>& parts) : text_(parts) {}

  LexedText Run() {
    while (!text_.done() && !too_deep_) {
      LeaveHeredocs();
      if (text_.done()) break;
      if (frames_.empty() || !frames_.back().text) {
        StepCode();
      } else {
        StepText();
      }
    }
    LeaveHeredocs();
    const auto open = std::find_if(frames_.begin(), frames_.end(), [](const Frame& frame) { return frame.text; });
    if (open != frames_.end() && !too_deep_ && text_.ValuesBehind(open->opened)) {
      text_.Issue(Kind::kUnclosed, open->opened, std::string(1, static_cast<char>(text_.At(open->opened))));
    }
    return text_.Finish();
  }

 private:
  // What stands before: an operator (or nothing), a value, or a name that may be a method with arguments to come.
  enum class Before { kOperator, kOperand, kName };
  struct Frame {
    bool text = false;  // "…" and all else that holds `#{…}`; else `{…}` or the braces of `#{…}`
    size_t opened = 0;
    Unit close = kEnd;  // text: the sign that ends it, kEnd of a heredoc
    Unit nests = 0;     // text: the sign that opens one more
    int depth = 0;      // of those
    size_t end = 0;     // heredoc: where its last line begins
  };
  struct Heredoc {
    std::string tag;
    bool literal = false;   // its tag is in '…'
    bool indented = false;  // its last line may be so
  };

  void StepCode() {
    const Unit unit = text_.Now();
    if (text_.AtLineStart() && Block()) return;
    if (IsLineEnd(unit)) return EndLine();
    if (IsSpace(unit)) return void(++text_.at);
    if (IsInterpolation(unit)) return Value();
    if (unit == '#') return text_.Comment();
    if (unit == '\'') return Literally('\'', 0);
    if (unit == '"' || unit == '`') return Text(unit, 0, 1);
    if (unit == '$' || unit == '@') return Variable(unit);
    if (IsDigit(unit)) return Number();
    if (IsWord(unit)) return Word();
    if (unit == '?' && Character()) return;
    if (unit == '/' && Begins(1) && Pattern()) return;
    if (unit == '%' && Percent()) return;
    if (text_.Looking("<<") && OpenHeredoc()) return;
    Sign(unit);
  }

  // =begin … =end, and what follows __END__.
  bool Block() {
    if (text_.Looking("=begin") && !IsWord(text_.At(text_.at + 6))) {
      size_t line = text_.NextLine(text_.at);
      while (line < text_.size() && !text_.LookingAt(line, "=end")) line = text_.NextLine(line);
      text_.CommentUntil(text_.LineEnd(line));
      return true;
    }
    if (!text_.Looking("__END__") || !(text_.At(text_.at + 7) == kEnd || IsLineEnd(text_.At(text_.at + 7))))
      return false;
    text_.RefuseUntil(text_.size(), Kind::kInString);
    return true;
  }

  void EndLine() {
    before_ = Before::kOperator;
    text_.at = text_.NextLine(text_.at);
    NextHeredoc();
  }

  void Value() {
    const Unit before = text_.Before(), after = text_.Next();
    constexpr std::string_view kJoins = "$@:?%.\\`&";
    const bool joins = before >= 0 && before < 0x80 && kJoins.find(static_cast<char>(before)) != std::string_view::npos;
    const bool range = text_.at >= 2 && before == '.' && text_.At(text_.at - 2) == '.';
    const bool glued = IsWord(before) || IsQuote(before) || (joins && !range) || IsWord(after) || IsQuote(after) ||
                       after == '`' || (after == ':' && text_.At(text_.at + 2) != ':');
    text_.PlaceValue(glued, Placement::kVariable);
    before_ = Before::kOperand;
  }

  // $x, $', @x, @@x.
  void Variable(Unit sigil) {
    ++text_.at;
    if (sigil == '@' && text_.Now() == '@') ++text_.at;
    const bool special = sigil == '$' && !IsWord(text_.Now()) && !IsInterpolation(text_.Now()) && !IsSpace(text_.Now());
    if (special) text_.Skip(1);
    text_.TakeWord();
    before_ = Before::kOperand;
  }

  void Number() {
    while (IsWord(text_.Now()) || (text_.Now() == '.' && IsDigit(text_.Next()))) ++text_.at;
    before_ = Before::kOperand;
  }

  void Word() {
    const bool method = std::exchange(method_, false);
    std::string word = text_.TakeWord();
    const Unit after = text_.Now();
    const bool mark = (after == '?' || after == '!') && text_.Next() != '=' && !(after == '?' && text_.Next() == ':');
    if (mark) ++text_.at;
    if (text_.Now() == ':' && text_.Next() != ':' && before_ != Before::kOperand) {
      ++text_.at;  // `key: value`
      before_ = Before::kOperator;
      return;
    }
    constexpr std::array<std::string_view, 22> kOperators = {
        "if", "unless", "while", "until", "and",   "or",    "not",    "return", "when", "in",   "then",
        "do", "else",   "elsif", "case",  "begin", "yield", "ensure", "rescue", "for",  "next", "break"};
    constexpr std::array<std::string_view, 5> kValues = {"end", "self", "true", "false", "nil"};
    const auto is_one_of = [&](const auto& words) {
      return !method && std::find(words.begin(), words.end(), word) != words.end();
    };
    constexpr std::array<std::string_view, 6> kMethods = {"puts", "p", "print", "raise", "warn", "require"};
    known_method_ = method || mark || is_one_of(kMethods);
    const bool constant = !method && word[0] >= 'A' && word[0] <= 'Z';
    method_ = !method && (word == "def" || word == "alias" || word == "undef");
    class_ = !method && word == "class";
    if (is_one_of(kOperators)) {
      before_ = Before::kOperator;
    } else {
      before_ = is_one_of(kValues) || constant ? Before::kOperand : Before::kName;
    }
  }

  // Whether the sign of `length` units here begins a literal.
  bool Begins(size_t length) const {
    if (method_) return false;
    if (before_ != Before::kName) return before_ == Before::kOperator;
    const bool blank_before = IsSpace(text_.Before());
    const Unit after = text_.At(text_.at + length);
    return blank_before && !IsSpace(after) && after != '=';
  }

  // Behind a name that may be a variable, `x /2` divides.
  bool Pattern() {
    if (before_ == Before::kName && !known_method_) {
      size_t other = text_.at + 1;
      while (other < text_.LineEnd(text_.at) && text_.At(other) != '/') ++other;
      if (text_.At(other) != '/') return false;
      if (text_.ValuesBehind(text_.at)) text_.Issue(Kind::kUnclear, text_.at, "/");
    }
    Text('/', 0, 1);
    return true;
  }

  // `?x`
  bool Character() {
    if (!Begins(1) || before_ != Before::kOperator) return false;
    const Unit unit = text_.Next();
    if (IsSpace(unit) || unit == kEnd || IsInterpolation(unit)) return false;
    if (IsWord(unit) && unit < 0x80 && IsWord(text_.At(text_.at + 2))) return false;
    text_.Skip(unit == '\\' && !IsInterpolation(text_.At(text_.at + 2)) ? 3 : 2);
    text_.TakeWord();
    before_ = Before::kOperand;
    return true;
  }

  // `%w[…]` and its like.
  bool Percent() {
    constexpr std::string_view kKinds = "qQwWiIrxs";
    const Unit next = text_.Next();
    const bool named = next > 0 && next < 0x80 && kKinds.find(static_cast<char>(next)) != std::string_view::npos;
    const Unit open = named ? text_.At(text_.at + 2) : next;
    if (!Begins(named ? 2 : 1) || open == kEnd || IsInterpolation(open) || IsWord(open) || IsSpace(open)) return false;
    if (before_ == Before::kName && open == '=') return false;
    const bool literal = named && (next == 'q' || next == 'w' || next == 'i' || next == 's');
    const Unit close = open == '(' ? ')' : open == '[' ? ']' : open == '{' ? '}' : open == '<' ? '>' : open;
    const size_t length = named ? 3 : 2;
    if (!literal) {
      Text(close, close == open ? 0 : open, length);
    } else {
      text_.Skip(length - 1);
      Literally(close, close == open ? 0 : open);
    }
    return true;
  }

  // From the sign that opens it on.
  void Literally(Unit close, Unit nests) {
    const size_t opened = text_.at;
    before_ = Before::kOperand;
    if (text_.Quoted(close, nests) || !text_.ValuesBehind(opened)) return;
    text_.Issue(Kind::kUnclosed, opened, std::string(1, static_cast<char>(text_.At(opened))));
  }

  void Text(Unit close, Unit nests, size_t length) {
    Frame frame{.text = true, .opened = text_.at + length - 1, .close = close, .nests = nests};
    Push(frame, length);
  }

  void StepText() {
    Frame& frame = frames_.back();
    const Unit unit = text_.Now();
    if (IsInterpolation(unit)) return text_.RefuseValue(Kind::kInString);
    if (text_.Looking("#{")) {
      before_ = Before::kOperator;
      return Push({.opened = text_.at}, 2);
    }
    ++text_.at;
    if (unit == '\\') {
      if (!IsInterpolation(text_.Now())) text_.Skip(1);
    } else if (unit == frame.close && frame.depth-- == 0) {
      const bool pattern = frame.close == '/' || text_.At(frame.opened - 1) == 'r';
      frames_.pop_back();
      if (pattern) text_.TakeWord();
      before_ = Before::kOperand;
    } else if (frame.nests != 0 && unit == frame.nests) {
      ++frame.depth;
    }
  }

  // `<<~TAG`: taken for one if a line ends it.
  bool OpenHeredoc() {
    if (before_ == Before::kOperand || std::exchange(class_, false) || method_) return false;
    size_t at = text_.at + 2;
    Heredoc made;
    if (text_.At(at) == '~' || text_.At(at) == '-') {
      made.indented = true;
      ++at;
    }
    const Unit quote = text_.At(at);
    const bool quoted = IsQuote(quote) || quote == '`';
    if (quoted) ++at;
    for (; quoted ? text_.At(at) != quote && text_.At(at) < 0x80 && text_.At(at) >= ' ' : IsWord(text_.At(at)); ++at) {
      made.tag += static_cast<char>(text_.At(at));
    }
    if (made.tag.empty() || (quoted && text_.At(at) != quote) || (!quoted && IsDigit(text_.At(text_.at + 2))))
      return false;
    if (text_.LineOf(text_.NextLine(at), made.tag, made.indented) == text_.size()) return false;
    made.literal = quote == '\'';
    heredocs_.push_back(std::move(made));
    text_.at = at + (quoted ? 1 : 0);
    before_ = Before::kOperand;
    return true;
  }

  // At the beginning of a line: the body of the heredoc that comes next, if one does.
  void NextHeredoc() {
    if (heredocs_.empty()) return;
    const Heredoc heredoc = std::move(heredocs_.front());
    heredocs_.erase(heredocs_.begin());
    const size_t end = text_.LineOf(text_.at, heredoc.tag, heredoc.indented);
    if (!heredoc.literal) return Push({.text = true, .opened = text_.at, .end = end + 1}, 0);
    text_.RefuseUntil(end, Kind::kInString);
    text_.at = text_.NextLine(text_.at);
    NextHeredoc();
  }

  // Also with all that was opened in its body and is open still.
  void LeaveHeredocs() {
    const auto over = std::find_if(frames_.begin(), frames_.end(),
                                   [&](const Frame& frame) { return frame.end > 0 && text_.at >= frame.end - 1; });
    if (over == frames_.end()) return;
    text_.at = text_.NextLine(over->end - 1);
    frames_.erase(over, frames_.end());
    before_ = Before::kOperator;
    NextHeredoc();
  }

  void Sign(Unit unit) {
    const bool method = std::exchange(method_, false);
    const bool dot = unit == '.' && text_.Next() != '.' && text_.Before() != '.';
    const bool scope = text_.Looking("::");
    if (scope || (unit == ':' && SymbolOfSign())) {
      text_.Skip(2);
      before_ = scope ? Before::kOperator : Before::kOperand;
      method_ = scope && IsWord(text_.Now());
      return;
    }
    if (unit == '{') return before_ = Before::kOperator, Push({.opened = text_.at}, 1);
    ++text_.at;
    before_ = unit == ')' || unit == ']' || unit == '}' ? Before::kOperand : method ? Before::kName : Before::kOperator;
    method_ = dot;
    if (unit == '}' && !frames_.empty()) frames_.pop_back();
  }

  // `:/` and the like, behind which no literal begins.
  bool SymbolOfSign() const {
    constexpr std::string_view kSigns = "/%`<";
    const Unit next = text_.Next();
    return before_ != Before::kOperand && next > 0 && next < 0x80 &&
           kSigns.find(static_cast<char>(next)) != std::string_view::npos;
  }

  void Push(Frame frame, size_t length) {
    if (frames_.size() >= kMaxDepth) {
      too_deep_ = true;
      return text_.Issue(Kind::kTooDeep, text_.at);
    }
    frames_.push_back(frame);
    text_.Skip(length);
  }

  Cursor text_;
  std::vector<Frame> frames_;
  std::vector<Heredoc> heredocs_;  // whose bodies begin with the next line
  Before before_ = Before::kOperator;
  bool method_ = false;        // the next word, or sign, is the name of a method
  bool known_method_ = false;  // the name before is one, and no variable
  bool class_ = false;         // behind `class`
  bool too_deep_ = false;
};

LexedText Lex(const std::vector<CommandPart>& parts) { return RubyLexer(parts).Run(); }

std::string Quote(std::string_view text) { return QuoteText({.signs = "\"\\#"}, text); }

constexpr LiteralForm kForm = {.none = "nil",
                               .yes = "true",
                               .no = "false",
                               .nan = "Float::NAN",
                               .infinity = "Float::INFINITY",
                               .minus_infinity = "-Float::INFINITY",
                               .before_key = "",
                               .behind_key = " => ",
                               .text = Quote,
                               .whole = Decimal};

ErrorOr<std::string> WriteLiteral(const Literal& value) { return Write(kForm, value); }

}  // namespace

const Language& Ruby() {
  static const Language language = {
      .name = "ruby",
      .title = "Ruby",
      .program = "ruby",
      .lex = Lex,
      .literal = WriteLiteral,
      .variable = "$",
      .before = "",
      .middle = " = ",
      .after = "\n",
      .in_string = "write it outside of quotes, or in a string's braces, `\"… #{~{x}} …\"`"};
  return language;
}

}  // namespace hwf::languages
