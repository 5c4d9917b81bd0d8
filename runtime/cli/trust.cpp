#include "runtime/cli/trust.h"

#include <fmt/format.h>

#include "runtime/cli/commands.h"
#include "runtime/platform/users.h"

namespace hwf::cli {

OptionSpec TrustOption() {
  return {"trust", "USER", "also reuse what this user's shared runs in --runs have done; may be repeated", 0, true};
}

std::optional<std::vector<engine::TrustedUser>> ReadTrust(const Arguments& arguments) {
  std::vector<engine::TrustedUser> users;
  for (const std::string& name : arguments.All("trust")) {
    const std::optional<platform::User> user = platform::UserNamed(name);
    if (!user) {
      Complain(fmt::format("--trust {0}: this machine has no user of that name; `getent passwd {0}` says whom it knows",
                           name));
      return std::nullopt;
    }
    if (user->uid == platform::OverflowUid()) {
      Complain(
          fmt::format("--trust {}: its uid {} stands for everybody whom this machine cannot name, and so for "
                      "nobody; name a user of your own",
                      name, user->uid));
      return std::nullopt;
    }
    users.push_back({user->name, user->uid});
  }
  return users;
}

}  // namespace hwf::cli
