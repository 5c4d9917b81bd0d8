#include "runtime/ssh/ssh_trouble.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace hwf::ssh {
namespace {

constexpr size_t kLongestLine = 300;

bool Has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

}  // namespace

std::string LastLine(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) text.remove_suffix(1);
  const size_t newline = text.rfind('\n');
  if (newline != std::string_view::npos) text.remove_prefix(newline + 1);
  return std::string(text.substr(0, kLongestLine));
}

std::string TellingLine(std::string_view text) {
  for (const char* cause : {"No space left", "quota exceeded", "ermission denied", "ead-only file"}) {
    const size_t at = text.find(cause);
    if (at == std::string_view::npos) continue;
    const std::string_view line = text.substr(0, text.find('\n', at));
    return LastLine(line);
  }
  return LastLine(text);
}

SshTrouble ExplainSsh(std::string_view complaint, const std::string& site, const std::string& host) {
  const std::string last = LastLine(complaint);
  if (Has(complaint, "HOST IDENTIFICATION HAS CHANGED")) {
    return {fmt::format("the host key of {} is not the one that is known: if its owners changed it, remove the old one "
                        "(ssh-keygen -R) and `hwf login {}`; else somebody may be listening in",
                        host, site),
            true};
  }
  if (Has(complaint, "Host key verification failed") || Has(complaint, "host key is known")) {
    return {fmt::format("the host key of {} is not known here: `hwf login {}` shows it and asks", host, site), true};
  }
  if (Has(complaint, "Permission denied") || Has(complaint, "Too many authentication failures") ||
      Has(complaint, "No more authentication methods")) {
    return {fmt::format("{} wants a password or a key that only you can give: `hwf login {}` opens the connection ({})",
                        host, site, last),
            true};
  }
  if (Has(complaint, "Session open refused") || Has(complaint, "session request failed")) {
    return {
        fmt::format("{} allows no further session on this connection (MaxSessions in its sshd_config): {}", host, last),
        false};
  }
  if (last.empty()) return {fmt::format("{} cannot be reached: the connection ended at once", host), false};
  return {fmt::format("{} cannot be reached: {}", host, last), false};
}

}  // namespace hwf::ssh
