// Near the data: of the sites that its task names, a call goes to the one that sees most of the files it reads; if that
// leaves more than one, to the first. What stays at a site counts more than all that can be brought.
#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "compiler/passes/flow.h"
#include "compiler/passes/passes.h"
#include "ir/sites.h"

namespace hwf::passes {
namespace {

constexpr int kMaxRounds = 4;

// How many of the values a site sees.
struct Seen {
  size_t staying = 0, all = 0;
  // What stays comes first.
  bool operator>(const Seen& other) const { return std::pair(staying, all) > std::pair(other.staying, other.all); }
};

Seen CountThere(const ir::Module& module, const std::vector<Read>& reads, const std::string& site) {
  const auto sees = [&, files = ir::FilesOf(module, site)](const std::string& origin) {
    return (origin == kThisMachine ? "" : ir::FilesOf(module, origin)) == files;
  };
  Seen seen;
  for (const Read& read : reads) {
    const bool staying = std::any_of(read.origins.staying.begin(), read.origins.staying.end(), sees);
    seen.staying += staying ? 1 : 0;
    seen.all += staying || std::any_of(read.origins.sites.begin(), read.origins.sites.end(), sees) ? 1 : 0;
  }
  return seen;
}

void Choose(const ir::Module& module, const ir::Task& task, const std::vector<Read>& reads, ir::TaskNode& call) {
  Seen most;
  call.site = task.on.front();
  for (const std::string& site : task.on) {
    const Seen seen = CountThere(module, reads, site);
    if (!(seen > most)) continue;
    most = seen;
    call.site = site;
  }
  call.why = most.all == 0              ? "the first of its sites"
             : most.all == reads.size() ? "near the files that it reads"
                                        : fmt::format("near {} of the {} inputs with files", most.all, reads.size());
}

}  // namespace

ir::Module Place(ir::Module module) {
  const bool choice =
      std::any_of(module.tasks.begin(), module.tasks.end(), [](const ir::Task& task) { return task.on.size() > 1; });
  if (!choice) return module;
  // What a called workflow gives is known when its own calls are placed, which want to know what it is given: once more
  // then, until nothing changes.
  std::unordered_set<const ir::TaskNode*> open;
  for (int round = 0; round < kMaxRounds; ++round) {
    bool changed = false;
    Flow(module, [&](const ir::Node&, const ir::Task& task, ir::TaskNode& call, const std::vector<Read>& reads) {
      if (task.on.size() < 2) return;
      if (call.site.empty()) open.insert(&call);
      if (!open.contains(&call)) return;
      const std::string before = call.site;
      Choose(module, task, reads, call);
      changed = changed || call.site != before;
    }).Run();
    if (!changed) break;
  }
  return module;
}

}  // namespace hwf::passes
