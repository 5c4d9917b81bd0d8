// hwf_lazy [--trust-ms N] [--every N] [--limit-s N] -- COMMAND…: runs the command where HWF_TEST_TOP names a directory
// of a lazy file system (lazy_mount.h), and where inotify takes every watch and never says anything. Ends as the
// command does; an error where nothing of it ever was late or went wrong. After the limit the file system is taken away
// by force, whoever waits for it.
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <new>
#include <string_view>

#include "runtime/platform/testing/lazy_mount.h"

namespace {

using hwf::platform::testing::LazyCounts;
using hwf::platform::testing::LazyOptions;

#if defined(__x86_64__)
constexpr uint32_t kMachine = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr uint32_t kMachine = AUDIT_ARCH_AARCH64;
#endif

// As on a network file system, of which other hosts' changes are never told: the call is answered with 0.
bool MuteInotify() {
  sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kMachine, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_inotify_add_watch, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program{sizeof filter / sizeof filter[0], filter};
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

int Skip(const std::string& why) {
  fmt::print("[  SKIPPED ] a lazy file system: {}\n", why);
  return 0;
}

[[noreturn]] void Serve(const LazyOptions& options, LazyCounts& counts, int ready) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  setsid();  // a signal to the tests is not for it
  const rlimit files{1 << 16, 1 << 16};
  setrlimit(RLIMIT_NOFILE, &files);
  const std::string why = ServeLazily(
      options, counts, [](int pipe) { (void)!write(pipe, "1", 1); }, ready);
  if (!why.empty()) fmt::print(stderr, "hwf_lazy: {}\n", why);
  _exit(why.empty() ? 0 : 1);
}

[[noreturn]] void Run(char** command, const std::string& directory) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  setenv("HWF_TEST_TOP", directory.c_str(), 1);
  if (MuteInotify()) execvp(command[0], command);
  fmt::print(stderr, "hwf_lazy: {} cannot be started: {}\n", command[0], std::strerror(errno));
  _exit(127);
}

int Wait(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// As Wait, for so long at most; then nobody gets an answer any more.
int WaitOrEnd(pid_t pid, int limit_s, const std::string& mount) {
  const pid_t guard = fork();
  if (guard == 0) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    signal(SIGTERM, [](int) {});  // the sleep ends, and the file system with it
    if (sleep(static_cast<unsigned>(limit_s)) == 0) kill(pid, SIGKILL);
    umount2(mount.c_str(), MNT_FORCE | MNT_DETACH);
    _exit(0);
  }
  const int code = Wait(pid);
  kill(guard, SIGTERM);
  Wait(guard);
  return code;
}

// Whether something of each sort happened: else the command has shown nothing.
bool WasLazy(const LazyCounts& counts) {
  fmt::print("hwf_lazy: {} late listings, {} late names, {} renames that were done and failed, {} closes that failed\n",
             counts.late_listings, counts.late_names, counts.renames, counts.closes);
  return counts.late_listings > 0 && counts.late_names > 0 && counts.renames > 0 && counts.closes > 0;
}

int RunLazily(LazyOptions& options, int limit_s, char** command, const std::string& top) {
  void* shared = mmap(nullptr, sizeof(LazyCounts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) return Skip(std::strerror(errno));
  LazyCounts& counts = *new (shared) LazyCounts;
  options.backing = top + "/behind";
  options.mount = top + "/lazy";
  for (const std::string& path : {options.backing, options.mount}) mkdir(path.c_str(), 0755);
  int ready[2];
  if (pipe2(ready, O_CLOEXEC) != 0) return Skip(std::strerror(errno));
  const pid_t server = fork();
  if (server == 0) Serve(options, counts, ready[1]);
  close(ready[1]);
  char one = 0;
  if (read(ready[0], &one, 1) != 1) {
    Wait(server);
    return Skip("FUSE cannot be used here");
  }
  chmod(options.mount.c_str(), 0755);
  const pid_t child = fork();
  if (child == 0) Run(command, options.mount);
  const int code = WaitOrEnd(child, limit_s, options.mount);
  kill(server, SIGTERM);
  Wait(server);
  return code == 0 && !WasLazy(counts) ? 1 : code;
}

}  // namespace

int main(int argc, char** argv) {
  LazyOptions options;
  int at = 1, limit_s = 240;
  for (; at + 1 < argc && std::string_view(argv[at]) != "--"; at += 2) {
    const std::string_view name = argv[at];
    if (name == "--trust-ms") options.trust = std::chrono::milliseconds(std::atoi(argv[at + 1]));
    if (name == "--every") options.every = std::atoi(argv[at + 1]);
    if (name == "--limit-s") limit_s = std::atoi(argv[at + 1]);
  }
  if (at + 1 >= argc || options.every < 1) {
    fmt::print(stderr, "usage: hwf_lazy [--trust-ms N] [--every N] [--limit-s N] -- COMMAND…\n");
    return 2;
  }
  // Its mount is its own, and goes when the last of its processes does.
  if (unshare(CLONE_NEWNS) != 0 || mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    return Skip(fmt::format("no mount can be made: {}", std::strerror(errno)));
  }
  std::string top = "/tmp/hwf-lz-XXXXXX";
  if (mkdtemp(top.data()) == nullptr || chmod(top.c_str(), 0755) != 0) return Skip(std::strerror(errno));
  const int code = RunLazily(options, limit_s, argv + at + 1, top);
  std::error_code ignored;
  std::filesystem::remove_all(top, ignored);
  return code;
}
