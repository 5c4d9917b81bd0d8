// `--trust USER` of `hwf run` and `hwf plan`: whose results are taken beside one's own. The main thread.
#pragma once

#include <optional>
#include <vector>

#include "runtime/cli/command.h"
#include "runtime/engine/trusted_results.h"

namespace hwf::cli {

OptionSpec TrustOption();
// nullopt: it has complained of a name that is no account here.
std::optional<std::vector<engine::TrustedUser>> ReadTrust(const Arguments& arguments);

}  // namespace hwf::cli
