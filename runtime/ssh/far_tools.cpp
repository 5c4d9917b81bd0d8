#include "runtime/ssh/far_tools.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sodium.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>

#include "runtime/platform/file_descriptor.h"
#include "runtime/state/command.h"

namespace hwf::ssh {
namespace {

using state::ShellQuote;

constexpr size_t kPiece = 1 << 18;
constexpr const char* kKnown[] = {"x86_64", "aarch64"};

std::string Hex(const unsigned char* bytes, size_t count) {
  std::string out;
  for (size_t i = 0; i < count; ++i) out += fmt::format("{:02x}", bytes[i]);
  return out;
}

// SHA-256, for every machine has a program that checks it.
ErrorOr<std::string> Sha256OfFile(const std::string& path) {
  const platform::FileDescriptor fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return ErrnoError(errno, "reading " + path);
  crypto_hash_sha256_state state;
  crypto_hash_sha256_init(&state);
  std::string buffer(kPiece, '\0');
  while (true) {
    const ssize_t count = read(fd.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return ErrnoError(errno, "reading " + path);
    if (count == 0) break;
    crypto_hash_sha256_update(&state, reinterpret_cast<const unsigned char*>(buffer.data()),
                              static_cast<size_t>(count));
  }
  unsigned char hash[crypto_hash_sha256_BYTES];
  crypto_hash_sha256_final(&state, hash);
  return Hex(hash, sizeof hash);
}

std::string OwnMachine() {
  utsname names{};
  return uname(&names) == 0 ? names.machine : "";
}

ErrorOr<ToolSet> ToolsFor(const std::string& machine, const std::string& suffix, const std::string& programs,
                          const std::string& python) {
  ToolSet set;
  set.machine = machine;
  set.files = {{programs + "/hwf-runner" + suffix, "hwf-runner", ""},
               {programs + "/hwf-task" + suffix, "hwf-task", ""}};
  if (!python.empty()) set.files.push_back({python + "/hwf_task.py", "hwf_task.py", ""});
  std::string all;
  for (ToolFile& file : set.files) {
    HWF_ASSIGN(file.sha256, Sha256OfFile(file.path));
    all += file.name + " " + file.sha256 + "\n";
  }
  unsigned char hash[crypto_hash_sha256_BYTES];
  crypto_hash_sha256(hash, reinterpret_cast<const unsigned char*>(all.data()), all.size());
  set.digest = Hex(hash, sizeof hash);
  return set;
}

constexpr const char* kInstallScript = R"(set -u
umask 077
fail() {{ rm -rf "$new"; printf '\n%s %s\n' {marker} "$1"; exit 1; }}
bin={bin}
new=$bin/.new-$$
why=$(mkdir -p "$new" 2>&1) || fail "$why"
why=$(cd "$new" && tar -xzf - 2>&1) || fail "$why"
why=$(cd "$new" && printf '%s' {sums} | sha256sum -c 2>&1) || fail "what arrived is not what was sent: $why"
chmod 500 "$new"/hwf-runner "$new"/hwf-task
why=$(mv -T "$new" {target} 2>&1) || [ -x {target}/hwf-runner ] || fail "$why"
rm -rf "$new"
chmod 500 {target}
printf '\n%s ok\n' {marker}
)";

}  // namespace

ErrorOr<std::vector<ToolSet>> FindTools(const std::string& program_directory, const std::string& python_directory) {
  std::vector<ToolSet> found;
  const std::string own = OwnMachine();
  HWF_ASSIGN(ToolSet mine, ToolsFor(own, "", program_directory, python_directory));
  found.push_back(std::move(mine));
  for (const std::string machine : kKnown) {
    if (machine == own || access((program_directory + "/hwf-runner-" + machine).c_str(), R_OK) != 0) continue;
    HWF_ASSIGN(ToolSet other, ToolsFor(machine, "-" + machine, program_directory, python_directory));
    found.push_back(std::move(other));
  }
  return found;
}

std::string DefineBegin(const std::string& needed) {
  std::string text = "begin() { exec \"$@\"; }\n";
  if (needed.empty()) return text;
  return text + fmt::format(R"(command -v {} >/dev/null 2>&1 || begin() {{ exec bash -l -c 'exec "$0" "$@"' "$@"; }}
)",
                            ShellQuote(needed));
}

std::string ScriptPath(const std::string& path) {
  if (path == "~") return "\"$HOME\"";
  if (path.starts_with("~/")) return "\"$HOME\"/" + ShellQuote(path.substr(2));
  return ShellQuote(path);
}

std::string ToolDirectory(const std::string& workdir, const std::string& digest) {
  return ScriptPath(workdir) + "/bin/hwf-" + digest.substr(0, 32);
}

std::string InstallScript(const ToolSet& tools, const std::string& workdir, const std::string& marker) {
  std::string sums;
  for (const ToolFile& file : tools.files) sums += file.sha256 + "  " + file.name + "\n";
  return fmt::format(fmt::runtime(kInstallScript), fmt::arg("marker", ShellQuote(marker)),
                     fmt::arg("bin", ScriptPath(workdir) + "/bin"), fmt::arg("sums", ShellQuote(sums)),
                     fmt::arg("target", ToolDirectory(workdir, tools.digest)));
}

std::vector<std::string> PackCommand(const ToolSet& tools) {
  std::vector<std::string> words = {"tar",       "-czf",      "-",
                                    "--owner=0", "--group=0", "--transform=s/-" + tools.machine + "$//"};
  for (const ToolFile& file : tools.files) {
    const size_t slash = file.path.find_last_of('/');
    words.insert(words.end(), {"-C", file.path.substr(0, slash), file.path.substr(slash + 1)});
  }
  return words;
}

}  // namespace hwf::ssh
