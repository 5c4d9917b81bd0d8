#include "ir/sites.h"

#include <algorithm>
#include <array>
#include <utility>

namespace hwf::ir {
namespace {

constexpr std::array<std::pair<std::string_view, TypeKind>, 9> kNeeds = {{{"cpus", TypeKind::kInt},
                                                                          {"gpus", TypeKind::kInt},
                                                                          {"gpu", TypeKind::kString},
                                                                          {"memory", TypeKind::kBytes},
                                                                          {"time", TypeKind::kDuration},
                                                                          {"disk", TypeKind::kBytes},
                                                                          {"nodes", TypeKind::kInt},
                                                                          {"ranks", TypeKind::kInt},
                                                                          {"ranks_per_node", TypeKind::kInt}}};
constexpr std::array<std::string_view, 3> kSiteKinds = {"local", "slurm", "ssh"};
constexpr std::array<std::string_view, 3> kLaunches = {"srun", "mpirun", "torchrun"};

}  // namespace

const Site* FindSite(const Module& module, std::string_view name) {
  if (name.empty()) name = "here";
  for (const Site& site : module.sites) {
    if (site.name == name) return &site;
  }
  return nullptr;
}

std::string SiteOf(const Task& task, const TaskNode& call) {
  if (!call.site.empty()) return call.site;
  return task.on.empty() ? "here" : task.on.front();
}

bool IsOnThisMachine(const Site& site) {
  return site.kind == "local" || (site.kind == "slurm" && site.fields.StringOr("login", "").empty());
}

std::string FilesOf(const Module& module, std::string_view name) {
  const Site* site = FindSite(module, name);
  if (site == nullptr || IsOnThisMachine(*site)) return "";
  const std::string shares = site->fields.StringOr("shares", "");
  if (shares.empty()) return "at " + site->name;
  for (const Site& other : module.sites) {
    if (IsOnThisMachine(other) && other.fields.StringOr("shares", "") == shares) return "";
  }
  return "shares " + shares;
}

std::optional<TypeKind> NeedType(std::string_view need) {
  for (const auto& [name, type] : kNeeds) {
    if (name == need) return type;
  }
  return std::nullopt;
}

bool IsSiteKind(std::string_view kind) {
  return std::find(kSiteKinds.begin(), kSiteKinds.end(), kind) != kSiteKinds.end();
}

bool IsLaunch(std::string_view launch) {
  return std::find(kLaunches.begin(), kLaunches.end(), launch) != kLaunches.end();
}

}  // namespace hwf::ir
