// What the lexers of commands find wrong, as diagnostics.
#include <algorithm>

#include "compiler/lower/lowerer.h"

namespace hwf::lower {
namespace {

std::string Where(CommandIssue::Kind kind, const languages::Language* language) {
  switch (kind) {
    case CommandIssue::Kind::kInSingleQuotes:
      return "within '…'";
    case CommandIssue::Kind::kInBackticks:
      return "within backticks";
    case CommandIssue::Kind::kInQuotedHeredoc:
      return "in a heredoc whose word is quoted";
    case CommandIssue::Kind::kAfterBackslash:
      return "right after a backslash";
    case CommandIssue::Kind::kAfterDollar:
      return "right after `$`";
    case CommandIssue::Kind::kInName:
      return "in a name that the shell reads";
    case CommandIssue::Kind::kInString:
      return std::string("within a string of ") + language->title;
    case CommandIssue::Kind::kInFormat:
      return "in the text of an f-string";
    case CommandIssue::Kind::kGlued:
      return "right beside a name, a number, a quote or another value";
    case CommandIssue::Kind::kInArithmetic:
    case CommandIssue::Kind::kNotAlone:
    case CommandIssue::Kind::kSeveralInQuotes:
    case CommandIssue::Kind::kUnclosed:
    case CommandIssue::Kind::kAmbiguous:
    case CommandIssue::Kind::kTooDeep:
    case CommandIssue::Kind::kUnclear:
    case CommandIssue::Kind::kDollarQuotes:
    case CommandIssue::Kind::kRaw:
    case CommandIssue::Kind::kOtherShell:
      break;
  }
  HWF_UNREACHABLE();
}

std::string Remedy(CommandIssue::Kind kind, const languages::Language* language) {
  switch (kind) {
    case CommandIssue::Kind::kInSingleQuotes:
      return "end the quotes before it, or use \"…\"";
    case CommandIssue::Kind::kInBackticks:
      return "write $(…) in the place of the backticks";
    case CommandIssue::Kind::kInQuotedHeredoc:
      return "leave the heredoc's word unquoted, and write \\$ for the shell's $";
    case CommandIssue::Kind::kInName:
      return "choose among names in the workflow, or set a variable first: `x=~{…}`";
    case CommandIssue::Kind::kInString:
      return language->in_string;
    case CommandIssue::Kind::kInFormat:
      return "put it between braces of the f-string: `f\"… {~{x}} …\"`";
    case CommandIssue::Kind::kGlued:
      return "put a blank or parentheses between them";
    default:
      return "put the value alone, the shell gets it quoted";
  }
}

}  // namespace

// The place of a byte of decoded text in the source. Decoding takes away the common indent (and a first newline), so
// lines keep their order and their ends.
Range Lowerer::RangeIn(const StringExpr& text, uint32_t part, uint32_t offset) const {
  const Range whole = text.parts[part].range;
  if (text.parts[part].value != nullptr || !text.raw) return whole;
  const std::string_view raw = sources_.Text(whole);
  const std::string_view decoded{text.parts[part].text.data(), text.parts[part].text.size()};
  const auto lines_in = [](std::string_view s) { return std::count(s.begin(), s.end(), '\n'); };
  auto line = lines_in(decoded.substr(0, offset));
  if (!raw.empty() && raw.front() == '\n' && lines_in(raw) > lines_in(decoded)) ++line;
  size_t raw_start = 0;
  for (auto i = line; i > 0 && raw_start < raw.size(); --i) {
    const size_t end = raw.find('\n', raw_start);
    raw_start = end == std::string_view::npos ? raw.size() : end + 1;
  }
  const size_t before = decoded.substr(0, offset).rfind('\n');
  const size_t start = before == std::string_view::npos ? 0 : before + 1;
  const size_t length = std::min(decoded.find('\n', start), decoded.size()) - start;
  const size_t raw_length = std::min(raw.find('\n', raw_start), raw.size()) - raw_start;
  const size_t indent = raw_length > length ? raw_length - length : 0;
  const uint32_t begin = whole.begin + static_cast<uint32_t>(std::min(raw_start + indent + offset - start, raw.size()));
  return {whole.file, begin, std::min(begin + 1, whole.end)};
}

void Lowerer::ReportIssues(const StringExpr& text, const std::vector<CommandIssue>& issues,
                           const languages::Language* language) {
  for (const CommandIssue& issue : issues) ReportIssue(text, issue, language);
}

// A secret is in the environment of the command for one reason: what stands in a list of arguments, everybody can read.
void Lowerer::ReportSecrets(const TaskDecl& decl, const std::vector<VariableArgument>& arguments) {
  for (const VariableArgument& argument : arguments) {
    const bool secret = std::any_of(decl.secrets.begin(), decl.secrets.end(),
                                    [&](const Ident& name) { return name.text == StringRef(argument.variable); });
    if (!secret) continue;
    emitter_
        .Report(RangeIn(*decl.run.text, argument.part, argument.offset), diagnostics::kSecretArgument, argument.program,
                argument.variable)
        .Help("let the program read it from its environment, from a file or from standard input");
  }
}

void Lowerer::ReportIssue(const StringExpr& text, const CommandIssue& issue, const languages::Language* language) {
  using Kind = CommandIssue::Kind;
  const Range range = RangeIn(text, issue.part, issue.offset);
  switch (issue.kind) {
    case Kind::kInSingleQuotes:
    case Kind::kInBackticks:
    case Kind::kInQuotedHeredoc:
    case Kind::kAfterBackslash:
    case Kind::kAfterDollar:
    case Kind::kInName:
    case Kind::kInString:
    case Kind::kInFormat:
    case Kind::kGlued:
      emitter_.Report(range, diagnostics::kValueInQuotes, Where(issue.kind, language))
          .Help(Remedy(issue.kind, language));
      return;
    case Kind::kInArithmetic:
      emitter_.Report(range, diagnostics::kTextInArithmetic)
          .Help("bash runs what a text in arithmetic contains: compute in the workflow, or give an Int");
      return;
    case Kind::kNotAlone:
    case Kind::kSeveralInQuotes:
      emitter_.Report(range, diagnostics::kWordsNotAlone)
          .Help("put blanks around it; `flag(\"--x\", v)` leaves the name out with the value");
      return;
    case Kind::kUnclosed:
      emitter_.Report(range, diagnostics::kUnclosedInCommand, issue.detail);
      return;
    case Kind::kAmbiguous:
      emitter_.Report(range, diagnostics::kAmbiguousParentheses, issue.detail)
          .Help("for a command within a command put a blank between the parentheses: `$( (…) )`");
      return;
    case Kind::kTooDeep:
      emitter_.Report(range, diagnostics::kCommandTooDeep);
      return;
    case Kind::kUnclear:
      emitter_
          .Report(range, diagnostics::kTwoReadings, issue.detail,
                  "by what stands before it, it divides or begins a pattern, and a value behind it is text or code")
          .Help("put what is divided in parentheses, `(…) / 2`, or the pattern into a variable");
      return;
    case Kind::kDollarQuotes:
      emitter_
          .Report(range, diagnostics::kTwoReadings, "$'",
                  "some shells have quotes of this kind, others read `$` and quotes")
          .Help("write `run bash`, or leave the `$` out");
      return;
    case Kind::kRaw:
      emitter_.Report(range, diagnostics::kRawInCommand);
      return;
    case Kind::kOtherShell:
      emitter_.Report(range, diagnostics::kOtherShell, issue.detail)
          .Help("hand the value over as an argument: `bash -c '… \"$1\"' - ~{x}`");
      return;
  }
}

}  // namespace hwf::lower
