// From bytes to tokens, with the newline rule, the limits and the lexical errors. One thread.
//
// It keeps a stack of what is open: brackets, interpolations and strings. The stack decides whether a newline counts,
// what a `}` closes, and where a bracket or string that was never closed must have ended, so that the rest of the file
// keeps its meaning. Where an error was reported the tokens are replaced by one ERROR.
#pragma once

#include <string_view>

#include "compiler/diagnostics/diagnostics.h"
#include "compiler/syntax/token.h"

namespace hwf::syntax {

class TokenSource {
 public:
  TokenSource(std::string_view text, source::FileId file, diagnostics::Emitter& emitter)
      : text_(text), file_(file), emitter_(emitter) {}

  TokenList Run();

 private:
  enum class Opened : uint8_t { kParen, kBracket, kBrace, kInterpolation, kQuoted, kRaw };
  struct Open {
    Opened what;
    uint32_t at;   // of its opening byte
    size_t token;  // index of its opening token
    int depth;     // of brackets and prefix operators, this one included
  };

  bool AtEnd() const { return at_ >= text_.size(); }
  char Peek(size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  bool Looking(std::string_view at) const { return text_.substr(at_, at.size()) == at; }
  Range Between(size_t begin, size_t end) const {
    return {file_, static_cast<uint32_t>(begin), static_cast<uint32_t>(end)};
  }
  static bool IsWordPart(char c);
  bool InString() const {
    return !stack_.empty() && (stack_.back().what == Opened::kQuoted || stack_.back().what == Opened::kRaw);
  }

  void Push(uint16_t kind, size_t begin, size_t end);
  void Emit(uint16_t kind, size_t length);
  void Step();
  void Newline();
  void Comment();
  void Word();
  void Number();
  void Operator();
  void BadCharacters();
  void Misspelt(std::string_view found, uint16_t meant, std::string_view replacement);

  void OpenBracket(Opened what, uint16_t kind, size_t length);
  void CloseBracket(Opened what, uint16_t kind);
  void CloseBrace();
  void StrayBracket();
  void WrongBracket(std::string_view found, uint16_t meant);
  bool MendBrace(size_t brace);
  // Closes everything above `size` as if it ended here: `{` by a `}`, all else by an ERROR in its place.
  void Abandon(size_t size);
  void ReportUnclosed(const Open& open);
  bool BeginsDeclaration() const;
  bool OwesBrace() const;
  void TooDeep();

  void StringStart();
  void StringPart();
  void EndQuotedAtNewline();
  size_t EndOnNextLine() const;

  std::string_view text_;
  source::FileId file_;
  diagnostics::Emitter& emitter_;
  TokenList out_;
  std::vector<Open> stack_;
  size_t at_ = 0;
  size_t newline_at_ = 0;
  bool newline_pending_ = false;
  bool line_start_ = true;
  bool stopped_ = false;
  int prefix_run_ = 0;      // prefix operators in a row before at_
  size_t quoted_open_ = 0;  // kQuoted entries of the stack
  size_t unit_begin_ = 0;   // index of the first token of the present declaration
  uint32_t doc_first_ = 0;  // pending doc comments [doc_first_, doc_last_)
  uint32_t doc_last_ = 0;
  size_t blank_lines_ = 0;      // newlines since the last token or comment
  size_t bad_line_ = SIZE_MAX;  // start of the last line with a bad character: one report a line
};

}  // namespace hwf::syntax
