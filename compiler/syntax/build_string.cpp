// Strings. `"…"`: escapes. `"""…"""`: raw; the newline right after the opening quotes and the blanks before the closing
// ones go, and so does the indent that all lines with something on them share; interpolations count as something. In
// both
// `~~{` stands for `~{`, and `\r\n` for `\n` in raw text.

#include <llvm/ADT/StringExtras.h>
#include <llvm/Support/ConvertUTF.h>

#include "compiler/syntax/builder.h"

namespace hwf::syntax {

namespace {

struct RawPart {
  Range range;
  StringRef source;  // empty for an interpolation
  bool interpolation;
};

StringRef Blanks(StringRef line) {
  return line.take_while([](char c) { return c == ' ' || c == '\t'; });
}

void Share(std::optional<StringRef>& indent, StringRef blanks) {
  if (!indent) {
    indent = blanks;
    return;
  }
  size_t same = 0;
  while (same < indent->size() && same < blanks.size() && (*indent)[same] == blanks[same]) ++same;
  indent = indent->take_front(same);
}

// The indent that all lines share, over all parts. The first line stands behind the quotes and has none.
StringRef CommonIndent(llvm::ArrayRef<RawPart> parts) {
  std::optional<StringRef> indent;
  bool pending = false;  // the part before ended in a line's start: `blanks`
  StringRef blanks;
  for (const RawPart& part : parts) {
    if (part.interpolation) {
      if (pending) Share(indent, blanks);
      pending = false;
      continue;
    }
    StringRef rest = part.source;
    if (!rest.empty()) pending = false;
    for (size_t newline = rest.find('\n'); newline != StringRef::npos; newline = rest.find('\n')) {
      rest = rest.substr(newline + 1);
      blanks = Blanks(rest);
      pending = blanks.size() == rest.size();
      if (!pending && rest[blanks.size()] != '\n' && rest[blanks.size()] != '\r') Share(indent, blanks);
    }
  }
  return indent.value_or(StringRef());
}

std::string DecodeRaw(StringRef source, StringRef indent) {
  std::string out;
  out.reserve(source.size());
  for (size_t i = 0; i < source.size(); ++i) {
    if (source[i] == '\r' && i + 1 < source.size() && source[i + 1] == '\n') continue;
    if (source.substr(i, 3) == "~~{") {
      out += "~{";
      i += 2;
      continue;
    }
    out += source[i];
    if (source[i] != '\n') continue;
    StringRef rest = source.substr(i + 1);
    if (rest.startswith(indent)) {
      i += indent.size();
    } else {
      i += Blanks(rest).size();  // a line with nothing on it
    }
  }
  return out;
}

void TrimEnds(llvm::SmallVectorImpl<std::string>& texts, llvm::ArrayRef<RawPart> parts) {
  if (!parts.front().interpolation) {
    StringRef first = texts.front();
    StringRef rest = first.drop_front(Blanks(first).size());
    if (rest.startswith("\n")) texts.front() = rest.drop_front().str();
  }
  if (!parts.back().interpolation) {
    std::string& last = texts.back();
    size_t newline = last.rfind('\n');
    bool own_line =
        newline != std::string::npos && Blanks(StringRef(last).substr(newline + 1)).size() + newline + 1 == last.size();
    if (own_line) last.resize(newline + 1);
    // Nothing but blanks, after the first newline was taken.
    if (newline == std::string::npos && parts.size() == 1 && Blanks(last).size() == last.size()) last.clear();
  }
}

}  // namespace

StringRef Builder::Unescape(Range range) {
  StringRef source = Text(range);
  if (source.find('\\') == StringRef::npos && source.find("~~{") == StringRef::npos) return source;
  std::string out;
  for (size_t i = 0; i < source.size(); ++i) {
    if (source.substr(i, 3) == "~~{") {
      out += "~{";
      i += 2;
      continue;
    }
    if (source[i] != '\\' || i + 1 >= source.size()) {
      out += source[i];
      continue;
    }
    size_t begin = i++;
    switch (source[i]) {
      case 'n':
        out += '\n';
        continue;
      case 't':
        out += '\t';
        continue;
      case 'r':
        out += '\r';
        continue;
      case '"':
        out += '"';
        continue;
      case '\\':
        out += '\\';
        continue;
      case 'u': {
        StringRef digits = source.substr(i + 1).take_until([](char c) { return c == '}'; });
        unsigned point = 0;
        bool good = digits.consume_front("{") && digits.size() <= 6 && !digits.getAsInteger(16, point);
        char buffer[4];
        char* end = buffer;
        if (good && point != 0 && llvm::ConvertCodePointToUTF8(point, end)) {
          out.append(buffer, end);
          i += digits.size() + 2;
          continue;
        }
        break;
      }
      default:
        break;
    }
    size_t length = 2;
    while (begin + length < source.size() && (static_cast<unsigned char>(source[begin + length]) & 0xC0) == 0x80)
      ++length;
    uint32_t at = range.begin + static_cast<uint32_t>(begin);
    emitter_
        .Report({range.file, at, at + static_cast<uint32_t>(length)}, diagnostics::kBadEscape,
                std::string_view(source.substr(begin, length)))
        .Help(
            "escapes are `\\n \\t \\r \\\" \\\\` and `\\u{1F600}`; a literal `~{` is `~~{`; in `\"\"\"…\"\"\"` nothing "
            "else is escaped");
    i = begin + length - 1;
  }
  return Save(out);
}

StringExpr* Builder::Plain(const antlr4::Token* token) {
  Range range = At(token);
  StringRef source = Text(range);
  bool raw = source.startswith("\"\"\"") && source.size() >= 6;
  uint32_t quotes = raw ? 3 : 1;
  Range inner{range.file, range.begin + quotes, range.end - quotes};
  if (inner.begin == inner.end) return module_.Make<StringExpr>(range, raw, ArrayRef<StringExpr::Part>());
  StringRef text;
  if (raw) {
    RawPart part{inner, Text(inner), false};
    llvm::SmallVector<std::string, 1> texts{DecodeRaw(part.source, CommonIndent(part))};
    TrimEnds(texts, part);
    text = Save(texts[0]);
  } else {
    text = Unescape(inner);
  }
  llvm::SmallVector<StringExpr::Part, 1> parts{{inner, text, nullptr}};
  return module_.Make<StringExpr>(range, raw, Save(parts));
}

StringExpr* Builder::String(P::StringContext* c) {
  if (c->plain) return Plain(c->plain);
  bool raw = At(c->close).end - At(c->close).begin == 3;
  llvm::SmallVector<StringExpr::Part, 8> parts;
  llvm::SmallVector<RawPart, 8> raw_parts;
  for (P::StringPartContext* part : c->parts) {
    Range range = At(part);
    Expr* value = part->value ? Expression(part->value) : nullptr;
    parts.push_back({range, value || raw ? StringRef() : Unescape(range), value});
    if (raw) raw_parts.push_back({range, value ? StringRef() : Text(range), value != nullptr});
  }
  if (raw) {
    StringRef indent = CommonIndent(raw_parts);
    llvm::SmallVector<std::string, 8> texts;
    for (const RawPart& part : raw_parts) texts.push_back(DecodeRaw(part.source, indent));
    TrimEnds(texts, raw_parts);
    for (size_t i = 0; i < parts.size(); ++i) {
      if (!parts[i].value) parts[i].text = Save(texts[i]);
    }
  }
  return module_.Make<StringExpr>(At(c), raw, Save(parts));
}

}  // namespace hwf::syntax
