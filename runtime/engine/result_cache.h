// Results of tasks by key, kept beside the runs for later ones: one log per engine that had something to keep, so that
// many small results cost no inode each and no two engines write one file. Of equal keys the newest counts. Never
// synced: what a power cut takes is computed again. Only logs that are one user's, and that nobody else can write, are
// read: our own, or those of somebody whom the run trusts. Any thread.
#pragma once

#include <sys/types.h>
#include <unistd.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "runtime/journal/log.h"
#include "runtime/platform/file_system.h"

namespace hwf::engine {

class ResultCache {
 public:
  // `own`: the name of the log that this engine adds to, unique to it; those of later engines sort behind it.
  // `readers`: the group that may read what is added; none: nobody else. `owner`: whose logs are read.
  ResultCache(platform::FileSystem& files, std::string directory, const std::string& own,
              std::optional<gid_t> readers = std::nullopt, uid_t owner = geteuid());

  std::optional<Json> Find(const std::string& key);
  // What it says is not so any more.
  void Forget(const std::string& key);
  ErrorOr<Success> Add(const std::string& key, const Json& entry);
  // The name of a log that was not read, since it is not its owner's alone; empty: there is none.
  std::string Refused();

 private:
  struct Log {
    std::string path;
    uint64_t read = 0;
    bool damaged = false;
  };
  struct Where {
    uint32_t log = 0;
    uint32_t size = 0;  // of the record, with what precedes it behind `offset`
    uint64_t offset = 0;
  };
  // The files are looked at again at most once a second: other runs add to theirs at the same time.
  void Refresh();
  ErrorOr<Success> OpenOwn();
  void Read(uint32_t number);
  bool Trusted(const std::string& path, uint64_t& size);
  std::optional<Json> At(const Where& where, const std::string& key);

  platform::FileSystem& files_;
  const std::string directory_;
  const std::optional<gid_t> readers_;
  const uid_t owner_;
  std::mutex mutex_;       // for all below
  std::vector<Log> logs_;  // the first is our own
  std::unordered_map<std::string, uint32_t> numbers_;
  std::unordered_map<uint64_t, Where> index_;  // by a hash of the key: the record has the whole
  std::unique_ptr<journal::LogWriter> writer_;
  std::optional<Error> broken_;
  std::string refused_;
  int64_t refreshed_ms_ = -1;
};

}  // namespace hwf::engine
