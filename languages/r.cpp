// R is read exactly: its quotes, names in backticks, operators of the user's (%in%) and comments each begin with a sign
// that means nothing else. A value is a literal in its place, so that functions that look at their arguments' text see
// it.
#include <fmt/format.h>

#include <limits>

#include "languages/cursor.h"
#include "languages/language.h"
#include "languages/write.h"

namespace hwf::languages {
namespace {

using Kind = CommandIssue::Kind;

class RLexer {
 public:
  explicit RLexer(const std::vector<CommandPart>& parts) : text_(parts) {}

  LexedText Run() {
    while (!text_.done()) Step();
    return text_.Finish();
  }

 private:
  static bool IsName(Unit unit) { return IsWord(unit) || unit == '.'; }

  void Step() {
    const Unit unit = text_.Now();
    if (IsInterpolation(unit)) return Value();
    if (unit == '#') return text_.Comment();
    if (IsQuote(unit) || unit == '`') return Quotes(unit);
    if (unit == '%') return Operator();
    if ((unit == 'r' || unit == 'R') && !IsName(text_.Before()) && IsQuote(text_.Next()) && RawString()) return;
    ++text_.at;
  }

  void Value() {
    const Unit before = text_.Before(), after = text_.Next();
    const bool glued = IsName(before) || IsQuote(before) || before == '`' || before == '\\' || IsName(after) ||
                       IsQuote(after) || after == '`';
    text_.PlaceValue(glued, Placement::kWords);
  }

  void Quotes(Unit quote) {
    const size_t opened = text_.at;
    if (!text_.Quoted(quote)) text_.Issue(Kind::kUnclosed, opened, std::string(1, static_cast<char>(quote)));
  }

  // `%in%` ends on its line; a lone `%` is no operator, and R says so.
  void Operator() {
    size_t end = text_.at + 1;
    while (text_.At(end) != '%' && text_.At(end) != kEnd && !IsLineEnd(text_.At(end))) ++end;
    text_.RefuseUntil(end + 1, Kind::kInString);
  }

  // r"---(…)---". False if it is a name and a string.
  bool RawString() {
    const size_t opened = text_.at;
    const Unit quote = text_.Next();
    size_t at = opened + 2;
    std::string closing;
    while (text_.At(at) == '-') ++at, closing += '-';
    const Unit bracket = text_.At(at);
    if (bracket != '(' && bracket != '[' && bracket != '{') return false;
    closing = (bracket == '(' ? ")" : bracket == '[' ? "]" : "}") + closing + static_cast<char>(quote);
    size_t end = at + 1;
    while (end < text_.size() && !text_.LookingAt(end, closing)) ++end;
    if (end == text_.size()) text_.Issue(Kind::kUnclosed, opened + 1, std::string(1, static_cast<char>(quote)));
    text_.RefuseUntil(end + closing.size(), Kind::kInString);
    return true;
  }

  Cursor text_;
};

LexedText Lex(const std::vector<CommandPart>& parts) { return RLexer(parts).Run(); }

std::string Text(std::string_view text) { return QuoteText({.signs = "\"\\"}, text); }

// Whole numbers of R have 32 bits, of which one value is NA; doubles are exact to 2^53.
ErrorOr<std::string> Int(int64_t value) {
  if (value > std::numeric_limits<int32_t>::min() && value <= std::numeric_limits<int32_t>::max()) {
    return fmt::format("{}L", value);
  }
  constexpr int64_t kExact = int64_t{1} << 53;
  if (value > kExact || value < -kExact) return MakeError("the number {}, which R cannot hold exactly", value);
  return std::to_string(value);
}

// Lists and maps are written otherwise.
constexpr LiteralForm kForm = {.none = "NULL",
                               .yes = "TRUE",
                               .no = "FALSE",
                               .nan = "NaN",
                               .infinity = "Inf",
                               .minus_infinity = "-Inf",
                               .before_key = "",
                               .behind_key = "",
                               .text = Text,
                               .whole = Int};

ErrorOr<std::string> Write(const Literal& value);

ErrorOr<std::string> Joined(const std::vector<Literal>& values) {
  std::string out;
  for (const Literal& value : values) {
    HWF_ASSIGN(const std::string text, Write(value));
    out += (out.empty() ? "" : ", ") + text;
  }
  return out;
}

// Of simple values a vector, of others a list.
ErrorOr<std::string> List(const Literal& list) {
  HWF_ASSIGN(const std::string items, Joined(list.items));
  if (!list.items.empty()) return (list.of == Literal::Kind::kNone ? "list(" : "c(") + items + ")";
  switch (list.of) {
    case Literal::Kind::kBool:
      return std::string("logical(0)");
    case Literal::Kind::kInt:
      return std::string("integer(0)");
    case Literal::Kind::kFloat:
      return std::string("numeric(0)");
    case Literal::Kind::kString:
      return std::string("character(0)");
    case Literal::Kind::kNone:
    case Literal::Kind::kList:
    case Literal::Kind::kMap:
      break;
  }
  return std::string("list()");
}

// Names as a vector of their own: `list("" = 1)` is an error.
ErrorOr<std::string> Map(const Literal& map) {
  std::vector<Literal> names;
  for (const Literal& key : map.keys) {
    names.push_back(key.kind == Literal::Kind::kInt ? Literal::String(std::to_string(key.whole)) : key);
  }
  HWF_ASSIGN(const std::string items, Joined(map.items));
  HWF_ASSIGN(const std::string keys, List(Literal::List(std::move(names), Literal::Kind::kString)));
  return "structure(list(" + items + "), names = " + keys + ")";
}

ErrorOr<std::string> Write(const Literal& value) {
  if (value.kind == Literal::Kind::kList) return List(value);
  if (value.kind == Literal::Kind::kMap) return Map(value);
  if (value.text.find('\0') != std::string::npos) return MakeError("a NUL character, which no text of R can hold");
  return languages::Write(kForm, value);
}

// `-5^2` is -25.
ErrorOr<std::string> WriteLiteral(const Literal& value) {
  HWF_ASSIGN(std::string literal, Write(value));
  return literal[0] == '-' ? "(" + literal + ")" : literal;
}

}  // namespace

const Language& R() {
  static const Language language = {.name = "R",
                                    .title = "R",
                                    .program = "Rscript",
                                    .lex = Lex,
                                    .literal = WriteLiteral,
                                    .variable = "",
                                    .before = "",
                                    .middle = " <- ",
                                    .after = "\n",
                                    .in_string = "it is a literal itself: join texts with `paste0(\"… \", ~{x})`"};
  return language;
}

}  // namespace hwf::languages
