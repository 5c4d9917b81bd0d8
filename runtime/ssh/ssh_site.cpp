#include "runtime/ssh/ssh_site.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "runtime/site/agent_site.h"
#include "runtime/ssh/ssh_connector.h"

namespace hwf::ssh {
namespace {

constexpr int kMaxPort = 65535;

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
  return words;
}

bool TakeField(const std::string& name, const Json& value, SshSiteOptions& options) {
  if (name == "host" || name == "user" || name == "workdir") {
    std::string& to = name == "host" ? options.host.host : name == "user" ? options.host.user : options.workdir;
    if (value.is_string()) to = value.AsString();
    return value.is_string();
  }
  if (name == "port" || name == "gpus" || name == "memory") {
    if (!value.is_int() || value.AsInt() < 0) return false;
    if (name == "port" && value.AsInt() <= kMaxPort) options.host.port = static_cast<int>(value.AsInt());
    if (name == "gpus" && value.AsInt() <= 1024) options.gpus = static_cast<int>(value.AsInt());
    if (name == "memory") options.memory = value.AsInt();
    return name == "memory" || value.AsInt() <= kMaxPort;
  }
  if (name == "cpus") {
    if (!value.is_number() || value.AsDouble() <= 0) return false;
    options.cpus = value.AsDouble();
    return true;
  }
  if (name == "containers" && value.is_string()) options.containers = value.AsString();
  return true;  // of others' concern: shares, secrets; the compiler has checked that they exist
}

}  // namespace

ErrorOr<SshSiteOptions> SshOptionsFromFields(const ir::Site& site) {
  SshSiteOptions options;
  options.name = site.name;
  if (site.fields.is_object()) {
    for (const JsonMember& member : site.fields.AsObject()) {
      if (TakeField(member.key, member.value, options)) continue;
      return MakeError("site `{}`: the field `{}: {}` cannot be used by an ssh site", site.name, member.key,
                       member.value.Dump());
    }
  }
  if (options.host.host.empty()) return MakeError("site `{}`: an ssh site needs a `host`", site.name);
  const std::string& workdir = options.workdir;
  if (!workdir.starts_with('/') && !workdir.starts_with("~/")) {
    return MakeError("site `{}`: an ssh site needs a `workdir` there, an absolute path or one that begins with `~/`",
                     site.name);
  }
  if (workdir.find('\n') != std::string::npos) return MakeError("site `{}`: a `workdir` has one line", site.name);
  return options;
}

ErrorOr<SshHost> HostOf(const SshSiteOptions& options) {
  ErrorOr<SshHost> host = SshHost::Open(options.host);
  if (!host.ok()) return host.error().WithContext("site `" + options.name + "`");
  return host;
}

ErrorOr<std::unique_ptr<site::Site>> MakeSshSite(const SshSiteOptions& options, site::Listener& listener) {
  HWF_ASSIGN(SshHost host, HostOf(options));
  FarAgent far;
  far.site = options.name;
  far.workdir = options.workdir;
  far.run_id = options.run_id;
  far.options = RunnerOptions(options);
  far.program_directory = options.program_directory;
  far.python_directory = options.python_directory;
  std::unique_ptr<SshConnector> connector = MakeSshConnector(std::move(host), std::move(far));
  site::AgentOptions agent;
  agent.name = options.name;
  agent.shares_files = options.shares_files;
  agent.patient = true;
  agent.admit = [options, &machine = connector->machine()](const runner::Start& start) {
    FarMachine limits = machine;
    if (options.cpus > 0) limits.cpus = options.cpus;
    if (options.gpus >= 0) limits.gpus = options.gpus;
    if (options.memory > 0) limits.memory = options.memory;
    return AdmitOn(options.name, limits, start);
  };
  return site::MakeAgentSite(std::move(agent), std::move(connector), listener);
}

}  // namespace hwf::ssh
