// What the lexers of commands take and give: the text in parts, where each value of it is placed, and what is wrong.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace hwf::languages {

// The text in order: literal text, or an interpolation.
struct CommandPart {
  std::string text;
  bool interpolation = false;
  bool raw = false;      // raw(x): goes in as it is
  bool scalar = true;    // exactly one word: no list, no optional, no flag(…)
  bool numeric = false;  // Bool, Int, Float, Duration or Bytes: its text can never be code
};

enum class Placement {
  kWords,     // shell: quoted words, others: a literal; in its place
  kVariable,  // a variable's expansion or name, in its place
  kText,      // in a comment: the source text stays
  kRaw
};

struct CommandIssue {
  enum class Kind {
    kInSingleQuotes,
    kInBackticks,
    kInQuotedHeredoc,
    kAfterBackslash,   // `\~{x}`: the backslash would unquote the value
    kAfterDollar,      // `$~{x}`: the dollar would change the quotes' meaning
    kInName,           // `${~{x}}`, `<<~{x}`: a name that bash must know
    kInArithmetic,     // bash computes text in arithmetic, so only numbers may stand there
    kNotAlone,         // several words, or none, glued to other text
    kSeveralInQuotes,  // the same within quotes
    kUnclosed,         // detail: what was opened
    kAmbiguous,        // `$((` that is no arithmetic
    kTooDeep,
    kInString,      // of a language: within the quotes of a string, a pattern or the like
    kInFormat,      // python: in what an f-string holds besides `{…}`
    kGlued,         // of a language: beside what the value would make another token of
    kUnclear,       // of a language: detail begins quotes or is an operator, which only running the program would tell
    kDollarQuotes,  // sh: `$'…'`, which some shells read as quotes of their own and others do not
    kRaw,           // a lint
    kOtherShell     // a lint; detail: the program that starts another shell
  };
  Kind kind;
  uint32_t part;        // index into the parts
  uint32_t offset = 0;  // byte within a literal part
  std::string detail;
  bool lint() const { return kind == Kind::kRaw || kind == Kind::kOtherShell; }
};

struct LexedText {
  std::vector<Placement> placements;  // one a part; of literal parts without meaning
  std::vector<CommandIssue> issues;   // in order of their place
};

// A name that occurs nowhere in the text: `base`, and as many `_` as that takes.
std::string UnusedPrefix(const std::vector<CommandPart>& parts, std::string base);

}  // namespace hwf::languages
