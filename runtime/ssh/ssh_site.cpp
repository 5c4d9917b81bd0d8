#include "runtime/ssh/ssh_site.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "runtime/site/agent_site.h"
#include "runtime/ssh/ssh_connector.h"

namespace hwf::ssh {
namespace {

constexpr int64_t kMaxGpus = 1024;

ErrorOr<Success> AdmitOn(const std::string& site, const FarMachine& machine, const runner::Start& start) {
  if (std::llround(start.cpus * 1000) > std::llround(machine.cpus * 1000)) {
    return MakeError("it needs {} CPUs, site `{}` has {}", start.cpus, site, machine.cpus);
  }
  if (start.gpus > machine.gpus) {
    return MakeError("it needs {} GPUs, site `{}` has {}", start.gpus, site, machine.gpus);
  }
  if (start.memory > machine.memory) {
    return MakeError("it needs {} MiB of memory, site `{}` has {} MiB", start.memory >> 20, site, machine.memory >> 20);
  }
  return Success{};
}

std::vector<std::string> RunnerOptions(const SshSiteOptions& options) {
  std::vector<std::string> words = {"--idle-exit-ms", std::to_string(options.idle_exit_ms), "--kill-grace-ms",
                                    std::to_string(options.kill_grace_ms)};
  if (options.cpus > 0) words.insert(words.end(), {"--cpus", fmt::format("{}", options.cpus)});
  if (options.gpus >= 0) words.insert(words.end(), {"--gpus", std::to_string(options.gpus)});
  if (options.memory > 0) words.insert(words.end(), {"--memory", std::to_string(options.memory)});
  if (!options.containers.empty()) words.insert(words.end(), {"--containers", options.containers});
  if (!options.setup.empty()) words.insert(words.end(), {"--setup", options.setup});
  if (!options.launch.empty()) words.insert(words.end(), {"--launch", options.launch});
  return words;
}

bool TakeField(const std::string& name, const Json& value, SshSiteOptions& options) {
  if (name == "gpus") {
    if (!value.is_int() || value.AsInt() < 0 || value.AsInt() > kMaxGpus) return false;
    options.gpus = static_cast<int>(value.AsInt());
  } else if (name == "memory") {
    if (!value.is_int() || value.AsInt() < 0) return false;
    options.memory = value.AsInt();
  } else if (name == "cpus") {
    if (!value.is_number() || value.AsDouble() <= 0) return false;
    options.cpus = value.AsDouble();
  } else if (name == "containers" && value.is_string()) {
    options.containers = value.AsString();
  } else if (name == "setup" && value.is_string()) {
    options.setup = value.AsString();
  } else if (name == "launch" && value.is_string()) {
    options.launch = value.AsString();
  }
  return true;  // of others' concern: how it is reached, shares, secrets; the compiler has checked that they exist
}

}  // namespace

ErrorOr<SshSiteOptions> SshOptionsFromFields(const ir::Site& site) {
  SshSiteOptions options;
  if (!site.fields.is_object()) return options;
  for (const JsonMember& member : site.fields.AsObject()) {
    if (TakeField(member.key, member.value, options)) continue;
    return MakeError("site `{}`: the field `{}: {}` cannot be used by an ssh site", site.name, member.key,
                     member.value.Dump());
  }
  return options;
}

ErrorOr<std::unique_ptr<site::Site>> MakeSshSite(const FarPlace& place, const SshSiteOptions& options,
                                                 site::Listener& listener) {
  HWF_ASSIGN(SshHost host, HostOf(place));
  std::unique_ptr<SshConnector> connector = MakeSshConnector(std::move(host), place, {"", RunnerOptions(options), ""});
  site::AgentOptions agent;
  agent.name = place.name;
  agent.shares_files = place.shares_files;
  agent.patient = true;
  agent.admit = [options, name = place.name, &machine = connector->machine()](const runner::Start& start) {
    FarMachine limits = machine;
    if (options.cpus > 0) limits.cpus = options.cpus;
    if (options.gpus >= 0) limits.gpus = options.gpus;
    if (options.memory > 0) limits.memory = options.memory;
    return AdmitOn(name, limits, start);
  };
  return site::MakeAgentSite(std::move(agent), std::move(connector), listener);
}

}  // namespace hwf::ssh
