// The lexer of a task's shell text. It finds, for each interpolation, in which quoting context of bash it stands, so
// that its value can be placed where it is data and never code; and whether the text is one simple command of plain
// words, which can run without a shell. It knows bash's words, quotes, expansions, heredocs and comments, not its
// grammar. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hwf::lower {

// The text in order: literal text, or an interpolation.
struct ShellPart {
  std::string text;
  bool interpolation = false;
  bool raw = false;      // raw(x): goes in as it is
  bool scalar = true;    // exactly one word: no list, no optional, no flag(…)
  bool numeric = false;  // Bool, Int, Float, Duration or Bytes: its text can never be code
};

enum class Placement {
  kWords,     // quoted words, in its place
  kVariable,  // a variable's expansion, in its place
  kText,      // in a comment: the source text stays
  kRaw
};

struct ShellIssue {
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
    kRaw,        // a lint
    kOtherShell  // a lint; detail: the program that starts another shell
  };
  Kind kind;
  uint32_t part;        // index into the parts
  uint32_t offset = 0;  // byte within a literal part
  std::string detail;
  bool lint() const { return kind == Kind::kRaw || kind == Kind::kOtherShell; }
};

// A word of a command that runs without a shell: literal texts and indices of interpolations.
struct ShellAtom {
  std::string text;
  int part = -1;  // an interpolation's index into the parts, or -1
};
using ShellWord = std::vector<ShellAtom>;

struct ShellText {
  std::vector<Placement> placements;  // one a part; of literal parts without meaning
  std::vector<ShellIssue> issues;     // in order of their place
  bool direct = false;
  std::vector<ShellWord> words;  // if direct
};

ShellText LexShell(const std::vector<ShellPart>& parts);

// A prefix for variables that occurs nowhere in the text: "__hwf_".
std::string VariablePrefix(const std::vector<ShellPart>& parts);

}  // namespace hwf::lower
