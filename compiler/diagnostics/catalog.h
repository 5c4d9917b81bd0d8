// The catalog of codes at run time: every row of codes.def with its long text, for `hwfc explain`, SARIF's rules and
// the tests that hold the table complete. Constant data; any thread.
#pragma once

#include <llvm/ADT/ArrayRef.h>

#include <optional>
#include <string_view>

#include "compiler/diagnostics/diagnostics.h"

namespace hwf::diagnostics {

struct CatalogEntry {
  CodeInfo info;
  std::string_view text;         // the message, with {} where arguments go
  std::string_view explanation;  // what it means, a wrong and a right example; empty only while someone forgets it
};

// In the order of codes.def.
llvm::ArrayRef<CatalogEntry> Catalog();

// By code (`E0203`, in either case) or name (`unknown-name`).
const CatalogEntry* FindCode(std::string_view code_or_name);

}  // namespace hwf::diagnostics
