// On libfuse's low-level interface: a node is an inode of the directory behind, held by an O_PATH descriptor, as NFS
// holds file handles. The kernel is told to remember nothing, so every name and attribute is asked for here. Sizes are
// never stale (NFS asks for them at open), locks and sockets are the kernel's own.
#define FUSE_USE_VERSION 34
#include "runtime/platform/testing/lazy_mount.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <fuse3/fuse_lowlevel.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "runtime/platform/file_descriptor.h"
#include "runtime/platform/testing/lazy_clients.h"

namespace hwf::platform::testing {
namespace {

constexpr ino_t kUnknownInode = 0xffffffff;  // as libfuse has it; 0 would be no entry

// What libfuse hands around as an integer.
template <typename T>
T* Pointer(uint64_t handle) {
  return reinterpret_cast<T*>(handle);  // NOLINT(performance-no-int-to-ptr)
}

struct Node {
  FileDescriptor fd;  // O_PATH
  ino_t inode = 0;
  uint64_t lookups = 0;
};

struct Handle {
  FileDescriptor fd;
  bool appends = false;
  // Written since the last sync, by hwf's programs alone: what a failing close loses.
  std::atomic<bool> unsynced = false;
  std::atomic<bool> foreign = false;
  std::atomic<off_t> synced = 0;
};

struct Listed {
  std::vector<std::string> names;
};

class LazyMount {
 public:
  LazyMount(const LazyOptions& options, LazyCounts& counts)
      : counts_(counts), clients_(options.trust), every_(options.every) {
    root_.fd = FileDescriptor(open(options.backing.c_str(), O_PATH | O_CLOEXEC));
    struct stat status {};
    if (fstat(root_.fd.get(), &status) == 0) root_.inode = status.st_ino;
    root_.lookups = 1;
  }

  Node& At(fuse_ino_t id) { return id == FUSE_ROOT_ID ? root_ : *Pointer<Node>(id); }

