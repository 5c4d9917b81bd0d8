// A file system that passes everything on to a directory beside it, as lazily as NFS and Lustre may be: for whoever
// is not the one who changed it, listings and absent names are late; renames that were done are reported as failed; a
// close may say that what was written is lost. Every session of processes is a client of its own. For tests.
#pragma once

#include <atomic>
#include <chrono>
#include <string>

namespace hwf::platform::testing {

struct LazyOptions {
  std::string backing;  // absolute; where everything really is
  std::string mount;    // absolute, an empty directory
  std::chrono::milliseconds trust{1500};
  int every =
      3;  // one of so many renames, and of so many closes, of a client's goes wrong, of hwf's own programs alone
};

// In memory that the server shares with its parent.
struct LazyCounts {
  std::atomic<int> late_listings = 0;  // listings that were not asked for anew
  std::atomic<int> late_names = 0;     // names that were there, and said to be absent
  std::atomic<int> renames = 0;        // done, and reported as failed
  std::atomic<int> closes = 0;         // that failed, and what was written is lost
};

// Mounts it, calls `mounted`, and serves until it is unmounted. What went wrong; empty: nothing.
std::string ServeLazily(const LazyOptions& options, LazyCounts& counts, void (*mounted)(int), int argument);

}  // namespace hwf::platform::testing
