#include "runtime/runner/remote_shell.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <set>
#include <string_view>

#include "runtime/platform/base64.h"
#include "runtime/platform/file_descriptor.h"
#include "runtime/platform/ids.h"
#include "runtime/platform/process.h"

namespace hwf::runner {
namespace {

constexpr size_t kPiece = 1 << 16;
constexpr size_t kMaxNoise = 1 << 20;
constexpr int kSshFailed = 255;  // as ssh says it

// The words up to and with the host, and the command behind it: rsync gives options, host, command.
std::vector<std::string> WithMarker(const std::vector<std::string>& arguments, const std::string& marker) {
  const std::set<std::string> with_value = {"-F", "-p", "-l", "-o"};
  std::vector<std::string> words = {arguments.empty() ? "ssh" : arguments[0]};
  size_t i = 1;
  for (; i < arguments.size() && arguments[i].starts_with('-'); ++i) {
    words.push_back(arguments[i]);
    if (with_value.contains(arguments[i]) && i + 1 < arguments.size()) words.push_back(arguments[++i]);
  }
  if (i < arguments.size()) words.push_back(arguments[i++]);
  std::string script = fmt::format("printf '\\n%s\\n' {}\nexec", marker);
  for (; i < arguments.size(); ++i) script += " " + arguments[i];
  words.push_back(fmt::format(R"x(/bin/sh -c 'eval "$(echo {} | base64 -d)"')x", platform::Base64(script)));
  return words;
}

bool WriteAll(std::string_view text) {
  while (!text.empty()) {
    const ssize_t wrote = write(STDOUT_FILENO, text.data(), text.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return false;
    text.remove_prefix(static_cast<size_t>(wrote));
  }
  return true;
}

// Everything behind the line of the marker.
bool Copy(int from, const std::string& marker) {
  const std::string line = "\n" + marker + "\n";
  std::string held = "\n", piece(kPiece, '\0');
  bool begun = false;
  while (true) {
    const ssize_t got = read(from, piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return begun;
    const std::string_view text(piece.data(), static_cast<size_t>(got));
    if (begun) {
      if (!WriteAll(text)) return false;
      continue;
    }
    held += text;
    const size_t at = held.find(line);
    begun = at != std::string::npos;
    if (begun && !WriteAll(std::string_view(held).substr(at + line.size()))) return false;
    if (!begun && held.size() > kMaxNoise) return false;
  }
}

}  // namespace

int RemoteShell(const std::vector<std::string>& arguments) {
  const std::string marker = "hwf-" + platform::NewId();
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return kSshFailed;
  const platform::FileDescriptor ours(ends[0]);
  platform::FileDescriptor theirs(ends[1]);
  platform::SpawnOptions spawn;
  spawn.argv = WithMarker(arguments, marker);
  spawn.inherit_env = true;
  spawn.files = {{STDIN_FILENO, 0}, {theirs.get(), 1}, {STDERR_FILENO, 2}};
  const auto pid = platform::Spawn(spawn);
  if (!pid.ok()) {
    fmt::print(stderr, "hwf-runner: {}\n", pid.error().message());
    return kSshFailed;
  }
  theirs.Reset();
  close(STDIN_FILENO);  // its end is ssh's to see
  const bool copied = Copy(ours.get(), marker);
  int status = 0;
  if (!copied) close(STDOUT_FILENO);
  while (waitpid(*pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (!copied && WIFEXITED(status) && WEXITSTATUS(status) == 0) return kSshFailed;
  return WIFEXITED(status) ? WEXITSTATUS(status) : kSshFailed;
}

}  // namespace hwf::runner
