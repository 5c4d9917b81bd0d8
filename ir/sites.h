// What the compiler and the runtime must agree on about sites: which words there are, and which sites see the same
// files. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "ir/module.h"

namespace hwf::ir {

// The site of that name; null for `here` (or no name) where no site of that name is declared: this machine, as it is.
const Site* FindSite(const Module& module, std::string_view name);

// Where a call of the task runs: as the call says, else the first that the task names, else `here`.
std::string SiteOf(const Task& task, const TaskNode& call);

// Whether jobs of the site are submitted on, or tasks run on, this machine: its files are this machine's.
bool IsOnThisMachine(const Site& site);

// Two sites see the same files under the same paths if this is equal: "" are this machine's (sites of kind local, slurm
// without login, and what `shares` with one of them), "shares gpfs" those of sites that share, "at edge" a site's own.
std::string FilesOf(const Module& module, std::string_view site);

// The type of a need by its name; nullopt if a task can need no such thing.
std::optional<TypeKind> NeedType(std::string_view need);

bool IsSiteKind(std::string_view kind);
bool IsLaunch(std::string_view launch);

// The most tasks that may share a job.
inline constexpr int kMaxPack = 100000;

}  // namespace hwf::ir
