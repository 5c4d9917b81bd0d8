// Results of other people whom a run trusts (`hwf run --trust USER`): of their runs beside this one, as far as they
// share them with a group of ours. Of what somebody else wrote only that counts which that user alone can have written;
// files are read, and must be what their digests say. One thread at a time, and not the engine's: it may take long.
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "ir/module.h"
#include "runtime/engine/result_cache.h"
#include "runtime/engine/reuse.h"
#include "runtime/platform/file_descriptor.h"
#include "runtime/platform/file_system.h"

namespace hwf::engine {

struct TrustedUser {
  std::string name;
  uid_t uid = 0;
};
// As RunStarted has them: null of nobody. Entries that are none name nobody.
Json TrustJson(const std::vector<TrustedUser>& users);
std::vector<TrustedUser> TrustedUsers(const Json& trust);

class TrustedResults {
 public:
  // Of runs beside `run_directory`. Oneself need not be trusted, and is left out.
  TrustedResults(platform::FileSystem& files, std::string run_directory, std::vector<TrustedUser> users);

  bool empty() const { return users_.empty(); }
  // A result of an equal task, of the first user who has one that counts. `why`: why there is none of our own; changed
  // where somebody has one, to why that does not count, or empty where it does.
  std::optional<ReuseEntry> Find(const ir::Task& task, const std::string& key, std::string& why);

 private:
  // One of their directories, held open: whatever is renamed to its place later is not looked into.
  struct Place {
    std::string path;
    const TrustedUser* user;
    platform::FileDescriptor directory;
    std::unique_ptr<ResultCache> cache;  // null: it is not that user's alone
  };
  void Refresh();
  void Open(const TrustedUser& user, const std::string& path);
  ErrorOr<ReuseEntry> Check(const ir::Task& task, const Json& entry, uid_t owner) const;

  platform::FileSystem& files_;
  const std::string run_directory_;
  std::vector<TrustedUser> users_;
  std::vector<Place> places_;
  int64_t refreshed_ms_ = -1;
};

}  // namespace hwf::engine