  // The node of a name, which the kernel will count as one lookup; 0 or an errno.
  int Look(Node& parent, const char* name, fuse_entry_param& entry) {
    FileDescriptor fd(openat(parent.fd.get(), name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (!fd.valid() || fstat(fd.get(), &entry.attr) != 0) return errno;
    const std::lock_guard lock(mutex_);
    std::unique_ptr<Node>& node = nodes_[entry.attr.st_ino];
    if (!node) node = std::make_unique<Node>(Node{std::move(fd), entry.attr.st_ino, 0});
    ++node->lookups;
    entry.ino = reinterpret_cast<fuse_ino_t>(node.get());
    return 0;
  }
  void Forget(fuse_ino_t id, uint64_t count) {
    if (id == FUSE_ROOT_ID) return;
    const std::lock_guard lock(mutex_);
    Node& node = At(id);
    node.lookups -= count;
    if (node.lookups == 0) nodes_.erase(node.inode);
  }

  static LazyClients::Time Now() { return std::chrono::steady_clock::now(); }
  static pid_t ClientOf(fuse_req_t req) { return std::max(0, getsid(fuse_req_ctx(req)->pid)); }
  // By its name alone, which takes no lock: a caller that closes a file within exec holds the one that /proc/PID/exe,
  // stat and the like wait for, and waits for our answer.
  static bool IsOurs(fuse_req_t req) {
    std::array<char, 32> name{};
    const FileDescriptor fd(open(fmt::format("/proc/{}/comm", fuse_req_ctx(req)->pid).c_str(), O_RDONLY | O_CLOEXEC));
    const ssize_t length = fd.valid() ? read(fd.get(), name.data(), name.size()) : 0;
    const std::string_view program(name.data(), length < 0 ? 0 : static_cast<size_t>(length));
    return program == "hwf\n" || program == "hwf-runner\n" || program == "hwf-task\n";
  }
  bool RenameGoesWrong(fuse_req_t req) { return IsOurs(req) && GoesWrong(renames_, ClientOf(req)); }
  bool CloseGoesWrong(fuse_req_t req) { return IsOurs(req) && GoesWrong(closes_, ClientOf(req)); }

  LazyCounts& counts_;
  LazyClients clients_;
  Node root_;

 private:
  // Counted for each client, so that one that tries again meets its own turn only; the first turn differs.
  bool GoesWrong(std::map<pid_t, int>& turns, pid_t client) {
    const std::lock_guard lock(mutex_);
    int& turn = turns.try_emplace(client, client % every_).first->second;
    return ++turn % every_ == 0;
  }

  const int every_;
  std::mutex mutex_;
  std::map<pid_t, int> renames_, closes_;
  std::unordered_map<ino_t, std::unique_ptr<Node>> nodes_;
};

LazyMount& Of(fuse_req_t req) { return *static_cast<LazyMount*>(fuse_req_userdata(req)); }
Handle& HandleOf(const fuse_file_info* info) { return *Pointer<Handle>(info->fh); }
// A path to what an O_PATH descriptor stands for, for calls that take no such descriptor.
std::string Through(const Node& node) { return fmt::format("/proc/self/fd/{}", node.fd.get()); }
void ReplyDone(fuse_req_t req, int result) { fuse_reply_err(req, result == 0 ? 0 : errno); }

void ReplyEntry(fuse_req_t req, Node& parent, const char* name) {
  fuse_entry_param entry{};
  const int code = Of(req).Look(parent, name, entry);
  if (code != 0) {
    fuse_reply_err(req, code);
  } else {
    fuse_reply_entry(req, &entry);
  }
}

// What was just made belongs to who asked for it; below a set-group-id directory the group is that directory's.
int Own(fuse_req_t req, const Node& parent, const char* name) {
  struct stat above {};
  if (fstat(parent.fd.get(), &above) != 0) return -1;
  const fuse_ctx& caller = *fuse_req_ctx(req);
  const gid_t group = (above.st_mode & S_ISGID) != 0 ? above.st_gid : caller.gid;
  return fchownat(parent.fd.get(), name, caller.uid, group, AT_SYMLINK_NOFOLLOW);
}

void ReplyMade(fuse_req_t req, Node& parent, const char* name, int made) {
  if (made != 0 || Own(req, parent, name) != 0) return ReplyDone(req, -1);
  Of(req).clients_.Changed(LazyMount::ClientOf(req), parent.inode);
  ReplyEntry(req, parent, name);
}

// ---------------------------------------------------------------- names

void Lookup(fuse_req_t req, fuse_ino_t parent_id, const char* name) {
  LazyMount& mount = Of(req);
  Node& parent = mount.At(parent_id);
  const pid_t client = LazyMount::ClientOf(req);
  struct stat status {};
  const bool there = fstatat(parent.fd.get(), name, &status, AT_SYMLINK_NOFOLLOW) == 0;
  if (!there) {
    const int code = errno;
    if (code == ENOENT) mount.clients_.SawAbsent(client, parent.inode, name, LazyMount::Now());
    fuse_reply_err(req, code);
    return;
  }
  // Not for directories: the kernel, which all clients share, would take the name from those who work in it. Nor for
  // sockets, which are never used from another host.
  if (S_ISREG(status.st_mode) && mount.clients_.BelievesAbsent(client, parent.inode, name, LazyMount::Now())) {
    ++mount.counts_.late_names;
    fuse_reply_err(req, ENOENT);
    return;
  }
  ReplyEntry(req, parent, name);
}

void Forget(fuse_req_t req, fuse_ino_t id, uint64_t count) {
  Of(req).Forget(id, count);
  fuse_reply_none(req);
}

void ForgetMany(fuse_req_t req, size_t count, fuse_forget_data* forgets) {
  for (size_t i = 0; i < count; ++i) Of(req).Forget(forgets[i].ino, forgets[i].nlookup);
  fuse_reply_none(req);
}

void MakeNode(fuse_req_t req, fuse_ino_t parent, const char* name, mode_t mode, dev_t device) {
  Node& above = Of(req).At(parent);
  ReplyMade(req, above, name, mknodat(above.fd.get(), name, mode, device));
}

void MakeDirectory(fuse_req_t req, fuse_ino_t parent, const char* name, mode_t mode) {
  Node& above = Of(req).At(parent);
  ReplyMade(req, above, name, mkdirat(above.fd.get(), name, mode));
}

void MakeLink(fuse_req_t req, const char* target, fuse_ino_t parent, const char* name) {
  Node& above = Of(req).At(parent);
  ReplyMade(req, above, name, symlinkat(target, above.fd.get(), name));
}

void Link(fuse_req_t req, fuse_ino_t id, fuse_ino_t parent, const char* name) {
  LazyMount& mount = Of(req);
  Node& above = mount.At(parent);
  if (linkat(AT_FDCWD, Through(mount.At(id)).c_str(), above.fd.get(), name, AT_SYMLINK_FOLLOW) != 0) {
    return ReplyDone(req, -1);
  }
  mount.clients_.Changed(LazyMount::ClientOf(req), above.inode);
  ReplyEntry(req, above, name);
}

void Remove(fuse_req_t req, fuse_ino_t parent, const char* name, int flags) {
  LazyMount& mount = Of(req);
  Node& above = mount.At(parent);
  const int done = unlinkat(above.fd.get(), name, flags);
  if (done == 0) mount.clients_.Changed(LazyMount::ClientOf(req), above.inode);
  ReplyDone(req, done);
}
void Unlink(fuse_req_t req, fuse_ino_t parent, const char* name) { Remove(req, parent, name, 0); }
void RemoveDirectory(fuse_req_t req, fuse_ino_t parent, const char* name) { Remove(req, parent, name, AT_REMOVEDIR); }

// As NFS: flags are not known there. A request that is sent again because its answer was lost finds the name gone.
void Rename(fuse_req_t req, fuse_ino_t parent, const char* name, fuse_ino_t to_parent, const char* to, unsigned flags) {
  LazyMount& mount = Of(req);
  Node &from = mount.At(parent), &target = mount.At(to_parent);
  if (flags != 0) {
    fuse_reply_err(req, EINVAL);
    return;
  }
  if (renameat(from.fd.get(), name, target.fd.get(), to) != 0) return ReplyDone(req, -1);
  const pid_t client = LazyMount::ClientOf(req);
  mount.clients_.Changed(client, from.inode);
  mount.clients_.Changed(client, target.inode);
  const bool wrong = mount.RenameGoesWrong(req);
  fuse_reply_err(req, !wrong ? 0 : ++mount.counts_.renames % 2 == 0 ? EIO : ENOENT);
}

void ReadLink(fuse_req_t req, fuse_ino_t id) {
  std::array<char, 4097> target{};
  const ssize_t length = readlinkat(Of(req).At(id).fd.get(), "", target.data(), target.size() - 1);
  if (length < 0) return ReplyDone(req, -1);
  fuse_reply_readlink(req, target.data());
}

// ---------------------------------------------------------------- attributes

void GetAttributes(fuse_req_t req, fuse_ino_t id, fuse_file_info*) {
  struct stat status {};
  if (fstat(Of(req).At(id).fd.get(), &status) != 0) return ReplyDone(req, -1);
  fuse_reply_attr(req, &status, 0);
}

timespec TimeOf(int set, int now, int to, const timespec& value) {
  if ((set & now) != 0) return {0, UTIME_NOW};
  return (set & to) != 0 ? value : timespec{0, UTIME_OMIT};
}

int SetAttribute(const std::string& path, const struct stat& value, int set) {
  if ((set & FUSE_SET_ATTR_MODE) != 0 && chmod(path.c_str(), value.st_mode) != 0) return -1;
  const uid_t user = (set & FUSE_SET_ATTR_UID) != 0 ? value.st_uid : static_cast<uid_t>(-1);
  const gid_t group = (set & FUSE_SET_ATTR_GID) != 0 ? value.st_gid : static_cast<gid_t>(-1);
  if ((set & (FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID)) != 0 && chown(path.c_str(), user, group) != 0) return -1;
  if ((set & FUSE_SET_ATTR_SIZE) != 0 && truncate(path.c_str(), value.st_size) != 0) return -1;
  const timespec times[2] = {TimeOf(set, FUSE_SET_ATTR_ATIME_NOW, FUSE_SET_ATTR_ATIME, value.st_atim),
                             TimeOf(set, FUSE_SET_ATTR_MTIME_NOW, FUSE_SET_ATTR_MTIME, value.st_mtim)};
  const bool timed = times[0].tv_nsec != UTIME_OMIT || times[1].tv_nsec != UTIME_OMIT;
  return timed ? utimensat(AT_FDCWD, path.c_str(), times, 0) : 0;
}

void SetAttributes(fuse_req_t req, fuse_ino_t id, struct stat* value, int set, fuse_file_info* info) {
  if (SetAttribute(Through(Of(req).At(id)), *value, set) != 0) return ReplyDone(req, -1);
  GetAttributes(req, id, info);
}

void StatFileSystem(fuse_req_t req, fuse_ino_t id) {
  struct statvfs status {};
  if (fstatvfs(Of(req).At(id).fd.get(), &status) != 0) return ReplyDone(req, -1);
  fuse_reply_statfs(req, &status);
}

// ---------------------------------------------------------------- files

void GiveHandle(fuse_file_info* info, int fd) {
  auto handle = std::make_unique<Handle>();
  handle->appends = (info->flags & O_APPEND) != 0;
  handle->fd = FileDescriptor(fd);
  info->fh = reinterpret_cast<uint64_t>(handle.release());
}

void OpenFile(fuse_req_t req, fuse_ino_t id, fuse_file_info* info) {
  const int fd = open(Through(Of(req).At(id)).c_str(), (info->flags & ~O_NOFOLLOW) | O_CLOEXEC);
  if (fd < 0) return ReplyDone(req, -1);
  GiveHandle(info, fd);
  HandleOf(info).synced = lseek(fd, 0, SEEK_END);
  fuse_reply_open(req, info);
}

void CreateFile(fuse_req_t req, fuse_ino_t parent, const char* name, mode_t mode, fuse_file_info* info) {
  LazyMount& mount = Of(req);
  Node& above = mount.At(parent);
  struct stat before {};
  const bool there = fstatat(above.fd.get(), name, &before, AT_SYMLINK_NOFOLLOW) == 0;
  const int fd = openat(above.fd.get(), name, info->flags | O_CREAT | O_NOFOLLOW | O_CLOEXEC, mode);
  if (fd < 0) return ReplyDone(req, -1);
  GiveHandle(info, fd);
  fuse_entry_param entry{};
  int code = there || Own(req, above, name) == 0 ? 0 : errno;
  mount.clients_.Changed(LazyMount::ClientOf(req), above.inode);
  if (code == 0) code = mount.Look(above, name, entry);
  if (code != 0) {
    delete &HandleOf(info);
    fuse_reply_err(req, code);
    return;
  }
  HandleOf(info).synced = lseek(fd, 0, SEEK_END);
  fuse_reply_create(req, &entry, info);
}

void ReadFile(fuse_req_t req, fuse_ino_t, size_t size, off_t offset, fuse_file_info* info) {
  std::vector<char> bytes(size);
  const ssize_t count = pread(HandleOf(info).fd.get(), bytes.data(), size, offset);
  if (count < 0) return ReplyDone(req, -1);
  fuse_reply_buf(req, bytes.data(), static_cast<size_t>(count));
}

void WriteFile(fuse_req_t req, fuse_ino_t, const char* bytes, size_t size, off_t offset, fuse_file_info* info) {
  Handle& handle = HandleOf(info);
  const ssize_t count = pwrite(handle.fd.get(), bytes, size, offset);
  if (count < 0) return ReplyDone(req, -1);
  handle.unsynced = true;
  if (!handle.foreign && !LazyMount::IsOurs(req)) handle.foreign = true;
  fuse_reply_write(req, static_cast<size_t>(count));
}

void SyncFile(fuse_req_t req, fuse_ino_t, int data_only, fuse_file_info* info) {
  Handle& handle = HandleOf(info);
  const off_t size = lseek(handle.fd.get(), 0, SEEK_END);
  const int done = data_only != 0 ? fdatasync(handle.fd.get()) : fsync(handle.fd.get());
  if (done == 0) {
    handle.unsynced = false;
    handle.synced = size;
  }
  ReplyDone(req, done);
}

// What hwf wrote and did not sync may be lost, and close says so. Not of logs: they are synced while they are open, and
// each child that is started closes them too, where nobody hears of it.
void CloseFile(fuse_req_t req, fuse_ino_t, fuse_file_info* info) {
  LazyMount& mount = Of(req);
  Handle& handle = HandleOf(info);
  if (!handle.unsynced || handle.foreign || handle.appends || !mount.CloseGoesWrong(req)) {
    fuse_reply_err(req, 0);
    return;
  }
  ++mount.counts_.closes;
  handle.unsynced = false;
  ReplyDone(req, ftruncate(handle.fd.get(), handle.synced) == 0 ? (errno = EIO, -1) : -1);
}

void ReleaseFile(fuse_req_t req, fuse_ino_t, fuse_file_info* info) {
  delete &HandleOf(info);
  fuse_reply_err(req, 0);
}

// As NFS before 4.2 and Lustre: space cannot be set aside.
void Allocate(fuse_req_t req, fuse_ino_t, int, off_t, off_t, fuse_file_info*) { fuse_reply_err(req, EOPNOTSUPP); }

// ---------------------------------------------------------------- listings

int ReadNames(const Node& node, std::vector<std::string>& names) {
  DIR* directory = opendir(Through(node).c_str());
  if (directory == nullptr) return errno;
  while (const dirent* entry = readdir(directory)) names.emplace_back(entry->d_name);
  closedir(directory);
  return 0;
}

void OpenDirectory(fuse_req_t req, fuse_ino_t id, fuse_file_info* info) {
  LazyMount& mount = Of(req);
  Node& node = mount.At(id);
  const pid_t client = LazyMount::ClientOf(req);
  auto listed = std::make_unique<Listed>();
  if (auto believed = mount.clients_.Listing(client, node.inode, LazyMount::Now())) {
    ++mount.counts_.late_listings;
    listed->names = *std::move(believed);
  } else {
    const int code = ReadNames(node, listed->names);
    if (code != 0) {
      fuse_reply_err(req, code);
      return;
    }
    mount.clients_.SawListing(client, node.inode, listed->names, LazyMount::Now());
  }
  info->fh = reinterpret_cast<uint64_t>(listed.release());
  fuse_reply_open(req, info);
}

void ReadDirectory(fuse_req_t req, fuse_ino_t, size_t size, off_t offset, fuse_file_info* info) {
  const std::vector<std::string>& names = Pointer<Listed>(info->fh)->names;
  std::vector<char> bytes(size);
  size_t used = 0;
  for (auto at = static_cast<size_t>(offset); at < names.size(); ++at) {
    struct stat status {};  // of an unknown kind: who wants to know asks
    status.st_ino = kUnknownInode;
    const size_t more = fuse_add_direntry(req, bytes.data() + used, size - used, names[at].c_str(), &status,
                                          static_cast<off_t>(at + 1));
    if (more > size - used) break;
    used += more;
  }
  fuse_reply_buf(req, bytes.data(), used);
}

void ReleaseDirectory(fuse_req_t req, fuse_ino_t, fuse_file_info* info) {
  delete Pointer<Listed>(info->fh);
  fuse_reply_err(req, 0);
}

void SyncDirectory(fuse_req_t req, fuse_ino_t id, int, fuse_file_info*) {
  const FileDescriptor fd(open(Through(Of(req).At(id)).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  ReplyDone(req, fd.valid() ? fsync(fd.get()) : -1);
}

void Begin(void*, fuse_conn_info* connection) {
  connection->want &= ~static_cast<unsigned>(FUSE_CAP_READDIRPLUS | FUSE_CAP_READDIRPLUS_AUTO);
}

fuse_lowlevel_ops Operations() {
  fuse_lowlevel_ops ops{};
  ops.init = Begin;
  ops.lookup = Lookup;
  ops.forget = Forget;
  ops.forget_multi = ForgetMany;
  ops.getattr = GetAttributes;
  ops.setattr = SetAttributes;
  ops.readlink = ReadLink;
  ops.mknod = MakeNode;
  ops.mkdir = MakeDirectory;
  ops.unlink = Unlink;
  ops.rmdir = RemoveDirectory;
  ops.symlink = MakeLink;
  ops.rename = Rename;
  ops.link = Link;
  ops.open = OpenFile;
  ops.create = CreateFile;
  ops.read = ReadFile;
  ops.write = WriteFile;
  ops.flush = CloseFile;
  ops.release = ReleaseFile;
  ops.fsync = SyncFile;
  ops.fallocate = Allocate;
  ops.opendir = OpenDirectory;
  ops.readdir = ReadDirectory;
  ops.releasedir = ReleaseDirectory;
  ops.fsyncdir = SyncDirectory;
  ops.statfs = StatFileSystem;
  return ops;
}

}  // namespace

std::string ServeLazily(const LazyOptions& options, LazyCounts& counts, void (*mounted)(int), int argument) {
  umask(0);
  LazyMount mount(options, counts);
  char program[] = "lazy", flag[] = "-o", words[] = "allow_other,default_permissions,fsname=hwf-lazy";
  char* argv[] = {program, flag, words};
  fuse_args args = FUSE_ARGS_INIT(3, argv);
  const fuse_lowlevel_ops ops = Operations();
  fuse_session* session = fuse_session_new(&args, &ops, sizeof ops, &mount);
  if (session == nullptr) return "no session of FUSE can be made";
  std::string why;
  if (fuse_session_mount(session, options.mount.c_str()) != 0) {
    why = fmt::format("nothing can be mounted at {}: {}", options.mount, std::strerror(errno));
  } else {
    mounted(argument);
    fuse_loop_config config{};
    config.max_idle_threads = 8;
    if (fuse_session_loop_mt(session, &config) < 0) why = "serving the file system ended with an error";
    fuse_session_unmount(session);
  }
  fuse_session_destroy(session);
  return why;
}

}  // namespace hwf::platform::testing
