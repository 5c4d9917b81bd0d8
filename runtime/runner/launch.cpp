#include "runtime/runner/launch.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <string_view>

namespace hwf::runner {
namespace {

// All that the child needs, made before the vfork: the child only calls the kernel.
struct Plan {
  const char* directory = nullptr;
  std::vector<char*> argv;
  std::vector<char*> shell_argv;  // {"bash", path, arguments…}: for a text without #!, as a shell would do it
  std::vector<char*> env;
  std::vector<std::string> paths;  // where argv[0] may be, in order
  int in = -1;
  int out = -1;
  int err = -1;
  cpu_set_t* cpus = nullptr;
  size_t cpus_size = 0;
};

struct Failure {
  volatile int error = 0;
  const char* volatile step = "";
};

[[noreturn]] void Fail(Failure& failure, const char* step, int error) {
  failure.step = step;
  failure.error = error;
  _exit(127);
}

// In the child, sharing our memory until the exec.
[[noreturn]] void Child(Plan& plan, Failure& failure) {
  if (setsid() < 0) Fail(failure, "setsid", errno);
  if (chdir(plan.directory) != 0) Fail(failure, "chdir", errno);
  if (dup2(plan.in, 0) < 0 || dup2(plan.out, 1) < 0 || dup2(plan.err, 2) < 0) Fail(failure, "dup2", errno);
  if (plan.cpus != nullptr) (void)sched_setaffinity(0, plan.cpus_size, plan.cpus);
  sigset_t none;
  sigemptyset(&none);
  (void)sigprocmask(SIG_SETMASK, &none, nullptr);
  int error = ENOENT;
  for (const std::string& path : plan.paths) {
    execve(path.c_str(), plan.argv.data(), plan.env.data());
    if (errno == ENOEXEC) {
      plan.shell_argv[1] = const_cast<char*>(path.c_str());
      execve("/bin/bash", plan.shell_argv.data(), plan.env.data());
      execve("/bin/sh", plan.shell_argv.data(), plan.env.data());
      errno = ENOEXEC;
    }
    if (errno != ENOENT && errno != ENOTDIR) error = errno;
    if (errno != ENOENT && errno != ENOTDIR && errno != EACCES) break;
  }
  Fail(failure, "exec", error);
}

std::vector<std::string> Candidates(const LaunchSpec& spec) {
  const std::string& name = spec.argv.front();
  if (name.find('/') != std::string::npos) return {name};
  std::string_view path = "/usr/local/bin:/usr/bin:/bin";
  for (const std::string& entry : spec.env) {
    if (entry.starts_with("PATH=")) path = std::string_view(entry).substr(5);
  }
  std::vector<std::string> candidates;
  while (true) {
    const size_t colon = std::min(path.find(':'), path.size());
    std::string directory(path.substr(0, colon));
    candidates.push_back((directory.empty() ? "." : directory) + "/" + name);
    if (colon == path.size()) return candidates;
    path.remove_prefix(colon + 1);
  }
}

std::vector<char*> Pointers(const std::vector<std::string>& words) {
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (const std::string& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

void FillCpus(const std::vector<int>& ids, Plan& plan) {
  if (ids.empty()) return;
  const int highest = *std::max_element(ids.begin(), ids.end());
  plan.cpus = CPU_ALLOC(highest + 1);
  plan.cpus_size = CPU_ALLOC_SIZE(highest + 1);
  CPU_ZERO_S(plan.cpus_size, plan.cpus);
  for (int id : ids) CPU_SET_S(id, plan.cpus_size, plan.cpus);
}

int NullDevice() {
  static int fd = -1;
  if (fd < 0)
    fd = open("/dev/null", O_RDONLY | O_CLOEXEC);  // again after a failure: descriptors can be short for a while
  return fd;
}

__attribute__((noinline)) pid_t Vfork(Plan& plan, Failure& failure) {
  const pid_t pid = vfork();
  if (pid == 0) Child(plan, failure);
  return pid;
}

}  // namespace

LaunchResult Launch(const LaunchSpec& spec) {
  Plan plan;
  plan.directory = spec.directory.c_str();
  plan.argv = Pointers(spec.argv);
  plan.shell_argv = plan.argv;
  plan.shell_argv.insert(plan.shell_argv.begin(), const_cast<char*>("bash"));
  plan.env = Pointers(spec.env);
  plan.paths = Candidates(spec);
  plan.in = spec.in >= 0 ? spec.in : NullDevice();
  if (plan.in < 0) return {.pid = -1, .error = errno, .step = "open /dev/null"};
  plan.out = spec.out;
  plan.err = spec.err;
  FillCpus(spec.cpu_ids, plan);
  Failure failure;
  LaunchResult result;
  result.pid = Vfork(plan, failure);
  if (result.pid < 0) {
    result.error = errno;
    result.step = "fork";
  } else if (failure.error != 0) {
    result.error = failure.error;
    result.step = failure.step;
  }
  if (plan.cpus != nullptr) CPU_FREE(plan.cpus);
  return result;
}

}  // namespace hwf::runner
