// Heredocs: bash reads them before it expands anything, so a body is cut out first and then lexed by itself.
#include <algorithm>

#include "compiler/lower/shell_lexer.h"

namespace hwf::lower {
namespace {

using Kind = CommandIssue::Kind;

}  // namespace

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
