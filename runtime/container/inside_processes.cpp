#include "runtime/container/inside_processes.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>

namespace hwf::container {
namespace {

std::string ReadSmall(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return "";
  char buffer[16 * 1024];
  const ssize_t count = read(fd, buffer, sizeof buffer);
  close(fd);
  return count > 0 ? std::string(buffer, static_cast<size_t>(count)) : "";
}

// This process has one thread, and all that is orphaned below it becomes its child.
std::vector<pid_t> Children() {
  const std::string text = ReadSmall(fmt::format("/proc/self/task/{}/children", getpid()));
  std::vector<pid_t> children;
  const char *at = text.data(), *end = at + text.size();
  while (at < end) {
    pid_t pid = 0;
    const auto [next, error] = std::from_chars(at, end, pid);
    if (error == std::errc() && pid > 0) children.push_back(pid);
    at = next == at ? at + 1 : next;
  }
  return children;
}

}  // namespace

std::string OwnPidNamespace() {
  char text[64] = "";
  const ssize_t length = readlink("/proc/self/ns/pid", text, sizeof text - 1);
  return length > 0 ? std::string(text, static_cast<size_t>(length)) : "";
}

void SignalAllInside(bool isolated, pid_t main, int signal) {
  if (isolated) {
    (void)kill(-1, signal);
    return;
  }
  if (main > 0) (void)kill(-main, signal);
  for (const pid_t pid : Children()) {
    if (pid != main) (void)kill(pid, signal);
  }
}

std::vector<std::string> LeftInside() {
  std::vector<std::string> names;
  for (const pid_t pid : Children()) {
    std::string name = ReadSmall(fmt::format("/proc/{}/comm", pid));
    while (name.ends_with('\n')) name.pop_back();
    names.push_back(fmt::format("{} ({})", name, pid));
  }
  return names;
}

int64_t OomKillsHere() {
  for (const char* path : {"/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control"}) {
    const std::string text = ReadSmall(path);
    const size_t at = text.find("oom_kill ");
    if (at != std::string::npos) return std::atoll(text.c_str() + at + 9);
  }
  return 0;
}

}  // namespace hwf::container
