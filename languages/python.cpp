// How it works: as in the lexer of the shell, a list of units (a byte or an interpolation each) and a stack of what is
// open. Where versions of Python differ (before 3.12 an f-string could hold neither its own quotes nor a backslash in
// its braces), this reads as the newer ones do: what the older read otherwise, they refuse as a whole.
#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

#include "languages/cursor.h"
#include "languages/language.h"
#include "languages/write.h"

namespace hwf::languages {
namespace {

using Kind = CommandIssue::Kind;

struct Prefix {
  bool format = false;  // f"…", and t"…" of Python 3.14
  bool raw = false;
};

// What the letters before a quote say; of a word that is no prefix, such as `in`, nothing.
Prefix PrefixOf(std::string word) {
  for (char& c : word) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  constexpr std::array<std::string_view, 12> kPrefixes = {"r",  "b",  "u", "br", "rb", "f",
                                                          "fr", "rf", "t", "tr", "rt", ""};
  if (std::find(kPrefixes.begin(), kPrefixes.end(), word) == kPrefixes.end()) return {};
  return {word.find_first_of("ft") != std::string::npos, word.find('r') != std::string::npos};
}

class PythonLexer {
 public:
  explicit PythonLexer(const std::vector<CommandPart>& parts) : text_(parts) {}

  LexedText Run() {
    while (!text_.done() && !too_deep_) {
      if (frames_.empty() || frames_.back().kind == Frame::Kind::kField) {
        StepCode();
      } else {
        StepString();
      }
    }
    if (!frames_.empty() && !too_deep_) text_.Issue(Kind::kUnclosed, frames_.back().opened, frames_.back().what);
    return text_.Finish();
  }

 private:
  struct Frame {
    enum class Kind {
      kString,
      kField,  // `{…}` in an f-string: code
      kSpec    // what follows the `:` in a field: text again
    };
    Kind kind;
    size_t opened;     // unit at which it was
    size_t string;     // index of the frame of the string: of itself, or of the one that holds the field
    std::string what;  // the quotes, or `{`
    Prefix prefix = {};
    int brackets = 0;  // kField: open ones within
  };

  bool InField() const { return !frames_.empty(); }

  void StepCode() {
    const Unit unit = text_.Now();
    if (IsInterpolation(unit)) return Value();
    if (unit == '#') return text_.Comment();
    if (IsQuote(unit)) return Open({});
    if (IsWord(unit)) return Word();
    if (InField() && FieldEnds(unit)) return;
    ++text_.at;
  }

  // A word, and the string that it is the prefix of.
  void Word() {
    std::string word = text_.TakeWord();
    if (IsQuote(text_.Now())) Open(PrefixOf(std::move(word)));
  }

  void Open(Prefix prefix) {
    const std::string quote(1, static_cast<char>(text_.Now()));
    const bool triple = text_.Looking(quote + quote + quote);
    const std::string what = triple ? quote + quote + quote : quote;
    Push({Frame::Kind::kString, text_.at, frames_.size(), what, prefix});
    text_.at += what.size();
  }

  // A value in code is a literal, if it is a token of its own. Between the braces of an f-string it is a variable:
  // before Python 3.12 a literal's quotes would end the string there.
  void Value() {
    const Unit before = text_.Before(), after = text_.Next();
    const bool number_goes_on = after == '.' && IsDigit(text_.At(text_.at + 2));
    const bool glued = IsWord(before) || IsQuote(before) || before == '.' || before == '\\' || IsWord(after) ||
                       IsQuote(after) || number_goes_on;
    text_.PlaceValue(glued, InField() ? Placement::kVariable : Placement::kWords);
  }

  // True if the unit ends a field, or its expression.
  bool FieldEnds(Unit unit) {
    Frame& field = frames_.back();
    if (unit == '(' || unit == '[' || unit == '{') ++field.brackets;
    const bool closes = unit == ')' || unit == ']' || unit == '}';
    if (closes && field.brackets > 0) {
      --field.brackets;
    } else if (unit == '}') {
      frames_.pop_back();
      ++text_.at;
      return true;
    } else if (unit == ':' && field.brackets == 0) {
      field.kind = Frame::Kind::kSpec;
      ++text_.at;
      return true;
    }
    return false;
  }

