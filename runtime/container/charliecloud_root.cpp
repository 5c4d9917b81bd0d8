#include "runtime/container/charliecloud_root.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/error.h"
#include "runtime/container/engine.h"
#include "runtime/platform/file_descriptor.h"

namespace hwf::container {
namespace {

using platform::FileDescriptor;

constexpr int kFailed = 125;
// Something of the system's to mount over, in this namespace alone.
constexpr const char* kStages[] = {"/mnt", "/media", "/srv"};

struct Plan {
  std::string image, scratch;
  std::vector<Bind> binds;
  std::vector<std::string> command;
};

ErrorOr<Plan> ReadPlan(const std::vector<std::string>& arguments) {
  Plan plan;
  if (arguments.size() < 4)
    return MakeError("usage: hwf-runner charliecloud IMAGE SCRATCH (w|r SOURCE TARGET)… -- COMMAND…");
  plan.image = arguments[0];
  plan.scratch = arguments[1];
  size_t at = 2;
  for (; at + 2 < arguments.size() && arguments[at] != "--"; at += 3) {
    plan.binds.push_back({arguments[at + 1], arguments[at + 2], arguments[at] == "w"});
  }
  plan.command.assign(arguments.begin() + static_cast<std::ptrdiff_t>(std::min(at + 1, arguments.size())),
                      arguments.end());
  if (plan.command.empty()) return MakeError("no command");
  return plan;
}

std::string Through(const FileDescriptor& fd) { return fmt::format("/proc/self/fd/{}", fd.get()); }

ErrorOr<Success> Mount(const std::string& source, const std::string& target, const char* type, unsigned long flags,
                       const std::string& data, const std::string& what) {
  if (mount(source.c_str(), target.c_str(), type, flags, data.c_str()) != 0) return ErrnoError(errno, what);
  return Success{};
}

ErrorOr<Success> WriteText(const char* path, const std::string& text) {
  const FileDescriptor fd(open(path, O_WRONLY | O_CLOEXEC));
  if (!fd.valid() || write(fd.get(), text.data(), text.size()) < 0)
    return ErrnoError(errno, std::string("writing ") + path);
  return Success{};
}

ErrorOr<Success> EnterNamespaces() {
  const uid_t uid = geteuid();
  const gid_t gid = getegid();
  if (unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC) != 0) {
    return ErrnoError(errno, "making user namespaces, see /proc/sys/user/max_user_namespaces");
  }
  HWF_TRY(WriteText("/proc/self/setgroups", "deny"));
  HWF_TRY(WriteText("/proc/self/uid_map", fmt::format("{} {} 1", uid, uid)));
  return WriteText("/proc/self/gid_map", fmt::format("{} {} 1", gid, gid));
}

// As if `root` were the root: the image's links lead nowhere else.
FileDescriptor OpenIn(const FileDescriptor& root, const std::string& path, uint64_t flags) {
  open_how how{};
  how.flags = flags | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT;
  return FileDescriptor(static_cast<int>(syscall(SYS_openat2, root.get(), path.c_str(), &how, sizeof how)));
}

// A file or directory below `root` to bind to, made with its parents where it is missing.
ErrorOr<FileDescriptor> MountPoint(const FileDescriptor& root, const std::string& path, bool directory) {
  for (size_t slash = path.find('/', 1); directory || slash != std::string::npos; slash = path.find('/', slash + 1)) {
    const std::string part = path.substr(0, slash);
    if (!OpenIn(root, part, O_PATH).valid()) {
      const size_t last = part.rfind('/');
      const FileDescriptor parent = OpenIn(root, last == 0 ? "/" : part.substr(0, last), O_PATH | O_DIRECTORY);
      if (mkdirat(parent.get(), part.c_str() + last + 1, 0755) != 0 && errno != EEXIST) {
        return ErrnoError(errno, "making " + part + " in the container");
      }
    }
    if (slash == std::string::npos) break;
  }
  if (!directory && !OpenIn(root, path, O_PATH).valid()) {
    const size_t last = path.rfind('/');
    const FileDescriptor parent = OpenIn(root, last == 0 ? "/" : path.substr(0, last), O_PATH | O_DIRECTORY);
    const FileDescriptor made(openat(parent.get(), path.c_str() + last + 1, O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
    if (!made.valid()) return ErrnoError(errno, "making " + path + " in the container");
  }
  FileDescriptor point = OpenIn(root, path, O_PATH);
  if (!point.valid()) return ErrnoError(errno, "opening " + path + " in the container");
  return point;
}

// A mount keeps the flags that it has outside: a namespace may not take them away.
unsigned long LockedFlags(const std::string& path) {
  struct statvfs info {};
  if (statvfs(path.c_str(), &info) != 0) return 0;
  unsigned long flags = 0;
  const std::pair<unsigned long, unsigned long> known[] = {{ST_NOSUID, MS_NOSUID},     {ST_NODEV, MS_NODEV},
                                                           {ST_NOEXEC, MS_NOEXEC},     {ST_NOATIME, MS_NOATIME},
                                                           {ST_RELATIME, MS_RELATIME}, {ST_NODIRATIME, MS_NODIRATIME}};
  for (const auto& [held, flag] : known) flags |= (info.f_flag & held) != 0 ? flag : 0;
  return flags;
}

ErrorOr<Success> BindTo(const FileDescriptor& source, const FileDescriptor& root, const std::string& path,
                        bool writable) {
  struct stat info {};
  if (fstat(source.get(), &info) != 0) return ErrnoError(errno, "looking at what goes to " + path);
  HWF_ASSIGN(const FileDescriptor point, MountPoint(root, path, S_ISDIR(info.st_mode)));
  HWF_TRY(Mount(Through(source), Through(point), nullptr, MS_BIND | MS_REC, "", "binding " + path));
  if (writable) return Success{};
  const FileDescriptor mounted = OpenIn(root, path, O_PATH);
  const unsigned long flags = MS_BIND | MS_REMOUNT | MS_RDONLY | LockedFlags(Through(mounted));
  return Mount("", Through(mounted), nullptr, flags, "", "binding " + path + " read-only");
}

// The image, with a layer above it that is in memory and ends with the task. Returns where it is.
ErrorOr<std::string> LayImage(const FileDescriptor& image) {
  for (const char* stage : kStages) {
    struct stat info {};
    if (lstat(stage, &info) != 0 || !S_ISDIR(info.st_mode)) continue;
    HWF_TRY(Mount("tmpfs", stage, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755", "mounting memory"));
    const std::string base = stage;
    for (const char* part : {"/upper", "/work", "/root"}) {
      if (mkdir((base + part).c_str(), 0755) != 0) return ErrnoError(errno, "making " + base + part);
    }
    const std::string layers = fmt::format("lowerdir={},upperdir={}/upper,workdir={}/work", Through(image), base, base);
    HWF_TRY(Mount("overlay", base + "/root", "overlay", 0, layers,
                  "laying a layer over the image (an unprivileged overlay needs Linux 5.11)"));
    return base + "/root";
  }
  return MakeError("none of /mnt, /media and /srv is there to mount the image over");
}

FileDescriptor OpenPath(const std::string& path) { return FileDescriptor(open(path.c_str(), O_PATH | O_CLOEXEC)); }

ErrorOr<std::string> Furnish(const Plan& plan) {
  HWF_TRY(Mount("", "/", nullptr, MS_REC | MS_PRIVATE, "", "making mounts private"));
  HWF_TRY(Mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, "", "mounting /proc"));
  (void)mount("tmpfs", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777");  // where there is one
  const FileDescriptor image = OpenPath(plan.image), scratch = OpenPath(plan.scratch + "/tmp");
  if (!image.valid() || !scratch.valid()) return ErrnoError(errno, "opening " + plan.image);
  const FileDescriptor second = OpenPath(plan.scratch + "/var");
  // Before anything covers them.
  std::vector<FileDescriptor> sources;
  for (const Bind& bind : plan.binds) {
    sources.push_back(OpenPath(bind.source));
    if (!sources.back().valid()) return ErrnoError(errno, "opening " + bind.source);
  }
  HWF_ASSIGN(const std::string root_path, LayImage(image));
  const FileDescriptor root = OpenPath(root_path);
  HWF_TRY(BindTo(second, root, "/var/tmp", true));
  for (size_t i = 0; i < plan.binds.size(); ++i) {
    const Bind& bind = plan.binds[i];
    if (!bind.target.starts_with("/tmp/")) HWF_TRY(BindTo(sources[i], root, bind.target, bind.writable));
  }
  // ch-run gives the container our /tmp: that becomes the scratch directory, with what is to be seen below it.
  HWF_TRY(Mount(Through(scratch), "/tmp", nullptr, MS_BIND, "", "mounting /tmp"));
  const FileDescriptor temporary = OpenPath("/tmp");
  for (size_t i = 0; i < plan.binds.size(); ++i) {
    const Bind& bind = plan.binds[i];
    if (bind.target.starts_with("/tmp/")) HWF_TRY(BindTo(sources[i], temporary, bind.target.substr(4), bind.writable));
  }
  return root_path;
}

[[noreturn]] void Enter(Plan plan, int alive) {
  // Its parent may have been killed before this took hold: then nobody has the pipe's other end.
  (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
  pollfd watched{alive, POLLIN, 0};
  if (poll(&watched, 1, 0) != 0) _exit(kFailed);
  const auto root = Furnish(plan);
  if (!root.ok()) {
    fmt::print(stderr, "hwf: preparing the container: {}\n", root.error().message());
    _exit(kFailed);
  }
  std::vector<char*> words;
  for (std::string& word : plan.command) {
    if (word == "ROOT") word = *root;
    words.push_back(word.data());
  }
  words.push_back(nullptr);
  execvp(words.front(), words.data());
  perror(words.front());
  _exit(kFailed);
}

}  // namespace

int RunCharliecloudRoot(const std::vector<std::string>& arguments) {
  auto plan = ReadPlan(arguments);
  const auto entered = plan.ok() ? EnterNamespaces() : ErrorOr<Success>(plan.error());
  if (!entered.ok()) {
    fmt::print(stderr, "hwf: preparing the container: {}\n", entered.error().message());
    return kFailed;
  }
  int alive[2] = {-1, -1};
  if (pipe2(alive, O_CLOEXEC) != 0) return kFailed;
  const pid_t child = fork();  // the first of the new pid namespace: what runs there ends with it
  if (child == 0) {
    close(alive[1]);
    Enter(*std::move(plan), alive[0]);
  }
  // It ends with the child, which hears what Slurm says to all, and has its grace.
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) (void)signal(number, SIG_IGN);
  int status = 0;
  while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (child < 0) return kFailed;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace hwf::container
