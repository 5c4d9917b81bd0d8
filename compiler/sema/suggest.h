// "did you mean …?": the candidate nearest to a misspelt name. Keeps a budget over one compilation, so that a file with
// many unknown names stays linear to check. One thread.
#pragma once

#include <llvm/ADT/SmallVector.h>
#include <llvm/ADT/StringRef.h>

#include <cstddef>

namespace hwf::sema {

class Suggester {
 public:
  // Begins a search for `name`; candidates are then offered one by one.
  void Begin(llvm::StringRef name) {
    name_ = name;
    candidates_.clear();
  }
  void Offer(llvm::StringRef candidate);
  // The budget of this compilation is used up: offering is of no use any more.
  bool spent() const { return budget_ == 0; }
  // The nearest candidate, or empty if none is near.
  llvm::StringRef Best() const;

 private:
  llvm::StringRef name_;
  llvm::SmallVector<llvm::StringRef, 32> candidates_;
  size_t budget_ = 20'000;  // candidates in one compilation
};

}  // namespace hwf::sema
