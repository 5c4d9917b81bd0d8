// The local site: this machine, through an hwf-runner of the run's own.
#include <fmt/format.h>
#include <unistd.h>

#include <cmath>
#include <utility>

#include "runtime/platform/process.h"
#include "runtime/runner/machine.h"
#include "runtime/site/agent_site.h"
#include "runtime/site/site.h"

namespace hwf::site {
namespace {

std::string BesideThisProgram(const std::string& name) {
  const std::string path = platform::ThisProgram();
  return path.substr(0, path.rfind('/') + 1) + name;
}

LocalAgent AgentOf(const LocalOptions& options) {
  LocalAgent agent;
  agent.state = options.state.empty() ? options.run_directory + "/runner" : options.state;
  agent.argv = {options.runner.empty() ? BesideThisProgram("hwf-runner") : options.runner, "--run",
                options.run_directory};
  auto add = [&](const char* option, const std::string& value) {
    agent.argv.emplace_back(option);
    agent.argv.push_back(value);
  };
  if (!options.state.empty()) add("--state", options.state);
  if (options.cpus > 0) add("--cpus", fmt::format("{}", options.cpus));
  if (options.gpus >= 0) add("--gpus", fmt::format("{}", options.gpus));
  if (options.memory > 0) add("--memory", fmt::format("{}", options.memory));
  if (!options.ledger_directory.empty()) add("--ledger", options.ledger_directory);
  if (!options.setup.empty()) add("--setup", options.setup);
  if (!options.launch.empty()) add("--launch", options.launch);
  if (!options.containers.empty()) add("--containers", options.containers);
  add("--kill-grace-ms", fmt::format("{}", options.kill_grace_ms));
  add("--idle-exit-ms", fmt::format("{}", options.idle_exit_ms));
  return agent;
}

ErrorOr<Success> AdmitOn(const std::string& site, const runner::Machine& machine, const runner::Start& start) {
  if (std::llround(start.cpus * 1000) > std::llround(machine.cpus * 1000)) {
    return MakeError("it needs {} CPUs, site `{}` has {}", start.cpus, site, machine.cpus);
  }
  if (start.gpus > static_cast<int>(machine.gpu_ids.size())) {
    return MakeError("it needs {} GPUs, site `{}` has {}", start.gpus, site, machine.gpu_ids.size());
  }
  if (start.memory > machine.memory) {
    return MakeError("it needs {} MiB of memory, site `{}` has {} MiB", start.memory >> 20, site, machine.memory >> 20);
  }
  return Success{};
}

}  // namespace

std::unique_ptr<Site> MakeLocalSite(const LocalOptions& options, Listener& listener) {
  AgentOptions agent;
  agent.name = options.name;
  agent.root = options.run_directory;
  agent.admit = [name = options.name, machine = runner::DetectMachine({options.cpus, options.gpus, options.memory})](
                    const runner::Start& start) { return AdmitOn(name, machine, start); };
  return MakeAgentSite(std::move(agent), MakeLocalConnector(AgentOf(options)), listener);
}

}  // namespace hwf::site
