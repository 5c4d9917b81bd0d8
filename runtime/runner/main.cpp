// hwf-runner: see --help. Started by an engine; goes on when the engine ends.
#include <fcntl.h>
#include <fmt/format.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <string_view>

#include "runtime/container/charliecloud_root.h"
#include "runtime/container/engine.h"
#include "runtime/container/inside.h"
#include "runtime/platform/paths.h"
#include "runtime/runner/attach.h"
#include "runtime/runner/background.h"
#include "runtime/runner/engine_link.h"
#include "runtime/runner/keep.h"
#include "runtime/runner/rank_box.h"
#include "runtime/runner/ranks.h"
#include "runtime/runner/remote_shell.h"
#include "runtime/runner/runner.h"
#include "runtime/runner/store.h"
#include "runtime/slurm/agent_main.h"
#include "runtime/slurm/job.h"

namespace {

using namespace hwf::runner;  // NOLINT: the program is this library's

constexpr char kHelp[] = R"(hwf-runner: runs the tasks of one run on this machine, for `hwf`, which starts it.

usage: hwf-runner --run DIR [options]
       hwf-runner slurm …   submits the run's tasks to Slurm instead: hwf-runner slurm --help
       hwf-runner job …     what its jobs run
       hwf-runner rank …    one rank of a command
       hwf-runner box       the container of some of its ranks
       hwf-runner attach …  the far end of an ssh site; rsh, keep: what brings files there

