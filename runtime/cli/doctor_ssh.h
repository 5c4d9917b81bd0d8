// Whether a machine reached by ssh is fit for a site. Opens the connection if it can be opened without asking. The main
// thread only.
#pragma once

#include <functional>
#include <set>
#include <string>

#include "runtime/ssh/ssh_site.h"

namespace hwf::cli {

enum class Health { kGood, kLook, kBad };
using SayCheck = std::function<void(Health health, const std::string& what, const std::string& found)>;

void CheckSshSite(const ssh::SshSiteOptions& options, const SayCheck& say);

}  // namespace hwf::cli
