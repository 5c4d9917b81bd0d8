// `hwf-runner charliecloud …`: charliecloud shares the user's /tmp, /dev/shm and processes with its containers, has no
// read-only binds, and binds nothing to a path that the image lacks. So a mount namespace is prepared in which there is
// only what the task is to see: the image under a layer in memory, with everything else bound into it. ch-run enters
// that. All of the task's processes die with this one. One thread.
#pragma once

#include <string>
#include <vector>

namespace hwf::container {

// Arguments: IMAGE SCRATCH (w|r SOURCE TARGET)… -- COMMAND…, in which a word `ROOT` is where the image then is. The
// exit code is the command's, 128 and more for a signal, or 125 with a line on standard error.
int RunCharliecloudRoot(const std::vector<std::string>& arguments);

}  // namespace hwf::container
