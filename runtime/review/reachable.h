// Whether an account can reach a run's mailbox, by the mode bits of every directory on the way. A run asks this of the
// people of a review before it opens it. Access lists are not looked at: they can only be tried, by that account
// itself.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "runtime/platform/users.h"

namespace hwf::review {

struct Account {
  std::string name;
  uid_t uid = 0;
  std::vector<gid_t> gids;
};
Account OwnAccount();
Account AccountOf(const platform::User& user);

// What keeps the account from putting an answer into `<run_dir>/inbox` and reading its reply, naming the directory and
// what to do; or nothing.
std::optional<std::string> WhyUnreachable(const std::string& run_dir, const Account& account);

}  // namespace hwf::review
