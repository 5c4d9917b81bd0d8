#include "runtime/ssh/ssh_host.h"

#include <errno.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "runtime/platform/base64.h"
#include "runtime/platform/file_system.h"
#include "runtime/platform/hash.h"

namespace hwf::ssh {
namespace {

// A master without sessions ends after so many seconds, and one that a person opened after twelve hours.
constexpr int kKeepSeconds = 600;
constexpr int kKeepLoginSeconds = 12 * 3600;
constexpr size_t kNameLength = 24;

// What the first directive says counts: hwf's come before the user's, its advice behind.
constexpr const char* kConfig = R"(# made by hwf
Host *
  ControlPath {0}/%C
  BatchMode yes
  LogLevel ERROR
  RequestTTY no
  RemoteCommand none
  ClearAllForwardings yes
  ForwardX11 no
  PermitLocalCommand no
Include {1}
Include /etc/ssh/ssh_config
Host *
  ConnectTimeout 15
  ServerAliveInterval 10
  ServerAliveCountMax 3
)";

// As the ledger of tasks: not below /run/user, which goes with the last login. Short: a socket's path has 108 bytes.
std::string UsersDirectory() { return fmt::format("/tmp/hwf-{}", geteuid()); }

ErrorOr<Success> MakeOwn(const std::string& path) {
  if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return ErrnoError(errno, "making " + path);
  struct stat info {};
  if (lstat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode) && info.st_uid == geteuid() &&
      (info.st_mode & 077) == 0) {
    return Success{};
  }
  return MakeError("{} is not a directory of mode 0700 that belongs to you; remove it, or ask who made it to", path);
}

std::string NameOf(const std::string& text) { return platform::Digest(text).substr(3, kNameLength); }

bool IsPlain(const std::string& word) {
  return !word.empty() && word[0] != '-' &&
         word.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-:%") ==
             std::string::npos;
}

}  // namespace

ErrorOr<SshHost> SshHost::Open(const HostOptions& options) {
  if (!IsPlain(options.host)) return MakeError("`{}` is no name of a machine", options.host);
  if (!options.user.empty() && !IsPlain(options.user)) return MakeError("`{}` is no name of a user", options.user);
  const std::string directory = UsersDirectory() + "/ssh";
  HWF_TRY(MakeOwn(UsersDirectory()));
  HWF_TRY(MakeOwn(directory));
  const char* chosen = std::getenv("HWF_SSH_CONFIG");
  const std::string users = chosen != nullptr && *chosen != '\0' ? chosen : "~/.ssh/config";
  if (users.find_first_of("\n\"") != std::string::npos) return MakeError("HWF_SSH_CONFIG is no path: {}", users);
  const std::string config = fmt::format(fmt::runtime(kConfig), directory, "\"" + users + "\"");
  SshHost host;
  host.config_ = directory + "/config-" + NameOf(config);
  if (access(host.config_.c_str(), R_OK) != 0) {
    HWF_TRY(platform::RealFileSystem().WriteAtomically(host.config_, config, 0600, false));
  }
  host.target_ = options.user.empty() ? options.host : options.user + "@" + options.host;
  host.port_ = options.port;
  host.name_ = options.port > 0 ? fmt::format("{}:{}", host.target_, options.port) : host.target_;
  host.lock_path_ = directory + "/lock-" + NameOf(host.config_ + host.name_);
  return host;
}

std::vector<std::string> SshHost::Base() const {
  std::vector<std::string> words = {"ssh", "-F", config_};
  if (port_ > 0) words.insert(words.end(), {"-p", std::to_string(port_)});
  return words;
}

std::vector<std::string> SshHost::Check() const {
  std::vector<std::string> words = Base();
  words.insert(words.end(), {"-O", "check", "--", target_});
  return words;
}

std::vector<std::string> SshHost::OpenMaster(bool ask) const {
  std::vector<std::string> words = Base();
  const int keep = ask ? kKeepLoginSeconds : kKeepSeconds;
  // `yes` would not take the place of a socket that a killed master left behind.
  words.insert(words.end(), {"-o", "ControlMaster=auto", "-o", fmt::format("ControlPersist={}", keep), "-N", "-f"});
  if (ask) words.insert(words.end(), {"-o", "BatchMode=no", "-o", "LogLevel=INFO"});
  words.insert(words.end(), {"--", target_});
  return words;
}

std::vector<std::string> SshHost::CloseMaster() const {
  std::vector<std::string> words = Base();
  words.insert(words.end(), {"-O", "exit", "--", target_});
  return words;
}

// In base64, the script is one word for sh, csh and fish alike.
std::vector<std::string> SshHost::RunScript(const std::string& script) const {
  std::vector<std::string> words = Base();
  words.insert(words.end(), {"--", target_,
                             fmt::format(R"x(/bin/sh -c 'eval "$(echo {} | base64 -d)"')x", platform::Base64(script))});
  return words;
}

std::string SshHost::RemoteShell() const {
  std::string text;
  for (const std::string& word : Base()) text += (text.empty() ? "" : " ") + word;
  return text;
}

}  // namespace hwf::ssh
