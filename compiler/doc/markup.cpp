#include "compiler/doc/markup.h"

#include <fmt/format.h>
#include <llvm/ADT/SmallVector.h>
#include <llvm/ADT/StringRef.h>

namespace hwf::doc {
namespace {

using llvm::StringRef;

// Backticks in pairs; one without a second stands for itself.
std::string Inline(StringRef text) {
  std::string out;
  while (!text.empty()) {
    const size_t open = text.find('`');
    const size_t close = open == StringRef::npos ? StringRef::npos : text.find('`', open + 1);
    if (close == StringRef::npos) return out + Escaped(text);
    out += Escaped(text.take_front(open));
    out += "<code>" + Escaped(text.slice(open + 1, close)) + "</code>";
    text = text.drop_front(close + 1);
  }
  return out;
}

// Lines of one paragraph, joined by spaces.
std::vector<std::string> Split(StringRef doc) {
  std::vector<std::string> out;
  bool open = false;
  llvm::SmallVector<StringRef, 8> lines;
  doc.split(lines, '\n');
  for (StringRef line : lines) {
    line = line.trim();
    if (!line.empty() && open) out.back() += " " + line.str();
    if (!line.empty() && !open) out.push_back(line.str());
    open = !line.empty();
  }
  return out;
}

}  // namespace

std::string Escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        const auto byte = static_cast<unsigned char>(c);
        const bool control = (byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7F;
        out += control ? "\xEF\xBF\xBD" : std::string(1, c);
    }
  }
  return out;
}

std::string Paragraphs(std::string_view doc) {
  std::string out;
  for (const std::string& each : Split(doc)) out += "<p>" + Inline(each) + "</p>\n";
  return out;
}

std::string Summary(std::string_view doc) {
  const std::vector<std::string> paragraphs = Split(doc);
  return paragraphs.empty() ? "" : Inline(paragraphs[0]);
}

std::string Linked(const Text& text, std::string_view page) {
  std::string out;
  for (const Piece& piece : text) {
    StringRef link = piece.link;
    if (link.startswith(std::string(page) + "#")) link = link.drop_front(page.size());
    out +=
        link.empty() ? Escaped(piece.text) : fmt::format("<a href=\"{}\">{}</a>", Escaped(link), Escaped(piece.text));
  }
  return out;
}

}  // namespace hwf::doc
