#include "compiler/passes/passes.h"

#include <utility>

namespace hwf::passes {

ir::Module Run(ir::Module module) {
  using Pass = ir::Module (*)(ir::Module);
  for (const Pass pass : {Place, Stages, Arrays, Packs}) module = pass(std::move(module));
  return module;
}

}  // namespace hwf::passes
