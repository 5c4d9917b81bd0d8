#include "compiler/sema/suggest.h"

#include "compiler/diagnostics/did_you_mean.h"

namespace hwf::sema {

void Suggester::Offer(llvm::StringRef candidate) {
  if (budget_ == 0) return;
  --budget_;
  candidates_.push_back(candidate);
}

llvm::StringRef Suggester::Best() const { return diagnostics::Nearest(name_, candidates_); }

}  // namespace hwf::sema
