// Brackets, and where one that was never closed must have ended.
#include "compiler/diagnostics/codes.h"
#include "compiler/syntax/parse.h"
#include "compiler/syntax/token_source.h"
#include "grammar/HwfParser.h"

namespace hwf::syntax {

using Kind = grammar::HwfParser;

void TokenSource::OpenBracket(Opened what, uint16_t kind, size_t length) {
  int depth = (stack_.empty() ? 0 : stack_.back().depth) + 1 + prefix_run_;
  if (depth > kMaxDepth) return TooDeep();
  size_t begin = at_;
  Emit(kind, length);
  stack_.push_back({what, static_cast<uint32_t>(begin), out_.tokens.size() - 1, depth});
}

void TokenSource::CloseBracket(Opened what, uint16_t kind) {
  size_t size = stack_.size();
  if (size > 0 && stack_[size - 1].what == what) {
    stack_.pop_back();
    return Emit(kind, 1);
  }
  // A bracket of the other kind above the one that this closes was forgotten.
  bool other_on_top =
      size > 0 && (stack_[size - 1].what == Opened::kParen || stack_[size - 1].what == Opened::kBracket);
  if (other_on_top && size > 1 && stack_[size - 2].what == what) {
    ReportUnclosed(stack_.back());
    Abandon(size - 1);
    stack_.pop_back();
    return Emit(kind, 1);
  }
  if (other_on_top) {
    return WrongBracket(text_.substr(at_, 1), kind == Kind::RPAREN ? Kind::RBRACKET : Kind::RPAREN);
  }
  StrayBracket();
}

void TokenSource::CloseBrace() {
  size_t size = stack_.size();
  while (size > 0 && (stack_[size - 1].what == Opened::kParen || stack_[size - 1].what == Opened::kBracket)) --size;
  if (size == 0) {
    return StrayBracket();
  }
  if (size < stack_.size() && MendBrace(size)) return;
  if (size < stack_.size()) {
    ReportUnclosed(stack_.back());
    Abandon(size);
  }
  stack_.pop_back();
  Emit(Kind::RBRACE, 1);
}

void TokenSource::WrongBracket(std::string_view found, uint16_t meant) {
  std::string_view expected = meant == Kind::RPAREN ? ")" : "]";
  emitter_
      .Report(Between(at_, at_ + 1), diagnostics::kSyntax, fmt::format("`{}`", found), fmt::format("`{}`", expected))
      .Note(Between(stack_.back().at, stack_.back().at + 1), "to close this")
      .Suggest(fmt::format("write `{}`", expected), Between(at_, at_ + 1), std::string(expected));
  stack_.pop_back();
  Emit(meant, 1);
}

// `([1})`, `(1})`: what comes next closes what is open above the `{`, which then goes on.
bool TokenSource::MendBrace(size_t brace) {
  if (stack_[brace - 1].what != Opened::kBrace) return false;
  size_t next = text_.find_first_not_of(" \t", at_ + 1);
  if (next == std::string_view::npos) return false;
  auto closes = [&](const Open& open) {
    return (open.what == Opened::kParen && text_[next] == ')') || (open.what == Opened::kBracket && text_[next] == ']');
  };
  if (closes(stack_.back())) {
    StrayBracket();
    return true;
  }
  if (stack_.size() < brace + 2 || !closes(stack_[stack_.size() - 2])) return false;
  WrongBracket("}", stack_.back().what == Opened::kParen ? Kind::RPAREN : Kind::RBRACKET);
  return true;
}

void TokenSource::StrayBracket() {
  emitter_.Report(Between(at_, at_ + 1), diagnostics::kStrayBracket, text_.substr(at_, 1))
      .Suggest("remove it", Between(at_, at_ + 1), "");
  // Where a value was about to come, it stands for one.
  uint16_t before = out_.tokens.empty() || newline_pending_ ? kEndOfTokens : out_.tokens.back().kind;
  bool value_missing = before >= Kind::ASSIGN && before <= Kind::NOT_EQUAL && before != Kind::QUESTION;
  if (value_missing) return Emit(Kind::ERROR, 1);
  ++at_;
}

void TokenSource::Abandon(size_t size) {
  while (stack_.size() > size) {
    Open open = stack_.back();
    stack_.pop_back();
    if (open.what == Opened::kQuoted) --quoted_open_;
    if (open.what == Opened::kBrace) {
      Push(Kind::RBRACE, at_, at_);
      continue;
    }
    newline_pending_ = false;
    out_.tokens.resize(open.token);
    Push(Kind::ERROR, open.at, at_);
  }
}

void TokenSource::ReportUnclosed(const Open& open) {
  switch (open.what) {
    case Opened::kQuoted:
    case Opened::kRaw: {
      size_t quotes = open.what == Opened::kRaw ? 3 : 1;
      emitter_.Report(Between(open.at, open.at + quotes), diagnostics::kUnclosedString,
                      std::string_view(open.what == Opened::kRaw ? "before the end of the file" : "on its line"));
      return;
    }
    case Opened::kInterpolation:
      emitter_.Report(Between(open.at, open.at + 2), diagnostics::kUnclosedBracket, std::string_view("~{"));
      return;
    case Opened::kParen:
    case Opened::kBracket:
    case Opened::kBrace:
      emitter_.Report(Between(open.at, open.at + 1), diagnostics::kUnclosedBracket, text_.substr(open.at, 1));
      return;
  }
}

// `task name(`, `record name {`, `site name =` at the start of a line: nothing but a declaration looks so, whatever
// seems to be open above it.
bool TokenSource::BeginsDeclaration() const {
  size_t end = at_;
  auto word = [&] {
    while (end < text_.size() && text_[end] == ' ') ++end;
    size_t begin = end;
    while (end < text_.size() && IsWordPart(text_[end])) ++end;
    return text_.substr(begin, end - begin);
  };
  std::string_view first = word();
  char opens = first == "task" || first == "workflow" || first == "service" || first == "fn" ? '('
               : first == "record" || first == "enum"                                        ? '{'
               : first == "site" || first == "group" || first == "calendar"                  ? '='
                                                                                             : '\0';
  if (opens == '\0' || word().empty()) return false;
  while (end < text_.size() && text_[end] == ' ') ++end;
  return end < text_.size() && text_[end] == opens && text_.substr(end, 2) != "==" && text_.substr(end, 2) != "=>";
}

// Whether the last line began something that wants a `{`, and has none.
bool TokenSource::OwesBrace() const {
  if (out_.tokens.back().kind == Kind::RBRACE) return false;
  uint16_t kind = kEndOfTokens;
  int depth = 0;  // of interpolations, leftwards
  for (size_t i = out_.tokens.size(); i-- > 0;) {
    const uint16_t here = out_.tokens[i].kind;
    if (here == Kind::RBRACE) ++depth;
    if (here == Kind::INTERPOLATION) --depth;
    if (depth > 0) continue;
    if (here == Kind::NEWLINE || here == Kind::LBRACE) break;
    kind = here;
    if (kind == Kind::IF || kind == Kind::ELSE || kind == Kind::FOR || kind == Kind::MATCH || kind == Kind::LOOP ||
        kind == Kind::AWAIT) {
      return true;
    }
  }
  return kind == Kind::TASK || kind == Kind::WORKFLOW || kind == Kind::SERVICE || kind == Kind::RECORD ||
         kind == Kind::ENUM || kind == Kind::WATCH || kind == Kind::CHECKPOINT || kind == Kind::WITH;
}

void TokenSource::TooDeep() {
  if (stopped_) return;
  size_t at = at_ < text_.size() ? at_ : text_.size() - 1;
  emitter_.Report(Between(at, at + 1), diagnostics::kTooDeep, kMaxDepth).Help("name a part of it with `let`");
  out_.tokens.resize(unit_begin_);
  uint32_t here = static_cast<uint32_t>(at);
  out_.tokens.push_back({Kind::ERROR, here, here + 1});
  stack_.clear();
  stopped_ = true;
}

}  // namespace hwf::syntax
