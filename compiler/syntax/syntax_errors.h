// Internal to compiler/syntax. Puts an error of the parser into a user's words: what was found, what was expected, and
// what was probably meant. No state of its own; one thread.
#pragma once

#include <llvm/ADT/ArrayRef.h>

#include <string_view>

#include "compiler/diagnostics/diagnostics.h"
#include "compiler/syntax/token.h"

namespace hwf::syntax {

struct UnitError;

// The statement, clause, arm or field of `unit` (one declaration) in which token `at` stands: tokens [begin, end). The
// whole unit if it stands in none.
struct UnitPart {
  size_t begin;
  size_t end;
};
UnitPart PartAround(llvm::ArrayRef<Token> unit, size_t at);

void ReportSyntaxError(llvm::ArrayRef<Token> unit, UnitPart part, const UnitError& error, std::string_view text,
                       source::FileId file, diagnostics::Emitter& emitter);

}  // namespace hwf::syntax
