#include "languages/cursor.h"

#include <algorithm>
#include <utility>

namespace hwf::languages {

Cursor::Cursor(const std::vector<CommandPart>& parts) : parts_(parts), placements_(parts.size(), Placement::kWords) {
  for (size_t i = 0; i < parts.size(); ++i) {
    part_starts_.push_back(static_cast<uint32_t>(units_.size()));
    if (parts[i].interpolation) {
      units_.push_back(-static_cast<Unit>(i) - 1);
    } else {
      for (const unsigned char c : parts[i].text) units_.push_back(c);
    }
  }
}

LexedText Cursor::Finish() {
  std::stable_sort(issues_.begin(), issues_.end(), [](const CommandIssue& a, const CommandIssue& b) {
    return std::pair(a.part, a.offset) < std::pair(b.part, b.offset);
  });
  // Behind the first that can be read in two ways, the rest may follow from it.
  const auto unclear = std::find_if(issues_.begin(), issues_.end(),
                                    [](const CommandIssue& issue) { return issue.kind == Kind::kUnclear; });
  if (unclear != issues_.end()) issues_.erase(unclear + 1, issues_.end());
  return {std::move(placements_), std::move(issues_)};
}

bool Cursor::LookingAt(size_t from, std::string_view text) const {
  for (size_t i = 0; i < text.size(); ++i) {
    if (At(from + i) != static_cast<unsigned char>(text[i])) return false;
  }
  return true;
}

size_t Cursor::LineEnd(size_t from) const {
  while (from < units_.size() && !IsLineEnd(units_[from])) ++from;
  return from;
}

size_t Cursor::NextLine(size_t from) const {
  from = LineEnd(from);
  return std::min(from + (At(from) == '\r' && At(from + 1) == '\n' ? 2 : 1), units_.size());
}

size_t Cursor::AfterBlanks(size_t from) const {
  while (IsBlank(At(from))) ++from;
  return from;
}

bool Cursor::ValuesBehind(size_t from) const {
  return std::any_of(units_.begin() + static_cast<std::ptrdiff_t>(std::min(from, units_.size())), units_.end(),
                     IsInterpolation);
}

std::string Cursor::TakeWord() {
  std::string word;
  for (; IsWord(Now()); ++at) word += static_cast<char>(Now());
  return word;
}

void Cursor::PlaceValue(bool glued, Placement placement) {
  const bool beside = IsInterpolation(Next()) || (at > 0 && IsInterpolation(Before()));
  if (glued || beside) return RefuseValue(Kind::kGlued);
  if (parts_[PartOf(Now())].raw) return RefuseValue(Kind::kRaw);
  placements_[PartOf(Now())] = placement;
  ++at;
}

// raw(…) may stand anywhere: that it is no literal is its meaning.
void Cursor::RefuseValue(Kind kind) {
  const uint32_t part = PartOf(Now());
  if (parts_[part].raw) {
    placements_[part] = Placement::kRaw;
    kind = Kind::kRaw;
  }
  issues_.push_back({kind, part, 0, {}});
  ++at;
}

void Cursor::RefuseUntil(size_t end, Kind kind) {
  while (at < std::min(end, units_.size())) {
    if (IsInterpolation(Now())) {
      RefuseValue(kind);
    } else {
      ++at;
    }
  }
}

void Cursor::CommentUntil(size_t end) {
  for (; at < std::min(end, units_.size()); ++at) {
    if (IsInterpolation(Now())) MarkText();
  }
}

bool Cursor::Quoted(Unit close, Unit nests, bool escapes) {
  int depth = 1;
  for (++at; !done();) {
    const Unit unit = Now();
    if (IsInterpolation(unit)) {
      RefuseValue(Kind::kInString);
      continue;
    }
    ++at;
    if (escapes && unit == '\\') {
      if (!IsInterpolation(Now())) Skip(1);
    } else if (unit == close) {
      if (--depth == 0) return true;
    } else if (nests != 0 && unit == nests) {
      ++depth;
    }
  }
  return false;
}

void Cursor::LineString(Unit quote) {
  const size_t opened = at++;
  while (!done() && !IsLineEnd(Now())) {
    const Unit unit = Now();
    if (IsInterpolation(unit)) {
      RefuseValue(Kind::kInString);
      continue;
    }
    ++at;
    if (unit == quote) return;
    if (unit != '\\' || IsInterpolation(Now())) continue;
    Skip(Now() == '\r' && Next() == '\n' ? 2 : 1);
  }
  Issue(Kind::kUnclosed, opened, std::string(1, static_cast<char>(quote)));
}

void Cursor::Issue(Kind kind, size_t unit, std::string detail) {
  const auto next = std::upper_bound(part_starts_.begin(), part_starts_.end(), unit);
  const auto part = static_cast<uint32_t>(next - part_starts_.begin()) - 1;
  issues_.push_back({kind, part, static_cast<uint32_t>(unit) - part_starts_[part], std::move(detail)});
}

size_t Cursor::LineOf(size_t from, std::string_view tag, bool indented) const {
  for (size_t line = from; line < units_.size(); line = NextLine(line)) {
    const size_t begin = indented ? AfterBlanks(line) : line;
    if (LookingAt(begin, tag) && begin + tag.size() == LineEnd(line)) return line;
  }
  return units_.size();
}

}  // namespace hwf::languages
