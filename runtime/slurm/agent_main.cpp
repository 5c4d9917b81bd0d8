#include "runtime/slurm/agent_main.h"

#include <fmt/format.h>

#include <charconv>
#include <memory>

#include "runtime/platform/process.h"
#include "runtime/runner/background.h"
#include "runtime/slurm/agent.h"

namespace hwf::slurm {
namespace {

constexpr char kHelp[] = R"(hwf-runner slurm: submits the tasks of one run to Slurm, for `hwf`, which starts it.

usage: hwf-runner slurm --run DIR --state DIR [options]

  --run DIR              below whose tasks/ the attempts' directories lie; the nodes see it under the same path
  --state DIR            of its log, socket and submissions
  --site JSON            partition, account, qos, features, reservation, max_time (ms), throttle, max_jobs, pack,
                         launch, setup, allocation, gpus_per_node
  --runner PATH          hwf-runner as the nodes see it (default: this program)
  --containers ENGINE    what runs tasks that have an image
  --kill-grace-ms MS     from SIGTERM to SIGKILL (default 5000; at most half of Slurm's KillWait)
  --idle-exit-ms MS      ends when it has had no engine for so long (default 60000); jobs go on
  --record-grace-ms MS   how long a job's records may come behind its end (default 3000; 35000 on a network file system)
  --least-poll-ms MS     between two queries (default 1000)
  --allocation-idle-ms MS  how long a node of an allocation waits for more, should nobody tell it (default 60000)
  --foreground           does not go into the background

It answers on `sock` in its state directory and ends by itself.
)";

bool ReadMs(const std::string& text, int64_t& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size() && out >= 0;
}

bool ReadDirectory(const std::string& text, std::string& out) {
  out = text;
  return text.size() > 1 && text.front() == '/';
}

ErrorOr<Success> ReadOption(const std::string& name, const std::string& value, AgentOptions& options) {
  bool good = false;
  if (name == "--run") {
    good = ReadDirectory(value, options.run_directory);
  } else if (name == "--state") {
    good = ReadDirectory(value, options.state_directory);
  } else if (name == "--runner") {
    good = ReadDirectory(value, options.runner);
  } else if (name == "--site") {
    HWF_ASSIGN(options.settings, SettingsFromJson(value));
    good = true;
  } else if (name == "--containers") {
    options.containers = value;
    good = true;
  } else if (name == "--kill-grace-ms") {
    good = ReadMs(value, options.kill_grace_ms);
  } else if (name == "--idle-exit-ms") {
    good = ReadMs(value, options.idle_exit_ms);
  } else if (name == "--record-grace-ms") {
    good = ReadMs(value, options.record_grace_ms);
  } else if (name == "--least-poll-ms") {
    good = ReadMs(value, options.least_poll_ms);
  } else if (name == "--allocation-idle-ms") {
    good = ReadMs(value, options.allocation_idle_ms);
  } else {
    return MakeError("{} is not known", name);
  }
  if (!good) return MakeError("{} cannot be `{}`", name, value);
  return Success{};
}

int Usage(const std::string& why) {
  fmt::print(stderr, "hwf-runner slurm: {}\nTry: hwf-runner slurm --help\n", why);
  return 2;
}

}  // namespace

int RunAgent(const std::vector<std::string>& arguments) {
  AgentOptions options;
  bool foreground = false;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& name = arguments[i];
    if (name == "--help" || name == "-h") {
      fmt::print("{}", kHelp);
      return 0;
    }
    if (name == "--foreground") {
      foreground = true;
      continue;
    }
    if (i + 1 >= arguments.size()) return Usage(fmt::format("{} needs a value, or is not known", name));
    const auto read = ReadOption(name, arguments[++i], options);
    if (!read.ok()) return Usage(read.error().message());
  }
  if (options.run_directory.empty() || options.state_directory.empty()) return Usage("--run and --state are needed");
  if (options.runner.empty()) options.runner = platform::ThisProgram();
  const auto open = [&](int lock) -> ErrorOr<std::function<int()>> {
    HWF_ASSIGN(std::shared_ptr<Agent> agent, Agent::Open(options, lock));
    return std::function<int()>([agent] { return agent->Run(); });
  };
  return runner::RunAlone("hwf-runner slurm", options.state_directory, options.run_directory, foreground, open);
}

}  // namespace hwf::slurm
