// The nearest of some candidate words to one that is unknown, for "did you mean". No state; any thread.
#pragma once

#include <llvm/ADT/ArrayRef.h>
#include <llvm/ADT/StringRef.h>

namespace hwf::diagnostics {

// Empty if none is near: at most a third of the word's letters may differ (at least one), ties go to the first.
llvm::StringRef Nearest(llvm::StringRef word, llvm::ArrayRef<llvm::StringRef> candidates);

}  // namespace hwf::diagnostics
