#include "compiler/diagnostics/silence.h"

#include <llvm/ADT/StringExtras.h>
#include <llvm/ADT/StringRef.h>

#include <map>

#include "compiler/diagnostics/catalog.h"
#include "compiler/diagnostics/codes.h"

namespace hwf::diagnostics {
namespace {

using llvm::StringRef;

constexpr const char* kBlanks = " \t";

bool LooksLikeCode(StringRef word) {
  return word.size() == 5 && llvm::isAlpha(word[0]) && llvm::all_of(word.drop_front(), llvm::isDigit);
}

bool SameCode(const char* code, StringRef written) { return written.equals_insensitive(code); }

}  // namespace

void Silencer::Read(source::Range comment, bool judged) {
  const StringRef text(sources_.Text(comment));
  StringRef rest = text.drop_front().ltrim(kBlanks);
  if (!rest.consume_front("hwf:")) return;
  rest = rest.ltrim(kBlanks);
  if (!rest.consume_front("allow") || (!rest.empty() && StringRef(kBlanks).find(rest.front()) == StringRef::npos))
    return;
  std::vector<StringRef> codes;
  for (;;) {
    rest = rest.ltrim(kBlanks);
    const StringRef word = rest.take_until([](char c) { return c == ' ' || c == '\t' || c == ','; });
    // The first word is meant as a code, whatever it is.
    if (!codes.empty() && !LooksLikeCode(word)) break;
    codes.push_back(word);
    rest = rest.drop_front(word.size()).ltrim(kBlanks);
    rest.consume_front(",");
  }
  const std::string why = rest.trim().str();
  for (const StringRef code : codes) {
    const auto begin = comment.begin + static_cast<uint32_t>(code.data() - text.data());
    const source::Range range{comment.file, begin, begin + static_cast<uint32_t>(code.size())};
    allowed_.push_back({code.empty() ? comment : range, code.str(), why, LineOf(comment), judged});
  }
}

uint32_t Silencer::LineOf(source::Range comment) const {
  const StringRef text(sources_.file(comment.file).text);
  const uint32_t own = sources_.PositionOf(comment.file, comment.begin).line;
  const StringRef before = text.take_front(comment.begin);
  if (!before.drop_front(before.rfind('\n') + 1).trim(kBlanks).empty()) return own;
  uint32_t line = own + 1;
  StringRef below = text.drop_front(comment.begin).split('\n').second;
  for (; below.ltrim(kBlanks).startswith("#"); below = below.split('\n').second) ++line;
  return line;
}

std::vector<Diagnostic> Silencer::Apply(std::vector<Diagnostic> diagnostics) const {
  std::multimap<std::pair<source::FileId, uint32_t>, size_t> by_line;
  for (size_t at = 0; at < allowed_.size(); ++at) {
    by_line.emplace(std::pair(allowed_[at].range.file, allowed_[at].line), at);
  }
  std::vector<bool> used(allowed_.size());
  for (Diagnostic& each : diagnostics) {
    if (each.info.severity == Severity::kError || by_line.empty()) continue;
    const uint32_t line = sources_.PositionOf(each.range.file, each.range.begin).line;
    const auto [first, last] = by_line.equal_range({each.range.file, line});
    for (auto found = first; found != last; ++found) {
      const Allowed& allowed = allowed_[found->second];
      if (!SameCode(each.info.code, allowed.code)) continue;
      used[found->second] = true;
      each.silenced = allowed.why;
    }
  }
  Collector own;
  Emitter emitter(own);
  for (size_t at = 0; at < allowed_.size(); ++at) {
    if (allowed_[at].judged) Judge(allowed_[at], used[at], emitter);
  }
  diagnostics.insert(diagnostics.end(), own.diagnostics().begin(), own.diagnostics().end());
  return diagnostics;
}

void Silencer::Judge(const Allowed& allowed, bool used, Emitter& emitter) const {
  if (used) return;
  const CatalogEntry* entry = FindCode(allowed.code);
  if (entry == nullptr || !SameCode(entry->info.code, allowed.code)) {
    auto report = emitter.Report(allowed.range, kCannotSilence, allowed.code, "no lint has that code");
    if (entry != nullptr) {
      report.Suggest(fmt::format("a lint is named by its code: `{}`", entry->info.code), allowed.range,
                     entry->info.code);
    } else {
      report.Help("a lint is named by the code that is said with it: `# hwf: allow W0901 why`");
    }
    return;
  }
  if (entry->info.severity == Severity::kError) {
    emitter.Report(allowed.range, kCannotSilence, allowed.code, "it is an error, and errors are no matter of taste")
        .Help("only lints, whose codes begin with W, can be silenced");
    return;
  }
  emitter.Report(allowed.range, kIdleSilence, allowed.code, allowed.line)
      .Help(
          "a comment behind code speaks of its own line, one that stands alone of the line below: move it, or remove "
          "it");
}

}  // namespace hwf::diagnostics
