// What stays at a site (`dir(path, on: site)`) and is asked for where it cannot be: reported of what can have come from
// nowhere else. What this does not see, the run refuses when it comes to it.
#include <algorithm>
#include <set>
#include <tuple>

#include "compiler/passes/flow.h"
#include "compiler/passes/passes.h"
#include "ir/sites.h"
#include "ir/walk.h"

namespace hwf::passes {

namespace {

bool AnyStays(const ir::Region& region) {
  return std::any_of(region.nodes.begin(), region.nodes.end(), [](const ir::Node& node) {
    const auto* source = std::get_if<ir::SourceNode>(&node.body);
    bool stays = source != nullptr && !source->on.empty();
    ir::ForEachRegion(node, [&](const ir::Region& inner) { stays = stays || AnyStays(inner); });
    return stays;
  });
}

}  // namespace

std::vector<Astray> FindAstray(ir::Module& module) {
  const bool any = std::any_of(module.workflows.begin(), module.workflows.end(),
                               [](const ir::Workflow& workflow) { return AnyStays(workflow.region); });
  if (!any) return {};
  std::vector<Astray> found;
  std::set<std::tuple<uint32_t, uint32_t, uint32_t>> told;  // a workflow is looked at once, a loop's body more often
  const auto tell = [&](const ir::Span& span, std::string task, std::string site, const Origins& origins) {
    if (!told.emplace(span.file, span.line, span.column).second) return;
    found.push_back({span, std::move(task), std::move(site), *origins.staying.begin()});
  };
  const auto only_stays = [](const Read& read) {
    return read.origins.sites.empty() && read.origins.params.empty() && !read.origins.staying.empty();
  };
  Flow flow(module,
            [&](const ir::Node& node, const ir::Task& task, ir::TaskNode& call, const std::vector<Read>& reads) {
              const std::string site = ir::SiteOf(task, call);
              const std::string files = ir::FilesOf(module, site);
              for (const Read& read : reads) {
                const auto& staying = read.origins.staying;
                const bool seen = std::any_of(staying.begin(), staying.end(),
                                              [&](const std::string& at) { return ir::FilesOf(module, at) == files; });
                if (only_stays(read) && !seen) tell(node.span, task.name, site, read.origins);
              }
            });
  flow.OnShow([&](const ir::Expr& shown, const std::vector<Read>& reads) {
    for (const Read& read : reads) {
      if (only_stays(read)) tell(shown.span, "", "", read.origins);
    }
  });
  flow.Run();
  return found;
}

}  // namespace hwf::passes
