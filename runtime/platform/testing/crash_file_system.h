// CrashFileSystem: a file system in memory that can be crashed. It keeps, beside the present state, what was synced:
// PowerLoss drops and reorders the rest. Dies (every call fails) at the N-th call on wish, and fills up. For tests;
// owns all its files. Thread-safe.
//
// What power loss may do to what was not synced: of each file's bytes behind the synced ones any sectors may be missing
// (zeros), and the end may be cut; each change of a directory (create, link, rename within it, unlink) may be undone by
// itself, a rename between directories in each of them. A file that was created but whose directory was not synced may
// be gone, whether it was itself synced or not.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/platform/file_system.h"

namespace hwf::platform::testing {

class CrashFileSystem : public FileSystem {
 public:
  CrashFileSystem();
  ~CrashFileSystem() override;

  // The power goes now, and comes back: unsynced state is lost as `seed` decides; open files are dead for good.
  void PowerLoss(uint64_t seed);
  // The process dies in its `n`-th call from now (1: the next), leaving that call undone or half done; every later call
  // fails until Restart. 0: never.
  void FailAfter(int64_t n);
  // A new process after the death of the old: the kernel's state is kept, files opened before are dead.
  void Restart();
  bool dead() const;
  // Calls so far.
  int64_t calls() const;

  // ENOSPC once `bytes` more have been written; nothing: endless.
  void SetFreeBytes(std::optional<uint64_t> bytes);
  // Syncing and closing fail with this code (EDQUOT on a network file system), writing does not; 0: they succeed.
  void SetErrorAtClose(int code);
  // link() reports failure although it was done, as NFS may.
  void SetLinkReportsFailure(bool on);
  // The modification time of what changes from now on.
  void SetTime(int64_t now_ms);
  // Changes bytes on the disk, as a fault of the medium would.
  void Corrupt(const std::string& path, const std::function<void(std::string&)>& change);

  ErrorOr<Success> MakeDirectory(const std::string& path, mode_t mode) override;
  ErrorOr<std::unique_ptr<AppendFile>> OpenAppend(const std::string& path, mode_t mode) override;
  ErrorOr<std::string> Read(const std::string& path, uint64_t limit) override;
  ErrorOr<std::string> ReadRange(const std::string& path, uint64_t offset, uint64_t limit) override;
  ErrorOr<Success> WriteAtomically(const std::string& path, std::string_view bytes, mode_t mode, bool sync) override;
  ErrorOr<Success> Rename(const std::string& from, const std::string& to) override;
  ErrorOr<Success> Link(const std::string& from, const std::string& to) override;
  ErrorOr<Success> Unlink(const std::string& path) override;
  ErrorOr<Success> RemoveDirectory(const std::string& path) override;
  ErrorOr<Success> SyncDirectory(const std::string& path) override;
  ErrorOr<std::vector<std::string>> List(const std::string& path) override;
  ErrorOr<FileInfo> Stat(const std::string& path) override;

 private:
  class File;
  struct Node;
  using NodePtr = std::shared_ptr<Node>;
  // A change of one directory: names and what they lead to (null: nothing), taking hold together.
  using Change = std::vector<std::pair<std::string, NodePtr>>;
  struct Node {
    bool directory = false;
    mode_t mode = 0;
    uint64_t inode = 0;
    int64_t mtime_ms = 0;
    std::string data, synced_data;  // of a file
    uint64_t reserved_end = 0;
    std::map<std::string, NodePtr> entries, synced_entries;  // of a directory
    std::vector<Change> changes;                             // not synced, in order
  };
  struct Place {
    NodePtr parent;
    std::string name;
    NodePtr node;  // null: not there
  };

  // The beginning of every call: counts, and dies if this is the one. `half` is true if the call may be half done.
  std::optional<Error> Enter(const std::string& what);
  bool DiesNow() const;
  ErrorOr<Place> Walk(const std::string& path, const std::string& what) const;
  ErrorOr<Place> WalkTo(const std::string& path, const std::string& what) const;
  NodePtr NewNode(bool directory, mode_t mode);
  static void Apply(Node& directory, Change change);
  ErrorOr<Success> Write(Node& node, std::string_view bytes, const std::string& what);
  ErrorOr<Success> SyncNode(Node& node, const std::string& what);
  void LosePower(const NodePtr& node, std::mt19937_64& random);
  std::string LoseData(const Node& node, std::mt19937_64& random);

  mutable std::mutex mutex_;
  NodePtr root_;
  uint64_t next_inode_ = 1;
  uint64_t generation_ = 0;  // of processes; older files are dead
  int64_t calls_ = 0;
  int64_t die_at_ = 0;
  bool dead_ = false;
  std::optional<uint64_t> free_;
  int close_error_ = 0;
  bool link_reports_failure_ = false;
  int64_t now_ms_ = 0;
};

}  // namespace hwf::platform::testing
