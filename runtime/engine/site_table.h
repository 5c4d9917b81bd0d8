// The sites of a run: for each that a task of the program runs on, the site itself, what is ready for it, and how much
// it has. One thread: the engine's.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "ir/module.h"
#include "runtime/engine/dispatch.h"
#include "runtime/engine/secrets.h"
#include "runtime/journal/log.h"
#include "runtime/site/site.h"
#include "runtime/ssh/ssh_host.h"

namespace hwf::engine {

// Where hwf's own programs lie here.
struct Installation {
  std::string programs;
  std::string python;  // of the module for tasks; may be empty
};

struct RunSite {
  std::unique_ptr<site::Site> site;
  Dispatch ready;
  std::optional<ssh::SshHost> host;                      // how its files are reached, where they are not this machine's
  std::unique_ptr<journal::LogWriter> copy;              // of the records of a distant agent, for `hwf logs`
  size_t bringing = 0;                                   // attempts whose files are on their way there
  std::map<std::string, std::string> images;             // that are ready there, with their digests
  std::map<std::string, std::vector<Ready>> for_images;  // what waits for one
  size_t waiting = 0;                                    // submitted and not begun
  bool caught_up = false;                                // it has told all it knew when this engine began
  std::vector<scheduler::CancelAttempt> cancels;         // that wait for this
  std::vector<scheduler::Command> later;                 // likewise: what it is to be asked, and to remove
  Secrets secrets;                                       // of its tasks
  std::string trouble;                                   // why it cannot work now, or empty
  int64_t trouble_since_ms = 0;                          // monotonic

  const std::string& name() const { return site->name(); }
  // In trouble that is waited out.
  bool patiently_troubled() const { return !trouble.empty() && site->patient(); }
};

class SiteTable {
 public:
  // Makes them; nothing is connected yet.
  static ErrorOr<SiteTable> Open(const ir::Module& module, const std::string& run_directory, const std::string& run_id,
                                 const Installation& programs, site::Listener& listener);

  RunSite* Find(const std::string& name);
  std::vector<std::unique_ptr<RunSite>>& all() { return sites_; }
  const std::vector<std::unique_ptr<RunSite>>& all() const { return sites_; }

  bool caught_up() const;  // each of them
  bool nothing_ready() const;
  size_t waiting() const;
  // True if it was ready somewhere, and is no more.
  bool Forget(const state::Place& place, int attempt);

 private:
  std::vector<std::unique_ptr<RunSite>> sites_;
};

// The sites that tasks of the module run on, `here` first.
std::vector<std::string> UsedSites(const ir::Module& module);

// Whether this build can use them, before a run is made.
ErrorOr<Success> CheckSites(const ir::Module& module);

}  // namespace hwf::engine
