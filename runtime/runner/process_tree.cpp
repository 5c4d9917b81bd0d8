#include "runtime/runner/process_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <unordered_set>

namespace hwf::runner {
namespace {

// A bound on what one walk looks at: a fork bomb must not hold up the runner for ever.
constexpr size_t kMaxProcesses = 100'000;

template <typename Take>
void ForEachNumber(const char* directory, const Take& take) {
  DIR* dir = opendir(directory);
  if (dir == nullptr) return;
  while (const dirent* entry = readdir(dir)) {
    if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9') take(static_cast<pid_t>(std::atol(entry->d_name)));
  }
  closedir(dir);
}

void AppendNumbers(std::string_view text, std::vector<pid_t>& out) {
  const char* at = text.data();
  const char* end = at + text.size();
  while (at < end) {
    pid_t pid = 0;
    auto [next, error] = std::from_chars(at, end, pid);
    if (error == std::errc() && pid > 0) out.push_back(pid);
    at = next == at ? at + 1 : next;
  }
}

// The fields behind the command's name in /proc/PID/stat; the name may hold anything, so they follow the last `)`.
std::string_view StatFields(const std::string& stat) {
  const size_t close = stat.rfind(')');
  return close == std::string::npos ? std::string_view() : std::string_view(stat).substr(close + 1);
}

// Field `index` counted from the state, which is 0.
std::string_view Field(std::string_view fields, int index) {
  size_t at = 0;
  for (int i = 0;; ++i) {
    at = fields.find_first_not_of(' ', at);
    if (at == std::string_view::npos) return {};
    const size_t end = std::min(fields.find(' ', at), fields.size());
    if (i == index) return fields.substr(at, end - at);
    at = end;
  }
}

int64_t Number(std::string_view text) {
  int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace

std::string ReadSmall(const char* path, size_t limit) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return "";
  std::string text;
  char buffer[4096];
  while (text.size() < limit) {
    const ssize_t count = read(fd, buffer, std::min(sizeof buffer, limit - text.size()));
    if (count <= 0) break;
    text.append(buffer, static_cast<size_t>(count));
  }
  close(fd);
  return text;
}

std::vector<pid_t> ChildrenOf(pid_t pid) {
  std::vector<pid_t> children;
  const std::string tasks = fmt::format("/proc/{}/task", pid);
  ForEachNumber(tasks.c_str(), [&](pid_t thread) {
    AppendNumbers(ReadSmall(fmt::format("{}/{}/children", tasks, thread).c_str(), size_t{1} << 20), children);
  });
  return children;
}

std::vector<pid_t> TreeOf(const std::vector<pid_t>& roots) {
  std::vector<pid_t> tree = roots;
  std::unordered_set<pid_t> seen(roots.begin(), roots.end());
  for (size_t i = 0; i < tree.size() && tree.size() < kMaxProcesses; ++i) {
    for (pid_t child : ChildrenOf(tree[i])) {
      if (seen.insert(child).second) tree.push_back(child);
    }
  }
  return tree;
}

std::optional<ProcessStat> StatOf(pid_t pid) {
  const std::string stat = ReadSmall(fmt::format("/proc/{}/stat", pid).c_str());
  const std::string_view fields = StatFields(stat);
  const std::string_view state = Field(fields, 0);
  if (state.empty()) return std::nullopt;
  ProcessStat process;
  process.pid = pid;
  process.group = static_cast<pid_t>(Number(Field(fields, 2)));
  process.session = static_cast<pid_t>(Number(Field(fields, 3)));
  process.started_ms = Number(Field(fields, 19)) * 1000 / sysconf(_SC_CLK_TCK);
  process.dead = state == "Z" || state == "X";
  return process;
}

std::vector<ProcessStat> OwnProcesses() {
  std::vector<ProcessStat> processes;
  const uid_t uid = getuid();
  const pid_t self = getpid();
  ForEachNumber("/proc", [&](pid_t pid) {
    struct stat info {};
    if (pid == self || stat(fmt::format("/proc/{}", pid).c_str(), &info) != 0 || info.st_uid != uid) return;
    const std::optional<ProcessStat> process = StatOf(pid);
    if (process && !process->dead) processes.push_back(*process);
  });
  return processes;
}

std::optional<int64_t> StartedAtBootMs(pid_t pid) {
  const std::optional<ProcessStat> process = StatOf(pid);
  if (!process || process->dead) return std::nullopt;
  return process->started_ms;
}

int64_t BootMs() {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

int64_t ResidentBytes(pid_t pid) {
  std::vector<pid_t> numbers;
  const std::string statm = ReadSmall(fmt::format("/proc/{}/statm", pid).c_str());
  const size_t space = statm.find(' ');
  if (space == std::string::npos) return 0;
  return Number(std::string_view(statm).substr(space + 1)) * sysconf(_SC_PAGESIZE);
}

int64_t ProportionalBytes(pid_t pid) {
  const std::string rollup = ReadSmall(fmt::format("/proc/{}/smaps_rollup", pid).c_str());
  const size_t at = rollup.find("\nPss:");
  if (at == std::string::npos) return ResidentBytes(pid);
  const size_t digits = rollup.find_first_of("0123456789", at);
  return digits == std::string::npos ? 0 : Number(std::string_view(rollup).substr(digits)) * 1024;
}

std::optional<std::string> EnvironmentValue(pid_t pid, std::string_view name) {
  const std::string text = ReadSmall(fmt::format("/proc/{}/environ", pid).c_str(), size_t{4} << 20);
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\0', at), text.size());
    const std::string_view entry(text.data() + at, end - at);
    if (entry.size() > name.size() && entry[name.size()] == '=' && entry.substr(0, name.size()) == name) {
      return std::string(entry.substr(name.size() + 1));
    }
    at = end + 1;
  }
  return std::nullopt;
}

}  // namespace hwf::runner
