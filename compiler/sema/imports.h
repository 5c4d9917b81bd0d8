// Reads a file's imports, and theirs: every module once, imports before importers. Reports a file that cannot be read
// at its import, and a cycle with its whole way.
#pragma once

#include "compiler/sema/context.h"

namespace hwf::sema {

// Fills program.modules and program.scopes. Gives, for each import that was read, the module it stands for. `sites`, or
// null: the file whose sites take the place of the program's; it and its imports come first, and hold nothing else.
// `library` is the directory of the modules of `import std.name`.
llvm::DenseMap<const ImportDecl*, ModuleScope*> LoadImports(Context& context, std::unique_ptr<Module> sites,
                                                            std::unique_ptr<Module> root, const std::string& library);

}  // namespace hwf::sema
