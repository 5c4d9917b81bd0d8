#include <llvm/ADT/STLExtras.h>
#include <llvm/ADT/StringRef.h>
#include <llvm/Support/Unicode.h>

#include <algorithm>
#include <set>
#include <tuple>

#include "compiler/diagnostics/render.h"

namespace hwf::diagnostics {

namespace {

// The widest piece of a source line that is shown.
constexpr size_t kShownBytes = 160;

const char* WordFor(Severity severity) { return severity == Severity::kError ? "error" : "warning"; }

size_t CharStart(std::string_view text, size_t at) {
  while (at > 0 && at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) --at;
  return at;
}

size_t Width(std::string_view text) {
  int width = llvm::sys::unicode::columnWidthUTF8(text);
  return width >= 0 ? static_cast<size_t>(width) : text.size();
}

// Tabs take one column here, and nothing that a terminal obeys gets through.
std::string Printable(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  }
  return out;
}

class TextRenderer {
 public:
  TextRenderer(const source::SourceManager& sources, bool color) : sources_(sources), color_(color) {}

  void Add(const Diagnostic& d) {
    bool error = d.info.severity == Severity::kError;
    out_ += fmt::format("{}: {}: {}\n", Paint(kBold, Place(d.range)),
                        Paint(error ? kRed : kYellow, fmt::format("{}[{}]", WordFor(d.info.severity), d.info.code)),
                        Paint(kBold, Printable(d.message)));
    Snippet(d.range, error ? kRed : kYellow);
    for (const Note& note : d.notes) {
      out_ += fmt::format("  {}: {}: {}\n", Paint(kCyan, "note"), Place(note.range), Printable(note.text));
      Snippet(note.range, kCyan);
    }
    if (!d.help.empty()) out_ += fmt::format("  {}: {}\n", Paint(kCyan, "help"), Printable(d.help));
    for (const FixIt& fix : d.fixes) Fix(fix);
    out_ += '\n';
  }

  void Count(const std::vector<Diagnostic>& all) {
    auto count = [](size_t n, const char* what) { return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s"); };
    size_t errors = 0;
    std::set<source::FileId> files;
    for (const Diagnostic& d : all) {
      errors += d.info.severity == Severity::kError;
      files.insert(d.range.file);
    }
    size_t warnings = all.size() - errors;
    out_ += errors > 0 ? count(errors, "error") : "";
    out_ += errors > 0 && warnings > 0 ? ", " : "";
    out_ += warnings > 0 ? count(warnings, "warning") : "";
    out_ += " in " + count(files.size(), "file") + "\n";
  }

  std::string Take() { return std::move(out_); }

 private:
  static constexpr const char* kBold = "1";
  static constexpr const char* kRed = "1;31";
  static constexpr const char* kYellow = "1;33";
  static constexpr const char* kCyan = "36";
  static constexpr const char* kGreen = "32";

  std::string Paint(const char* style, const std::string& text) const {
    return color_ ? fmt::format("\x1b[{}m{}\x1b[0m", style, text) : text;
  }

  std::string Place(source::Range range) const {
    source::Position at = sources_.PositionOf(range.file, range.begin);
    return fmt::format("{}:{}:{}", Printable(sources_.file(range.file).path), at.line, at.column);
  }

  void Snippet(source::Range range, const char* style) {
    std::string_view line = sources_.LineAt(range.file, range.begin);
    size_t line_begin = static_cast<size_t>(line.data() - sources_.file(range.file).text.data());
    size_t begin = std::min<size_t>(range.begin - line_begin, line.size());
    size_t end = std::clamp<size_t>(range.end - line_begin, begin, line.size());
    // A window of a very long line.
    size_t from = begin > kShownBytes / 2 && line.size() > kShownBytes ? CharStart(line, begin - kShownBytes / 2) : 0;
    size_t to = CharStart(line, std::min(line.size(), from + kShownBytes));
    end = std::min(end, std::max(to, begin));
    std::string_view before = line.substr(from, begin - from);
    std::string_view marked = line.substr(begin, end - begin);
    std::string number = fmt::format("{:>5}", sources_.PositionOf(range.file, range.begin).line);
    std::string cut_left = from > 0 ? "…" : "", cut_right = to < line.size() ? "…" : "";
    out_ += fmt::format("{} | {}{}{}\n", number, cut_left, Printable(line.substr(from, to - from)), cut_right);
    size_t indent = Width(Printable(before)) + (from > 0 ? 1 : 0);
    std::string underline(std::max<size_t>(1, Width(Printable(marked))), '~');
    underline[0] = '^';
    out_ += fmt::format("      | {}{}\n", std::string(indent, ' '), Paint(style, underline));
  }

  // The first changed line as it would be.
  void Fix(const FixIt& fix) {
    std::string_view line = sources_.LineAt(fix.range.file, fix.range.begin);
    size_t line_begin = static_cast<size_t>(line.data() - sources_.file(fix.range.file).text.data());
    size_t begin = fix.range.begin - line_begin;
    size_t end = fix.range.end - line_begin;
    if (line.size() > kShownBytes || begin > line.size() || end > line.size()) return;
    std::string fixed = std::string(line.substr(0, begin)) + fix.text + std::string(line.substr(end));
    while (!fixed.empty() && fixed.back() == '\n') fixed.pop_back();
    for (llvm::StringRef rest = fixed; !rest.empty();) {
      auto [first, others] = rest.split('\n');
      if (!first.empty()) out_ += fmt::format("      {} {}\n", Paint(kGreen, "+"), Printable(first));
      rest = others;
    }
  }

  const source::SourceManager& sources_;
  bool color_;
  std::string out_;
};

}  // namespace

std::vector<Diagnostic> Sorted(const source::SourceManager& sources, std::vector<Diagnostic> diagnostics) {
  auto key = [&](const Diagnostic& d) { return std::tuple(d.range.file, d.range.begin, d.range.end); };
  std::stable_sort(diagnostics.begin(), diagnostics.end(),
                   [&](const Diagnostic& a, const Diagnostic& b) { return key(a) < key(b); });
  std::set<std::tuple<std::string, uint32_t, uint32_t, std::string>> seen;
  llvm::erase_if(diagnostics, [&](const Diagnostic& d) {
    return !seen.emplace(sources.file(d.range.file).path, d.range.begin, d.range.end,
                         std::string(d.info.code) + d.message)
                .second;
  });
  return diagnostics;
}

std::string RenderText(const source::SourceManager& sources, const std::vector<Diagnostic>& diagnostics, bool color) {
  std::vector<Diagnostic> said;
  llvm::copy_if(diagnostics, std::back_inserter(said), [](const Diagnostic& d) { return !d.silenced; });
  if (said.empty()) return {};
  TextRenderer renderer(sources, color);
  for (const Diagnostic& d : said) renderer.Add(d);
  renderer.Count(said);
  return renderer.Take();
}

}  // namespace hwf::diagnostics
