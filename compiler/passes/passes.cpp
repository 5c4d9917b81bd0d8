#include "compiler/passes/passes.h"

#include <utility>

namespace hwf::passes {

ir::Module Run(ir::Module module) {
  using Pass = ir::Module (*)(ir::Module);
  // What a merged call alone needed is for nothing then.
  for (const Pass pass : {Prune, Merge, Prune, Place, Stages, Arrays, Packs, Priorities})
    module = pass(std::move(module));
  return module;
}

}  // namespace hwf::passes
