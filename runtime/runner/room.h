// Whether a file system has room for what starts now: a task's own files and streams need some, and would fail for
// nothing. Any thread.
#pragma once

#include <string>

namespace hwf::runner {

// "disk full: …", or empty; also where nobody can say.
std::string LackOfRoom(const std::string& directory);

}  // namespace hwf::runner
