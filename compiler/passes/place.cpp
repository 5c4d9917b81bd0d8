// Near the data: of the sites that its task names, a call goes to the one that sees most of the files it reads; if that
// leaves more than one, to the first.
#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "compiler/passes/flow.h"
#include "compiler/passes/passes.h"
#include "ir/sites.h"

namespace hwf::passes {
namespace {

constexpr int kMaxRounds = 4;

size_t CountThere(const ir::Module& module, const std::vector<Read>& reads, const std::string& site) {
  const std::string files = ir::FilesOf(module, site);
  size_t count = 0;
  for (const Read& read : reads) {
    for (const std::string& origin : read.origins.sites) {
      if ((origin == kThisMachine ? "" : ir::FilesOf(module, origin)) != files) continue;
      ++count;
      break;
    }
  }
  return count;
}

void Choose(const ir::Module& module, const ir::Task& task, const std::vector<Read>& reads, ir::TaskNode& call) {
  size_t most = 0;
  call.site = task.on.front();
  for (const std::string& site : task.on) {
    const size_t count = CountThere(module, reads, site);
    if (count <= most) continue;
    most = count;
    call.site = site;
  }
  call.why = most == 0              ? "the first of its sites"
             : most == reads.size() ? "near the files that it reads"
                                    : fmt::format("near {} of the {} inputs with files", most, reads.size());
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
    Flow(module, [&](const ir::Task& task, ir::TaskNode& call, const std::vector<Read>& reads) {
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
