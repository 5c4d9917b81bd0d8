// The lexer of a task's Python text. It finds, for each interpolation, whether it stands where a literal is one: in
// code. In a string literal a value would be pasted between quotes that it may hold itself; there it is refused. It
// knows Python's strings (also f-strings, as of all versions since 3.8), comments and line ends, not its grammar. Pure.
#pragma once

#include <vector>

#include "compiler/lower/command_text.h"

namespace hwf::lower {

struct PythonText {
  std::vector<Placement> placements;  // one a part; of literal parts without meaning
  std::vector<CommandIssue> issues;   // in order of their place
};

PythonText LexPython(const std::vector<CommandPart>& parts);

}  // namespace hwf::lower
