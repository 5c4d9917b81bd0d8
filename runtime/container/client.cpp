#include "runtime/container/client.h"

#include <fmt/format.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "runtime/platform/process.h"

extern char** environ;

namespace hwf::container {
namespace {

constexpr size_t kMostOutput = size_t{1} << 20;
constexpr size_t kMostWords = 600;
constexpr int kMostLines = 4;

// Apptainer and Singularity hand these to every container.
constexpr const char* kReaching[] = {
    "APPTAINERENV_",       "SINGULARITYENV_",       "APPTAINER_BIND=",  "SINGULARITY_BIND=",
    "APPTAINER_BINDPATH=", "SINGULARITY_BINDPATH=", "APPTAINER_MOUNT=", "HWF_"};

std::string WithoutColours(const std::string& line) {
  std::string text;
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\x1b' && i + 1 < line.size() && line[i + 1] == '[') {
      i = std::min(line.find('m', i), line.size() - 1);
    } else {
      text += line[i];
    }
  }
  return text;
}

std::string Path() {
  const char* path = std::getenv("PATH");
  return path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin";
}

}  // namespace

std::vector<std::pair<std::string, std::string>> ClientEnvironment() {
  std::vector<std::pair<std::string, std::string>> variables;
  bool user = false;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    bool reaches = false;
    for (const char* beginning : kReaching)
      reaches = reaches || std::strncmp(*entry, beginning, std::strlen(beginning)) == 0;
    const char* equals = std::strchr(*entry, '=');
    if (reaches || equals == nullptr) continue;
    variables.emplace_back(std::string(*entry, static_cast<size_t>(equals - *entry)), equals + 1);
    user = user || variables.back().first == "USER";
  }
  if (!user) variables.emplace_back("USER", std::to_string(getuid()));  // charliecloud wants one
  return variables;
}

std::string LastWords(const std::string& output) {
  std::string words;
  size_t end = output.size();
  for (int lines = 0; lines < kMostLines && end > 0 && words.size() < kMostWords;) {
    const size_t newline = output.rfind('\n', end - 1);
    const size_t begin = newline == std::string::npos ? 0 : newline + 1;
    std::string line = output.substr(begin, end - begin);
    line = WithoutColours(line);
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    if (!line.empty() && !line.starts_with(kMark)) {
      words = words.empty() ? line : line + "; " + words;
      ++lines;
    }
    if (newline == std::string::npos) break;
    end = newline;
  }
  if (words.size() > kMostWords) words = "… " + words.substr(words.size() - kMostWords);
  return words;
}

std::string MarkedLine(const std::string& output, std::string_view mark) {
  for (size_t begin = 0; begin < output.size();) {
    const size_t end = std::min(output.find('\n', begin), output.size());
    const std::string_view line = std::string_view(output).substr(begin, end - begin);
    if (line.starts_with(mark)) return std::string(line.substr(mark.size()));
    begin = end + 1;
  }
  return "";
}

ErrorOr<std::string> RunClient(const std::vector<std::string>& argv, int64_t timeout_ms) {
  platform::SpawnOptions options;
  options.argv = argv;
  options.env = ClientEnvironment();
  const auto word = std::find_if(argv.begin() + 1, argv.end(), [](const auto& one) { return !one.starts_with('-'); });
  const std::string what = argv.front() + (word == argv.end() ? "" : " " + *word);
  auto finished = platform::RunToEnd(std::move(options), "", {.timeout_ms = timeout_ms, .output_bytes = kMostOutput});
  if (!finished.ok()) return finished.error().WithContext(what);
  if (finished->timed_out) return MakeError("{}: no end after {} s", what, timeout_ms / 1000);
  if (finished->exit_code == 0) return std::move(finished->output);
  std::string words = LastWords(finished->output);
  if (words.empty()) {
    words = finished->exit_code ? fmt::format("exit status {}", *finished->exit_code)
                                : fmt::format("killed by signal {}", finished->signal);
  }
  return Error(fmt::format("{}: {}", what, words));
}

bool HasProgram(const std::string& name) { return platform::FindProgram(name, Path()).ok(); }

ErrorOr<Success> UserNamespacesWork() {
  const pid_t pid = fork();
  if (pid == 0) _exit(unshare(CLONE_NEWUSER) == 0 ? 0 : errno);
  int status = 0;
  while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (pid > 0 && status == 0) return Success{};
  return MakeError("this user may not make user namespaces ({}): see /proc/sys/user/max_user_namespaces",
                   strerror(pid < 0 ? EAGAIN : WEXITSTATUS(status)));
}

}  // namespace hwf::container
