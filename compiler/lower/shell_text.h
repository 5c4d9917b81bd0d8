// The lexer of a task's shell text. It finds, for each interpolation, in which quoting context of bash it stands, so
// that its value can be placed where it is data and never code; and whether the text is one simple command of plain
// words, which can run without a shell. It knows bash's words, quotes, expansions, heredocs and comments, not its
// grammar. Pure.
#pragma once

#include <string>
#include <vector>

#include "languages/command_text.h"

namespace hwf::lower {

using languages::CommandIssue;
using languages::CommandPart;
using languages::Placement;
using languages::UnusedPrefix;

// A word of a command that runs without a shell: literal texts and indices of interpolations.
struct ShellAtom {
  std::string text;
  int part = -1;  // an interpolation's index into the parts, or -1
};
using ShellWord = std::vector<ShellAtom>;

// A variable whose value a program gets as an argument, where whoever lists processes reads it.
struct VariableArgument {
  std::string variable;
  std::string program;
  uint32_t part = 0;    // where it stands: index into the parts
  uint32_t offset = 0;  // byte within the part
};

struct ShellText {
  std::vector<Placement> placements;  // one a part; of literal parts without meaning
  std::vector<CommandIssue> issues;   // in order of their place
  bool direct = false;
  std::vector<ShellWord> words;  // if direct
  std::vector<VariableArgument> variable_arguments;
};

// `posix`: the text is for any sh, so what only bash reads as quotes is an issue.
ShellText LexShell(const std::vector<CommandPart>& parts, bool posix = false);

}  // namespace hwf::lower
