// How it works: as in the lexer of the shell, a list of units (a byte or an interpolation each) and a stack of what is
// open. Where versions of Python differ (before 3.12 an f-string could hold neither its own quotes nor a backslash in
// its braces), this reads as the newer ones do: what the older read otherwise, they refuse as a whole.
#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

#include "compiler/lower/python_text.h"

namespace hwf::lower {
namespace {

using Kind = CommandIssue::Kind;

// A byte, or the interpolation that is part number -(value + 1).
using Unit = int32_t;
constexpr Unit kEnd = 0x1000;
constexpr size_t kMaxDepth = 256;

bool IsInterpolation(Unit unit) { return unit < 0; }
uint32_t PartOf(Unit unit) { return static_cast<uint32_t>(-(unit + 1)); }
bool IsQuote(Unit unit) { return unit == '\'' || unit == '"'; }
bool IsLineEnd(Unit unit) { return unit == '\n' || unit == '\r'; }
// Of a name or a number; beyond ASCII, everything that Python does not refuse is of a name.
bool IsWord(Unit unit) {
  return unit == '_' || (unit >= 0x80 && unit < kEnd) || (unit >= 0 && unit < 0x80 && std::isalnum(unit) != 0);
}

struct Prefix {
  bool format = false;  // f"…", and t"…" of Python 3.14
  bool raw = false;
};

// What the letters before a quote say; of a word that is no prefix, such as `in`, nothing.
Prefix PrefixOf(std::string word) {
  for (char& c : word) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  constexpr std::array<std::string_view, 12> kPrefixes = {"r",  "b",  "u", "br", "rb", "f",
                                                          "fr", "rf", "t", "tr", "rt", ""};
  if (std::find(kPrefixes.begin(), kPrefixes.end(), word) == kPrefixes.end()) return {};
  return {word.find_first_of("ft") != std::string::npos, word.find('r') != std::string::npos};
}

class PythonLexer {
 public:
  explicit PythonLexer(const std::vector<CommandPart>& parts) : parts_(parts) {
    for (size_t i = 0; i < parts.size(); ++i) {
      part_starts_.push_back(static_cast<uint32_t>(units_.size()));
      if (parts[i].interpolation) {
        units_.push_back(-static_cast<Unit>(i) - 1);
      } else {
        for (const unsigned char c : parts[i].text) units_.push_back(c);
      }
    }
    result_.placements.resize(parts.size(), Placement::kWords);
  }

  PythonText Run() {
    while (at_ < units_.size() && !too_deep_) {
      if (frames_.empty() || frames_.back().kind == Frame::Kind::kField) {
        StepCode();
      } else {
        StepString();
      }
    }
    if (!frames_.empty() && !too_deep_) Issue(Kind::kUnclosed, frames_.back().opened, frames_.back().what);
    std::stable_sort(result_.issues.begin(), result_.issues.end(), [](const CommandIssue& a, const CommandIssue& b) {
      return std::pair(a.part, a.offset) < std::pair(b.part, b.offset);
    });
    return std::move(result_);
  }

 private:
  struct Frame {
    enum class Kind {
      kString,
      kField,  // `{…}` in an f-string: code
      kSpec    // what follows the `:` in a field: text again
    };
    Kind kind;
    size_t opened;     // unit at which it was
    size_t string;     // index of the frame of the string: of itself, or of the one that holds the field
    std::string what;  // the quotes, or `{`
    Prefix prefix = {};
    int brackets = 0;  // kField: open ones within
  };

  Unit At(size_t index) const { return index < units_.size() ? units_[index] : kEnd; }
  Unit Before() const { return at_ == 0 ? kEnd : units_[at_ - 1]; }
  bool InField() const { return !frames_.empty(); }
  bool Looking(std::string_view text) const {
    for (size_t i = 0; i < text.size(); ++i) {
      if (At(at_ + i) != static_cast<unsigned char>(text[i])) return false;
    }
    return true;
  }

  void StepCode() {
    const Unit unit = At(at_);
    if (IsInterpolation(unit)) return Value();
    if (unit == '#') return Comment();
    if (IsQuote(unit)) return Open({});
    if (IsWord(unit)) return Word();
    if (InField() && FieldEnds(unit)) return;
    ++at_;
  }

  // A word, and the string that it is the prefix of.
  void Word() {
    std::string word;
    for (; IsWord(At(at_)); ++at_) word += static_cast<char>(At(at_));
    if (IsQuote(At(at_))) Open(PrefixOf(std::move(word)));
  }

  void Open(Prefix prefix) {
    const std::string quote(1, static_cast<char>(At(at_)));
    const bool triple = Looking(quote + quote + quote);
    const std::string what = triple ? quote + quote + quote : quote;
    Push({Frame::Kind::kString, at_, frames_.size(), what, prefix});
    at_ += what.size();
  }

