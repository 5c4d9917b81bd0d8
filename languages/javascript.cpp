// Where `/` begins a pattern and where it divides depends in JavaScript on what stands before it; where that does not
// tell, and it matters, the text is refused. A value is a property of globalThis that is set at the top: so no value
// can be code, whatever is misread, and `{~{x}: 1}` is a syntax error and not another key.
#include <algorithm>
#include <array>

#include "base/json.h"
#include "languages/cursor.h"
#include "languages/language.h"
#include "languages/write.h"

namespace hwf::languages {
namespace {

using Kind = CommandIssue::Kind;

class JavaScriptLexer {
 public:
  explicit JavaScriptLexer(const std::vector<CommandPart>& parts) : text_(parts) {}

  LexedText Run() {
    if (text_.Looking("#!")) text_.Comment();
    while (!text_.done() && !too_deep_) {
      if (!frames_.empty() && frames_.back().kind == Frame::Kind::kTemplate) {
        StepTemplate();
      } else {
        StepCode();
      }
    }
    if (!frames_.empty() && frames_.back().kind == Frame::Kind::kTemplate && !too_deep_) {
      text_.Issue(Kind::kUnclosed, frames_.back().opened, "`");
    }
    return text_.Finish();
  }

 private:
  // What stands before, for a `/`.
  enum class Before { kOperator, kOperand, kUnclear };
  struct Frame {
    enum class Kind {
      kTemplate,
      kField,  // `${…}` in a template
      kBrace,
      kParenthesis
    };
    Kind kind;
    size_t opened;
    bool control = false;  // kParenthesis: of `if (…)` and the like, behind which a statement begins
  };

  static bool IsName(Unit unit) { return IsWord(unit) || unit == '$'; }

  void StepCode() {
    const Unit unit = text_.Now();
    if (IsSpace(unit)) {
      ++text_.at;
    } else if (IsInterpolation(unit)) {
      Value();
    } else if (Comment()) {
      return;
    } else if (IsQuote(unit)) {
      text_.LineString(unit);
      before_ = Before::kOperand;
    } else if (unit == '`') {
      Push(Frame::Kind::kTemplate);
    } else if (IsDigit(unit)) {
      while (IsName(text_.Now()) || (text_.Now() == '.')) ++text_.at;
      before_ = Before::kOperand;
    } else if (IsName(unit) || unit == '#' || unit == '\\') {
      Word();
    } else if (unit == '/') {
      Slash();
    } else {
      Sign(unit);
    }
  }

  // Scripts also know the comments of old web pages.
  bool Comment() {
    if (text_.Looking("//") || text_.Looking("<!--") || (text_.Looking("-->") && OnlyBlanksBefore())) {
      text_.Comment();
      return true;
    }
    if (!text_.Looking("/*")) return false;
    size_t end = text_.at + 2;
    while (end < text_.size() && !text_.LookingAt(end, "*/")) ++end;
    text_.CommentUntil(end + 2);
    return true;
  }

  bool OnlyBlanksBefore() const {
    size_t at = text_.at;
    while (at > 0 && IsBlank(text_.At(at - 1))) --at;
    return at == 0 || IsLineEnd(text_.At(at - 1)) || text_.At(at - 1) == '/';
  }

  void Value() {
    const Unit before = text_.Before(), after = text_.Next();
    const bool field = before == '.' && !text_.LookingAt(text_.at - std::min<size_t>(text_.at, 3), "...");
    const bool glued = IsName(before) || IsQuote(before) || before == '`' || before == '\\' || before == '#' || field ||
                       IsName(after) || IsQuote(after) || after == '`';
    text_.PlaceValue(glued, Placement::kVariable);
    before_ = Before::kOperand;
  }

  void Word() {
    const bool member = text_.Before() == '.' || text_.Before() == '#';
    std::string word;
    do {
      word += static_cast<char>(text_.Now());
      text_.Skip(1);
    } while (IsName(text_.Now()) || text_.Now() == '\\');
    constexpr std::array<std::string_view, 13> kOperators = {"return", "typeof", "instanceof", "in",   "new",
                                                             "delete", "void",   "throw",      "case", "do",
                                                             "else",   "export", "default"};
    constexpr std::array<std::string_view, 3> kEither = {"of", "yield", "await"};
    constexpr std::array<std::string_view, 4> kControl = {"if", "while", "for", "with"};
    const auto is_one_of = [&](const auto& words) {
      return !member && std::find(words.begin(), words.end(), word) != words.end();
    };
    before_ = is_one_of(kOperators) ? Before::kOperator : is_one_of(kEither) ? Before::kUnclear : Before::kOperand;
    control_ = is_one_of(kControl) || (control_ && word == "await");
  }

