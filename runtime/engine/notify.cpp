#include "runtime/engine/notify.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstring>
#include <utility>

extern char** environ;

namespace hwf::engine {
namespace {

constexpr size_t kMostAtOnce = 8;
constexpr int64_t kLimitMs = 60'000;
constexpr int kPollMs = 500;
constexpr int kLingerMs = 10, kLingerTries = 20;

// The question is text from a program's values: bounded, and no NUL can be in it.
std::string Bounded(std::string text) {
  text.erase(std::remove(text.begin(), text.end(), '\0'), text.end());
  if (text.size() > 4096) text.resize(4096);
  return text;
}

std::string FailureText(const std::string& what, int status) {
  const std::string how = WIFSIGNALED(status) ? fmt::format("was killed by signal {}", WTERMSIG(status))
                                              : fmt::format("ended with status {}", WEXITSTATUS(status));
  return fmt::format("--notify: its command {} ({}): nobody may have been told", how, what);
}

}  // namespace

Notifier::~Notifier() {
  // They are left to end by themselves: the message may be under way. init reaps them.
}

ErrorOr<Success> Notifier::Notify(const Notice& notice, int64_t monotonic_ms) {
  if (command_.empty()) return Success{};
  if (children_.size() >= kMostAtOnce) return MakeError("--notify: {} commands still run; one dropped", kMostAtOnce);
  std::vector<std::string> variables = {"HWF_RUN=" + notice.run, "HWF_REVIEW=" + notice.review,
                                        "HWF_QUESTION=" + Bounded(notice.question), "HWF_WHAT=" + notice.event};
  std::vector<char*> env;
  env.reserve(variables.size());
  for (std::string& variable : variables) env.push_back(variable.data());
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const bool ours = std::any_of(variables.begin(), variables.end(), [&](const std::string& variable) {
      const size_t name = variable.find('=') + 1;
      return std::strncmp(*entry, variable.c_str(), name) == 0;
    });
    if (!ours) env.push_back(*entry);
  }
  env.push_back(nullptr);
  std::string shell = "/bin/sh", flag = "-c", command = command_;
  char* argv[] = {shell.data(), flag.data(), command.data(), nullptr};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none, defaults;
  sigemptyset(&none);
  sigfillset(&defaults);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
  pid_t pid = 0;
  const int failed = posix_spawn(&pid, shell.c_str(), &actions, &attributes, argv, env.data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return ErrnoError(failed, "--notify: starting /bin/sh");
  children_.push_back({pid, monotonic_ms, fmt::format("{}, {}", notice.review, notice.event)});
  return Success{};
}

int Notifier::Poll(int64_t monotonic_ms) {
  for (size_t i = 0; i < children_.size();) {
    int status = 0;
    if (waitpid(children_[i].pid, &status, WNOHANG) == children_[i].pid) {
      if (status != 0) troubles_.push_back(FailureText(children_[i].what, status));
      children_.erase(children_.begin() + static_cast<ptrdiff_t>(i));
      continue;
    }
    if (monotonic_ms - children_[i].started_ms > kLimitMs) kill(-children_[i].pid, SIGKILL);
    ++i;
  }
  return children_.empty() ? -1 : kPollMs;
}

void Notifier::Linger() {
  for (int i = 0; i < kLingerTries && Poll(0) >= 0; ++i) poll(nullptr, 0, kLingerMs);
}

std::vector<std::string> Notifier::TakeTroubles() { return std::exchange(troubles_, {}); }

}  // namespace hwf::engine
