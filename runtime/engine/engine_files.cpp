// Files of emissions that `keep N` has let go. After a restart all that was ever let go is asked for again: what is
// gone is no error.
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>

#include "runtime/engine/engine_impl.h"

namespace hwf::engine {
namespace {

// Without links; empty if it is not there.
std::string RealPath(const std::string& path) {
  char* const real = realpath(path.c_str(), nullptr);
  std::string out = real == nullptr ? "" : real;
  free(real);
  return out;
}

}  // namespace

void EngineImpl::Do(const scheduler::RemoveFiles& command) {
  // Nothing else is ever removed, whatever a task has made of its directories meanwhile; nor what belongs to the run of
  // which this one is a copy.
  const std::string root = RealPath(record_->paths().Tasks());
  for (const std::string& file : command.files) {
    const std::string folder = RealPath(file.substr(0, file.find_last_of('/')));
    if (folder.empty() || root.empty() || !folder.starts_with(root + "/")) continue;
    if (unlink(file.c_str()) == 0 || errno == ENOENT) continue;
    follower_.OnTrouble(ErrnoError(errno, "removing " + file + ", which `keep` has let go").message());
  }
}

}  // namespace hwf::engine
