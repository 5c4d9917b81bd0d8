// Lowering: a checked sema::Program becomes the IR. Everything that runs or asks is lifted out of expressions into
// nodes of its region; defaults are filled in, widenings are made visible, paths become absolute, and the text of
// commands is lexed so that every value stands where it is data. Linear in the size of the program. One thread.
//
// It reports what only it can see: values in places of a command where no quoting helps, and lints of commands. `hwfc
// check` runs it too. The module is whole only if no error was reported.
#pragma once

#include <string>

#include "compiler/diagnostics/diagnostics.h"
#include "compiler/sema/program.h"
#include "compiler/source/source.h"
#include "ir/module.h"
#include "ir/test.h"

namespace hwf::lower {

// And the tests of the compiled file. What is made for these alone stands in the module behind the first `*functions`.
ir::TestedModule LowerWithTests(const sema::Program& program, const source::SourceManager& sources,
                                diagnostics::Emitter& emitter, size_t* functions = nullptr);
ir::Module Lower(const sema::Program& program, const source::SourceManager& sources, diagnostics::Emitter& emitter);

// Of a program with errors, which cannot be lowered: reports what is wrong in the text of its commands.
void CheckCommands(const sema::Program& program, const source::SourceManager& sources, diagnostics::Emitter& emitter);

}  // namespace hwf::lower
