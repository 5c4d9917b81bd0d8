#include "runtime/cli/command.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include "base/utf8.h"

namespace hwf::cli {
namespace {

// Letters left out, put in, exchanged, or two beside each other swapped.
size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> before, above, row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    before = std::exchange(above, row);
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
  }
  return row[b.size()];
}

const OptionSpec* FindOption(const CommandSpec& spec, std::string_view name) {
  for (const OptionSpec& option : spec.options) {
    if (option.name == name) return &option;
  }
  return nullptr;
}

const OptionSpec* FindLetter(const CommandSpec& spec, char letter) {
  for (const OptionSpec& option : spec.options) {
    if (option.letter != 0 && option.letter == letter) return &option;
  }
  return nullptr;
}

// `-0.5` is a value, `-f` and `--rate` are options.
bool LooksLikeOption(const std::string& word) {
  if (word.size() < 2 || word[0] != '-') return false;
  return std::isdigit(static_cast<unsigned char>(word[1])) == 0 && word[1] != '.';
}

class Parser {
 public:
  Parser(const CommandSpec& spec, const std::vector<std::string>& words) : spec_(spec), words_(words) {}

  ErrorOr<Arguments> Parse() {
    for (const std::string& word : words_) {
      if (!IsUtf8(word)) return MakeError("`{}` is not UTF-8 text: paths and values must be", ToUtf8(word));
    }
    while (at_ < words_.size()) HWF_TRY(ParseWord(words_[at_++]));
    if (!result_.help) HWF_TRY(CheckCount());
    HWF_TRY(CheckDoubled());
    return std::move(result_);
  }

 private:
  ErrorOr<Success> ParseWord(const std::string& word) {
    if (only_positional_ || !LooksLikeOption(word)) {
      result_.positional.push_back(word);
      return Success{};
    }
    if (word == "--") {
      only_positional_ = true;
      return Success{};
    }
    if (word == "--help" || word == "-h") {
      result_.help = true;
      return Success{};
    }
    return word[1] == '-' ? ParseLong(word.substr(2)) : ParseLetters(word);
  }

  ErrorOr<Success> ParseLong(const std::string& text) {
    const size_t equals = text.find('=');
    const std::string name = text.substr(0, equals);
    const OptionSpec* option = FindOption(spec_, name);
    if (option == nullptr) return ParseProgramOption(text, name, equals);
    if (option->value.empty()) {
      if (equals != std::string::npos) return MakeError("`--{}` takes no value", name);
      result_.options.emplace_back(name, "");
      return Success{};
    }
    if (equals != std::string::npos) {
      result_.options.emplace_back(name, text.substr(equals + 1));
      return Success{};
    }
    return TakeValue(*option, "--" + name);
  }

  ErrorOr<Success> ParseLetters(const std::string& word) {
    for (size_t i = 1; i < word.size(); ++i) {
      const OptionSpec* option = FindLetter(spec_, word[i]);
      if (option == nullptr) return MakeError("`hwf {}` has no option `-{}`", spec_.name, word[i]);
      if (option->value.empty()) {
        result_.options.emplace_back(option->name, "");
        continue;
      }
      if (i + 1 < word.size()) {
        result_.options.emplace_back(option->name, word.substr(i + 1));
        return Success{};
      }
      return TakeValue(*option, fmt::format("-{}", word[i]));
    }
    return Success{};
  }

  ErrorOr<Success> TakeValue(const OptionSpec& option, const std::string& as_written) {
    if (at_ >= words_.size()) return MakeError("`{}` wants a value: `{} {}`", as_written, as_written, option.value);
    result_.options.emplace_back(option.name, words_[at_++]);
    return Success{};
  }

  ErrorOr<Success> ParseProgramOption(const std::string& text, const std::string& name, size_t equals) {
    if (!spec_.program_options) return UnknownOption(name);
    if (equals != std::string::npos) {
      result_.program.emplace_back(name, text.substr(equals + 1));
      return Success{};
    }
    // The next word is its value, unless it is an option, or must be the program itself.
    const bool has_next = at_ < words_.size() && !LooksLikeOption(words_[at_]);
    const bool is_program = has_next && result_.positional.empty() &&
                            (words_[at_].ends_with(".hwf") || words_[at_].ends_with(".hwfir")) &&
                            at_ + 1 == words_.size();
    if (has_next && !is_program) {
      result_.program.emplace_back(name, words_[at_++]);
    } else {
      result_.program.emplace_back(name, std::nullopt);
    }
    return Success{};
  }

