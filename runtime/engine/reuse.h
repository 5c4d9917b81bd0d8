// Reuse: the result of an equal earlier task. The key is a digest of what can change the result: the command with `out`
// by name and `previous` empty, arguments and `uses` by content, environment, outputs as declared, ranks and nodes. An
// entry is a small file in the cache beside the runs, made with link() (the first one stays), believed only if it is
// the own user's and its files are as they were. Stateless but for digests remembered by inode; one thread.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/error.h"
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
  Reuse(platform::FileSystem& files, std::string directory) : files_(files), directory_(std::move(directory)) {}

  // Whether tasks of this kind may ever be reused: no effects, no `cache off`. (Watched and told ones
  // the scheduler excepts.)
  static bool Allowed(const ir::Task& task);

  // Empty if it cannot be computed (a `uses` file is missing): then the task runs and says so itself.
  std::string Key(const ir::Module& module, const scheduler::StartTask& start);
  std::optional<ReuseEntry> Find(const std::string& key);
  // Also runs on the worker thread: uses no member but the directory's name.
  ErrorOr<Success> Store(const std::string& key, const ReuseEntry& entry) const;

 private:
  ErrorOr<std::string> DigestOfPath(const std::string& path);
  std::string EntryPath(const std::string& key) const;

  platform::FileSystem& files_;
  std::string directory_;
  std::map<std::string, std::string> digests_;  // of `uses`, by path, inode, size and mtime
};

}  // namespace hwf::engine
