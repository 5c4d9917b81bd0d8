#include "runtime/review/reachable.h"

#include <errno.h>
#include <fmt/format.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/error.h"
#include "runtime/platform/paths.h"

namespace hwf::review {
namespace {

// Of rwx, those that the mode gives the account.
mode_t Rights(const struct stat& status, const Account& account) {
  if (account.uid == 0) return 07;
  if (status.st_uid == account.uid) return status.st_mode >> 6 & 07;
  bool in_group = std::find(account.gids.begin(), account.gids.end(), status.st_gid) != account.gids.end();
  return in_group ? status.st_mode >> 3 & 07 : status.st_mode & 07;
}

std::vector<std::string> DirectoriesOf(const std::string& absolute) {
  std::vector<std::string> out = {"/"};
  for (size_t slash = absolute.find('/', 1); slash != std::string::npos; slash = absolute.find('/', slash + 1)) {
    out.push_back(absolute.substr(0, slash));
  }
  if (absolute.size() > 1) out.push_back(absolute);
  return out;
}

// The group's name where it is not the account's; for the advice.
std::string GroupName(gid_t gid) { return platform::NameOfGroup(gid).value_or(fmt::format("gid {}", gid)); }

std::optional<std::string> Check(const std::string& directory, const std::string& run_dir, mode_t needed,
                                 const Account& account) {
  struct stat status {};
  if (stat(directory.c_str(), &status) != 0) {
    if (errno == EACCES) return std::nullopt;  // we cannot look, so this is asked of an account that is not ours
    return fmt::format("{} cannot be looked at: {}", directory, ErrnoError(errno, "stat").message());
  }
  if ((Rights(status, account) & needed) == needed) return std::nullopt;
  std::string mode = fmt::format("{:04o}", status.st_mode & 07777);
  if (directory.size() >= run_dir.size()) {
    bool shared = (status.st_mode & 070) != 0;
    if (!shared) {
      return fmt::format("the run is not shared: {} has mode {}, so {} cannot answer; start it with --share GROUP",
                         directory, mode, account.name);
    }
    return fmt::format("{} has mode {} and group {}, in which {} is not", directory, mode, GroupName(status.st_gid),
                       account.name);
  }
  return fmt::format(
      "{} has mode {}, so {} cannot pass through it: `chmod o+x {}`, or keep the runs elsewhere (--runs DIR)",
      directory, mode, account.name, directory);
}

}  // namespace

Account OwnAccount() {
  Account account;
  account.uid = geteuid();
  std::optional<platform::User> user = platform::UserOf(account.uid);
  account.name = user ? user->name : fmt::format("uid {}", account.uid);
  account.gids.resize(NGROUPS_MAX);
  int count = getgroups(static_cast<int>(account.gids.size()), account.gids.data());
  account.gids.resize(static_cast<size_t>(std::max(count, 0)));
  account.gids.push_back(getegid());
  return account;
}

Account AccountOf(const platform::User& user) { return {user.name, user.uid, platform::GroupsOfUser(user)}; }

std::optional<std::string> WhyUnreachable(const std::string& run_dir, const Account& account) {
  constexpr mode_t kPass = 01, kWriteAndPass = 03;
  std::string absolute = platform::RealPathOr(run_dir, run_dir);
  for (const std::string& directory : DirectoriesOf(absolute)) {
    if (std::optional<std::string> why = Check(directory, absolute, kPass, account)) return why;
  }
  if (std::optional<std::string> why = Check(absolute + "/inbox", absolute, kWriteAndPass, account)) return why;
  return Check(absolute + "/replies", absolute, kPass, account);
}

}  // namespace hwf::review
