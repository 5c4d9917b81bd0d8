// `hwf-runner rsh ssh … HOST COMMAND…`: for `rsync -e`. Runs ssh, and passes over what a login there prints before the
// command begins: a chatty start-up file would end rsync.
#pragma once

#include <string>
#include <vector>

namespace hwf::runner {

int RemoteShell(const std::vector<std::string>& arguments);

}  // namespace hwf::runner
