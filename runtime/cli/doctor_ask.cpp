#include "runtime/cli/doctor_ask.h"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/platform/ids.h"
#include "runtime/platform/process.h"
#include "runtime/ssh/far_tools.h"
#include "runtime/state/command.h"

namespace hwf::cli {
namespace {

constexpr int64_t kHereMs = 30'000;
constexpr int64_t kThereMs = 90'000;  // a login's start-up files can be slow
constexpr size_t kMaxAnswer = 1 << 20;

// Standard error of the start-up files goes nowhere, that of the program where its output goes, behind the marker.
constexpr const char* kAsk = R"({begin}export LC_ALL=C
begin sh -c 'printf "\n%s\n" "$0"; exec "$@" 2>&1' {marker}{words} 2>/dev/null
)";

Answer Ask(std::vector<std::string> argv, int64_t timeout_ms) {
  platform::SpawnOptions options;
  options.argv = std::move(argv);
  options.inherit_env = true;
  options.env = {{"LC_ALL", "C"}};
  const auto finished = platform::RunToEnd(options, "", {timeout_ms, kMaxAnswer});
  if (!finished.ok()) return {127, finished.error().message()};
  if (finished->timed_out) return {124, fmt::format("no answer within {} s", timeout_ms / 1000)};
  return {finished->exit_code.value_or(128 + finished->signal), finished->output};
}

Answer Trimmed(Answer answer) {
  while (answer.text.ends_with('\n')) answer.text.pop_back();
  return answer;
}

}  // namespace

std::string OneLine(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text.substr(0, 300);
}

AskProgram AskHere() {
  return [](std::vector<std::string> argv) { return Trimmed(Ask(std::move(argv), kHereMs)); };
}

AskProgram AskThere(const ssh::SshHost& host, const std::string& needed) {
  return [host, needed](const std::vector<std::string>& argv) {
    const std::string marker = "hwf-" + platform::NewId();
    std::string words;
    for (const std::string& word : argv) words += " " + state::ShellQuote(word);
    Answer answer = Ask(host.RunScript(fmt::format(fmt::runtime(kAsk), fmt::arg("begin", ssh::DefineBegin(needed)),
                                                   fmt::arg("marker", marker), fmt::arg("words", words))),
                        kThereMs);
    const size_t at = answer.text.find("\n" + marker + "\n");
    if (at != std::string::npos) answer.text.erase(0, at + marker.size() + 2);
    return Trimmed(std::move(answer));
  };
}

}  // namespace hwf::cli
