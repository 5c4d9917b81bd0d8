#include "runtime/cli/doctor_slurm.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <sstream>
#include <vector>

#include "base/json.h"
#include "runtime/cli/doctor_tasks.h"
#include "runtime/site/slurm_site.h"
#include "runtime/slurm/commands.h"

namespace hwf::cli {
namespace {

// What sinfo knows of a partition: the largest of its nodes.
struct Partition {
  std::string name;
  bool up = false;
  int64_t nodes = 0, cpus = 0, memory_mib = 0;
  std::string limit;  // of time
};

std::vector<Partition> Partitions(const std::string& text) {
  std::vector<Partition> partitions;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::vector<std::string> parts;
    std::istringstream words(line);
    for (std::string part; std::getline(words, part, '|');) parts.push_back(part);
    if (parts.size() < 6) continue;
    Partition one{parts[0],
                  parts[1] == "up",
                  std::atoll(parts[2].c_str()),
                  std::atoll(parts[3].c_str()),
                  std::atoll(parts[4].c_str()),
                  parts[5]};
    if (one.name.ends_with('*')) one.name.pop_back();
    const auto same = std::find_if(partitions.begin(), partitions.end(),
                                   [&](const Partition& other) { return other.name == one.name; });
    if (same == partitions.end()) {
      partitions.push_back(one);
      continue;
    }
    same->nodes += one.nodes;
    same->cpus = std::max(same->cpus, one.cpus);
    same->memory_mib = std::max(same->memory_mib, one.memory_mib);
  }
  return partitions;
}

std::string NamesOf(const std::vector<Partition>& partitions) {
  std::string names;
  for (const Partition& one : partitions) names += (names.empty() ? "" : ", ") + one.name;
  return names.empty() ? "none" : names;
}

// What the site says its nodes have, and they have not, is refused by Slurm and not by `hwfc check`.
void CheckNodes(const ir::Site& site, const Partition& partition, const SayCheck& say) {
  const int64_t cpus = site.fields.IntOr("cpus_per_node", 0);
  const int64_t memory_mib = site.fields.IntOr("memory_per_node", 0) >> 20;
  if (cpus > partition.cpus) {
    say(Health::kLook, "cpus_per_node",
        fmt::format("the site says {}, the largest node of {} has {}", cpus, partition.name, partition.cpus));
  }
  if (memory_mib > partition.memory_mib) {
    say(Health::kLook, "memory_per_node",
        fmt::format("the site says {} MiB, the largest node of {} has {} MiB", memory_mib, partition.name,
                    partition.memory_mib));
  }
}

void CheckPartition(const ir::Site& site, const AskProgram& ask, const SayCheck& say) {
  const Answer answer = ask({"sinfo", "-h", "-e", "-o", "%P|%a|%D|%c|%m|%l"});
  if (answer.status != 0) return say(Health::kBad, "partition", OneLine(answer.text));
  const std::vector<Partition> partitions = Partitions(answer.text);
  const std::string wanted = site.fields.StringOr("partition", "");
  if (wanted.empty()) return say(Health::kGood, "partition", "Slurm's default; there are: " + NamesOf(partitions));
  const auto found =
      std::find_if(partitions.begin(), partitions.end(), [&](const Partition& one) { return one.name == wanted; });
  if (found == partitions.end()) {
    return say(Health::kBad, "partition", fmt::format("there is no `{}`; there are: {}", wanted, NamesOf(partitions)));
  }
  say(found->up ? Health::kGood : Health::kLook, "partition",
      fmt::format("{}{}: {} nodes of up to {} CPUs and {} MiB, jobs of up to {}", wanted, found->up ? "" : " is not up",
                  found->nodes, found->cpus, found->memory_mib, found->limit));
  CheckNodes(site, *found, say);
}

// With the site's partition, account and the like.
void CheckSubmit(const slurm::Settings& settings, const AskProgram& ask, const SayCheck& say) {
  const Opinion opinion = AskSlurm(slurm::NeedsOf({}, settings), settings, ask);
  say(opinion.taken ? Health::kGood : Health::kBad, "a small job",
      opinion.taken ? "would be taken" : "would be refused: " + opinion.why);
}

void CheckLimits(const AskProgram& ask, const SayCheck& say) {
  const slurm::Limits limits = slurm::LimitsFromConfig(ask({"scontrol", "show", "config"}).text);
  say(limits.min_job_age_ms < 10'000 ? Health::kLook : Health::kGood, "limits",
      fmt::format("arrays of up to {}, jobs are remembered for {} s, {} s from SIGTERM to SIGKILL", limits.max_array,
                  limits.min_job_age_ms / 1000, limits.kill_wait_ms / 1000));
  const Answer accounting = ask({"sacct", "-n", "-X", "-S", "now"});
  say(Health::kGood, "accounting", accounting.status == 0 ? "sacct answers" : "none: " + OneLine(accounting.text));
}

// The nodes must see it. Nobody can tell from here; some places are never shared.
void CheckShared(const std::string& directory, const SayCheck& say) {
  const bool own = directory.starts_with("/tmp") || directory.starts_with("/var/tmp") ||
                   directory.starts_with("/dev/shm") || directory.starts_with("/run");
  say(own ? Health::kLook : Health::kGood, "nodes",
      own ? directory + " is seldom the same directory on other machines: the nodes must see it under this path"
          : "they must see " + directory + " under this path");
}

}  // namespace

void CheckSlurmDirectory(const std::string& directory, const SayCheck& say) {
  std::string existing = directory;
  while (access(existing.c_str(), F_OK) != 0 && existing.size() > 1) {
    existing = existing.substr(0, std::max<size_t>(1, existing.find_last_of('/')));
  }
  const bool writable = access(existing.c_str(), W_OK | X_OK) == 0;
  say(writable ? Health::kGood : Health::kBad, "workdir", writable ? directory : existing + " cannot be written");
}

void CheckSlurmSite(const ir::Module& module, const ir::Site& site, const AskProgram& ask, const std::string& directory,
                    const SayCheck& say) {
  const auto options = site::SlurmOptionsFromFields(site, directory);
  if (!options.ok()) return say(Health::kBad, "site", options.error().message());
  const auto settings = slurm::SettingsFromJson(options->settings);
  if (!settings.ok()) return say(Health::kBad, "site", settings.error().message());
  const Answer version = ask({"sbatch", "--version"});
  if (version.status != 0) {
    const char* next = site.fields.StringOr("login", "").empty()
                           ? "; this is for a login node: a site elsewhere is reached with `login`"
                           : "; `login` names a machine where `sbatch` is in the PATH of a login";
    return say(Health::kBad, "slurm", OneLine(version.text) + next);
  }
  say(Health::kGood, "slurm", version.text);
  CheckShared(directory, say);
  const Answer ping = ask({"scontrol", "ping"});
  if (ping.status != 0) return say(Health::kBad, "controller", OneLine(ping.text));
  say(Health::kGood, "controller", OneLine(ping.text));
  CheckPartition(site, ask, say);
  CheckSubmit(*settings, ask, say);
  CheckSlurmTasks(module, site.name, *settings, ask, say);
  CheckLimits(ask, say);
}

}  // namespace hwf::cli
