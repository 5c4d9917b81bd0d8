// What must be brought: for each call, the values whose files are made where its site does not see them.
#include <algorithm>

#include "compiler/passes/flow.h"
#include "compiler/passes/passes.h"
#include "ir/sites.h"

namespace hwf::passes {

ir::Module Stages(ir::Module module) {
  const bool far = std::any_of(module.sites.begin(), module.sites.end(),
                               [&](const ir::Site& site) { return !ir::FilesOf(module, site.name).empty(); });
  if (!far) return module;
  Flow(module, [&](const ir::Node&, const ir::Task& task, ir::TaskNode& call, const std::vector<Read>& reads) {
    const std::string files = ir::FilesOf(module, ir::SiteOf(task, call));
    std::set<std::pair<ir::ValueId, std::string>> known;
    call.moves.clear();
    for (const Read& read : reads) {
      for (const std::string& origin : read.origins.sites) {
        const std::string there = origin == kThisMachine ? "" : ir::FilesOf(module, origin);
        if (there == files) continue;
        const std::string from = there.empty() ? kThisMachine : origin;
        if (known.emplace(read.value, from).second) call.moves.push_back({read.value, from});
      }
    }
  }).Run();
  return module;
}

}  // namespace hwf::passes
