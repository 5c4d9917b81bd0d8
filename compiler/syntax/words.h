// The words of the language. No state; any thread.
#pragma once

#include <llvm/ADT/ArrayRef.h>
#include <llvm/ADT/StringRef.h>

#include <cstdint>
#include <string_view>

namespace hwf::syntax {

// The token kind of a word: a keyword's own, else ID.
uint16_t WordKind(std::string_view word);

bool IsReserved(std::string_view word);

// Words that begin a declaration, a clause of a task, a statement, a clause of a review: for "did you mean".
llvm::ArrayRef<llvm::StringRef> DeclarationWords();
llvm::ArrayRef<llvm::StringRef> TaskClauseWords();
llvm::ArrayRef<llvm::StringRef> StatementWords();
llvm::ArrayRef<llvm::StringRef> ReviewClauseWords();

}  // namespace hwf::syntax
