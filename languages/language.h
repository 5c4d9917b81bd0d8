// The languages that `run NAME` knows: how the text of a command is read, and how a value is written in it. One file a
// language, which gives a Language; languages.cpp lists them. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "languages/command_text.h"
#include "languages/literal.h"

namespace hwf::languages {

struct Language {
  const char* name;     // `run NAME`
  const char* title;    // for people
  const char* program;  // looked up in PATH; the file with the text is its argument
  // Finds for each value whether it stands in code. There it is placed as a literal, or as a variable that is set at
  // the top; elsewhere it is refused, or stays text.
  LexedText (*lex)(const std::vector<CommandPart>& parts);
  // The error says what this language cannot hold.
  ErrorOr<std::string> (*literal)(const Literal& value);
  // How a variable is read, `variable` before its name, and set: `before`, that, `middle`, a literal, `after`.
  const char* variable;
  const char* before;
  const char* middle;
  const char* after;
  // How a value is put into a string.
  const char* in_string;
};

const Language& Python();
const Language& R();
const Language& Perl();
const Language& Ruby();
const Language& JavaScript();

const std::vector<const Language*>& All();
const Language* Find(std::string_view name);  // null: there is none

// What variables are called, before their number; see UnusedPrefix. Python renames what begins with underscores in a
// class.
inline constexpr const char* kVariablePrefix = "hwf_value_";

// The names of `run` whose text is a shell's; `run` alone is bash.
inline bool IsShell(std::string_view name) { return name.empty() || name == "bash" || name == "sh"; }

std::string Assignment(const Language& language, std::string_view variable, std::string_view literal);

}  // namespace hwf::languages
