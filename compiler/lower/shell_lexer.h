// The state of one lexing of shell text: a stack of contexts with its own loop. Internal to compiler/lower.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compiler/lower/shell_text.h"
#include "compiler/lower/shell_words.h"

namespace hwf::lower {

class ShellLexer {
 public:
  ShellLexer(const std::vector<CommandPart>& parts, bool posix);
  ShellText Run();

 private:
  static constexpr size_t kMaxDepth = 256;

  // A byte, or the interpolation that is part number -(value + 1).
  using Unit = int32_t;
  static constexpr Unit kEnd = 0x1000;

  struct Heredoc {
    std::string delimiter;
    bool quoted = false;
    bool strip_tabs = false;
    size_t opened = 0;
    std::string reader;  // the shell that reads it, or empty
  };
  struct Frame {
    enum class Kind {
      kCommands,    // the text itself, `(…)`, `$(…)`, `<(…)`
      kDouble,      // "…"
      kParameter,   // ${…}
      kArithmetic,  // $((…)), ((…))
      kHeredoc      // the body of an unquoted one
    };
    Kind kind = Kind::kCommands;
    size_t opened = 0;  // unit at which it was opened
    const char* what = "";
    bool quoted = false;  // kParameter: within quotes
    int parens = 0;       // kArithmetic
    // kCommands
    int cases = 0;             // `case` words without their `esac`
    bool in_brackets = false;  // [[ … ]]
    bool number_test = false;  // … with -eq and the like
    bool open_word = false;
    bool redirection = false;  // the next word is the target of one
    LexedWord word;
    std::vector<LexedWord> words;
    std::vector<size_t> texts_in_brackets;  // interpolations that are no numbers
    size_t end = 0;                         // kHeredoc: where the body ends
  };

  // Units.
  Unit At(size_t index) const { return index < limit_ ? units_[index] : kEnd; }
  bool Looking(std::string_view text) const;
  static bool IsBlank(Unit unit) { return unit == ' ' || unit == '\t'; }
  static bool IsMeta(Unit unit) {
    return unit == ' ' || unit == '\t' || unit == '\n' || unit == ';' || unit == '&' || unit == '|' || unit == '(' ||
           unit == ')' || unit == '<' || unit == '>';
  }
  static bool IsInterpolation(Unit unit) { return unit < 0; }
  static uint32_t PartOf(Unit unit) { return static_cast<uint32_t>(-(unit + 1)); }

  // Contexts.
  void StepToLimit();
  void StepCommands();
  void StepDouble();
  void StepParameter();
  void StepArithmetic();
  void StepHeredoc();
  void Push(Frame::Kind kind, size_t opened, const char* what);
  void Pop();
  Frame& Top() { return frames_.back(); }
  Frame& CommandFrame();

  // Parts of contexts.
  bool Expansion(bool quoted);  // `$…` and backticks; false if it is none
  void SingleQuotes();
  void DollarSingleQuotes();
  void Backticks();
  void Backslash();
  void Comment();
  bool Operator();
  void HeredocOperator();
  void HeredocBodies();
  void HeredocBody(const Heredoc& heredoc);
  void Interpolation(bool quoted);
  void NumberOnly();
  bool InArithmetic() const;

  // Words and commands.
  void Literal(char c, bool quoted);
  void NotPlain();
  void BeginWord();
  void EndWord();
  void EndCommand();
  void ReservedWord(const LexedWord& word);
  void Lint(const std::vector<LexedWord>& words);
  void NoteVariable(size_t dollar, size_t name);
  void NoteArguments(const std::vector<LexedWord>& words);
  void CheckAlone(const LexedWord& word);
  void CheckSubscript(const LexedWord& word);

  uint32_t PartAt(size_t unit) const;
  void Issue(CommandIssue::Kind kind, size_t unit, std::string detail = {});
  void IssueOfPart(CommandIssue::Kind kind, uint32_t part, std::string detail = {});
  void Refuse(CommandIssue::Kind kind, Unit unit);  // an interpolation that may not stand here
  void DecideDirect();

  const std::vector<CommandPart>& parts_;
  bool posix_;
  std::vector<Unit> units_;
  std::vector<uint32_t> part_starts_;  // first unit of each part
  size_t at_ = 0;
  size_t limit_ = 0;
  std::vector<Frame> frames_;
  std::vector<Heredoc> pending_;
  std::vector<LexedWord> first_command_;
  int commands_ = 0;
  bool only_words_ = true;  // nothing but words, blanks and comments so far
  bool too_deep_ = false;
  ShellText result_;
};

}  // namespace hwf::lower
