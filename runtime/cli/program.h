// A program to be run: compiled by the `hwfc` beside this `hwf` (same version only), or read as `.hwfir`; its
// parameters as options of the command line. The main thread only.
#pragma once

#include <memory>
#include <string>

#include "base/error.h"
#include "ir/module.h"
#include "ir/test.h"
#include "runtime/cli/command.h"

namespace hwf::cli {

struct Program {
  std::string ir;  // the IR's text, as a run keeps it
  std::unique_ptr<ir::Module> module;
  const ir::Workflow* entry = nullptr;
};

// `exit` says what an error means: 1 the program is wrong (its diagnostics are on standard error already if the message
// is empty), 2 the command line, 3 the world.
struct ProgramError {
  int exit = 1;
  std::string message;
};
struct LoadedProgram {
  std::unique_ptr<Program> program;
  ProgramError error;
};
// `sites`: of `--sites`, or empty.
LoadedProgram LoadProgram(const Context& context, const std::string& path, const std::string& sites);
// The same of a file that need not have a workflow: `entry` is null.
LoadedProgram LoadDeclarations(const Context& context, const std::string& path, const std::string& sites);

// A program and its tests, of a source file.
struct LoadedTests {
  std::unique_ptr<ir::TestedModule> tested;
  ProgramError error;
};
LoadedTests LoadTests(const Context& context, const std::string& path, const std::string& sites);

// Every parameter of the entry workflow from the options, defaults filled in, files resolved and hashed. The error
// names what is unknown, missing or of the wrong type.
ErrorOr<Json> ReadParameters(const Program& program, const Arguments& arguments);

// Of `NAME=VALUE`s: those parameters of the entry workflow, checked and resolved as ReadParameters does.
ErrorOr<Json> ReadChanges(const ir::Module& module, const std::vector<std::string>& changes);

// The part of `hwf run x.hwf --help` that the program gives.
std::string ProgramHelp(const Program& program, const std::string& path);

}  // namespace hwf::cli
