#include "runtime/cli/help.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace hwf::cli {
namespace {

std::string Usage(const CommandSpec& command) {
  std::string usage = "hwf " + command.name;
  if (!command.positional.empty()) usage += " " + command.positional;
  if (!command.options.empty()) usage += " [OPTIONS]";
  return usage;
}

std::string OptionColumn(const OptionSpec& option) {
  std::string text = option.letter != 0 ? fmt::format("-{}, --{}", option.letter, option.name) : "    --" + option.name;
  if (!option.value.empty()) text += " " + option.value;
  return text;
}

std::string FirstWord(const std::string& name) { return name.substr(0, name.find(' ')); }

// Words that can follow the first word of a command of two: "list", "show", "answer".
std::string SecondWords(const std::vector<CommandSpec>& commands, const std::string& first) {
  std::string words;
  for (const CommandSpec& command : commands) {
    const size_t space = command.name.find(' ');
    if (space == std::string::npos || command.name.substr(0, space) != first) continue;
    words += (words.empty() ? "" : " ") + command.name.substr(space + 1);
  }
  return words;
}

std::vector<std::string> FirstWords(const std::vector<CommandSpec>& commands) {
  std::vector<std::string> words;
  for (const CommandSpec& command : commands) {
    const std::string word = FirstWord(command.name);
    if (std::find(words.begin(), words.end(), word) == words.end()) words.push_back(word);
  }
  return words;
}

std::string OptionsOf(const std::vector<CommandSpec>& commands, const std::string& first) {
  std::set<std::string> options = {"--help"};
  for (const CommandSpec& command : commands) {
    if (FirstWord(command.name) != first) continue;
    for (const OptionSpec& option : command.options) options.insert("--" + option.name);
  }
  std::string text;
  for (const std::string& option : options) text += (text.empty() ? "" : " ") + option;
  return text;
}

std::string BashCompletion(const std::vector<CommandSpec>& commands) {
  std::string cases;
  for (const std::string& word : FirstWords(commands)) {
    cases += fmt::format("    {}) words=\"{} {}\" ;;\n", word, SecondWords(commands, word), OptionsOf(commands, word));
  }
  return fmt::format(R"(_hwf() {{
  local current="${{COMP_WORDS[COMP_CWORD]}}" words
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "{} --help --version" -- "$current"))
    return
  fi
  case "${{COMP_WORDS[1]}}" in
{}  esac
  COMPREPLY=($(compgen -W "$words" -- "$current") $(compgen -f -- "$current"))
}}
complete -o filenames -F _hwf hwf
)",
                     fmt::join(FirstWords(commands), " "), cases);
}

std::string FishCompletion(const std::vector<CommandSpec>& commands) {
  std::string script;
  for (const CommandSpec& command : commands) {
    const std::string first = FirstWord(command.name), seen = "__fish_seen_subcommand_from ";
    std::string summary = command.summary;
    summary.erase(std::remove(summary.begin(), summary.end(), '\''), summary.end());
    if (first == command.name) {
      script += fmt::format("complete -c hwf -n __fish_use_subcommand -a {} -d '{}'\n", first, summary);
    } else {
      const std::string others = SecondWords(commands, first);
      script += fmt::format("complete -c hwf -n __fish_use_subcommand -a {}\n", first);
      script += fmt::format("complete -c hwf -n '{}{}; and not {}{}' -a {} -d '{}'\n", seen, first, seen, others,
                            command.name.substr(first.size() + 1), summary);
    }
    for (const OptionSpec& option : command.options) {
      std::string help = option.help;
      help.erase(std::remove(help.begin(), help.end(), '\''), help.end());
      script += fmt::format("complete -c hwf -n '{}{}' -l {}{} -d '{}'\n", seen, first, option.name,
                            option.value.empty() ? "" : " -r", help);
    }
  }
  return script;
}

std::string Roff(const std::string& text) {
  std::string out;
  bool line_start = true;
  for (char c : text) {
    if (line_start && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\' || c == '-') out += '\\';
    out += c;
    line_start = c == '\n';
  }
  return out;
}

}  // namespace

std::string Overview(const std::vector<CommandSpec>& commands) {
  std::string text =
      "hwf runs workflows and keeps people in charge of them.\n\n"
      "  hwf run train.hwf --rate 0.2      start\n"
      "  hwf review list                   what waits for you\n"
      "  hwf resume                        go on after anything\n\nCommands:\n";
  for (const CommandSpec& command : commands) text += fmt::format("  {:<16} {}\n", command.name, command.summary);
  text +=
      "\n`hwf COMMAND --help` explains each, with examples. RUN is a run's id or a beginning of it that is unique; "
      "commands "
      "that\nonly look also take `latest`, which is what they use if RUN is left out.\n"
      "Exit: 0 done, 1 the workflow failed, 2 the command line was wrong, 3 the world failed (resume), 75 "
      "unfinished.\n";
  return text;
}

std::string HelpOf(const CommandSpec& command) {
  std::string text = fmt::format("{}\n\n  {}\n", command.summary, Usage(command));
  if (!command.text.empty()) text += "\n" + command.text + "\n";
  if (!command.options.empty()) text += "\nOptions:\n";
  size_t width = 0;
  for (const OptionSpec& option : command.options) width = std::max(width, OptionColumn(option).size());
  for (const OptionSpec& option : command.options) {
    text += fmt::format("  {:<{}}  {}\n", OptionColumn(option), width, option.help);
  }
  if (!command.examples.empty()) text += "\nExamples:\n";
  for (const Example& example : command.examples) {
    text += fmt::format("  {}\n      {}\n", example.command, example.what);
  }
  return text;
}

std::string CompletionScript(const std::vector<CommandSpec>& commands, const std::string& shell) {
  if (shell == "bash") return BashCompletion(commands);
  if (shell == "zsh") return "autoload -U +X bashcompinit && bashcompinit\n" + BashCompletion(commands);
  if (shell == "fish") return FishCompletion(commands);
  return "";
}

std::string ManPage(const std::vector<CommandSpec>& commands) {
  std::string text =
      ".TH HWF 1\n.SH NAME\nhwf \\- run workflows and keep people in charge of them\n.SH SYNOPSIS\n.B hwf\nCOMMAND "
      "[ARGUMENTS] [OPTIONS]\n.SH COMMANDS\n";
  for (const CommandSpec& command : commands) {
    text += fmt::format(".SS {}\n{}\n.PP\n.B {}\n", Roff(command.name), Roff(command.summary), Roff(Usage(command)));
    if (!command.text.empty()) text += fmt::format(".PP\n{}\n", Roff(command.text));
    for (const OptionSpec& option : command.options) {
      std::string name = OptionColumn(option);
      name.erase(0, name.find_first_not_of(' '));
      text += fmt::format(".TP\n.B {}\n{}\n", Roff(name), Roff(option.help));
    }
    for (const Example& example : command.examples) {
      text += fmt::format(".PP\n.nf\n{}\n.fi\n{}\n", Roff(example.command), Roff(example.what));
    }
  }
  text +=
      ".SH EXIT STATUS\n.TP\n0\ndone as asked\n.TP\n1\nthe workflow or the program failed\n.TP\n2\nthe command line "
      "was "
      "wrong\n.TP\n3\nthe world failed; the run can be resumed\n.TP\n75\nunfinished: it waits for people or jobs and "
      "was "
      "told not to wait with them\n";
  return text;
}

}  // namespace hwf::cli
