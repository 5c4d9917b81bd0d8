// What the lexers of languages share: the text as units (a byte or an interpolation each), a place in it, and what they
// find. One lexing each; no thread rules.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "languages/command_text.h"

namespace hwf::languages {

// A byte, or the interpolation that is part number -(value + 1).
using Unit = int32_t;
inline constexpr Unit kEnd = 0x1000;
inline constexpr size_t kMaxDepth = 256;

inline bool IsInterpolation(Unit unit) { return unit < 0; }
inline uint32_t PartOf(Unit unit) { return static_cast<uint32_t>(-(unit + 1)); }
inline bool IsQuote(Unit unit) { return unit == '\'' || unit == '"'; }
inline bool IsLineEnd(Unit unit) { return unit == '\n' || unit == '\r'; }
inline bool IsBlank(Unit unit) { return unit == ' ' || unit == '\t'; }
inline bool IsSpace(Unit unit) { return IsBlank(unit) || IsLineEnd(unit) || unit == '\f' || unit == '\v'; }
inline bool IsDigit(Unit unit) { return unit >= '0' && unit <= '9'; }
// Of a name or a number; what is beyond ASCII is of a name wherever it is no error.
inline bool IsWord(Unit unit) {
  return unit == '_' || IsDigit(unit) || (unit >= 'a' && unit <= 'z') || (unit >= 'A' && unit <= 'Z') ||
         (unit >= 0x80 && unit < kEnd);
}
inline bool IsWordStart(Unit unit) { return IsWord(unit) && !IsDigit(unit); }

class Cursor {
 public:
  using Kind = CommandIssue::Kind;

  explicit Cursor(const std::vector<CommandPart>& parts);
  LexedText Finish();

  size_t at = 0;

  bool done() const { return at >= units_.size(); }
  size_t size() const { return units_.size(); }
  Unit At(size_t index) const { return index < units_.size() ? units_[index] : kEnd; }
  Unit Now() const { return At(at); }
  Unit Next() const { return At(at + 1); }
  Unit Before() const { return at == 0 ? kEnd : units_[at - 1]; }
  bool AtLineStart() const { return at == 0 || IsLineEnd(units_[at - 1]); }
  bool Looking(std::string_view text) const { return LookingAt(at, text); }
  bool LookingAt(size_t from, std::string_view text) const;
  void Skip(size_t count) { at = at + count < units_.size() ? at + count : units_.size(); }
  size_t LineEnd(size_t from) const;   // the unit that ends the line, or the end of the text
  size_t NextLine(size_t from) const;  // the first unit of the next line
  size_t AfterBlanks(size_t from) const;
  bool ValuesBehind(size_t from) const;

  std::string TakeWord();

  // Of the value here: placed, if it is a token of its own. Goes on behind it.
  void PlaceValue(bool glued, Placement placement);
  void RefuseValue(Kind kind);
  void RefuseUntil(size_t end, Kind kind);  // goes on at `end`
  void CommentUntil(size_t end);            // the same; values stay text
  void Comment() { CommentUntil(LineEnd(at)); }
  void MarkText() { placements_[PartOf(Now())] = Placement::kText; }

  // From an opening quote on to behind the closing one; a backslash takes the next byte with it, if `escapes`. `nests`:
  // the sign that opens one more, or 0. False if the text ends first.
  bool Quoted(Unit close, Unit nests = 0, bool escapes = true);
  // The same of a string that ends on its line: what is open there, is said.
  void LineString(Unit quote);

  void Issue(Kind kind, size_t unit, std::string detail = {});

  // What begins at `from` with this tag alone on its line (after blanks, if `indented`): where its line begins, or
  // size().
  size_t LineOf(size_t from, std::string_view tag, bool indented) const;

 private:
  const std::vector<CommandPart>& parts_;
  std::vector<Unit> units_;
  std::vector<uint32_t> part_starts_;  // first unit of each part
  std::vector<Placement> placements_;
  std::vector<CommandIssue> issues_;
};

}  // namespace hwf::languages
