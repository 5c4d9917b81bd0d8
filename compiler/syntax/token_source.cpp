#include "compiler/syntax/token_source.h"

#include <llvm/ADT/StringExtras.h>

#include "compiler/diagnostics/codes.h"
#include "compiler/diagnostics/did_you_mean.h"
#include "compiler/syntax/parse.h"
#include "compiler/syntax/words.h"
#include "grammar/HwfParser.h"

namespace hwf::syntax {

using Kind = grammar::HwfParser;

namespace {

bool IsWordStart(char c) { return llvm::isAlpha(c) || c == '_'; }

// Tokens before which a newline does not count.
bool JoinsLines(uint16_t kind) {
  return kind == Kind::ELSE || kind == Kind::DOT || kind == Kind::OPTIONAL_DOT || kind == Kind::COALESCE ||
         kind == Kind::PIPE || kind == Kind::AND || kind == Kind::OR || kind == Kind::ARROW;
}

struct OperatorRow {
  std::string_view text;
  uint16_t kind;
};
// The longer before its beginning.
constexpr OperatorRow kOperators[] = {{"->", Kind::ARROW},     {"=>", Kind::FAT_ARROW},    {"==", Kind::EQUAL},
                                      {"!=", Kind::NOT_EQUAL}, {"<=", Kind::LESS_EQUAL},   {">=", Kind::GREATER_EQUAL},
                                      {"??", Kind::COALESCE},  {"?.", Kind::OPTIONAL_DOT}, {"..", Kind::DOT_DOT},
                                      {".", Kind::DOT},        {",", Kind::COMMA},         {":", Kind::COLON},
                                      {"=", Kind::ASSIGN},     {"+", Kind::PLUS},          {"-", Kind::MINUS},
                                      {"*", Kind::STAR},       {"/", Kind::SLASH},         {"%", Kind::PERCENT},
                                      {"<", Kind::LESS},       {">", Kind::GREATER},       {"?", Kind::QUESTION},
                                      {"|", Kind::PIPE}};

constexpr llvm::StringRef kUnits[] = {"s",  "min", "h",  "d",   "workdays", "B",   "KB",
                                      "MB", "GB",  "TB", "KiB", "MiB",      "GiB", "TiB"};

uint16_t UnitKind(std::string_view unit) {
  if (unit == "s" || unit == "min" || unit == "h" || unit == "d" || unit == "workdays") return Kind::DURATION;
  if (llvm::is_contained(kUnits, llvm::StringRef(unit))) return Kind::BYTES;
  return kEndOfTokens;
}

}  // namespace

bool TokenSource::IsWordPart(char c) { return llvm::isAlnum(c) || c == '_'; }

TokenList TokenSource::Run() {
  out_.tokens.reserve(text_.size() / 4 + 16);
  while (!AtEnd() && !stopped_) Step();
  if (!stack_.empty() && !stopped_) {
    ReportUnclosed(stack_.back());
    Abandon(0);
  }
  out_.tokens.push_back({kEndOfTokens, static_cast<uint32_t>(text_.size()), static_cast<uint32_t>(text_.size())});
  return std::move(out_);
}

void TokenSource::Push(uint16_t kind, size_t begin, size_t end) {
  if (newline_pending_) {
    newline_pending_ = false;
    bool dropped = out_.tokens.empty() || out_.tokens.back().kind == Kind::LBRACE || kind == Kind::RBRACE ||
                   JoinsLines(kind) || out_.tokens.back().kind == Kind::COMMA;
    if (!dropped && kind == Kind::LBRACE && OwesBrace()) {
      emitter_
          .Report(Between(begin, end), diagnostics::kSyntax, std::string_view("`{` on a new line"),
                  std::string_view("it at the end of the line above"))
          .Help("a newline ends what stands before it");
    } else if (!dropped) {
      uint32_t at = static_cast<uint32_t>(newline_at_);
      out_.tokens.push_back({Kind::NEWLINE, at, at + 1});
      if (stack_.empty()) unit_begin_ = out_.tokens.size();
    }
  }
  if (doc_last_ > doc_first_) {
    if (blank_lines_ <= 1) out_.docs.push_back({static_cast<uint32_t>(begin), doc_first_, doc_last_});
    doc_first_ = doc_last_ = 0;
  }
  out_.tokens.push_back({kind, static_cast<uint32_t>(begin), static_cast<uint32_t>(end)});
  line_start_ = false;
  blank_lines_ = 0;
  prefix_run_ = kind == Kind::MINUS || kind == Kind::NOT ? prefix_run_ + 1 : 0;
  if (prefix_run_ > 1 && prefix_run_ + (stack_.empty() ? 0 : stack_.back().depth) > kMaxDepth) TooDeep();
}

void TokenSource::Emit(uint16_t kind, size_t length) {
  size_t begin = at_;
  at_ += length;
  Push(kind, begin, at_);
}

void TokenSource::Step() {
  if (InString()) return StringPart();
  char c = Peek();
  if (c == ' ' || c == '\t' || c == '\r') {
    ++at_;
  } else if (c == '\n') {
    Newline();
  } else if (c == '#') {
    Comment();
  } else if (IsWordStart(c)) {
    Word();
  } else if (llvm::isDigit(c)) {
    Number();
  } else if (c == '"') {
    StringStart();
  } else {
    Operator();
  }
}

void TokenSource::Newline() {
  if (quoted_open_ > 0) return EndQuotedAtNewline();
  if (stack_.empty() || stack_.back().what == Opened::kBrace) {
    if (!newline_pending_) newline_at_ = at_;
    newline_pending_ = true;
  }
  ++at_;
  ++blank_lines_;
  line_start_ = true;
}

void TokenSource::Comment() {
  size_t end = std::min(text_.find('\n', at_), text_.size());
  size_t shown_end = end > at_ && text_[end - 1] == '\r' ? end - 1 : end;
  // `#` alone or `###…` is decoration.
  bool doc = Peek(1) == '#' && Peek(2) != '#';
  uint32_t index = static_cast<uint32_t>(out_.comments.size());
  out_.comments.push_back({Between(at_, shown_end), doc});
  bool own_line = line_start_ || out_.tokens.empty();
  if (doc && own_line) {
    if (doc_last_ != index || blank_lines_ > 1) doc_first_ = index;
    doc_last_ = index + 1;
  } else if (own_line) {
    doc_first_ = doc_last_ = 0;
  }
  if (own_line) blank_lines_ = 0;
  at_ = end;
}

void TokenSource::Word() {
  if (line_start_ && !stack_.empty()) {
    bool let = Looking("let") && !IsWordPart(Peek(3)) && stack_.back().what != Opened::kBrace;
    if (let || BeginsDeclaration()) {
      size_t size = stack_.size();
      // `let` cannot stand in brackets: what is open ended above it. A declaration ends everything.
      while (size > 0 && !(let && stack_[size - 1].what == Opened::kBrace)) --size;
      ReportUnclosed(stack_.back());
      Abandon(size);
      newline_pending_ = true;
      newline_at_ = at_;
    }
  }
  size_t length = 1;
  while (IsWordPart(Peek(length))) ++length;
  Emit(WordKind(text_.substr(at_, length)), length);
}

void TokenSource::Number() {
  size_t length = 1;
  uint16_t kind = Kind::INT;
  auto digits = [&] {
    while (llvm::isDigit(Peek(length))) ++length;
  };
  digits();
  if (Peek(length) == '.' && llvm::isDigit(Peek(length + 1))) {
    kind = Kind::FLOAT;
    ++length;
    digits();
  }
  size_t sign = Peek(length + 1) == '+' || Peek(length + 1) == '-' ? 1 : 0;
  if ((Peek(length) == 'e' || Peek(length) == 'E') && llvm::isDigit(Peek(length + 1 + sign))) {
    kind = Kind::FLOAT;
    length += 1 + sign;
    digits();
  }
  size_t unit_length = 0;
  while (IsWordPart(Peek(length + unit_length))) ++unit_length;
  if (unit_length == 0) return Emit(kind, length);

  std::string_view unit = text_.substr(at_ + length, unit_length);
  if (uint16_t unit_kind = UnitKind(unit)) return Emit(unit_kind, length + unit_length);
  Range range = Between(at_ + length, at_ + length + unit_length);
  auto report = emitter_.Report(range, diagnostics::kBadUnit, unit);
  llvm::StringRef near = unit == "m" ? "min" : diagnostics::Nearest(unit, kUnits);
  if (near.empty()) {
    report.Help("times are `30s 5min 12h 7d`, sizes are `512MiB 64GiB 2GB`; a name does not begin with a digit");
  } else {
    report.Suggest(fmt::format("did you mean `{}`?", std::string_view(near)), range, near.str());
  }
  Emit(Kind::ERROR, length + unit_length);
}

void TokenSource::Operator() {
  switch (Peek()) {
    case '(':
      return OpenBracket(Opened::kParen, Kind::LPAREN, 1);
    case '[':
      return OpenBracket(Opened::kBracket, Kind::LBRACKET, 1);
    case '{':
      return OpenBracket(Opened::kBrace, Kind::LBRACE, 1);
    case ')':
      return CloseBracket(Opened::kParen, Kind::RPAREN);
    case ']':
      return CloseBracket(Opened::kBracket, Kind::RBRACKET);
    case '}':
      return CloseBrace();
    default:
      break;
  }
  if (Looking("&&")) return Misspelt("&&", Kind::AND, "and");
  if (Looking("||")) return Misspelt("||", Kind::OR, "or");
  if (Looking("//")) {
    size_t end = std::min(text_.find('\n', at_), text_.size());
    emitter_.Report(Between(at_, at_ + 2), diagnostics::kBadCharacter, std::string_view("`//`"))
        .Suggest("comments begin with `#`", Between(at_, at_ + 2), "#");
    at_ = end;
    return;
  }
  for (const OperatorRow& row : kOperators) {
    if (Looking(row.text)) return Emit(row.kind, row.text.size());
  }
  if (Peek() == '!') return Misspelt("!", Kind::NOT, "not ");
  BadCharacters();
}

void TokenSource::Misspelt(std::string_view found, uint16_t meant, std::string_view replacement) {
  Range range = Between(at_, at_ + found.size());
  emitter_.Report(range, diagnostics::kBadCharacter, fmt::format("`{}`", found))
      .Suggest(fmt::format("write `{}`", llvm::StringRef(replacement).trim().str()), range, std::string(replacement));
  Emit(meant, found.size());
}

// A run of characters that can begin nothing, with the word that goes on from it, is one mistake.
void TokenSource::BadCharacters() {
  size_t begin = at_;
  char first = Peek();
  if (first == ';') {
    emitter_.Report(Between(at_, at_ + 1), diagnostics::kBadCharacter, std::string_view("`;`"))
        .Suggest("a statement ends with its line", Between(at_, at_ + 1), "\n");
    ++at_;
    if (stack_.empty() || stack_.back().what == Opened::kBrace) newline_pending_ = true, newline_at_ = begin;
    return;
  }
  std::string help;
  if (first == '\'') {
    size_t end = text_.find_first_of("'\n", at_ + 1);
    at_ = end == std::string_view::npos ? text_.size() : end + (text_[end] == '\'' ? 1 : 0);
    help = "strings are written `\"…\"`";
  } else {
    auto bad = [](char c) {
      return static_cast<unsigned char>(c) >= 0x7F || static_cast<unsigned char>(c) < 0x20 ||
             std::string_view("$@\\`^&~!").find(c) != std::string_view::npos;
    };
    while (!AtEnd() && Peek() != '\n' && Peek() != '\t' && Peek() != '\r' && (bad(Peek()) || IsWordPart(Peek()))) ++at_;
    if (first == '$') help = "`$` belongs to the shell; a value is named plainly, and inside strings as `~{value}`";
    if (first == '~') help = "interpolation `~{value}` stands inside strings only";
    if (static_cast<unsigned char>(first) >= 0x7F) help = "names are made of the letters a to z, digits and `_`";
  }
  size_t line = text_.rfind('\n', begin) + 1;
  if (bad_line_ != line) {
    std::string_view shown = text_.substr(begin, std::min<size_t>(at_ - begin, 60));
    while (shown.size() < at_ - begin && (static_cast<unsigned char>(text_[begin + shown.size()]) & 0xC0) == 0x80) {
      shown.remove_suffix(1);
    }
    bool control = static_cast<unsigned char>(first) < 0x20 || first == 0x7F;
    std::string what = control ? fmt::format("the control character 0x{:02X}", static_cast<unsigned>(first))
                               : fmt::format("`{}`", shown);
    emitter_.Report(Between(begin, at_), diagnostics::kBadCharacter, what).Help(help);
    bad_line_ = line;
  }
  Push(Kind::ERROR, begin, at_);
}

}  // namespace hwf::syntax
