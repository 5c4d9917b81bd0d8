// What is looked for in a whole program in which nothing is wrong by itself: one file a lint. What seems unused or
// never reached in a program with errors may be what its author was about to write, so there they are silent.
//
// What is unused is said of the compiled file alone: what an imported one declares is there for others too. One thread.
#pragma once

#include "compiler/diagnostics/codes.h"
#include "compiler/diagnostics/diagnostics.h"
#include "compiler/sema/program.h"

namespace hwf::sema {

// All of them, of a program without errors. A few report errors: what no part shows by itself.
void Lint(const Program& program, diagnostics::Emitter& emitter);

// The next three are of a file that is a program; one that is there for others may declare what only they use.
// lint_declarations.cpp: declarations and imports that nothing names.
void LintDeclarations(const Program& program, diagnostics::Emitter& emitter);
// lint_messages.cpp: messages that a task accepts and nobody sends.
void LintMessages(const Program& program, diagnostics::Emitter& emitter);
// lint_variants.cpp: variants that nothing ever gives.
void LintVariants(const Program& program, diagnostics::Emitter& emitter);

// lint_parameters.cpp: parameters that nothing reads.
void LintParameters(const Program& program, diagnostics::Emitter& emitter);
// lint_outputs.cpp: outputs of which the command does not know where they belong.
void LintOutputs(const Program& program, diagnostics::Emitter& emitter);
// lint_calls.cpp: calls of which nobody reads what they make, and that do nothing else.
void LintCalls(const Program& program, diagnostics::Emitter& emitter);
// lint_constant.cpp: conditions that are always the same.
void LintConstant(const Program& program, diagnostics::Emitter& emitter);
// lint_never.cpp: what waits for a value that never comes.
void LintNever(const Program& program, diagnostics::Emitter& emitter);
// lint_empty_match.cpp: a `match` from which nothing follows.
void LintEmptyMatch(const Program& program, diagnostics::Emitter& emitter);
// lint_kept_job.cpp: jobs that run only until somebody has answered.
void LintKeptJobs(const Program& program, diagnostics::Emitter& emitter);
// lint_quorum.cpp: rules of who may answer that nobody can satisfy (an error), or not whoever starts the run.
void LintQuorum(const Program& program, diagnostics::Emitter& emitter);
// lint_answers.cpp: answers of people that come to no `match`. An error.
void LintAnswers(const Program& program, diagnostics::Emitter& emitter);

}  // namespace hwf::sema