  Error UnknownOption(const std::string& name) const {
    std::vector<std::string> names = {"help"};
    for (const OptionSpec& option : spec_.options) names.push_back(option.name);
    const std::string near = Nearest(name, names);
    return MakeError("`hwf {}` has no option `--{}`{}", spec_.name, name,
                     near.empty() ? std::string() : fmt::format("; did you mean `--{}`?", near));
  }

  // Of two values only one can count, and nobody could tell which was meant.
  ErrorOr<Success> CheckDoubled() const {
    std::vector<std::string> names;
    for (const auto& option : result_.options) {
      const auto repeats = [&](const OptionSpec& known) { return known.repeats && known.name == option.first; };
      if (std::none_of(spec_.options.begin(), spec_.options.end(), repeats)) names.push_back(option.first);
    }
    for (const auto& option : result_.program) names.push_back(option.first);
    std::sort(names.begin(), names.end());
    const auto twice = std::adjacent_find(names.begin(), names.end());
    if (twice == names.end()) return Success{};
    return MakeError("`--{}` is given twice", *twice);
  }

  ErrorOr<Success> CheckCount() const {
    const size_t count = result_.positional.size();
    if (count < spec_.least) {
      return MakeError("`hwf {0}` wants {1}: `hwf {0} {1}`", spec_.name, spec_.positional);
    }
    if (count > spec_.most) {
      return MakeError("`hwf {0}` does not know what to do with `{2}`: `hwf {0} {1}`", spec_.name, spec_.positional,
                       result_.positional[spec_.most]);
    }
    return Success{};
  }

  const CommandSpec& spec_;
  const std::vector<std::string>& words_;
  size_t at_ = 0;
  bool only_positional_ = false;
  Arguments result_;
};

std::vector<std::string> SplitWords(const std::string& text) {
  std::vector<std::string> words;
  size_t at = 0;
  while (at < text.size()) {
    const size_t space = std::min(text.find(' ', at), text.size());
    words.push_back(text.substr(at, space - at));
    at = space + 1;
  }
  return words;
}

}  // namespace

bool Arguments::Has(std::string_view name) const {
  return std::any_of(options.begin(), options.end(), [&](const auto& option) { return option.first == name; });
}

std::vector<std::string> Arguments::All(std::string_view name) const {
  std::vector<std::string> values;
  for (const auto& [option, value] : options) {
    if (option == name) values.push_back(value);
  }
  return values;
}

std::string Arguments::Get(std::string_view name, std::string_view fallback) const {
  for (const auto& option : options) {
    if (option.first == name) return option.second;
  }
  return std::string(fallback);
}

OptionSpec SitesOption() { return {"sites", "FILE", "the sites of FILE instead of the program's"}; }
OptionSpec RunsOption() { return {"runs", "DIR", "where runs are kept (default: .hwf/runs here)"}; }
OptionSpec JsonOption() { return {"json", "", "JSON for programs"}; }

FoundCommand FindCommand(const std::vector<CommandSpec>& commands, const std::vector<std::string>& words) {
  FoundCommand found;
  for (const CommandSpec& command : commands) {
    const std::vector<std::string> name = SplitWords(command.name);
    if (name.size() <= found.words || name.size() > words.size()) continue;
    if (std::equal(name.begin(), name.end(), words.begin())) found = {&command, name.size()};
  }
  return found;
}

ErrorOr<Arguments> ParseArguments(const CommandSpec& spec, const std::vector<std::string>& words) {
  return Parser(spec, words).Parse();
}

std::string Nearest(std::string_view word, const std::vector<std::string>& names) {
  std::string best;
  size_t best_distance = (word.size() + 2) / 3 + 1;
  for (const std::string& name : names) {
    const size_t distance = EditDistance(word, name);
    if (distance < best_distance) {
      best = name;
      best_distance = distance;
    }
  }
  return best;
}

}  // namespace hwf::cli
