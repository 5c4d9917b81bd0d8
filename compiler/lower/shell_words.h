// The words of one simple command as the shell lexer collects them, and what follows from them: whether another shell
// reads them, whether they need a shell at all. Internal to compiler/lower.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/lower/shell_text.h"

namespace hwf::lower {

struct LexedWord {
  struct Variable {
    std::string name;
    size_t unit = 0;  // where its `$` stands
  };
  ShellWord atoms;
  std::vector<Variable> variables;  // `$NAME` and `${NAME…}` in it, in or out of quotes
  bool plain = true;                // nothing in it that only a shell does
  bool quoted = false;              // some of it stood in quotes
  bool redirection = false;         // the target of `>`: no argument
  uint32_t part = 0;                // where it begins
  std::string Text() const;         // its literal text
  bool HasInterpolation() const;
};

// "bash", "ssh", "eval": the program that reads the word at `index` as shell text of its own; empty if none does.
std::string_view ReaderOf(const std::vector<LexedWord>& words, size_t index);
// The same for what comes on standard input.
std::string_view ReaderOfInput(const std::vector<LexedWord>& words);

// The position of the program that gets the words behind it as its arguments; words.size(): the shell takes them
// itself.
size_t ProgramOf(const std::vector<LexedWord>& words);

// Whether a command of this name means the same when executed without bash.
bool RunsWithoutShell(std::string_view name);

// `NAME=value` before a command.
bool IsAssignment(const LexedWord& word);

}  // namespace hwf::lower
