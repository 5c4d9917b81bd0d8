#include "compiler/diagnostics/did_you_mean.h"

#include <algorithm>
#include <string>

namespace hwf::diagnostics {

namespace {

// Two neighbouring letters exchanged, the commonest slip, which an edit distance counts as two.
bool IsSwap(llvm::StringRef a, llvm::StringRef b) {
  if (a.size() != b.size()) return false;
  size_t i = 0;
  while (i < a.size() && a[i] == b[i]) ++i;
  return i + 1 < a.size() && a[i] == b[i + 1] && a[i + 1] == b[i] && a.substr(i + 2) == b.substr(i + 2);
}

}  // namespace

llvm::StringRef Nearest(llvm::StringRef word, llvm::ArrayRef<llvm::StringRef> candidates) {
  if (word.size() > 64) return {};
  unsigned best_distance = std::max<unsigned>(1, static_cast<unsigned>(word.size()) / 3) + 1;
  llvm::StringRef best;
  for (llvm::StringRef candidate : candidates) {
    if (candidate == word) continue;
    unsigned distance = IsSwap(word, candidate) ? 1 : word.edit_distance(candidate, true, best_distance);
    // A word of which nothing is left is no suggestion.
    if (distance >= best_distance || distance >= std::min(word.size(), candidate.size())) continue;
    best_distance = distance;
    best = candidate;
  }
  return best;
}

}  // namespace hwf::diagnostics
