// Enters every declaration by its name: what a module declares and imports, sites and groups of all modules, the
// nominal types, and the names that definitions get in the IR. Reports names that clash.
#pragma once

#include "compiler/sema/context.h"

namespace hwf::sema {

void Declare(Context& context, const llvm::DenseMap<const ImportDecl*, ModuleScope*>& imports);

}  // namespace hwf::sema
