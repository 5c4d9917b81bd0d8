// The lexer's account of words and commands.
#include <algorithm>

#include "compiler/lower/shell_lexer.h"

namespace hwf::lower {
namespace {

using Kind = CommandIssue::Kind;

bool IsNumberTest(const std::string& text) {
  return text == "-eq" || text == "-ne" || text == "-lt" || text == "-le" || text == "-gt" || text == "-ge";
}

bool IntroducesCommand(const std::string& word) {
  for (const char* known : {"then", "do", "else", "elif", "if", "while", "until", "!", "{", "time"}) {
    if (word == known) return true;
  }
  return false;
}

}  // namespace

void ShellLexer::Push(Frame::Kind kind, size_t opened, const char* what) {
  if (frames_.size() >= kMaxDepth) {
    too_deep_ = true;
    return Issue(Kind::kTooDeep, opened);
  }
  Frame frame;
  frame.kind = kind;
  frame.opened = opened;
  frame.what = what;
  frames_.push_back(std::move(frame));
}

void ShellLexer::Pop() { frames_.pop_back(); }

ShellLexer::Frame& ShellLexer::CommandFrame() {
  size_t index = frames_.size() - 1;
  while (index > 0 && frames_[index].kind != Frame::Kind::kCommands) --index;
  return frames_[index];
}

void ShellLexer::Literal(char c, bool quoted) {
  Frame& frame = CommandFrame();
  if (!frame.open_word) return;  // in a heredoc
  if (quoted) frame.word.quoted = true;
  if (frame.word.atoms.empty() || frame.word.atoms.back().part >= 0) frame.word.atoms.push_back({});
  frame.word.atoms.back().text += c;
}

void ShellLexer::NotPlain() { CommandFrame().word.plain = false; }

void ShellLexer::BeginWord() {
  Frame& frame = CommandFrame();
  if (frame.open_word) return;
  bool plain = frame.word.plain;
  frame.word = {};
  frame.word.plain = plain;
  frame.word.redirection = frame.redirection;
  frame.redirection = false;
  frame.open_word = true;
}

void ShellLexer::EndWord() {
  Frame& frame = Top();
  if (!frame.open_word) return;
  frame.open_word = false;
  CheckAlone(frame.word);
  CheckSubscript(frame.word);
  ReservedWord(frame.word);
  // What follows `then` is a command of its own.
  bool introduces = frame.words.empty() && !frame.word.quoted && !frame.word.HasInterpolation() &&
                    IntroducesCommand(frame.word.Text());
  if (introduces) {
    only_words_ = false;
  } else {
    frame.words.push_back(std::move(frame.word));
  }
  frame.word = {};
}

// A list or an optional glued to text would make the shell see words that nobody wrote: `X=~{names}` would run one.
void ShellLexer::CheckAlone(const LexedWord& word) {
  if (word.atoms.size() < 2 && !word.quoted) return;
  for (const ShellAtom& atom : word.atoms) {
    if (atom.part < 0) continue;
    uint32_t part = static_cast<uint32_t>(atom.part);
    if (parts_[part].raw || parts_[part].scalar || result_.placements[part] != Placement::kWords) continue;
    IssueOfPart(Kind::kNotAlone, part);
  }
}

// `a[~{i}]=…`: a subscript is arithmetic.
void ShellLexer::CheckSubscript(const LexedWord& word) {
  if (!IsAssignment(word)) return;
  size_t bracket = word.atoms[0].text.find('[');
  if (bracket == std::string::npos || bracket > word.atoms[0].text.find('=')) return;
  if (word.atoms[0].text.find(']', bracket) != std::string::npos || word.atoms.size() < 2) return;
  uint32_t part = static_cast<uint32_t>(word.atoms[1].part);
  if (!parts_[part].numeric && !parts_[part].raw) IssueOfPart(Kind::kInArithmetic, part);
}

void ShellLexer::ReservedWord(const LexedWord& word) {
  if (word.quoted || word.HasInterpolation()) return;
  Frame& frame = Top();
  std::string text = word.Text();
  if (frame.words.empty() && text == "case") ++frame.cases;
  if (frame.words.empty() && text == "esac" && frame.cases > 0) --frame.cases;
  if (frame.words.empty() && text == "[[") frame.in_brackets = true;
  if (frame.in_brackets && IsNumberTest(text)) frame.number_test = true;
  if (frame.in_brackets && text == "]]") {
    if (frame.number_test) {
      for (size_t part : frame.texts_in_brackets) IssueOfPart(Kind::kInArithmetic, static_cast<uint32_t>(part));
    }
    frame.in_brackets = frame.number_test = false;
    frame.texts_in_brackets.clear();
  }
}

void ShellLexer::EndCommand() {
  EndWord();
  Frame& frame = Top();
  frame.redirection = false;
  if (frame.words.empty() || frame.kind != Frame::Kind::kCommands) return;
  std::vector<LexedWord> words = std::move(frame.words);
  frame.words.clear();
  Lint(words);
  NoteArguments(words);
  if (frames_.size() == 1 && commands_ == 0) {
    first_command_ = std::move(words);
  }
  ++commands_;
}

void ShellLexer::Lint(const std::vector<LexedWord>& words) {
  for (size_t i = 0; i < words.size(); ++i) {
    if (!words[i].HasInterpolation() || words[i].redirection) continue;
    std::string_view reader = ReaderOf(words, i);
    if (reader.empty()) continue;
    for (const ShellAtom& atom : words[i].atoms) {
      if (atom.part >= 0) IssueOfPart(Kind::kOtherShell, static_cast<uint32_t>(atom.part), std::string(reader));
    }
  }
  if (pending_.empty()) return;
  std::string_view reader = ReaderOfInput(words);
  for (Heredoc& heredoc : pending_) {
    if (heredoc.reader.empty()) heredoc.reader = std::string(reader);
  }
}

void ShellLexer::NoteArguments(const std::vector<LexedWord>& words) {
  const size_t program = ProgramOf(words);
  for (size_t i = program + 1; i < words.size(); ++i) {
    if (words[i].redirection) continue;
    for (const LexedWord::Variable& variable : words[i].variables) {
      const uint32_t part = PartAt(variable.unit);
      const uint32_t offset = static_cast<uint32_t>(variable.unit) - part_starts_[part];
      result_.variable_arguments.push_back({variable.name, words[program].Text(), part, offset});
    }
  }
}

uint32_t ShellLexer::PartAt(size_t unit) const {
  auto next = std::upper_bound(part_starts_.begin(), part_starts_.end(), unit);
  return next == part_starts_.begin() ? 0 : static_cast<uint32_t>(next - part_starts_.begin()) - 1;
}

void ShellLexer::Issue(Kind kind, size_t unit, std::string detail) {
  const uint32_t part = PartAt(unit);
  uint32_t start = part_starts_.empty() ? 0 : part_starts_[part];
  result_.issues.push_back({kind, part, static_cast<uint32_t>(unit) - start, std::move(detail)});
}

void ShellLexer::IssueOfPart(Kind kind, uint32_t part, std::string detail) {
  result_.issues.push_back({kind, part, 0, std::move(detail)});
}

void ShellLexer::Refuse(Kind kind, Unit unit) {
  uint32_t part = PartOf(unit);
  if (!parts_[part].raw) return IssueOfPart(kind, part);
  result_.placements[part] = Placement::kRaw;
  IssueOfPart(Kind::kRaw, part);
}

void ShellLexer::DecideDirect() {
  if (!only_words_ || commands_ != 1 || !result_.issues.empty() || first_command_.empty()) return;
  const LexedWord& name = first_command_[0];
  if (name.HasInterpolation() || IsAssignment(name) || !RunsWithoutShell(name.Text())) return;
  for (const LexedWord& word : first_command_) {
    if (!word.plain) return;
  }
  result_.direct = true;
  for (LexedWord& word : first_command_) {
    if (word.atoms.empty()) word.atoms.push_back({});  // ''
    result_.words.push_back(std::move(word.atoms));
  }
}

ShellText LexShell(const std::vector<CommandPart>& parts, bool posix) { return ShellLexer(parts, posix).Run(); }

}  // namespace hwf::lower
