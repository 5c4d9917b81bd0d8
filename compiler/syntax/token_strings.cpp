// Strings: one token, or parts around interpolations, which are brackets within them.
#include "compiler/diagnostics/codes.h"
#include "compiler/syntax/parse.h"
#include "compiler/syntax/token_source.h"
#include "grammar/HwfParser.h"

namespace hwf::syntax {

using Kind = grammar::HwfParser;

void TokenSource::StringStart() {
  bool raw = Looking("\"\"\"");
  size_t quotes = raw ? 3 : 1;
  size_t scan = at_ + quotes;
  // A string without interpolation is one token.
  while (scan < text_.size()) {
    char c = text_[scan];
    if (raw ? text_.substr(scan, 3) == "\"\"\"" : c == '"') return Emit(Kind::STRING, scan + quotes - at_);
    if (!raw && c == '\n') break;
    if (c == '~' && text_.substr(scan, 3) == "~~{") {
      scan += 3;
    } else if (c == '~' && text_.substr(scan, 2) == "~{") {
      break;
    } else {
      scan += !raw && c == '\\' && scan + 1 < text_.size() && text_[scan + 1] != '\n' ? 2 : 1;
    }
  }
  int depth = stack_.empty() ? 0 : stack_.back().depth;
  size_t begin = at_;
  Emit(Kind::STRING_OPEN, quotes);
  stack_.push_back({raw ? Opened::kRaw : Opened::kQuoted, static_cast<uint32_t>(begin), out_.tokens.size() - 1, depth});
  if (!raw) ++quoted_open_;
}

void TokenSource::StringPart() {
  bool raw = stack_.back().what == Opened::kRaw;
  size_t begin = at_;
  auto flush = [&] {
    if (at_ > begin) Push(Kind::STRING_TEXT, begin, at_);
  };
  while (!AtEnd()) {
    char c = Peek();
    if (raw ? Looking("\"\"\"") : c == '"') {
      flush();
      if (!raw) --quoted_open_;
      stack_.pop_back();
      return Emit(Kind::STRING_CLOSE, raw ? 3 : 1);
    }
    if (!raw && c == '\n') return EndQuotedAtNewline();
    if (Looking("~~{")) {
      at_ += 3;
    } else if (Looking("~{")) {
      flush();
      return OpenBracket(Opened::kInterpolation, Kind::INTERPOLATION, 2);
    } else {
      at_ += !raw && c == '\\' && at_ + 1 < text_.size() && Peek(1) != '\n' ? 2 : 1;
    }
  }
}

// Behind the string, if its `~{…}` seems to go on in the next line; else where that line begins.
size_t TokenSource::EndOnNextLine() const {
  std::string_view line = text_.substr(0, std::min(text_.find('\n', at_ + 1), text_.size()));
  size_t brace = line.find('}', at_ + 1);
  size_t quote = brace == std::string_view::npos ? brace : line.find('"', brace);
  return quote == std::string_view::npos ? at_ : quote + 1;
}

// The newline closes the outermost `"` and all that is open in it.
void TokenSource::EndQuotedAtNewline() {
  size_t size = 0;
  while (stack_[size].what != Opened::kQuoted) ++size;
  Open open = stack_[size];
  bool in_value = stack_.back().what != Opened::kQuoted;
  emitter_.Report(Between(open.at, at_), diagnostics::kUnclosedString, std::string_view("on its line"))
      .Help(in_value ? "its `~{…}` ends there too: name the value by `let`, or write the text `\"\"\"…\"\"\"`"
                     : "close it with `\"`; text over several lines is written `\"\"\"…\"\"\"`");
  if (in_value) at_ = EndOnNextLine();
  quoted_open_ = 0;
  stack_.resize(size);
  out_.tokens.resize(open.token);
  Push(Kind::ERROR, open.at, at_);
}

}  // namespace hwf::syntax