  // A value in code is a literal, if it is a token of its own. Between the braces of an f-string it is a variable:
  // before Python 3.12 a literal's quotes would end the string there.
  void Value() {
    const Unit unit = At(at_);
    const uint32_t part = PartOf(unit);
    const Unit before = Before(), after = At(at_ + 1);
    const bool number_goes_on = after == '.' && At(at_ + 2) < 0x80 && std::isdigit(At(at_ + 2)) != 0;
    const bool glued = IsWord(before) || IsQuote(before) || before == '.' || before == '\\' || IsWord(after) ||
                       IsQuote(after) || IsInterpolation(after) || number_goes_on;
    if (glued || (before != kEnd && IsInterpolation(before))) {
      Refuse(Kind::kGlued, part);
    } else if (parts_[part].raw) {
      Refuse(Kind::kRaw, part);
    } else if (InField()) {
      result_.placements[part] = Placement::kVariable;
    }
    ++at_;
  }

  void Comment() {
    for (; at_ < units_.size() && !IsLineEnd(At(at_)); ++at_) {
      if (IsInterpolation(At(at_))) result_.placements[PartOf(At(at_))] = Placement::kText;
    }
  }

  // True if the unit ends a field, or its expression.
  bool FieldEnds(Unit unit) {
    Frame& field = frames_.back();
    if (unit == '(' || unit == '[' || unit == '{') ++field.brackets;
    const bool closes = unit == ')' || unit == ']' || unit == '}';
    if (closes && field.brackets > 0) {
      --field.brackets;
    } else if (unit == '}') {
      frames_.pop_back();
      ++at_;
      return true;
    } else if (unit == ':' && field.brackets == 0) {
      field.kind = Frame::Kind::kSpec;
      ++at_;
      return true;
    }
    return false;
  }

  // The text of a string, or of a field's format.
  void StepString() {
    const Unit unit = At(at_);
    const bool spec = frames_.back().kind == Frame::Kind::kSpec;
    const Frame& string = frames_[frames_.back().string];
    if (IsInterpolation(unit)) {
      Refuse(string.prefix.format ? Kind::kInFormat : Kind::kInPythonString, PartOf(unit));
      ++at_;
    } else if (unit == '\\') {
      Backslash(string.prefix);
    } else if (Looking(string.what)) {
      // In a format, Python says what is wrong with it.
      at_ += string.what.size();
      Close();
    } else if (IsLineEnd(unit) && string.what.size() == 1) {
      Issue(Kind::kUnclosed, string.opened, string.what);
      Close();
    } else if (string.prefix.format && (unit == '{' || unit == '}')) {
      Brace(unit, spec);
    } else {
      ++at_;
    }
  }

  void Close() { frames_.erase(frames_.begin() + static_cast<std::ptrdiff_t>(frames_.back().string), frames_.end()); }

  void Brace(Unit unit, bool spec) {
    if (!spec && At(at_ + 1) == unit) {
      at_ += 2;
    } else if (unit == '{') {
      Push({Frame::Kind::kField, at_, frames_.back().string, "{"});
      ++at_;
    } else {
      if (spec) frames_.pop_back();
      ++at_;
    }
  }

  // It takes the next byte with it, also in r"…", but no brace of an f-string and no value.
  void Backslash(Prefix prefix) {
    ++at_;
    const Unit next = At(at_);
    if (IsInterpolation(next) || (prefix.format && (next == '{' || next == '}'))) return;
    if (prefix.format && !prefix.raw && next == 'N' && At(at_ + 1) == '{') {
      while (at_ < units_.size() && At(at_) != '}' && !IsQuote(At(at_)) && !IsInterpolation(At(at_))) ++at_;
      if (At(at_) == '}') ++at_;
      return;
    }
    at_ = std::min(at_ + (next == '\r' && At(at_ + 1) == '\n' ? 2 : 1), units_.size());
  }

  void Push(Frame frame) {
    if (frames_.size() >= kMaxDepth) {
      too_deep_ = true;
      return Issue(Kind::kTooDeep, frame.opened);
    }
    frames_.push_back(std::move(frame));
  }

  void Issue(Kind kind, size_t unit, std::string detail = {}) {
    const auto next = std::upper_bound(part_starts_.begin(), part_starts_.end(), unit);
    const auto part = static_cast<uint32_t>(next - part_starts_.begin()) - 1;
    result_.issues.push_back({kind, part, static_cast<uint32_t>(unit) - part_starts_[part], std::move(detail)});
  }

  // raw(…) may stand anywhere: that it is no literal is its meaning.
  void Refuse(Kind kind, uint32_t part) {
    if (parts_[part].raw) {
      result_.placements[part] = Placement::kRaw;
      kind = Kind::kRaw;
    }
    result_.issues.push_back({kind, part, 0, {}});
  }

  const std::vector<CommandPart>& parts_;
  std::vector<Unit> units_;
  std::vector<uint32_t> part_starts_;  // first unit of each part
  size_t at_ = 0;
  std::vector<Frame> frames_;
  bool too_deep_ = false;
  PythonText result_;
};

}  // namespace

PythonText LexPython(const std::vector<CommandPart>& parts) { return PythonLexer(parts).Run(); }

}  // namespace hwf::lower
