// Reuse: the result of an equal earlier task. The key is a digest of what can change the result: the command with `out`
// by name and `previous` empty, arguments and `uses` by content, environment, outputs as declared, image (or the site's
// setup), ranks and nodes. An entry in the cache beside the runs is believed only if its files, and those below its
// directories, are as they were; of files at distant sites the engine asks there. One thread, unless said otherwise.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "runtime/engine/result_cache.h"
#include "runtime/platform/file_system.h"
#include "runtime/scheduler/scheduler.h"

namespace hwf::engine {

struct ReuseEntry {
  std::string run;
  state::Place place;
  Json outputs;
};

class Reuse {
 public:
  // `own`: the name of this engine's own log in the cache's directory. `more`: other directories of the same user's
  // results, which count behind it, in their order. `readers`: as ResultCache has it.
  Reuse(platform::FileSystem& files, const std::string& directory, const std::string& own,
        const std::vector<std::string>& more = {}, std::optional<gid_t> readers = std::nullopt);

  // Whether tasks of this kind may ever be reused: no effects, no `cache off`. (Watched and told ones
  // the scheduler excepts.)
  static bool Allowed(const ir::Task& task);

  // What the key is the digest of. Null if it cannot be computed (a `uses` file is missing): then the task runs and
  // says so itself. `image`: the digest of what it runs in; empty: nothing.
  Json KeyMembers(const ir::Module& module, const scheduler::StartTask& start, const std::string& image = "");
  static std::string KeyOf(const Json& members);  // empty of null
  std::string Key(const ir::Module& module, const scheduler::StartTask& start, const std::string& image = "") {
    return KeyOf(KeyMembers(module, start, image));
  }
  // `why`, if given: why there is none.
  std::optional<ReuseEntry> Find(const std::string& key, std::string* why = nullptr);
  static bool HasFiles(const Json& outputs);
  // The File and Dir values of an earlier result that lie at distant sites. nullopt: the site of one of them was
  // distant and is not now; what its path leads to nobody has looked at, and the result does not count.
  static std::optional<std::vector<const Json*>> FilesElsewhere(const ir::Module& module, const Json& outputs);
  // Whether an entry is one that this hwf understands.
  static bool IsKnown(const Json& entry);
  // Looks at each file among the outputs that is here. Any thread.
  ErrorOr<Success> Store(const std::string& key, const ReuseEntry& entry);

 private:
  ErrorOr<std::string> DigestOfPath(const std::string& path);
  static std::optional<ReuseEntry> FindIn(ResultCache& cache, const std::string& key, std::string* why);

  ResultCache cache_;
  std::vector<std::unique_ptr<ResultCache>> more_;
  std::map<std::string, std::string> digests_;  // of `uses`, by path, inode, size and mtime
};

}  // namespace hwf::engine