  --run DIR             the run's directory (.hwf/runs/ID)
  --cpus N              CPUs to give to tasks (default: what affinity, cgroup and Slurm allow)
  --gpus N              GPUs to give to tasks (default: those that are visible)
  --memory BYTES        memory to give to tasks (default: the machine's or the cgroup's)
  --kill-grace-ms MS    from SIGTERM to SIGKILL (default 5000)
  --idle-exit-ms MS     ends when it has had no engine and no work for so long (default 60000)
  --ledger DIR          where runners of this user share out the machine (default: /tmp/hwf-UID)
  --state DIR           of its log, socket and streams (default: `runner` in the run's directory)
  --setup TEXT          shell text in front of each command (`module load …`)
  --launch HOW          what starts the ranks of a command: mpirun or torchrun
  --containers ENGINE   what runs tasks that have an image: apptainer, podman, docker or charliecloud
  --images DIR          where their images are kept (default: $HWF_IMAGES, or hwf/images in the user's cache)
  --foreground          does not go into the background
  --help, --version

It answers on `sock` in its state directory and ends by itself. A second runner of the same run ends at once, with 0.

example: hwf-runner --run .hwf/runs/01J9ZQ0000000000000000000A --cpus 4
)";

struct Arguments {
  RunnerOptions options;
  bool foreground = false;
};

int Usage(std::string_view why) {
  fmt::print(stderr, "hwf-runner: {}\nTry: hwf-runner --help\n", why);
  return 2;
}

template <typename T>
bool ReadNumber(const char* text, T& out) {
  const char* end = text + std::strlen(text);
  auto [at, error] = std::from_chars(text, end, out);
  return error == std::errc() && at == end && out >= T{0};
}

// True if the option was known and its value good.
bool ReadOption(std::string_view name, const char* value, Arguments& arguments) {
  RunnerOptions& options = arguments.options;
  if (name == "--run") {
    const hwf::ErrorOr<std::string> real = hwf::platform::RealPath(value);
    if (real.ok()) options.run_directory = *real;
    return real.ok();
  }
  if (name == "--cpus") return ReadNumber(value, options.limits.cpus);
  if (name == "--gpus") return ReadNumber(value, options.limits.gpus);
  if (name == "--memory") return ReadNumber(value, options.limits.memory);
  if (name == "--kill-grace-ms") return ReadNumber(value, options.kill_grace_ms);
  if (name == "--idle-exit-ms") return ReadNumber(value, options.idle_exit_ms);
  if (name == "--stray-grace-ms") return ReadNumber(value, options.stray_grace_ms);
  if (name == "--setup") {
    options.setup = value;
    return true;
  }
  if (name == "--launch") {
    options.launch = value;
    return true;
  }
  if (name == "--state") {
    options.state_directory = value;
    return !options.state_directory.empty() && options.state_directory.front() == '/';
  }
  if (name == "--containers") {
    options.containers = hwf::container::EngineNamed(value);
    return options.containers.has_value();
  }
  if (name == "--images") {
    options.images = value;
    return *value == '/';
  }
  if (name == "--ledger") {
    options.ledger_directory = value;
    return true;
  }
  return false;
}

// Tasks inherit what we ignore; they are to have the defaults.
void DefaultSignals() {
  for (int number = 1; number <= 64; ++number) signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

int RunRunner(const Arguments& arguments) {
  const RunnerOptions& options = arguments.options;
  const auto open = [&](int lock) -> hwf::ErrorOr<std::function<int()>> {
    auto make_front = [&](RecordLog& log, FrontCallbacks callbacks) -> hwf::ErrorOr<std::unique_ptr<Front>> {
      HWF_ASSIGN(auto link, EngineLink::Open(options.state_directory, lock, log, std::move(callbacks)));
      return std::unique_ptr<Front>(std::move(link));
    };
    HWF_ASSIGN(std::shared_ptr<Runner> runner, Runner::Open(options, make_front));
    return std::function<int()>([runner] { return runner->Run(); });
  };
  return RunAlone("hwf-runner", options.state_directory, options.run_directory, arguments.foreground, open);
}

}  // namespace

int main(int argc, char** argv) {
  mallopt(M_ARENA_MAX, 1);  // its second and third thread allocate little: one arena keeps it small
  HoldStandardStreams();
  DefaultSignals();
  if (argc > 1 && std::string_view(argv[1]) == "attach") return Attach({argv + 2, argv + argc});
  if (argc > 1 && std::string_view(argv[1]) == "keep") return Keep({argv + 2, argv + argc});
  if (argc > 1 && std::string_view(argv[1]) == "store") return Store({argv + 2, argv + argc});
  if (argc > 1 && std::string_view(argv[1]) == "rsh") return RemoteShell({argv + 2, argv + argc});
  if (argc > 1 && std::string_view(argv[1]) == "job") return hwf::slurm::RunJob({argv + 2, argv + argc});
  if (argc > 1 && std::string_view(argv[1]) == "node") return hwf::slurm::RunNode({argv + 2, argv + argc});
  if (argc > 1 && std::string_view(argv[1]) == "rank") return RunRank({argv + 2, argv + argc});
  if (argc > 1 && std::string_view(argv[1]) == "box") return RunRankBox();
  if (argc > 1 && std::string_view(argv[1]) == "inside") return hwf::container::RunInside();
  if (argc > 1 && std::string_view(argv[1]) == "charliecloud") {
    return hwf::container::RunCharliecloudRoot({argv + 2, argv + argc});
  }
  if (argc > 1 && std::string_view(argv[1]) == "slurm") return hwf::slurm::RunAgent({argv + 2, argv + argc});
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (name == "--help" || name == "-h") {
      fmt::print("{}", kHelp);
      return 0;
    }
    if (name == "--version") {
      fmt::print("hwf-runner {}\n", HWF_VERSION);
      return 0;
    }
    if (name == "--foreground") {
      arguments.foreground = true;
      continue;
    }
    if (i + 1 >= argc) return Usage(fmt::format("{} needs a value, or is not known", name));
    if (!ReadOption(name, argv[++i], arguments)) return Usage(fmt::format("{} cannot be `{}`", name, argv[i]));
  }
  if (arguments.options.run_directory.empty()) return Usage("--run DIR is missing");
  if (arguments.options.state_directory.empty()) {
    arguments.options.state_directory = arguments.options.run_directory + "/runner";
  }
  return RunRunner(arguments);
}
