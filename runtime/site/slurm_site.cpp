#include "runtime/site/slurm_site.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace hwf::site {
namespace {

// As many as may become arrays at a time.
constexpr size_t kMostWaiting = 10'000;

// What the agent takes as it is.
constexpr std::array<std::string_view, 13> kSettings = {
    "partition", "account", "qos",    "features", "reservation", "max_time",     "throttle",
    "max_jobs",  "pack",    "launch", "setup",    "allocation",  "gpus_per_node"};
// What was checked by the compiler, or is used elsewhere.
constexpr std::array<std::string_view, 8> kElsewhere = {"cpus_per_node", "memory_per_node", "nodes",      "gpu",
                                                        "secrets",       "shares",          "engine_max", "login"};

template <size_t N>
bool Holds(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

ErrorOr<SlurmOptions> SlurmOptionsFromFields(const ir::Site& site, const std::string& run_directory) {
  SlurmOptions options;
  options.name = site.name;
  options.root = run_directory;
  Json settings = Json::Object();
  const JsonObject none;
  for (const JsonMember& member : site.fields.is_object() ? site.fields.AsObject() : none) {
    if (Holds(kSettings, member.key)) {
      settings.Set(member.key, member.value);
    } else if (member.key == "workdir" && member.value.is_string() && member.value.AsString().starts_with('/')) {
      options.root = member.value.AsString() + run_directory.substr(run_directory.rfind('/'));
    } else if (member.key == "containers" && member.value.is_string()) {
      options.containers = member.value.AsString();
    } else if (!Holds(kElsewhere, member.key)) {
      return MakeError("site `{}`: this version cannot use `{}: {}` of a slurm site yet", site.name, member.key,
                       member.value.Dump());
    }
  }
  // The nodes of an allocation are asked for before anybody knows how long they are needed.
  if (settings["allocation"].is_int() && !settings["max_time"].is_int()) {
    return MakeError("site `{}`: `allocation` needs `max_time`: for how long its nodes are asked for", site.name);
  }
  options.settings = settings.Dump();
  return options;
}

std::vector<std::string> SlurmAgentWords(const SlurmOptions& options) {
  std::vector<std::string> words;
  const auto add = [&](const char* name, std::string value) {
    words.emplace_back(name);
    words.push_back(std::move(value));
  };
  add("--site", options.settings);
  if (!options.containers.empty()) add("--containers", options.containers);
  add("--kill-grace-ms", std::to_string(options.kill_grace_ms));
  add("--idle-exit-ms", std::to_string(options.idle_exit_ms));
  add("--least-poll-ms", std::to_string(options.least_poll_ms));
  if (options.record_grace_ms > 0) add("--record-grace-ms", std::to_string(options.record_grace_ms));
  add("--allocation-idle-ms", std::to_string(options.allocation_idle_ms));
  return words;
}

AgentOptions SlurmAgentOptions(const SlurmOptions& options) {
  AgentOptions site;
  site.name = options.name;
  site.patient = true;
  site.most_waiting = kMostWaiting;
  return site;
}

std::unique_ptr<Site> MakeSlurmSite(const SlurmOptions& options, Listener& listener) {
  LocalAgent agent;
  agent.state = options.root + "/agents/" + options.name;
  agent.argv = {options.runner, "slurm", "--run", options.root, "--state", agent.state};
  for (std::string& word : SlurmAgentWords(options)) agent.argv.push_back(std::move(word));
  AgentOptions site = SlurmAgentOptions(options);
  site.root = options.root;
  return MakeAgentSite(std::move(site), MakeLocalConnector(std::move(agent)), listener);
}

}  // namespace hwf::site
