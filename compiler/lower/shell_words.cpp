#include "compiler/lower/shell_words.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace hwf::lower {
namespace {

// Bash's builtins and keywords, without `true` and `false`, whose programs do the same.
constexpr std::string_view kOfTheShell[] = {
    "!",        ".",       ":",         "[",        "[[",     "]]",      "alias",   "bg",       "bind",
    "break",    "builtin", "caller",    "case",     "cd",     "command", "compgen", "complete", "compopt",
    "continue", "coproc",  "declare",   "dirs",     "disown", "do",      "done",    "echo",     "elif",
    "else",     "enable",  "esac",      "eval",     "exec",   "exit",    "export",  "fc",       "fg",
    "fi",       "for",     "function",  "getopts",  "hash",   "help",    "history", "if",       "in",
    "jobs",     "kill",    "let",       "local",    "logout", "mapfile", "popd",    "printf",   "pushd",
    "pwd",      "read",    "readarray", "readonly", "return", "select",  "set",     "shift",    "shopt",
    "source",   "suspend", "test",      "then",     "time",   "times",   "trap",    "type",     "typeset",
    "ulimit",   "umask",   "unalias",   "unset",    "until",  "wait",    "while",   "{",        "}"};

constexpr std::string_view kShells[] = {"sh", "bash", "dash", "zsh", "ksh", "ash", "su", "script", "parallel"};
constexpr std::string_view kReadTheirArguments[] = {"eval", "trap", "let"};

template <size_t N>
bool Holds(const std::string_view (&names)[N], std::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

std::string BaseName(const std::string& path) { return path.substr(path.rfind('/') + 1); }

bool IsDashC(const std::string& word) {
  return word.size() >= 2 && word[0] == '-' && word[1] != '-' && word.back() == 'c';
}

}  // namespace

std::string LexedWord::Text() const {
  std::string text;
  for (const ShellAtom& atom : atoms) text += atom.text;
  return text;
}

bool LexedWord::HasInterpolation() const {
  return std::any_of(atoms.begin(), atoms.end(), [](const ShellAtom& atom) { return atom.part >= 0; });
}

bool IsAssignment(const LexedWord& word) {
  if (word.atoms.empty() || word.atoms[0].part >= 0) return false;
  const std::string& text = word.atoms[0].text;
  size_t end = 0;
  while (end < text.size() && (std::isalnum(static_cast<unsigned char>(text[end])) != 0 || text[end] == '_')) ++end;
  if (end == 0 || std::isdigit(static_cast<unsigned char>(text[0])) != 0 || end == text.size()) return false;
  return text[end] == '=' || text[end] == '[' || text.compare(end, 2, "+=") == 0;
}

std::string_view ReaderOf(const std::vector<LexedWord>& words, size_t index) {
  bool shell = false, dash_c = false, ssh = false, destination = false;
  std::string_view found;
  size_t first = 0;
  while (first < words.size() && IsAssignment(words[first])) ++first;
  for (size_t i = first; i < index; ++i) {
    std::string text = words[i].Text();
    std::string name = BaseName(text);
    for (std::string_view reader : kReadTheirArguments) {
      if (i == first && text == reader) return reader;
    }
    if (ssh && destination) break;
    if (dash_c) return {};  // what follows the text are its arguments
    if (ssh) {
      destination = text.empty() || text[0] != '-';
    } else if (shell) {
      dash_c = IsDashC(text);
    }
    for (std::string_view known : kShells) {
      if (name == known && !shell) {
        shell = true;
        found = known;
      }
    }
    if (name == "ssh" && !ssh) {
      ssh = true;
      found = "ssh";
    }
  }
  return dash_c || (ssh && destination) ? found : std::string_view();
}

std::string_view ReaderOfInput(const std::vector<LexedWord>& words) {
  size_t first = 0;
  while (first < words.size() && IsAssignment(words[first])) ++first;
  for (size_t i = first; i < words.size(); ++i) {
    std::string name = BaseName(words[i].Text());
    if (name == "ssh") return "ssh";
    for (std::string_view known : kShells) {
      if (name == known && i + 1 == words.size()) return known;
      if (name == known && words[i + 1].Text() == "-s") return known;
    }
  }
  return {};
}

size_t ProgramOf(const std::vector<LexedWord>& words) {
  size_t first = 0;
  while (first < words.size() && IsAssignment(words[first])) ++first;
  while (first < words.size() && (words[first].Text() == "exec" || words[first].Text() == "command")) ++first;
  const std::string name = first < words.size() ? words[first].Text() : ":";
  const bool program = name.empty() || RunsWithoutShell(name);  // empty: of a variable
  return program ? first : words.size();
}

bool RunsWithoutShell(std::string_view name) { return !name.empty() && !Holds(kOfTheShell, name); }

}  // namespace hwf::lower