  void Sign(Unit unit) {
    const bool control = std::exchange(control_, false);
    if (text_.Looking("++") || text_.Looking("--")) return text_.Skip(2);  // before or behind: it stays what it was
    before_ = Before::kOperator;
    if (unit == '(') return Push(Frame::Kind::kParenthesis, control);
    if (unit == '{') return Push(Frame::Kind::kBrace);
    ++text_.at;
    if (unit == ']') before_ = Before::kOperand;
    if (unit == ')') {
      const bool known = !frames_.empty() && frames_.back().kind == Frame::Kind::kParenthesis;
      before_ = known && frames_.back().control ? Before::kOperator : Before::kOperand;
      if (known) frames_.pop_back();
    }
    if (unit == '}') CloseBrace();
  }

  // Of a block or of an object: only the grammar knows.
  void CloseBrace() {
    before_ = Before::kUnclear;
    while (!frames_.empty() && frames_.back().kind == Frame::Kind::kParenthesis) frames_.pop_back();
    if (!frames_.empty() && frames_.back().kind != Frame::Kind::kTemplate) frames_.pop_back();
  }

  void Slash() {
    if (before_ == Before::kUnclear && text_.ValuesBehind(text_.at)) {
      // A pattern ends on its line.
      size_t other = text_.at + 1;
      while (other < text_.LineEnd(text_.at) && text_.At(other) != '/') ++other;
      if (text_.At(other) == '/') text_.Issue(Kind::kUnclear, text_.at, "/");
    }
    if (before_ != Before::kOperator) {
      before_ = Before::kOperator;
      ++text_.at;
      return;
    }
    Pattern();
    before_ = Before::kOperand;
  }

  void Pattern() {
    bool in_class = false;
    for (++text_.at; !text_.done() && !IsLineEnd(text_.Now());) {
      const Unit unit = text_.Now();
      if (IsInterpolation(unit)) {
        text_.RefuseValue(Kind::kInString);
        continue;
      }
      ++text_.at;
      if (unit == '\\' && !IsInterpolation(text_.Now())) text_.Skip(1);
      if (unit == '[') in_class = true;
      if (unit == ']') in_class = false;
      if (unit == '/' && !in_class) break;
    }
    text_.TakeWord();
  }

  void StepTemplate() {
    const Unit unit = text_.Now();
    if (IsInterpolation(unit)) return text_.RefuseValue(Kind::kInString);
    if (text_.Looking("${")) {
      before_ = Before::kOperator;
      Push(Frame::Kind::kField);
      return text_.Skip(1);
    }
    ++text_.at;
    if (unit == '\\' && !IsInterpolation(text_.Now())) return text_.Skip(1);
    if (unit != '`') return;
    frames_.pop_back();
    before_ = Before::kOperand;
  }

  // What the sign here opens.
  void Push(Frame::Kind kind, bool control = false) {
    if (frames_.size() >= kMaxDepth) {
      too_deep_ = true;
      return text_.Issue(Kind::kTooDeep, text_.at);
    }
    frames_.push_back({kind, text_.at, control});
    ++text_.at;
  }

  Cursor text_;
  std::vector<Frame> frames_;
  Before before_ = Before::kOperator;
  bool control_ = false;  // the word before is `if` or the like
  bool too_deep_ = false;
};

LexedText Lex(const std::vector<CommandPart>& parts) { return JavaScriptLexer(parts).Run(); }

// Numbers of JavaScript are exact to 2^53; a BigInt is so beyond, but mixes with no number.
ErrorOr<std::string> Int(int64_t value) {
  constexpr int64_t kExact = int64_t{1} << 53;
  if (value > kExact || value < -kExact) return MakeError("the number {}, which JavaScript cannot hold exactly", value);
  return std::to_string(value);
}

// Keys stand in brackets, as `"__proto__": x` is no key but sets the prototype.
constexpr LiteralForm kForm = {.none = "null",
                               .yes = "true",
                               .no = "false",
                               .nan = "NaN",
                               .infinity = "Infinity",
                               .minus_infinity = "-Infinity",
                               .before_key = "[",
                               .behind_key = "]: ",
                               .text = JsonQuote,
                               .whole = Int};

ErrorOr<std::string> WriteLiteral(const Literal& value) { return Write(kForm, value); }

}  // namespace

const Language& JavaScript() {
  static const Language language = {.name = "node",
                                    .title = "JavaScript",
                                    .program = "node",
                                    .lex = Lex,
                                    .literal = WriteLiteral,
                                    .variable = "globalThis.",
                                    .before = "",
                                    .middle = " = ",
                                    .after = ";\n",
                                    .in_string = "write it outside of quotes, or in a template's braces, `${~{x}}`"};
  return language;
}

}  // namespace hwf::languages
