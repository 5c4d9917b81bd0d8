#include "runtime/slurm/claim.h"

#include <cerrno>

#include "runtime/platform/file_system.h"
#include "runtime/platform/ids.h"

namespace hwf::slurm {
namespace {

constexpr uint64_t kMaxBytes = 4096;

}  // namespace

std::string ClaimOf(const std::string& attempt_directory) {
  auto text = platform::RealFileSystem().Read(attempt_directory + "/claim", kMaxBytes);
  if (!text.ok()) return "";
  while (text->ends_with('\n')) text->pop_back();
  return *std::move(text);
}

ErrorOr<bool> TakeClaim(const std::string& attempt_directory, const std::string& who, bool durable) {
  platform::FileSystem& files = platform::RealFileSystem();
  const std::string target = attempt_directory + "/claim";
  const std::string beside = attempt_directory + "/.claim." + platform::NewId();
  auto written = files.WriteAtomically(beside, who + "\n", 0600, durable);
  if (!written.ok()) {
    if (written.error().code() == ENOENT) return false;
    return written.error();
  }
  const auto linked = files.Link(beside, target);
  (void)files.Unlink(beside);
  // Also after an error: the link may be there all the same.
  const bool mine = ClaimOf(attempt_directory) == who;
  if (!mine && !linked.ok() && linked.error().code() != EEXIST) return linked.error();
  if (mine && durable) HWF_TRY(files.SyncDirectory(attempt_directory));
  return mine;
}

}  // namespace hwf::slurm