  // The text of a string, or of a field's format.
  void StepString() {
    const Unit unit = text_.Now();
    const bool spec = frames_.back().kind == Frame::Kind::kSpec;
    const Frame& string = frames_[frames_.back().string];
    if (IsInterpolation(unit)) {
      text_.RefuseValue(string.prefix.format ? Kind::kInFormat : Kind::kInString);
    } else if (unit == '\\') {
      Backslash(string.prefix);
    } else if (text_.Looking(string.what)) {
      // In a format, Python says what is wrong with it.
      text_.at += string.what.size();
      Close();
    } else if (IsLineEnd(unit) && string.what.size() == 1) {
      text_.Issue(Kind::kUnclosed, string.opened, string.what);
      Close();
    } else if (string.prefix.format && (unit == '{' || unit == '}')) {
      Brace(unit, spec);
    } else {
      ++text_.at;
    }
  }

  void Close() { frames_.erase(frames_.begin() + static_cast<std::ptrdiff_t>(frames_.back().string), frames_.end()); }

  void Brace(Unit unit, bool spec) {
    if (!spec && text_.Next() == unit) {
      text_.at += 2;
    } else if (unit == '{') {
      Push({Frame::Kind::kField, text_.at, frames_.back().string, "{"});
      ++text_.at;
    } else {
      if (spec) frames_.pop_back();
      ++text_.at;
    }
  }

  // It takes the next byte with it, also in r"…", but no brace of an f-string and no value.
  void Backslash(Prefix prefix) {
    ++text_.at;
    const Unit next = text_.Now();
    if (IsInterpolation(next) || (prefix.format && (next == '{' || next == '}'))) return;
    if (prefix.format && !prefix.raw && next == 'N' && text_.Next() == '{') {
      while (text_.at < text_.size() && text_.Now() != '}' && !IsQuote(text_.Now()) && !IsInterpolation(text_.Now()))
        ++text_.at;
      if (text_.Now() == '}') ++text_.at;
      return;
    }
    text_.at = std::min(text_.at + (next == '\r' && text_.Next() == '\n' ? 2 : 1), text_.size());
  }

  void Push(Frame frame) {
    if (frames_.size() >= kMaxDepth) {
      too_deep_ = true;
      return text_.Issue(Kind::kTooDeep, frame.opened);
    }
    frames_.push_back(std::move(frame));
  }

  Cursor text_;
  std::vector<Frame> frames_;
  bool too_deep_ = false;
};

LexedText Lex(const std::vector<CommandPart>& parts) { return PythonLexer(parts).Run(); }

std::string Text(std::string_view text) { return QuoteText({.signs = "\"\\"}, text); }

constexpr LiteralForm kForm = {.none = "None",
                               .yes = "True",
                               .no = "False",
                               .nan = "float(\"nan\")",
                               .infinity = "float(\"inf\")",
                               .minus_infinity = "float(\"-inf\")",
                               .before_key = "",
                               .behind_key = ": ",
                               .text = Text,
                               .whole = Decimal};

// `-5**2` is -25.
ErrorOr<std::string> WriteLiteral(const Literal& value) {
  HWF_ASSIGN(std::string literal, Write(kForm, value));
  return literal[0] == '-' ? "(" + literal + ")" : literal;
}

}  // namespace

const Language& Python() {
  static const Language language = {
      .name = "python",
      .title = "Python",
      .program = "python3",
      .lex = Lex,
      .literal = WriteLiteral,
      .variable = "",
      .before = "",
      .middle = " = ",
      .after = "\n",
      .in_string =
          "it is a literal itself: write it outside of quotes, or make the string an f-string, `f\"… {~{x}} …\"`"};
  return language;
}

}  // namespace hwf::languages
